"""Flips: coverage, matches, excused alarms and false ones."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import EPC, at, handled, reads
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.flip import handling, score_flip
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import MotionBegun, TagMotion
from retailsim.messages.truth import TruthCarry

OTHER = "31" + "0" * 22
STEADY = tuple(np.arange(0, 60, 0.5))


def alarm(begin: float, end: float, *, epc: str = EPC, kind: str = "flip") -> TagMotion:
    return TagMotion(at(begin), at(end), epc, kind, 0.9)  # type: ignore[arg-type]


def score(truth, alarms, *, read=STEADY, said_s=None, found=True):
    results = MessageLog()
    for a in alarms:
        results.append(a, emitted_ns=a.end_ns if said_s is None else at(said_s))
    times = ReadTimes(MessageLog([reads(read)]))
    return score_flip(handling(MessageLog(truth), times), results, times, found=found)


def test_a_flip_is_covered_by_three_reads_during_it():
    truth = [handled(10, 12), handled(20, 22), handled(30, 32, kind="pickup")]
    figures = score(truth, [], read=[10.0, 11.0, 12.0, 20.0, 21.0, 30.1, 30.2, 30.3])
    assert figures["coverage"] == pytest.approx(2 / 3)


def test_found_missed_and_false_by_hand():
    truth = [handled(10, 12), handled(20, 22), handled(30, 32, kind="pickup")]
    figures = score(truth, [alarm(10, 12), alarm(30.5, 33), alarm(40, 41)], said_s=34)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["delay_s"] == pytest.approx(((34 - 10) + (34 - 30)) / 2)
    assert figures["false_alarms_per_tag_hour"] == pytest.approx(1 / (59.5 / 3600))


def test_balanced_accuracy_weighs_found_flips_and_quiet_windows_alike():
    # Windows of 2 s from 0 to 58 s are 30; the flip touches two, the false alarm one of the rest.
    figures = score([handled(10, 12)], [alarm(10, 12), alarm(40.5, 41)])
    assert figures["balanced_accuracy"] == pytest.approx((1.0 + 27 / 28) / 2)


def test_an_overlap_under_0_3_s_is_no_match_but_a_miss_and_a_false_alarm():
    close, short = (
        score([handled(10, 12)], [alarm(11.7, 13)]),
        score([handled(10, 12)], [alarm(11.8, 13)]),
    )
    assert close["f1"] == 1.0
    assert short["f1"] == 0.0


def test_two_alarms_on_one_flip_are_one_hit_and_one_false_alarm():
    figures = score([handled(10, 14)], [alarm(10, 11.5), alarm(12, 14)])
    assert (figures["recall"], figures["precision"]) == (1.0, 0.5)


def test_one_alarm_over_two_flips_finds_one():
    figures = score([handled(10, 12), handled(13, 15)], [alarm(10, 15)])
    assert (figures["recall"], figures["precision"]) == (0.5, 1.0)


def test_an_alarm_on_another_tag_is_false():
    figures = score([handled(10, 12)], [alarm(10, 12, epc=OTHER)])
    assert (figures["recall"], figures["precision"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    "reason",
    [
        handled(40.1, 40.4),  # uncovered: no read falls into it
        handled(40, 41, kind="putback"),
        TruthCarry(at(39), at(45), 1, EPC),
    ],
    ids=["uncovered flip", "put-back", "carried"],
)
def test_an_alarm_while_something_else_moves_the_garment_is_ignored(reason):
    figures = score([handled(10, 12), reason], [alarm(10, 12), alarm(40, 41)])
    assert (figures["recall"], figures["precision"]) == (1.0, 1.0)


def test_a_motion_told_as_carried_is_no_alarm():
    figures = score(
        [handled(10, 12)], [alarm(10, 12, kind="carried"), alarm(40, 41, kind="carried")]
    )
    assert (figures["recall"], figures["precision"], figures["f1"]) == (0.0, None, 0.0)


def test_without_flips_recall_is_null_and_false_alarms_are_still_counted():
    figures = score([], [alarm(40, 41)])
    assert (figures["coverage"], figures["recall"], figures["f1"]) == (None, None, None)
    assert figures["false_alarms_per_tag_hour"] > 0


def test_a_stack_that_does_not_look_for_flips_gets_nulls_beside_the_coverage():
    figures = score([handled(10, 12)], [], found=False)
    assert figures.pop("coverage") == 1.0
    assert set(figures.values()) == {None}


spans = st.lists(
    st.tuples(st.integers(0, 500), st.integers(3, 40), st.booleans()), min_size=1, max_size=8
)


@given(spans)
def test_alarms_equal_to_the_flips_score_one(rows):
    flips = [handled(b / 10, (b + n) / 10, epc=EPC if here else OTHER) for b, n, here in rows]
    times = ReadTimes(
        MessageLog([reads(np.arange(0, 55, 0.05)), reads(np.arange(0, 55, 0.05), epc=OTHER)])
    )
    results = MessageLog(TagMotion(f.time_ns, f.end_ns, f.epc, "flip", 1.0) for f in flips)
    figures = score_flip(handling(MessageLog(flips), times), results, times, found=True)
    assert (figures["coverage"], figures["f1"]) == (1.0, 1.0)
    assert figures["false_alarms_per_tag_hour"] == 0.0


@given(spans, spans, st.data())
def test_dropping_an_alarm_never_raises_recall(truth, alarms, data):
    flips = [handled(b / 10, (b + n) / 10) for b, n, _ in truth]
    said = [alarm(b / 10, (b + n) / 10) for b, n, _ in alarms]
    fewer = list(said)
    fewer.pop(data.draw(st.integers(0, len(said) - 1)))
    all_of, less = score(flips, said)["recall"], score(flips, fewer)["recall"]
    assert (all_of is None) == (less is None)
    assert all_of is None or less <= all_of


def begun(time_s: float, *, epc: str = EPC) -> MotionBegun:
    return MotionBegun(at(time_s), epc, "flip", 0.9)


def score_of(truth, said):
    """Score messages given as (stream time, message)."""
    results = MessageLog()
    for said_s, message in said:
        results.append(message, emitted_ns=at(said_s))
    times = ReadTimes(MessageLog([reads(STEADY)]))
    return score_flip(handling(MessageLog(truth), times), results, times, found=True)


def test_an_alarm_is_said_when_its_beginning_is():
    figures = score_of([handled(10, 12)], [(11, begun(10)), (14, alarm(9.5, 12))])
    assert figures["delay_s"] == pytest.approx(1.0)
    assert figures["precision"] == 1.0


def test_each_beginning_belongs_to_the_next_event_of_its_tag():
    said = [(11, begun(10)), (14, alarm(10, 12)), (21.5, begun(20)), (24, alarm(20, 22))]
    figures = score_of([handled(10, 12), handled(20, 22)], said)
    assert figures["delay_s"] == pytest.approx((1.0 + 1.5) / 2)


def test_a_beginning_that_came_to_nothing_is_a_false_alarm():
    figures = score_of([handled(10, 12)], [(11, begun(10)), (14, alarm(10, 12)), (31, begun(30))])
    assert figures["precision"] == pytest.approx(1 / 2)
    assert figures["recall"] == 1.0
