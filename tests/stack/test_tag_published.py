"""The published detectors: turns by channel, raw statistics, histograms and their divergence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.errors import ModelError
from retailsim.messages.results import TagMotion
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.channel_turns import ChannelTurns
from retailsim.stack.tagmotion.motion_features import KINDS, make_features
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.published import PublishedMotionDetector
from retailsim.stack.tagmotion.raw_features import RawFeatures
from retailsim.stack.tagmotion.residuals import Reads
from retailsim.stack.tagmotion.spectral_features import SpectralFeatures
from retailsim.store.plan import StorePlan
from retailsim.train.published_motion import Example, PerceptronNet, export
from tests.stack.tag_sessions import EPC, PLAN, flip_session, run

TAGS, ANTENNAS, CHANNELS = 3, 2, 5


def batch(rows):
    """Reads from (time, tag, antenna, channel, dBm, doubled phase) rows."""
    time_s, tag, antenna, channel, dbm, phase = (
        np.array(c) for c in zip(*rows, strict=True)
    )  # fmt: skip
    return Reads(
        time_s.astype(float), tag.astype(np.int64), antenna.astype(np.int64),
        channel.astype(np.int64), dbm.astype(float), np.exp(1j * phase),
    )  # fmt: skip


def nothing():
    return batch([(0.0, 0, 0, 0, -50.0, 0.0)]).take(np.zeros(0, np.int64))


def test_turns_are_taken_on_the_same_tag_antenna_and_channel():
    turns = ChannelTurns(TAGS, ANTENNAS, CHANNELS)
    first = turns.add(batch([(0.0, 1, 0, 2, -50, 0.3), (0.1, 1, 0, 2, -51, 0.5)]))
    assert first.has_visit.tolist() == [False, False]
    assert first.has_step.tolist() == [False, True]
    assert first.step_rad[1] == pytest.approx(0.2, abs=1e-6)
    later = turns.add(
        batch([(9.0, 1, 0, 3, -50, 0.0), (9.1, 1, 0, 2, -48, 0.9), (9.2, 1, 0, 2, -47, 1.0)])
    )
    assert later.has_visit.tolist() == [False, True, True]
    assert later.since_visit_rad == pytest.approx([0, 0.4, 0.5], abs=1e-6)
    assert later.rssi_since_visit_db == pytest.approx([0, 3, 4])
    assert later.has_step.tolist() == [False, False, True]


def test_a_reader_that_does_not_hop_is_compared_with_some_seconds_ago():
    turns = ChannelTurns(TAGS, ANTENNAS, CHANNELS)
    found = [
        turns.add(batch([(0.5 * step, 0, 0, 0, -50, 0.0 if step < 8 else 0.7)]))
        for step in range(9)
    ]
    assert not any(f.has_visit.any() for f in found[:8])
    assert found[8].since_visit_rad == pytest.approx([0.7], abs=1e-6)


def test_a_visit_long_ago_is_no_reference():
    turns = ChannelTurns(TAGS, ANTENNAS, CHANNELS)
    turns.add(batch([(0.0, 0, 0, 0, -50, 0.0)]))
    assert not turns.add(batch([(130.0, 0, 0, 0, -50, 1.0)])).has_visit.any()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5)
@given(offsets=st.lists(st.floats(0, 6.28), min_size=10, max_size=10))
def test_offsets_of_antenna_and_channel_change_no_feature(kind, offsets):
    rng = np.random.default_rng(5)
    offset = np.array(offsets).reshape(ANTENNAS, CHANNELS)
    plain = make_features(kind, tags=TAGS, antennas=ANTENNAS, channels=CHANNELS)
    shifted = make_features(kind, tags=TAGS, antennas=ANTENNAS, channels=CHANNELS)
    for step in range(9):
        n = 12
        time_s = np.sort(rng.uniform(step / 2, step / 2 + 0.5, n))
        where = [rng.integers(0, most, n) for most in (TAGS, ANTENNAS, CHANNELS)]
        dbm, phase = rng.normal(-55, 1, n), rng.uniform(0, 1, n)
        one = Reads(time_s, *where, dbm, np.exp(1j * phase))
        two = Reads(time_s, *where, dbm, np.exp(1j * (phase + offset[where[1], where[2]])))
        a, b = plain.add(one), shifted.add(two)
        assert a.shape == (TAGS, len(plain.names))
        assert a == pytest.approx(b, abs=1e-4)


def swinging(step, *, hz, radians=1.5, rng):
    """Twenty reads of tag 0 in half a second that swings, as many of tag 1 that hangs still."""
    time_s = np.sort(rng.uniform(step / 2, step / 2 + 0.5, 40))
    tag = np.arange(40) % 2
    phase = np.where(tag == 0, radians * np.sin(2 * np.pi * hz * time_s), 0.0)
    phase = phase + rng.normal(0, 0.05, 40)
    channel = np.full(40, step % 4)  # each is visited every two seconds
    rows = zip(time_s, tag, np.zeros(40, int), channel, np.full(40, -50.0), phase, strict=True)
    return batch(list(rows))


def test_a_swing_shows_in_its_bin_of_the_histogram_and_as_divergence():
    rng, features = np.random.default_rng(1), SpectralFeatures(TAGS, ANTENNAS, CHANNELS)
    for step in range(8):
        found = features.add(swinging(step, hz=1.5, radians=0.0, rng=rng))
    quiet = dict(zip(features.names, found[0], strict=True))
    for step in range(8, 14):
        found = features.add(swinging(step, hz=1.5, rng=rng))
    moved, still = (dict(zip(features.names, row, strict=True)) for row in found[:2])
    shares = {name: value for name, value in moved.items() if name.startswith("phase_")}
    del shares["phase_divergence"]
    assert max(shares, key=lambda name: shares[name]) == "phase_1.5_hz"
    assert sum(shares.values()) == pytest.approx(1)
    assert moved["phase_divergence"] > 10 * max(
        quiet["phase_divergence"], still["phase_divergence"]
    )


def test_raw_features_of_a_still_and_a_swinging_tag():
    rng, features = np.random.default_rng(1), RawFeatures(TAGS, ANTENNAS, CHANNELS)
    for step in range(8):
        found = features.add(swinging(step, hz=1.5, rng=rng))
    moved, still, unread = (dict(zip(features.names, row, strict=True)) for row in found)
    assert moved["reads"] == still["reads"] == 80
    assert moved["turn_square"] > 20 * still["turn_square"]
    assert moved["step_square"] > 5 * still["step_square"]
    assert still["rssi_mean"] == -50
    assert (unread["reads"], unread["rssi_best_mean"]) == (0, -90)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_no_motion(kind):
    features = make_features(kind, tags=TAGS, antennas=ANTENNAS, channels=CHANNELS)
    found = np.stack([features.add(nothing()) for _ in range(10)])
    assert np.isfinite(found).all()
    assert found == pytest.approx(np.broadcast_to(found[0], found.shape), abs=1e-9)


def test_unknown_features_are_refused():
    with pytest.raises(ModelError, match="wavelets"):
        make_features("wavelets", tags=1, antennas=1, channels=1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_ones_find_flips_and_say_few_others(kind):
    reads, _ = flip_session()
    events = run(
        lambda context: PublishedMotionDetector(context, model=f"tag-motion-{kind}"), reads
    ).of(TagMotion)
    assert {e.epc for e in events} <= set(EPC)
    assert all(e.end_ns > e.time_ns and 0 <= e.score <= 1 for e in events)


def made_up(folder, kind):
    """Write a folder with a network of zeros."""
    names = make_features(kind, tags=1, antennas=1, channels=1).names
    rule = {"flip_on": 0.5, "flip_off": 0.1, "window_on": 0.2}
    export(folder, PerceptronNet(len(names)), kind, rule, train=[], validate=[])
    return folder


def test_a_folder_of_another_kind_is_refused(tmp_path):
    config = made_up(tmp_path, "raw") / "config.yaml"
    config.write_text(config.read_text().replace("kind: raw", "kind: spectrum"))
    with pytest.raises(ModelError, match="other features"):
        PublishedMotionDetector(StageContext(PLAN), model=str(tmp_path))


@pytest.mark.parametrize("field", ["flip_on", "past_bins", "features"])
def test_a_folder_that_lacks_a_field_is_refused(tmp_path, field):
    config = made_up(tmp_path, "raw") / "config.yaml"
    config.write_text(config.read_text().replace(f"{field}:", f"not_{field}:"))
    with pytest.raises(ModelError, match=field):
        PublishedMotionDetector(StageContext(PLAN), model=str(tmp_path))


def test_a_shop_without_tags_is_quiet(tmp_path):
    stage = PublishedMotionDetector(
        StageContext(StorePlan(name="empty")), model=str(made_up(tmp_path, "raw"))
    )
    assert list(stage.process(flip_session()[0][0])) == []
    assert [*stage.advance(10**18), *stage.finish()] == []


def test_states_are_those_of_the_labels():
    assert [s.name for s in Motion] == ["STILL", "HANDLED", "CARRIED"]
    assert Example(np.zeros((2, 1, 3), np.float16), np.zeros((2, 1), np.int8)).label.max() == 0
