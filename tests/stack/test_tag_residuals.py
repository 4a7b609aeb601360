"""How far reads are from what a tag usually says."""

from __future__ import annotations

from collections import deque
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.messages.sensors import TagReads
from retailsim.simulate.rfid.reports import phase_sigma_rad
from retailsim.stack.tagmotion import residuals
from retailsim.stack.tagmotion.residuals import (
    HISTORY,
    NOISE_RSSI_DBM,
    PHASE_SIGMA_RAD,
    Expectation,
    Reads,
    ReadTable,
    phase_variance,
)
from retailsim.store.plan import Antenna, Fixture, Reader, Sku, Stock, StorePlan
from retailsim.store.regions import LIGHT_MPS, REGIONS

PLAN = StorePlan(
    name="line",
    size_m=(6.0, 4.0),
    fixtures=[Fixture(id="rail", kind="rail", center_m=(3, 2), size_m=(2, 0.5), height_m=1.5)],
    readers=[
        Reader(id="r", antennas=[Antenna(port=1, position_m=(3, 0.2, 2.8), look_at_m=(3, 2, 1))])
    ],
    catalogue=[Sku(id="a", name="a", kind="shirt", colour="#000000", style="basic", price_eur=1.0)],
    stock=[Stock(fixture="rail", sku="a", count=12)],
)
HZ = REGIONS["fcc"].frequency_hz


def batch(second, channel, moved_m=0.0, flip=0, rng=None):
    """One read of every tag on one channel: exact distances, offsets by channel and by tag."""
    table = ReadTable(PLAN)
    tags = np.arange(12)
    distance = table.distance_m[:, 0] + np.where(tags == 5, moved_m, 0.0)
    offset = np.random.default_rng(1).uniform(0, 1, len(HZ))[channel]
    own = np.random.default_rng(2).uniform(0, 1, 12)
    noise = 0 if rng is None else rng.normal(0, 0.005, 12)
    turns = 2 * distance * HZ[channel] / LIGHT_MPS + offset + own + 0.5 * flip + noise
    return TagReads(
        round(second * 1e9), "r",
        np.full(12, round(second * 1e6), np.int64),
        np.array([item.epc for item in PLAN.items]),
        np.full(12, 1, np.uint8),
        np.full(12, channel + 1, np.uint16),
        np.full(12, -5000, np.int16),
        np.round(turns * 4096 % 4096).astype(int).astype(np.uint16) % 4096,
        np.zeros(12, np.int16),
    )  # fmt: skip


def learnt(seconds=30):
    table, expectation = ReadTable(PLAN), Expectation(12, np.array([HZ]))
    rng = np.random.default_rng(3)
    for step in range(seconds * 5):
        reads = table.columns(batch(1000 + step / 5, step % 50, flip=int(rng.integers(2)), rng=rng))
        expectation.look(reads)
        expectation.learn(reads)
    return table, expectation


def test_a_still_tag_is_as_expected_on_every_channel_and_with_pi_flips():
    table, expectation = learnt()
    for channel in range(0, 50, 7):
        for flip in (0, 1):
            found = expectation.look(table.columns(batch(1031, channel, flip=flip)))
            assert found.known.all()
            assert np.abs(found.phase_rad).max() < 0.25


def test_a_tag_that_moved_is_off_by_twice_the_two_way_phase_and_the_others_are_not():
    table, expectation = learnt()
    moved_m = 0.02
    found = expectation.look(table.columns(batch(1031, 3, moved_m=moved_m)))
    expected = 2 * 4 * np.pi * moved_m * HZ[3] / LIGHT_MPS
    assert found.phase_rad[5] == pytest.approx(expected, abs=0.25)
    assert np.abs(np.delete(found.phase_rad, 5)).max() < 0.25
    assert found.surprise[5] > 10 * np.delete(found.surprise, 5).max()


def test_nothing_is_known_at_first_nor_after_forgetting():
    fresh = Expectation(12, np.array([HZ]))
    assert not fresh.look(ReadTable(PLAN).columns(batch(1000, 0))).known.any()
    table, expectation = learnt()
    expectation.forget(np.array([5]))
    known = expectation.look(table.columns(batch(1031, 3))).known
    assert not known[5]
    assert np.delete(known, 5).all()


def test_reads_of_unknown_tags_readers_and_channels_are_left_out():
    good = batch(1000, 0)
    table = ReadTable(PLAN)
    columns = ("read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase", "doppler")
    assert len(table.columns(good)) == 12
    assert len(table.columns(TagReads(1, "other", *(getattr(good, c) for c in columns)))) == 0
    late = {c: getattr(good, c) for c in columns} | {"channel": np.full(12, 60, np.uint16)}
    assert len(table.columns(TagReads(1, "r", **late))) == 0


TAGS, ANTENNAS, CHANNELS = 3, 2, 4
TABLE_HZ = np.linspace(903e6, 905e6, CHANNELS) + np.zeros((ANTENNAS, 1))


def drawn(n, seed, start_s=0.0):
    """Reads of few tags, antennas and channels: most are of a pair that was read before."""
    rng = np.random.default_rng(seed)
    return Reads(
        start_s + np.sort(rng.uniform(0, 5, n)),
        rng.integers(0, TAGS, n),
        rng.integers(0, ANTENNAS, n),
        rng.integers(0, CHANNELS, n),
        rng.uniform(-70, -40, n),
        np.exp(1j * rng.uniform(0, 0.5, n)),
    )


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3 * HISTORY * TAGS), max_size=4), st.integers(0, 99))
def test_a_history_holds_the_last_reads_of_a_tag_on_an_antenna(sizes, seed):
    expectation = Expectation(TAGS, TABLE_HZ)
    histories = {(t, a): deque(maxlen=HISTORY) for t in range(TAGS) for a in range(ANTENNAS)}
    for count, size in enumerate(sizes):
        reads = drawn(size, seed + count, 5.0 * count)
        expectation.learn(reads)
        for row in range(size):
            histories[reads.tag[row], reads.antenna[row]].append(reads.take([row]))
    later = 5.0 * len(sizes)
    for (tag, antenna), history in histories.items():
        look = [np.array([v]) for v in (later, tag, antenna, 0, -50.0, 1.0 + 0j)]
        rows = Reads.join(list(history)) if history else drawn(0, 0)
        weight = np.exp((rows.time_s - later) / residuals.MEMORY_S)
        gap_hz = TABLE_HZ[antenna, rows.channel] - TABLE_HZ[antenna, 0]
        weight *= np.exp(-0.5 * (gap_hz / residuals.NARROW_HZ) ** 2)
        expected = -50 - (weight * rows.rssi_dbm).sum() / max(weight.sum(), 1e-9)
        found = expectation.look(Reads(*look)).rssi_db[0]
        assert found == pytest.approx(expected if weight.sum() >= residuals.MIN_SUPPORT else 0)


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(0, 150), st.integers(0, 99))
def test_how_many_reads_are_compared_at_once_makes_no_difference(block, size, seed):
    def found():
        expectation = Expectation(TAGS, TABLE_HZ)
        for count in range(3):
            reads = drawn(size, seed + count, 5.0 * count)
            looked = expectation.look(reads)
            expectation.learn(reads)
        return looked

    whole = found()
    with mock.patch.object(residuals, "BLOCK", block):
        parts = found()
    for column in ("phase_rad", "surprise", "rssi_db", "known"):
        np.testing.assert_array_equal(getattr(whole, column), getattr(parts, column))


def test_a_plan_without_readers_has_nothing_to_expect():
    nothing = Expectation(0, np.zeros((0, 0)))
    nothing.learn(drawn(0, 0))
    assert len(nothing.look(drawn(0, 0)).known) == 0


def test_phase_noise_is_that_of_the_table():
    np.testing.assert_allclose(np.sqrt(phase_variance(NOISE_RSSI_DBM)), PHASE_SIGMA_RAD)
    between = phase_variance(np.linspace(-80, -30, 101))
    assert (np.diff(between) <= 0).all()


def test_the_radio_makes_the_noise_that_the_stack_expects():
    rssi_dbm = np.linspace(-80, -30, 101)
    np.testing.assert_allclose(np.sqrt(phase_variance(rssi_dbm)), phase_sigma_rad(rssi_dbm))
