"""What the readers of the simulated shop report."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from radio_scenes import START_NS, TICK_NS, body, column, play, slot_positions, snapshot, still_shop

import retailsim
from retailsim.simulate.faults import Reboot
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.snapshot import Place, Swing
from retailsim.store.load import load_plan
from retailsim.store.modes import MODES

PLAN = load_plan("scenarios/stores/boutique.yaml")
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def still():
    """Twenty seconds of a shop with nobody in it."""
    return play(RadioRig(PLAN, seed=11), still_shop(PLAN, 20.0))


def test_readers_share_the_rate_of_their_mode_among_antennas_and_rounds(still):
    # A few dozen tags before each antenna: switching and ends of rounds cost some of the rate.
    for reader in PLAN.readers:
        count = sum(len(batch.epc) for batch in still if batch.reader == reader.id)
        assert 0.75 < count / 20.0 / MODES[reader.link_mode].tags_per_s < 1.05


def test_slots_are_counted_and_fill_the_time():
    rig = RadioRig(PLAN, seed=11)
    reads = play(rig, still_shop(PLAN, 3.0))
    for reader in PLAN.readers:
        counts = rig.slot_counts[reader.id]
        assert counts.read == sum(len(batch.epc) for batch in of(reads, reader.id))
        assert min(counts.empty, counts.collided, counts.lost, counts.rounds) > 0
        assert counts.total_ns == pytest.approx(3e9, rel=0.01)


def test_mode_and_session_are_the_plans():
    settings = {"mode": "m8", "session": 2, "target": "single"}
    slow = [reader.model_copy(update=settings) for reader in PLAN.readers]
    reads = play(
        RadioRig(PLAN.model_copy(update={"readers": slow}), seed=11), still_shop(PLAN, 4.0)
    )
    epc = column(of(reads, "reader-1"), "epc")
    # Tags out of the antennas' turn for more than 2 s may forget; nobody else is read twice.
    assert len(epc) < 1.3 * len(set(epc))
    assert len(epc) / 4.0 < 90


def test_reads_are_in_order_and_batches_carry_the_time_of_the_last(still):
    for reader in PLAN.readers:
        mine = [batch for batch in still if batch.reader == reader.id]
        times = np.concatenate([batch.read_us for batch in mine])
        assert (np.diff(times) >= 0).all()
        assert all(batch.time_ns == batch.read_us[-1] * 1000 for batch in mine)
        assert times[0] * 1000 >= START_NS
        assert times[-1] * 1000 < START_NS + 200 * TICK_NS


def test_a_channel_lasts_a_fifth_of_a_second_and_all_fifty_are_visited(still):
    mine = [batch for batch in still if batch.reader == "reader-1"]
    read_us = np.concatenate([batch.read_us for batch in mine])
    channel = np.concatenate([batch.channel for batch in mine])
    first = np.flatnonzero(np.diff(channel)) + 1
    assert np.median(np.diff(read_us[first])) == pytest.approx(200_000, rel=0.02)
    assert set(channel) == set(range(1, 51))


def test_all_antennas_take_turns_and_the_sampling_of_a_tag_is_uneven(still):
    antenna = column(still, "antenna")
    assert set(antenna) == {1, 2, 3, 4}
    epc, read_us = column(still, "epc"), column(still, "read_us")
    busiest = max(set(epc), key=lambda e: int((epc == e).sum()))
    gaps = np.diff(np.sort(read_us[epc == busiest]))
    assert gaps.std() > 0.5 * gaps.mean()


def test_nearly_all_garments_are_read(still):
    assert len(set(column(still, "epc"))) > 0.95 * len(PLAN.items)


def test_integers_are_on_the_grids_of_the_reader(still):
    phase, rssi = column(still, "phase"), column(still, "rssi_cdbm")
    assert (phase % 4 == 0).all()
    assert phase.max() < 4096
    assert (rssi % 50 == 0).all()
    assert -8400 < rssi.min() < rssi.max() < -2500


def doubled_variance(batches, epcs):
    """Circular variance of the doubled phase per (reader, tag, antenna, channel)."""
    groups = {}
    for batch in batches:
        rows = zip(batch.epc, batch.antenna, batch.channel, batch.phase, strict=True)
        for epc, antenna, channel, phase in rows:
            if epc in epcs:
                group = (batch.reader, epc, int(antenna), int(channel))
                groups.setdefault(group, []).append(int(phase))
    return [
        1 - abs(np.mean(np.exp(2j * 2 * np.pi * np.array(p) / 4096)))
        for p in groups.values()
        if len(p) >= 2
    ]


def test_a_moved_tag_is_seen_in_its_phase_and_its_neighbours_are_not():
    few = [reader.model_copy(update={"region": "etsi"}) for reader in PLAN.readers]
    plan = PLAN.model_copy(update={"readers": few})  # few channels: each tag is often on the same
    xyz = slot_positions(plan)
    garment, end_ns = 25, START_NS + 10**12
    wave = Swing(garment, START_NS, end_ns, end_ns, (0.04, 0.0, 0.01), 1.3, 0.2, 1.0)
    batches = play(RadioRig(plan, seed=11), (snapshot(k, xyz, swings=(wave,)) for k in range(201)))
    moved = doubled_variance(batches, {plan.items[garment].epc})
    others = doubled_variance(batches, {item.epc for item in plan.items[:20]})
    assert np.median(moved) > 5 * np.median(others)


def test_sold_garments_are_silent_and_the_rest_are_not():
    xyz = slot_positions(PLAN)
    place = np.full(len(xyz), Place.ON_FIXTURE, np.uint8)
    place[:40] = Place.SOLD
    place[40:60] = Place.FITTING
    batches = play(RadioRig(PLAN, seed=5), (snapshot(k, xyz, place=place) for k in range(40)))
    seen = set(column(batches, "epc"))
    assert not seen & {item.epc for item in PLAN.items[:40]}
    assert len(seen & {item.epc for item in PLAN.items[40:60]}) > 15


def test_a_carried_tag_changes_the_antenna_that_hears_it():
    xyz = slot_positions(PLAN)
    item = PLAN.items[5]

    def walk():
        for tick in range(121):
            moved = xyz.copy()
            moved[5] = np.array([1.0, 1.6, 1.1]) + tick / 120 * np.array([9.0, 4.0, 0.0])
            yield snapshot(tick, moved)

    batches = play(RadioRig(PLAN, seed=5), walk())
    mine = [b.reader for b in batches for e in b.epc if e == item.epc]
    assert mine[0] == "reader-1"
    assert mine[-1] == "reader-2"


def test_the_label_of_a_shopper_is_in_no_read():
    xyz = slot_positions(PLAN)
    where = [np.array([[1.0 + 0.1 * k, 3.0]]) for k in range(31)]
    runs = [
        play(
            RadioRig(PLAN, seed=5),
            (snapshot(k, xyz, bodies=(who,), people_xy_m=where[k]) for k in range(31)),
        )
        for who in (body(1), body(77))
    ]
    assert digest(runs[0]) == digest(runs[1])


def rebooting(**more):
    """Six seconds in which reader-1 restarts from 2.03 s to 4.03 s."""
    reboot = Reboot(reader="reader-1", at_s=2.03, for_s=2.0, **more)
    return play(RadioRig(PLAN, seed=11, reboots=[reboot]), still_shop(PLAN, 6.0))


def of(reads, reader):
    return [batch for batch in reads if batch.reader == reader]


def test_a_reader_that_reboots_is_silent_and_starts_anew(still):
    reads = rebooting()
    read_s = (column(of(reads, "reader-1"), "read_us") - START_NS // 1000) * 1e-6
    assert not ((read_s >= 2.03) & (read_s < 4.03)).any()
    assert (read_s < 2.03).sum() > 900
    assert ((read_s >= 4.03) & (read_s < 5.03)).sum() > 400
    # It hops from its first channel and antenna again.
    after = column(of(reads, "reader-1"), "channel")[read_s >= 4.03]
    assert after[0] == 1
    assert column(of(reads, "reader-1"), "antenna")[read_s >= 4.03][0] == 1
    # Until then nothing is different; the slot that is cut short has other noise.
    early = (read_s < 1.9).sum()
    phases = [column(of(reads_, "reader-1"), "phase")[:early] for reads_ in (reads, still)]
    assert (phases[0] == phases[1]).all()


def test_the_other_reader_does_not_notice(still):
    theirs = column(of(rebooting(), "reader-2"), "read_us")
    assert (theirs == column(of(still, "reader-2"), "read_us")[: len(theirs)]).all()


@pytest.mark.parametrize("new_phase", [True, False])
def test_a_restart_may_change_the_phase_offsets(new_phase):
    reads = of(rebooting(new_phase=new_phase), "reader-1")
    read_s = (column(reads, "read_us") - START_NS // 1000) * 1e-6
    columns = [column(reads, name) for name in ("epc", "antenna", "channel")]
    turns = column(reads, "phase") / 4096
    jumps = []
    for key in set(zip(*columns, strict=True)):
        mine = np.logical_and.reduce([c == k for c, k in zip(columns, key, strict=True)])
        early, late = mine & (read_s < 2.03), mine & (read_s > 4.03)
        if early.any() and late.any():
            # Doubled, so that the half-turn ambiguity goes.
            jump = np.exp(4j * np.pi * (turns[late][0] - turns[early][0]))
            jumps.append(jump)
    stays = np.mean(np.cos(np.angle(jumps)) > 0.8)
    assert len(jumps) > 50
    assert stays < 0.6 if new_phase else stays > 0.8


def digest(batches):
    state = hashlib.sha256()
    for name in ("read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase", "doppler"):
        state.update(np.ascontiguousarray(column(batches, name)).tobytes())
    return state.hexdigest()


def test_another_process_hears_the_same_and_another_seed_does_not(tmp_path):
    code = (
        "from test_rfid_rig import *; import sys\n"
        "print(digest(play(RadioRig(PLAN, seed=int(sys.argv[1])), still_shop(PLAN, 2.0))))"
    )

    def run(seed, hash_seed):
        path = os.pathsep.join([str(HERE), str(Path(retailsim.__file__).parents[1])])
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", code, str(seed)],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    first = run(11, "1")
    assert first == run(11, "2")
    assert first != run(12, "1")
