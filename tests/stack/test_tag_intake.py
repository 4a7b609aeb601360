"""Senseless reads: every one is taken or counted, none stops the stack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.messages.sensors import TagReads
from retailsim.session.rfid_csv import load_reads
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.front import Front
from retailsim.stack.tagmotion.intake import LEFT_OUT, Intake, ReadCounts
from retailsim.stack.tagmotion.motion import TagMotionDetector
from retailsim.stack.tagmotion.zone import TagZoneLocator
from tests.stack.tag_sessions import EPC, PLAN, flip_session

START_US = 1_700_000_000_000_000
READERS = [reader.id for reader in PLAN.readers]
PORTS = {
    (r.id, a.port): i for i, (r, a) in enumerate((r, a) for r in PLAN.readers for a in r.antennas)
}


def intake():
    return Intake({epc: i for i, epc in enumerate(EPC)}, PORTS, np.full(len(PORTS), 50))


def reads(at_s, *, reader=READERS[0], epc=None, **columns):
    """A batch of good reads at those seconds, but for the columns given."""
    n = len(at_s)
    read_us = START_US + np.round(np.asarray(at_s, float) * 1e6).astype(np.int64)
    given_ = {
        "epc": np.array([EPC[i % len(EPC)] for i in range(n)] if epc is None else epc, np.str_),
        "antenna": np.full(n, 1, np.uint8),
        "channel": np.full(n, 7, np.uint16),
        "rssi_cdbm": np.full(n, -5500, np.int16),
        "phase": np.full(n, 1000, np.uint16),
        "doppler": np.zeros(n, np.int16),
    }
    for name, value in columns.items():
        given_[name] = np.array(value, given_[name].dtype)
    return TagReads(int(read_us[-1]) * 1000 if n else 0, reader, read_us=read_us, **given_)


def test_good_reads_are_all_taken():
    entry = intake()
    taken = entry.take(reads([0.0, 0.1, 0.2]))
    assert taken.time_us.tolist() == [START_US, START_US + 100_000, START_US + 200_000]
    assert taken.tag.tolist() == [0, 1, 2]
    assert taken.channel.tolist() == [6, 6, 6]
    assert entry.counts == ReadCounts(reads=3, taken=3)
    assert entry.counts.warnings() == []


@pytest.mark.parametrize(
    ("reason", "columns"),
    [
        ("unknown_tag", {"epc": [EPC[0], "f" * 24, EPC[2]]}),
        ("unknown_antenna", {"antenna": [1, 0, 1]}),
        ("unknown_antenna", {"antenna": [1, 77, 1]}),
        ("unknown_channel", {"channel": [7, 0, 7]}),
        ("unknown_channel", {"channel": [7, 51, 7]}),
        ("bad_phase", {"phase": [0, 4097, 4095]}),
        ("bad_rssi", {"rssi_cdbm": [-5000, -32768, -5000]}),  # what NaN becomes in many a driver
        ("bad_rssi", {"rssi_cdbm": [-5000, 100, -5000]}),
    ],
)
def test_a_read_that_makes_no_sense_is_left_out_and_counted(reason, columns):
    entry = intake()
    taken = entry.take(reads([0.0, 0.1, 0.2], **columns))
    assert taken.row.tolist() == [0, 2]
    assert entry.counts == ReadCounts(reads=3, taken=2, **{reason: 1})
    (warning,) = entry.counts.warnings()
    assert warning.startswith("1 of 3 tag reads not used: 1 ")
    assert LEFT_OUT[reason] in warning


def test_a_whole_turn_of_phase_is_none():
    entry = intake()
    assert len(entry.take(reads([0.0, 0.1], phase=[4096, 0])).row) == 2
    assert entry.counts == ReadCounts(reads=2, taken=2, full_turn=1)


def test_a_whole_turn_of_phase_in_a_table_is_counted_as_a_readers_own_is(tmp_path):
    lines = ["timestamp,antenna,rssi,epc,phase_angle,channel_index,doppler_frequency"]
    lines += [f"17000000{i}0,1,-55,{EPC[i]},{phase},7,0" for i, phase in enumerate((4096, 0))]
    (tmp_path / "reads.csv").write_text("\n".join(lines))
    entry = intake()
    for batch in load_reads(tmp_path / "reads.csv", reader=READERS[0]):
        assert entry.clean(batch).phase.tolist() == [0]
    assert entry.counts == ReadCounts(reads=2, taken=2, full_turn=1)


def test_reads_out_of_order_are_sorted():
    entry = intake()
    taken = entry.take(reads([0.2, 0.0, 0.1]))
    assert (np.diff(taken.time_us) > 0).all()
    assert taken.tag.tolist() == [1, 2, 0]
    assert entry.counts == ReadCounts(reads=3, taken=3, out_of_order=2)


def test_what_comes_twice_counts_once():
    entry = intake()
    batch = reads([0.0, 0.1, 0.1, 0.2], epc=[EPC[0], EPC[1], EPC[1], EPC[1]])
    assert len(entry.take(batch).row) == 3
    assert len(entry.take(batch).row) == 0
    assert entry.counts == ReadCounts(reads=8, taken=3, duplicate=5)
    for column, value in (("antenna", [2]), ("phase", [1004]), ("channel", [8])):
        assert len(entry.take(reads([0.1], epc=[EPC[1]], **{column: value})).row) == 1


def test_a_reader_that_is_not_in_the_plan_is_counted():
    entry = intake()
    assert len(entry.take(reads([0.0, 0.1], reader="next-door")).row) == 0
    assert entry.counts.unknown_antenna == 2


def test_one_wrong_time_in_a_batch_is_left_out():
    entry = intake()
    taken = entry.take(reads([0.0, 3600.0, 0.2]))
    assert taken.row.tolist() == [0, 2]
    assert entry.counts.bad_time == 1
    assert len(entry.take(reads([0.3])).row) == 1
    assert entry.counts.clock_jumps == 0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 3e8, -1e9])
def test_after_a_clock_jump_reads_go_on_where_the_stream_is(jump_s):
    entry = intake()
    entry.take(reads(np.arange(0, 1, 0.1)))
    first = entry.take(reads(1.0 + jump_s + np.arange(0, 0.5, 0.1)))
    second = entry.take(reads(1.5 + jump_s + np.arange(0, 0.5, 0.1)))
    assert entry.counts.clock_jumps == 1
    assert abs(first.time_us[-1] - START_US) <= 1_500_000
    assert second.time_us[0] - first.time_us[-1] == 100_000
    back = entry.take(reads([2.1, 2.2]))  # the clock is set right again
    assert entry.counts.clock_jumps == 2
    assert (back.time_us - START_US).tolist() == [2_100_000, 2_200_000]
    assert entry.counts.taken == 22
    assert "clock jumped 2 times" in entry.counts.warnings()[0]


def test_a_reader_that_was_silent_for_hours_has_not_jumped():
    entry = intake()
    entry.take(reads([0.0]))
    for minute in range(1, 181):
        entry.told((START_US + minute * 60_000_000) * 1000)
    taken = entry.take(reads([3 * 3600.0 + 1]))
    assert entry.counts.clock_jumps == 0
    assert taken.time_us[0] == START_US + 10_801_000_000


def test_another_readers_jump_does_not_touch_the_rest():
    entry = intake()
    for second in range(5):
        entry.take(reads([second + 0.1], reader=READERS[0]))
        entry.take(reads([second + 0.2 + 7200 * (second > 2)], reader=READERS[1]))
    assert entry.counts.clock_jumps == 1
    taken = entry.take(reads([5.1], reader=READERS[0]))
    assert taken.time_us[0] == START_US + 5_100_000
    assert entry.counts.clock_jumps == 1


times = st.one_of(st.floats(-2, 2), st.floats(-1e9, 1e9), st.just(9e12), st.just(-9e12))
one_read = st.tuples(
    times,
    st.sampled_from([EPC[0], EPC[1], "0" * 24, ""]),
    st.integers(0, 255),
    st.integers(0, 65535) | st.integers(0, 51),
    st.integers(-32768, 32767),
    st.integers(0, 65535) | st.integers(4094, 4098),
)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([*READERS, "x"]), st.lists(one_read, max_size=6)), max_size=8
    )
)
def test_nothing_is_eaten_silently(batches):
    entry, rows = intake(), 0
    for reader, found in batches:
        at_s, epc, antenna, channel, rssi, phase = zip(*found, strict=True) if found else [()] * 6
        made = reads(
            at_s, reader=reader, epc=list(epc), antenna=antenna, channel=channel,
            rssi_cdbm=rssi, phase=phase,
        )  # fmt: skip
        taken = entry.take(made)
        rows += len(taken.row)
        assert (np.diff(taken.time_us) >= 0).all()
        assert (made.phase[taken.row] <= 4096).all()
    counts = entry.counts.as_dict()
    assert counts["reads"] == sum(len(found) for _, found in batches)
    assert counts["taken"] == rows
    assert counts["reads"] == rows + sum(counts[name] for name in LEFT_OUT)


def messed_up(batches):
    """The session with everything that can be wrong with it added, in about every batch."""
    rng = np.random.default_rng(8)
    for count, batch in enumerate(batches):
        order = rng.permutation(len(batch.epc))
        names = ("read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase", "doppler")
        mixed = replace(batch, **{name: getattr(batch, name)[order] for name in names})
        yield mixed
        if count % 3 == 0:
            yield mixed  # twice
        if count % 5 == 0:
            yield replace(batch, epc=np.full(len(batch.epc), "e" * 24))
            yield replace(batch, antenna=np.zeros_like(batch.antenna))
            yield replace(batch, channel=np.zeros_like(batch.channel))
            yield replace(batch, phase=np.full_like(batch.phase, 65535))
            yield replace(batch, rssi_cdbm=np.full_like(batch.rssi_cdbm, -32768))


def features(batches):
    front = Front(PLAN)
    for batch in batches:
        front.add(batch)
    return [bin_.features for bin_ in front.rest()], front.table.counts


def test_nonsense_beside_good_reads_changes_nothing_that_is_found():
    clean = [batch for batch in flip_session()[0] if len(batch.epc)][:60]
    expected, good = features(clean)
    found, counts = features(messed_up(clean))
    assert good.taken == counts.taken == sum(len(batch.epc) for batch in clean)
    assert counts.duplicate > 0
    assert min(counts.unknown_tag, counts.unknown_antenna, counts.bad_rssi, counts.bad_phase) > 0
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.tag, theirs.tag)
        np.testing.assert_array_equal(ours.pairs, theirs.pairs)
        np.testing.assert_array_equal(ours.tags, theirs.tags)


@pytest.mark.parametrize("jump_s", [3e8, -3e8, 5400.0])
@pytest.mark.parametrize("make", [TagMotionDetector, TagZoneLocator])
def test_stages_survive_a_clock_that_jumps_by_years(make, jump_s):
    stage = make(StageContext(PLAN))
    jump_us = round(jump_s * 1e6)
    for count, batch in enumerate(flip_session()[0][:40]):
        if count >= 25:
            later = batch.read_us + jump_us
            batch = replace(batch, read_us=later, time_ns=int(later[-1]) * 1000)
        list(stage.process(batch))
        list(stage.advance(batch.time_ns))  # the engine's watermark follows the reader's clock
    list(stage.finish())
    if isinstance(stage, TagMotionDetector):
        assert stage.read_counts.clock_jumps >= 1
        assert stage.read_counts.taken > 0.95 * stage.read_counts.reads
        assert any("clock" in warning for warning in stage.warnings())


def test_reads_that_come_too_late_are_taken_and_counted():
    front = Front(PLAN)
    front.add(reads([0.0, 1.9]))
    assert len(list(front.bins((START_US + 2_000_000) * 1000))) == 3
    front.add(reads([0.7], epc=[EPC[5]]))
    assert front.table.counts.late == 1
    assert front.table.counts.warnings() == [
        "1 tag reads came too late for their time and count for later"
    ]
    assert sum(len(bin_.reads) for bin_ in front.rest()) == 2


some_s = st.lists(st.integers(0, 40).map(lambda eighth: eighth / 8), max_size=6)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(READERS), some_s), max_size=12))
def test_a_read_is_new_exactly_if_it_has_not_been_there(batches):
    entry, known = intake(), set()
    for reader, at_s in batches:
        taken = entry.take(reads(at_s, reader=reader, epc=[EPC[0]] * len(at_s)))
        new = {(reader, s) for s in at_s} - known
        assert len(taken.row) == len(new)
        known |= new
    assert entry.counts.taken == len(known)
    assert entry.counts.duplicate == entry.counts.reads - len(known)


def test_reads_that_came_late_are_known_again_and_forgotten_in_time():
    entry = intake()
    one, two, three = reads([1.0, 2.0]), reads([0.5, 1.5]), reads([3.0, 4.0])
    for batch in (one, two, three):
        assert len(entry.take(batch).row) == 2
    for batch in (two, one, three):
        assert len(entry.take(batch).row) == 0
    for second in range(5, 31, 5):
        entry.take(reads([float(second)]))
    assert len(entry.take(reads([30.0])).row) == 0
