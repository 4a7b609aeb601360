"""Paired differences, and how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from retailsim.experiments.compare_figures import more_is_better, pair_figures, paired, t_interval

shares = st.floats(0, 1, allow_nan=False)


def test_the_interval_is_students():
    first, second = [0.5, 0.6, 0.7, 0.9], [0.55, 0.7, 0.72, 0.91]
    found = paired(first, second, name="detection.ap50")
    expected = ttest_rel(second, first).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.difference == pytest.approx(0.045)
    assert found.bags == 4


def test_the_interval_holds_the_true_difference_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [
        low <= 0.1 <= high
        for low, high in (t_interval((0.1 + rng.normal(0, 0.3, 5)).tolist()) for _ in range(2000))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_one_bag_has_no_interval_and_no_verdict():
    found = paired([0.5], [0.9], name="detection.ap50")
    assert found.difference == pytest.approx(0.4)
    assert (found.low, found.high, found.verdict) == (None, None, "")


def test_bags_where_either_has_no_figure_are_left_out():
    found = paired([0.5, None, 0.7], [0.6, 0.9, None])
    assert found.bags == 1
    assert found.first == pytest.approx(0.5)
    assert found.second == pytest.approx(0.6)


def test_a_figure_of_one_stack_alone_has_no_difference():
    found = paired([None, None], [0.4, 0.6])
    assert (found.first, found.difference, found.bags) == (None, None, 0)
    assert found.second == pytest.approx(0.5)


@given(st.lists(st.tuples(shares, shares), min_size=2, max_size=8))
def test_swapping_the_stacks_turns_the_difference_round(pairs):
    a, b = ([p[i] for p in pairs] for i in (0, 1))
    ahead, back = paired(a, b), paired(b, a)
    assert ahead.difference == pytest.approx(-(back.difference or 0))
    assert ahead.low == pytest.approx(-(back.high or 0))
    assert ahead.low <= ahead.difference <= ahead.high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("detection.ap50", True),
        ("speed.fps", True),
        ("speed.ratio", False),
        ("speed.latency_p95_ms", False),
        ("speed.stages.track.ms_per_item", False),
        ("dwell.mae_s", False),
        ("position.away_median_m", False),
        ("flip.coverage", None),
        ("footfall.truth", None),
        ("counts.people", None),
    ],
)
def test_what_is_better(name, more):
    assert more_is_better(name) is more


def test_less_time_is_better_when_it_is_clear():
    assert paired([9, 10, 11], [5, 6, 7.2], name="speed.ratio").verdict == "better"
    assert paired([9, 10, 11], [5, 16, 7], name="speed.ratio").verdict == ""


def test_figures_that_neither_has_are_left_out():
    found = pair_figures([{"a": None, "b": 1.0, "c": None}], [{"a": None, "b": 2.0, "c": 3.0}])
    assert sorted(found) == ["b", "c"]
