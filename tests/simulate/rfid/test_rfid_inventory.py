"""One reader and its tags over many rounds: rates, sessions, targets, switching."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate.rfid.hopping import Stretch, stretches
from retailsim.simulate.rfid.inventory import DEAF_DB, SWITCH_NS, Inventory, decode_share
from retailsim.store.modes import MODES
from retailsim.store.regions import REGIONS

TICK_NS = 100_000_000
STRONG = -50.0


def play(
    tags,
    seconds,
    *,
    seed=1,
    antennas=1,
    region="fcc",
    dwell_s=0.12,
    level_dbm=STRONG,
    powered=None,
    **settings,
):
    """Return the inventory, and tag and second of every read."""
    rng = np.random.default_rng(seed)
    mode = settings.pop("mode", "m2")
    inventory = Inventory(rng, tags=tags, antennas=antennas, mode=mode, **settings)
    level = np.broadcast_to(np.asarray(level_dbm, float), tags)
    found = []
    for tick in range(round(seconds * 1e9) // TICK_NS):
        for stretch in stretches(
            tick * TICK_NS,
            (tick + 1) * TICK_NS,
            epoch_ns=0,
            antennas=antennas,
            dwell_s=dwell_s,
            region=REGIONS[region],
        ):
            on = np.ones(tags, bool) if powered is None else powered(stretch)
            found.append(inventory.read(stretch, on, level))
    tag, time_ns = (np.concatenate(part) for part in zip(*found, strict=True))
    return inventory, tag, time_ns * 1e-9


@pytest.mark.parametrize("tags", [100, 400])
@pytest.mark.parametrize("mode", MODES)
def test_the_rate_of_a_mode_follows_from_its_slots(mode, tags):
    _, tag, _ = play(tags, 10.0, mode=mode)
    assert len(tag) / 10.0 == pytest.approx(MODES[mode].tags_per_s, rel=0.1)


def test_a_lone_tag_is_read_some_seventy_times_a_second():
    _, tag, _ = play(1, 10.0)
    assert len(tag) / 10.0 == pytest.approx(70, rel=0.1)


def test_the_more_tags_the_fewer_reads_of_each():
    per_tag = [len(play(tags, 5.0)[1]) / tags for tags in (1, 10, 100, 1000)]
    assert per_tag == sorted(per_tag, reverse=True)
    assert per_tag[-1] < 2.0


@settings(max_examples=15)
@given(
    st.sampled_from(sorted(MODES)),
    st.sampled_from([(0, "single"), (0, "dual"), (1, "suppression"), (1, "dual"), (2, "dual")]),
    st.integers(0, 150),
    st.integers(1, 4),
    st.sampled_from(sorted(REGIONS)),
    st.integers(0, 1000),
)
def test_laws_of_any_inventory(mode, how, tags, antennas, region, seed):
    chosen = {"mode": mode, "session": how[0], "target": how[1]}
    with_all = {"seed": seed, "antennas": antennas, "region": region, **chosen}
    inventory, tag, at_s = play(tags, 1.0, **with_all)
    counts = inventory.counts
    assert (np.diff(at_s) > 0).all()
    assert counts.total_ns == inventory.now_ns  # no time is unaccounted for
    assert counts.read == len(tag)
    assert counts.slots == counts.empty + counts.lost + counts.read + counts.collided - (
        counts.captured
    )
    again = play(tags, 1.0, **with_all)
    assert (again[1] == tag).all()
    assert (again[2] == at_s).all()
    # Once per round: rounds end by themselves or where antenna or channel change.
    most = counts.rounds + counts.switch_ns // SWITCH_NS
    assert np.bincount(tag, minlength=1).max() <= most


@pytest.mark.parametrize("session", [2, 3])
def test_single_target_reads_each_energised_tag_once_for_all(session):
    _, tag, _ = play(80, 20.0, session=session, target="single")
    assert sorted(tag) == list(range(80))


def test_dual_target_takes_turns_so_that_all_tags_are_read_equally_often():
    _, tag, _ = play(80, 20.0, session=2, target="dual", level_dbm=-60.0)
    reads = np.bincount(tag, minlength=80)
    assert reads.min() > 60
    assert np.ptp(reads) <= 0.06 * reads.mean()  # a lost reply costs a tag a turn


def test_session_1_reads_a_tag_again_when_it_has_forgotten():
    inventory, tag, at_s = play(80, 20.0, session=1, target="single")
    for which in range(80):
        gaps = np.diff(at_s[tag == which])
        persistence_s = inventory.flags.persistence_ns[which] * 1e-9
        assert 20.0 / persistence_s - 8 < len(gaps) + 1 <= 20.0 / persistence_s + 1
        assert gaps.min() >= persistence_s - 1e-6


def test_suppression_keeps_tags_silent_for_as_long_as_they_stay():
    away = 40

    def powered(stretch):
        on = np.ones(80, bool)
        on[:away] = not 5e9 <= stretch.start_ns < 11e9
        return on

    _, tag, at_s = play(80, 20.0, session=1, target="suppression", powered=powered)
    assert sorted(tag[at_s < 5]) == list(range(80))
    assert sorted(tag[at_s > 5]) == list(range(away))
    assert at_s[at_s > 5].min() >= 11.0


def test_session_0_starts_afresh_whenever_the_carrier_is_off():
    _, tag, at_s = play(20, 4.0, session=0, target="single", region="fcc", dwell_s=60.0)
    hop = (at_s / 0.2).astype(int)
    for dwell in range(20):  # 0.2 s are enough for all twenty, once each
        assert sorted(tag[hop == dwell]) == list(range(20))


def test_tags_without_power_are_never_read():
    mute = np.arange(60) % 3 == 0
    _, tag, _ = play(60, 3.0, powered=lambda _: ~mute)
    assert set(tag) == set(np.flatnonzero(~mute))


def test_weak_replies_are_read_seldom_and_very_weak_ones_never():
    floor = MODES["m2"].sensitivity_dbm
    level = np.where(np.arange(40) < 20, floor - 3.0, floor + 10)
    level[0] = floor - DEAF_DB - 0.1
    inventory, tag, _ = play(40, 10.0, level_dbm=level, session=0)
    reads = np.bincount(tag, minlength=40)
    assert reads[0] == 0
    assert 0 < np.median(reads[1:20]) < 0.8 * np.median(reads[20:])
    assert inventory.counts.lost > 50
    np.testing.assert_allclose(
        decode_share(np.array([-60.0, 0.0, 60.0])), [0, 0.882, 0.98], atol=1e-6
    )


def test_every_antenna_serves_the_tags_before_it():
    def powered(stretch):
        return np.arange(90) % 3 == stretch.antenna

    inventory = play(90, 6.0, antennas=3, powered=powered)[0]
    _, tag, _ = play(90, 6.0, antennas=3, powered=powered)
    assert np.bincount(tag, minlength=90).min() > 5
    assert inventory.counts.switch_ns >= SWITCH_NS * (6.0 / 0.12 - 1)


def test_a_slot_that_has_begun_is_finished_before_the_antenna_changes():
    inventory = Inventory(np.random.default_rng(3), tags=30, antennas=2, mode="m8")
    on, level = np.ones(30, bool), np.full(30, STRONG)
    overrun = []
    for turn in range(20):
        stretch = Stretch(turn * TICK_NS, (turn + 1) * TICK_NS, turn % 2, turn)
        before_ns = inventory.now_ns
        _, time_ns = inventory.read(stretch, on, level)
        assert (time_ns >= before_ns).all()
        assert (time_ns < stretch.end_ns).all()
        overrun.append(inventory.now_ns - stretch.end_ns)
    assert min(overrun) >= 0
    assert 0 < max(overrun) < 12_000_000


@pytest.mark.parametrize(("region", "channels"), [("fcc", 50), ("etsi", 4), ("china", 16)])
def test_the_reader_hops_over_all_channels_of_its_region(region, channels):
    table = REGIONS[region]
    whole_ns = round(channels * table.dwell_s * 1e9)
    found = list(stretches(0, whole_ns, epoch_ns=0, antennas=4, dwell_s=0.12, region=table))
    assert [s.start_ns for s in found[1:]] == [s.end_ns for s in found[:-1]]
    time_ns = np.zeros(channels)
    np.add.at(time_ns, [s.channel for s in found], [s.end_ns - s.start_ns for s in found])
    np.testing.assert_allclose(time_ns, table.dwell_s * 1e9)
    assert {s.antenna for s in found} == {0, 1, 2, 3}


def test_by_default_every_antenna_meets_every_channel():
    found = stretches(0, 120 * 10**9, epoch_ns=0, antennas=4, dwell_s=0.12, region=REGIONS["fcc"])
    assert len({(s.antenna, s.channel) for s in found}) == 200
