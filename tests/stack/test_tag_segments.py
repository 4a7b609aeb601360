"""Events from probabilities."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.tagmotion.segments import Hysteresis, Segments

RULE = Hysteresis(on=0.6, off=0.3, gap_bins=1, longest_bins=6)


def events(values):
    segments = Segments(1, RULE)
    found = [s for value in values for s in segments.add(np.array([value]))]
    return [(s.first, s.last, s.score) for s in [*found, *segments.rest()]]


def test_an_event_spans_the_bins_around_its_peak():
    assert events([0, 0.4, 0.7, 0.35, 0, 0]) == [(1, 3, 0.7)]


def test_without_a_peak_there_is_no_event():
    assert events([0.5, 0.59, 0.5, 0, 0]) == []


def test_one_low_bin_does_not_part_an_event_and_two_do():
    assert events([0.7, 0, 0.7, 0, 0]) == [(0, 2, 0.7)]
    assert events([0.7, 0, 0, 0.8, 0, 0]) == [(0, 0, 0.7), (3, 3, 0.8)]


def test_what_is_open_at_the_end_is_told():
    assert events([0, 0.9]) == [(1, 1, 0.9)]


@given(st.lists(st.floats(0, 1), max_size=60))
def test_events_are_apart_in_order_and_not_too_long(values):
    found = events(values)
    for first, last, score in found:
        assert score == max(values[first : last + 1]) >= RULE.on
        assert last - first + 1 <= RULE.longest_bins
        assert values[first] >= RULE.off
        assert values[last] >= RULE.off
    assert all(a[1] < b[0] for a, b in pairwise(found))
