"""A window is judged by what was captured in it; the search finds where numbers stop to hold."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.experiments.density_windows import (
    Stream,
    Window,
    by_majority,
    largest,
    window_of,
)


def stream(
    rate_hz: float = 10.0,
    seconds: float = 30.0,
    *,
    latency_s: float = 0.2,
    lost: tuple[int, ...] = (),
    begin_s: float = 0.0,
) -> Stream:
    """Frames at an even pace, in the middle of their steps, of which some are lost."""
    due_s = begin_s + (np.arange(round(rate_hz * seconds)) + 0.5) / rate_hz
    due_s = np.delete(due_s, list(lost))
    return Stream(due_s, due_s + latency_s)


def judged(*streams: Stream, begin_s: float = 10.0, rate_hz: float = 10.0) -> Window:
    return window_of(streams, begin_s=begin_s, end_s=begin_s + 10, rate_hz=rate_hz)


def test_streams_that_get_all_their_frames_in_time_hold() -> None:
    window = judged(stream(), stream(latency_s=0.9))
    assert (window.frames, window.least_share, window.most_share) == (200, 1.0, 1.0)
    assert window.p95_s == pytest.approx(0.9)
    assert window.believed
    assert window.held


def test_one_stream_that_gets_too_little_is_enough_not_to_hold() -> None:
    assert judged(stream(), stream(lost=tuple(range(120, 125)))).held
    window = judged(stream(), stream(lost=tuple(range(120, 126))))
    assert window.least_share == pytest.approx(0.94)
    assert not window.held


def test_one_stream_that_is_late_is_enough_not_to_hold() -> None:
    assert not judged(stream(), stream(latency_s=1.0)).held


def test_a_twentieth_of_a_streams_frames_may_be_late() -> None:
    one = stream()
    late = one.done_s.copy()
    late[120:124] += 5
    assert judged(Stream(one.due_s, late)).held
    late[120:130] += 5
    assert not judged(Stream(one.due_s, late)).held


def test_a_stream_that_got_nothing_has_no_latency_and_does_not_hold() -> None:
    window = judged(stream(), Stream(np.empty(0), np.empty(0)))
    assert (window.least_share, window.p95_s, window.held) == (0.0, None, False)


def test_more_than_the_source_sends_is_not_believed() -> None:
    window = judged(stream(), stream(rate_hz=11.0))
    assert window.least_share == 1.0
    assert not window.believed
    assert not window.held


def test_a_frame_on_the_edge_is_no_more_than_the_source_sends() -> None:
    due_s = np.linspace(10.0, 19.999, 101)
    assert judged(Stream(due_s, due_s + 0.1)).held


def test_what_was_left_over_from_before_counts_where_it_was_captured() -> None:
    one = stream(lost=tuple(range(100, 150)))  # nothing of the window's first half
    done_s = np.maximum(one.done_s, 10.5)  # and a hundred frames of before are done within it
    assert judged(Stream(one.due_s, done_s)).least_share == pytest.approx(0.5)


@given(
    st.lists(st.sets(st.integers(0, 299), max_size=60), min_size=1, max_size=4),
    st.floats(0, 0.9),
    st.floats(0, 3),
    st.floats(-1e5, 1e5),
)
def test_shares_are_those_of_frames_not_lost_whenever_it_is(
    lost: list[set[int]], latency_s: float, more_s: float, shift_s: float
) -> None:
    streams = [stream(latency_s=latency_s, lost=tuple(sorted(one))) for one in lost]
    window = judged(*streams)
    served = [100 - sum(100 <= frame < 200 for frame in one) for one in lost]
    assert window.frames == sum(served)
    assert window.least_share == pytest.approx(min(served) / 100)
    assert window.believed
    shifted = [Stream(s.due_s + shift_s, s.done_s + shift_s + more_s) for s in streams]
    later = judged(*shifted, begin_s=10.0 + shift_s)
    assert (later.frames, later.least_share) == (window.frames, window.least_share)
    assert later.held <= window.held
    assert window.p95_s is not None
    assert later.p95_s == pytest.approx(window.p95_s + more_s, abs=1e-6)


@given(st.integers(0, 2000), st.integers(1, 100), st.integers(1, 1500))
def test_the_largest_that_holds_is_found_in_few_trials(limit: int, start: int, most: int) -> None:
    tried: list[int] = []

    def holds(number: int) -> bool:
        tried.append(number)
        return number <= limit

    assert largest(holds, start=start, most=most) == min(limit, most)
    assert all(1 <= number <= most for number in tried)
    assert len(set(tried)) == len(tried)
    assert len(tried) <= 2 * log2(max(limit, start, 2)) + 3


@given(st.sets(st.integers(1, 200)), st.integers(1, 50), st.integers(1, 200))
def test_the_answer_held_and_the_next_one_did_not(good: set[int], start: int, most: int) -> None:
    tried: set[int] = set()

    def holds(number: int) -> bool:
        tried.add(number)
        return number in good

    answer = largest(holds, start=start, most=most)
    assert answer == 0 or answer in good & tried
    assert answer == most or answer + 1 in tried - good


def test_doubling_comes_first_and_the_gap_is_halved_then() -> None:
    tried: list[int] = []

    def holds(number: int) -> bool:
        tried.append(number)
        return number <= 21

    assert largest(holds, start=4, most=1024) == 21
    assert tried == [4, 8, 16, 32, 24, 20, 22, 21]


@given(st.lists(st.booleans(), min_size=1, max_size=7))
def test_most_rounds_decide_and_no_more_are_asked_than_that_takes(verdicts: list[bool]) -> None:
    asked: list[bool] = []

    def holds() -> bool:
        asked.append(verdicts[len(asked)])
        return asked[-1]

    decision = by_majority(holds, len(verdicts))
    assert decision == (sum(verdicts) > len(verdicts) / 2)
    open_still = sum(asked[:-1]) <= len(verdicts) / 2
    assert open_still
    assert asked[:-1].count(False) < len(verdicts) / 2
