"""Moving or still: how windows are cut, thinned and compared, and what real logs give."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import BagError
from retailsim.experiments import moving_logs
from retailsim.experiments.moving_logs_scores import (
    bell,
    changes,
    circular_variances,
    few_reads,
    phase_evidence,
    rssi_evidence,
    short_recording,
)
from retailsim.experiments.moving_logs_windows import (
    Recording,
    above,
    auc,
    by_recording,
    cut,
    reads_to_keep,
    thin,
)
from retailsim.messages.sensors import TagReads
from retailsim.simulate.streams import stream
from retailsim.train.lone_tag import merge_reports, simulate_lone_tag

HEADER = "recording,timestamp,antenna,rssi,epc,phase_angle,channel_index,doppler_frequency"
SCORES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=6).map(np.array)
GROUPS = st.lists(SCORES, min_size=1, max_size=5)


def reads_at(time_s, *, phase_rad=0.0, antenna=1, channel=1, rssi_dbm=-60.0):
    """Reads of one tag at times (n,); everything else is broadcast."""
    count = len(time_s)

    def column(value, dtype):
        return np.broadcast_to(np.asarray(value), count).astype(dtype)

    turns = np.asarray(phase_rad) / (2 * np.pi) % 1
    return TagReads(
        time_ns=round(max(time_s) * 1e9),
        reader="r1",
        read_us=np.round(np.asarray(time_s) * 1e6).astype(np.int64),
        epc=np.full(count, "0" * 24),
        antenna=column(antenna, np.uint8),
        channel=column(channel, np.uint16),
        rssi_cdbm=column(np.asarray(rssi_dbm) * 100, np.int16),
        phase=column(np.round(turns * 4096) % 4096, np.uint16),
        doppler=column(0, np.int16),
    )


def recording(times_s, name="a", moving=True, **columns):
    return Recording(name, moving, reads_at(times_s, **columns))


@given(SCORES, SCORES)
def test_above_counts_pairs(a, b):
    pairs = [1.0 if x > y else 0.5 if x == y else 0.0 for x in a for y in b]
    assert above(a, b) == pytest.approx(np.mean(pairs))


@given(GROUPS, GROUPS)
def test_every_recording_counts_the_same(moving, still):
    found = auc(moving, still)
    assert found is not None
    by_pair = [
        np.mean([1.0 if x > y else 0.5 if x == y else 0.0 for x in m for y in s])
        for m in moving
        for s in still
    ]
    assert found.value == pytest.approx(np.mean(by_pair))
    assert 0 <= found.low <= found.high <= 1
    often = auc([np.repeat(moving[0], 3), *moving[1:]], still)
    assert often is not None
    assert often.value == pytest.approx(found.value)


@given(GROUPS, GROUPS)
def test_a_score_turned_round_says_the_contrary(moving, still):
    there, back = auc(moving, still), auc(still, moving)
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(1 - back.value)


def test_the_interval_knows_how_few_recordings_there_are():
    windows = [np.arange(8.0) + k for k in (0, 3, 6, 9)]
    few, many = auc(windows[2:], windows[:2]), auc(windows[2:] * 20, windows[:2] * 20)
    assert few is not None
    assert many is not None
    assert few.value == pytest.approx(many.value)
    assert few.low < many.low < many.value < many.high < few.high
    assert auc([], windows) is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_thinning_keeps_so_many_in_order(count, keep, seed):
    rows = thin(count, keep, stream(seed, "thin"))
    assert len(rows) == min(count, keep)
    assert (np.diff(rows) > 0).all()
    assert set(rows.tolist()) <= set(range(count))


def test_thinning_favours_no_read():
    often = np.zeros(10)
    for seed in range(2000):
        often[thin(10, 3, stream(seed, "thin"))] += 1
    assert often == pytest.approx(600, abs=90)  # over 4 standard deviations


@given(
    st.lists(st.integers(0, 13_000_000), min_size=5, max_size=80, unique=True),
    st.integers(1, 10),
)
def test_clips_hold_whole_windows_of_equal_counts(times_us, keep):
    times = np.array(times_us) * 1e-6
    clips = cut(recording(times), clip_s=6.0, window_s=2.0, keep=keep)
    first, length = times.min(), np.ptp(times)
    assert len(clips) == int((length + 1e-6) // 6)
    for number, clip in enumerate(clips):
        assert clip.start_us == round(first * 1e6) + number * 6_000_000
        for window in range(3):
            begin = clip.start_us + window * 2_000_000
            inside = [t for t in times_us if begin <= t < begin + 2_000_000]
            assert clip.count[window] == len(inside)
            assert clip.scored[window] == (len(inside) >= keep)
            left = clip.of(window).read_us.tolist()
            assert len(left) == min(len(inside), keep)
            assert set(left) <= set(inside)
        order = [times_us.index(t) for t in clip.reads.read_us.tolist()]
        assert order == sorted(order)  # of arrival


def test_the_first_seconds_may_be_left_out():
    clips = cut(recording(np.arange(0, 12.5, 0.1)), clip_s=6.0, window_s=2.0, keep=5, skip_s=2.0)
    assert [clip.scored.tolist() for clip in clips] == [[False, True, True], [True, True, True]]


def test_nine_in_ten_windows_have_the_reads_that_are_kept():
    rich = cut(recording(np.arange(0, 20.0, 0.05), "still", False), clip_s=2, window_s=2, keep=None)
    spacing = np.repeat(np.linspace(0.1, 0.4, 20), 10)
    poor = cut(recording(np.cumsum(spacing), "moving"), clip_s=2, window_s=2, keep=None)
    keep = reads_to_keep([*rich, *poor])
    counts = np.concatenate([clip.count for clip in poor])
    assert (counts < keep).mean() <= 0.1
    assert (counts < keep + 1).mean() > 0.1


def test_trivial_scores_are_of_what_was_there_before():
    one = recording(np.arange(0, 6.5, 0.1))
    clips = cut(one, clip_s=6.0, window_s=2.0, keep=5)
    moving, still = by_recording(clips, few_reads)
    assert moving[0].tolist() == [-20, -20, -20]
    assert still == []
    moving, _ = by_recording(clips, short_recording)
    assert moving[0] == pytest.approx([-one.length_s] * 3)


@given(st.floats(0.01, 6.0))
def test_densities_of_changes_are_densities(variance):
    turn = np.linspace(-np.pi, np.pi, 2001)
    assert np.trapezoid(bell(turn, np.full(2001, variance)), turn) == pytest.approx(1, abs=0.01)


@given(st.floats(-np.pi, np.pi), st.lists(st.booleans(), min_size=6, max_size=6))
def test_offsets_and_flips_by_pi_change_no_change(offset, flips):
    time_s = np.arange(6) * 0.1
    phase = np.array([0.1, 0.3, 0.2, 0.6, 0.4, 0.5])
    plain = changes(reads_at(time_s, phase_rad=phase))
    other = changes(reads_at(time_s, phase_rad=phase + offset + np.pi * np.array(flips)))
    assert plain.turn_rad == pytest.approx(2 * np.diff(phase), abs=0.01)
    assert other.turn_rad == pytest.approx(plain.turn_rad, abs=0.02)


def test_changes_are_of_one_antenna_and_within_a_quarter_of_a_second():
    reads = reads_at([0.0, 0.05, 0.1, 0.5, 0.6], antenna=[1, 2, 1, 1, 1], channel=[50, 9, 1, 3, 3])
    found = changes(reads)
    assert found.gap_s == pytest.approx([0.1, 0.1])
    assert found.channels.tolist() == [1, 0]  # the table begins again


def test_evidence_speaks_for_what_happened():
    time_s = np.arange(20) * 0.1
    rng = np.random.default_rng(3)
    still = reads_at(time_s, phase_rad=rng.normal(0, 0.05, 20), channel=1 + np.arange(20) // 2)
    walked = reads_at(time_s, phase_rad=rng.uniform(0, 6, 20), channel=1 + np.arange(20) // 2)
    assert phase_evidence(still) < 0 < phase_evidence(walked)
    faded = replace(still, rssi_cdbm=(-6000 + 300 * rng.normal(0, 1, 20)).astype(np.int16))
    assert rssi_evidence(faded) > 2 * rssi_evidence(still) + 1
    assert circular_variances(reads_at(time_s, phase_rad=rng.normal(0, 0.05, 20))) < 0.02
    assert circular_variances(reads_at(time_s, channel=1 + np.arange(20) // 2)).size == 0


def test_merged_reports_have_the_first_channel_and_the_last_phase():
    reads = reads_at(
        [0.0, 0.03, 0.1, 0.14, 0.9],
        antenna=[1, 2, 1, 2, 1],
        channel=[1, 1, 2, 2, 6],
        phase_rad=[0.1, 0.2, 0.3, 0.4, 0.5],
        rssi_dbm=[-50, -60, -55, -58, -50],
    )
    everything = merge_reports(reads, stream(0, "merge"), share=1.0)
    assert everything.read_us.tolist() == [100_000, 140_000, 900_000]
    assert everything.channel.tolist() == [1, 1, 6]
    assert everything.phase.tolist() == reads.phase[[2, 3, 4]].tolist()
    assert everything.rssi_cdbm.tolist() == [-5000, -5800, -5000]
    nothing = merge_reports(reads, stream(0, "merge"), share=0.0)
    assert nothing.read_us.tolist() == reads.read_us.tolist()


def test_a_simulated_tag_that_is_walked_changes_more_than_one_that_lies_still():
    moving, still = (simulate_lone_tag(3, moving=kind) for kind in (True, False))
    assert set(still.antenna.tolist()) <= {1, 2, 3, 4}
    assert (still.rssi_cdbm % 100 == 0).all()
    scores = [
        np.mean(
            [
                phase_evidence(clip.of(0))
                for clip in cut(Recording("one", kind, reads), clip_s=2.0, window_s=2.0, keep=None)
                if clip.count[0]
            ]
        )
        for kind, reads in ((True, moving), (False, still))
    ]
    assert scores[0] > scores[1]


def written(folder, name, lines):
    with gzip.open(folder / name, "wt") as file:
        file.write("\n".join([HEADER, *lines]))


def test_logs_are_read_in_order_of_arrival(tmp_path):
    lines = [
        "one,100.5,1,-40,e2,192,7,332",
        "two,100.0,3,-61,e2,8,50,-5",
        "one,100.25,2,-65,e2,4,8,0",
    ]
    written(tmp_path, "static_a.csv.gz", lines)
    written(tmp_path, "moving_b.csv.gz", lines[:1])
    one, two, other = moving_logs.read_logs(tmp_path)
    assert (one.name, one.moving, other.moving) == ("static_a.csv.gz: one", False, True)
    assert one.reads.read_us.tolist() == [100_500_000, 100_250_000]
    assert one.reads.phase.tolist() == [192, 4]
    assert one.reads.channel.tolist() == [7, 8]
    assert one.reads.rssi_cdbm.tolist() == [-4000, -6500]
    assert two.reads.doppler.tolist() == [-5]
    assert one.length_s == pytest.approx(0.25)


def test_what_is_no_log_is_said(tmp_path):
    with pytest.raises(BagError, match="no static"):
        moving_logs.read_logs(tmp_path)
    written(tmp_path, "static_a.csv.gz", ["one,100.5,1,-40,e2,192,7,332", "one,soon,1,,,,,"])
    with pytest.raises(BagError, match=r"static_a.*line 3"):
        moving_logs.read_logs(tmp_path)


def test_the_table_shows_every_score_and_whose_turn_it_was(tmp_path):
    quick, slow = np.arange(0, 6.2, 0.05), np.arange(0, 8.2, 0.1)
    rng = np.random.default_rng(1)
    recordings = [
        *(
            recording(quick, f"m{k}", True, phase_rad=rng.uniform(0, 6, len(quick)))
            for k in range(2)
        ),
        *(recording(slow, f"s{k}", False) for k in range(2)),
    ]
    names = {"phase changes", "number of reads", "length of recording"}
    scores = {n: s for n, s in moving_logs.all_scores("tag-motion").items() if n in names}
    result = moving_logs.measure(recordings, scores)
    assert result["reads_per_window"] == 20
    figures = result["auc"]
    assert figures["phase changes"]["thinned"].value == 1.0
    assert figures["number of reads"]["thinned"].value == 1.0  # more reads when moving: turned
    assert figures["length of recording"]["all reads, later"].value == 1.0
    assert result["still"]["windows"] == 6
    assert len(moving_logs.result_tables("title", result)) == 2


@pytest.mark.real
def test_phase_changes_alone_tell_real_walks_from_real_rest(real):
    recordings = moving_logs.read_logs(real / "rfid")
    assert sum(r.moving for r in recordings) == 32
    assert sum(not r.moving for r in recordings) == 38
    wanted = ("phase changes", "length of recording", "RSSI deviation")
    scores = {n: s for n, s in moving_logs.all_scores("tag-motion").items() if n in wanted}
    result = moving_logs.measure(recordings, scores)
    figures = {name: row["all reads, later"] for name, row in result["auc"].items()}
    assert figures["phase changes"].value > 0.95
    assert figures["phase changes"].low > figures["RSSI deviation"].high
    # Why windows are compared and not recordings: whatever lies still was recorded for longer.
    assert figures["length of recording"].value == 1.0


@pytest.mark.real
def test_the_shipped_detector_judges_every_window_of_the_real_logs(real):
    recordings = moving_logs.read_logs(real / "rfid")[:2]
    score = moving_logs.shipped_detector("tag-motion")
    for clip in cut(recordings[0], clip_s=6.0, window_s=2.0, keep=10):
        odds = score(clip)
        assert odds.shape == (3,)
        assert np.isfinite(odds).all()
        assert (odds != 0).all()
