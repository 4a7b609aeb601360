"""What devices deliver is measured as it was broken."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.messages.sensors import TagReads
from retailsim.simulate.evidence import (
    frame_shares,
    knocked_px,
    light_change_share,
    mean_luminance,
    reader_silence_s,
)
from retailsim.simulate.moments import Moment, look_frozen
from retailsim.simulate.scenario import Scenario
from retailsim.store.load import parse_plan
from retailsim.store.plan import StorePlan
from tests.simulate.conftest import SMALL_PLAN

DEVICES = """
cameras:
  - {id: high, width_px: 160, height_px: 96,
     position_m: [0.4, 0.3, 2.8], look_at_m: [4.0, 3.2, 0.6], hfov_deg: 85}
  - {id: top, width_px: 128, height_px: 96, rate_hz: 5,
     position_m: [3.5, 2.0, 2.9], look_at_m: [3.5, 2.1, 0.0], hfov_deg: 110}
readers:
  - {id: north, antennas: [{port: 1, position_m: [1, 3, 2.8], look_at_m: [0.6, 3, 1]}]}
  - {id: south, antennas: [{port: 1, position_m: [4, 3, 2.8], look_at_m: [4, 3, 1]}]}
"""
S = 10**9


@pytest.fixture(scope="module")
def plan() -> StorePlan:
    return parse_plan(SMALL_PLAN + DEVICES, origin="kiosk.yaml")


@pytest.fixture(scope="module")
def moments(small_scenario: Scenario, plan: StorePlan) -> list[Moment]:
    at_s = [0.0, 10.0, 20.0]
    return list(look_frozen(small_scenario, plan, seed=4, frozen_at_s=15, at_s=at_s))


def reads(reader: str, at_s: list[float]) -> TagReads:
    n = len(at_s)
    return TagReads(
        int(max(at_s) * S),
        reader=reader,
        read_us=np.array([round(s * 1e6) for s in at_s], np.int64),
        epc=np.array(["0" * 24] * n, np.str_),
        antenna=np.ones(n, np.uint8),
        channel=np.ones(n, np.uint16),
        rssi_cdbm=np.full(n, -6000, np.int16),
        phase=np.zeros(n, np.uint16),
        doppler=np.zeros(n, np.int16),
    )


def test_the_reader_with_the_longest_silence_counts(plan: StorePlan) -> None:
    batches = [reads("north", [1, 2, 3, 4]), reads("north", [5, 6, 9]), reads("south", [2, 5, 8])]
    silence = reader_silence_s(batches, plan, begin_ns=0, end_ns=10 * S)
    assert silence == pytest.approx(3.0)


def test_silence_at_the_end_counts_and_a_dead_reader_is_silent_throughout(plan: StorePlan) -> None:
    early = [reads("north", [1, 2]), reads("south", [9.0])]
    assert reader_silence_s(early, plan, begin_ns=0, end_ns=10 * S) == pytest.approx(9.0)
    assert reader_silence_s([], plan, begin_ns=0, end_ns=10 * S) == pytest.approx(10.0)


@given(
    lost=st.sets(st.integers(0, 99), max_size=99),
    late=st.sets(st.integers(0, 99)),
)
def test_lost_and_late_frames_are_counted(plan: StorePlan, lost: set[int], late: set[int]) -> None:
    kept = [i for i in range(100) if i not in lost]
    captured = np.array(kept, np.int64) * (S // 10)
    delay = np.array([S // 2 if i in late else S // 25 for i in kept], np.int64)
    whole = np.arange(50, dtype=np.int64) * (S // 5)
    frames = {"high": (captured, captured + delay), "top": (whole, whole + S // 25)}
    shares = frame_shares(frames, plan, 10.0)
    assert shares["dropped_frames_share"] == pytest.approx(len(lost) / 100)
    assert shares["late_frames_share"] == pytest.approx(len(late - lost) / len(kept))


def test_a_camera_without_frames_has_dropped_all(plan: StorePlan) -> None:
    assert frame_shares({}, plan, 10.0)["dropped_frames_share"] == 1.0


@pytest.mark.gl
def test_a_camera_that_hangs_as_planned_is_not_knocked(
    moments: list[Moment], plan: StorePlan
) -> None:
    assert sum(len(view.boxes.person_id) for m in moments for view in m.views) > 5
    assert knocked_px(moments, plan) < 0.01


@pytest.mark.gl
@pytest.mark.parametrize("degrees", [2.0, 5.0])
def test_a_knocked_camera_shows_people_elsewhere(
    moments: list[Moment], plan: StorePlan, degrees: float
) -> None:
    camera = plan.camera("high")
    assert camera.position_m is not None
    assert camera.look_at_m is not None
    assert camera.hfov_deg is not None
    (x, y, _), (a, b, c) = camera.position_m, camera.look_at_m
    far, way = math.hypot(a - x, b - y), math.atan2(b - y, a - x) + math.radians(degrees)
    aside = (x + far * math.cos(way), y + far * math.sin(way), c)
    planned = camera.model_copy(update={"look_at_m": aside})
    elsewhere = plan.model_copy(update={"cameras": [planned, plan.camera("top")]})
    focal_px = camera.width_px / 2 / math.tan(math.radians(camera.hfov_deg) / 2)
    middle_px = focal_px * math.radians(degrees)
    assert middle_px * 0.7 < knocked_px(moments, elsewhere) < middle_px * 2.5


@pytest.mark.gl
def test_in_a_frozen_world_only_light_may_change(moments: list[Moment]) -> None:
    first, *others = moments
    for other in others:
        for view, later in zip(first.views, other.views, strict=True):
            assert np.array_equal(view.boxes.full_px, later.boxes.full_px)
    assert len({m.snapshot.time_ns for m in moments}) == len(moments)


@pytest.mark.gl
def test_brightness_is_that_of_all_pictures(moments: list[Moment]) -> None:
    dark, bright = recoloured(moments[0], lambda i: i * 0 + 40), recoloured(moments[1], white)
    assert mean_luminance([dark]) == pytest.approx(40)
    assert mean_luminance([dark, bright]) == pytest.approx((40 + 255) / 2)
    assert mean_luminance([]) == 0.0


@pytest.mark.gl
def test_a_patch_of_sun_that_wanders_changes_its_share_of_the_picture(
    moments: list[Moment],
) -> None:
    def sun_at(x: int) -> Callable[[np.ndarray], np.ndarray]:
        def shine(image: np.ndarray) -> np.ndarray:
            lit = np.full_like(image, 90)
            lit[:, x : x + 32] = 160
            return lit

        return shine

    still = [recoloured(moment, sun_at(0)) for moment in moments]
    assert light_change_share(still) == 0.0
    wandered = [recoloured(moments[0], sun_at(0)), recoloured(moments[1], sun_at(64))]
    # The narrower camera is 128 pixels wide: two patches of 32 are half of it.
    assert light_change_share(wandered) == pytest.approx(0.5, abs=0.05)


def white(image: np.ndarray) -> np.ndarray:
    return np.full_like(image, 255)


def recoloured(moment: Moment, paint: Callable[[np.ndarray], np.ndarray]) -> Moment:
    views = tuple(
        replace(view, frame=replace(view.frame, image=paint(view.frame.image)))
        for view in moment.views
    )
    return replace(moment, views=views)
