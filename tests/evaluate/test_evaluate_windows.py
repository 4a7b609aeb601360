"""Windows of two seconds: which are cut, what an alarm calls a flip, balanced accuracy."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import EPC, at, handled, reads
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.flip import handling
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.windows import (
    balanced_accuracy,
    best_threshold,
    cut_windows,
    score_windows,
)
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion
from retailsim.messages.truth import TruthCarry

STEADY = tuple(np.arange(0, 60, 0.5))


def alarm(begin: float, end: float, score: float = 0.9, epc: str = EPC) -> TagMotion:
    return TagMotion(at(begin), at(end), epc, "flip", score)


def cut(truth, read=STEADY):
    times = ReadTimes(MessageLog([reads(read)]))
    return cut_windows(handling(MessageLog(truth), times), times)


def seconds(windows, *, flip):
    return ((windows.start_ns[windows.flip == flip] - at(0)) / 1e9).tolist()


def test_a_flip_has_one_window_around_its_middle():
    assert seconds(cut([handled(10, 14), handled(30.5, 31.5)]), flip=True) == [11.0, 30.0]


def test_what_moved_or_swings_on_is_not_quiet():
    # Touched windows begin at 10 and 12, swinging goes on until 16.2: 30 - 4 are left.
    quiet = seconds(cut([handled(10.1, 13)]), flip=False)
    assert quiet == [t for t in np.arange(0, 60, 2.0) if t not in (10, 12, 14, 16)]
    carried = seconds(cut([TruthCarry(at(20), at(30), 1, EPC)]), flip=False)
    assert all(t < 20 or t >= 34 for t in carried)


def test_windows_of_either_kind_need_three_reads():
    windows = cut([handled(10, 14)], read=[10.0, 10.1, 13.9, 20.1, 20.2, 20.3, 40.0])
    assert seconds(windows, flip=True) == []  # covered, but not in the two seconds
    assert seconds(windows, flip=False) == [20.0]
    assert windows.reads.tolist() == [3]


def test_an_alarm_calls_the_windows_that_it_overlaps_by_0_3_s():
    windows = cut([handled(11, 13)])
    alarms = [
        alarm(10, 13, 0.4),
        alarm(11.2, 11.4, 0.8),
        alarm(41.8, 44, 0.6),
        alarm(0, 9, epc="b"),
    ]
    score = score_windows(windows, alarms)
    assert score[windows.flip].tolist() == [0.4]  # the surer one is too short
    assert ((windows.start_ns[score > 0.5] - at(0)) / 1e9).tolist() == [42.0]


def test_balanced_accuracy_by_hand():
    flip = np.array([True, True, False, False, False, False])
    called = np.array([True, False, True, False, False, False])
    assert balanced_accuracy(flip, called) == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert balanced_accuracy(flip[:2], called[:2]) is None


labelled = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9])), min_size=2)


@given(labelled.filter(lambda rows: len({flip for flip, _ in rows}) == 2), st.integers(2, 5))
def test_more_quiet_windows_of_the_same_kind_change_nothing(rows, times):
    more = rows + [row for row in rows if not row[0]] * (times - 1)

    def figure(some):
        flip, score = (np.array(column) for column in zip(*some, strict=True))
        return balanced_accuracy(flip, score >= 0.5)

    assert figure(more) == pytest.approx(figure(rows))


@given(labelled.filter(lambda rows: len({flip for flip, _ in rows}) == 2))
def test_no_threshold_is_better_than_the_best(rows):
    flip, score = (np.array(column) for column in zip(*rows, strict=True))
    level, value = best_threshold(flip, score)
    assert value == pytest.approx(balanced_accuracy(flip, score >= level))
    others = [balanced_accuracy(flip, score >= t) for t in (0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1)]
    assert value >= max(others) - 1e-12
