"""Frames on their way: bursts are lost, some come late, none overtakes another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.camera.network import LATENCY_NS, Network
from retailsim.simulate.faults import FrameLoss

TICK_NS = 10**8
START_NS = 1_700_000_000 * 10**9


def arrivals(*losses: FrameLoss, frames: int = 6000, seed: int = 3) -> list[int | None]:
    network = Network("back", losses, seed=seed, start_ns=START_NS)
    return [network.arrival_ns(START_NS + k * TICK_NS) for k in range(frames)]


def bursts(came: list[int | None]) -> np.ndarray:
    lost = np.array([0, *(a is None for a in came), 0])
    edges = np.flatnonzero(np.diff(lost))
    return edges[1::2] - edges[::2]


def test_a_sound_network_delays_every_frame_alike():
    others = FrameLoss(camera="door", drop_share=0.9)
    assert arrivals(others, frames=5) == [START_NS + k * TICK_NS + LATENCY_NS for k in range(5)]


@pytest.mark.parametrize(("share", "burst"), [(0.1, 1.0), (0.3, 5.0), (0.9, 2.0)])
def test_the_share_and_length_of_losses_are_those_told(share, burst):
    came = arrivals(FrameLoss(camera="back", drop_share=share, burst_frames=burst), frames=40_000)
    assert np.mean([a is None for a in came]) == pytest.approx(share, rel=0.1)
    # Nine lost in ten cannot come in twos.
    assert bursts(came).mean() == pytest.approx(max(burst, share / (1 - share)), rel=0.15)


@given(st.floats(0, 0.9), st.floats(0, 1), st.floats(0, 5), st.integers(0, 50))
def test_no_frame_overtakes_and_none_comes_early(share, late, delay, seed):
    fault = FrameLoss(camera="back", drop_share=share, late_share=late, delay_s=delay)
    came = arrivals(fault, frames=200, seed=seed)
    times = [a for a in came if a is not None]
    assert times == sorted(times)
    for k, arrival in enumerate(came):
        assert arrival is None or arrival >= START_NS + k * TICK_NS + LATENCY_NS


def test_late_frames_are_late_by_the_mean_told():
    # Far apart, so that nobody waits for the one before.
    fault = FrameLoss(camera="back", late_share=0.5, delay_s=0.4)
    network = Network("back", [fault], seed=3, start_ns=0)
    late = np.array([(network.arrival_ns(k * 10**11) or 0) - k * 10**11 for k in range(4000)])
    late = (late - LATENCY_NS) * 1e-9
    assert (late > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert late[late > 0].mean() == pytest.approx(0.4, rel=0.1)


def test_a_fault_lasts_as_long_as_it_says():
    came = arrivals(FrameLoss(camera="back", from_s=10, for_s=5, drop_share=0.8), frames=400)
    lost = [k for k, a in enumerate(came) if a is None]
    assert min(lost) >= 100
    assert max(lost) < 150
    assert len(lost) > 20


def test_the_same_seed_loses_the_same_frames():
    fault = FrameLoss(camera="back", drop_share=0.4, late_share=0.4)
    assert arrivals(fault) == arrivals(fault)
    assert arrivals(fault) != arrivals(fault, seed=4)
