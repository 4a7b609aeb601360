"""Arithmetic by group: as if it were done one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.tagmotion.grouped import in_groups, running_mean

reads = st.lists(st.tuples(st.integers(0, 4), st.floats(-5, 5)), max_size=40)


@given(reads)
def test_running_means_are_those_of_taking_one_value_after_the_other(values):
    mean = np.arange(5.0)
    expected = mean.copy()
    for row, value in values:
        expected[row] += 0.15 * (value - expected[row])
    rows = np.array([row for row, _ in values], np.int64)
    found = running_mean(mean, rows, np.array([value for _, value in values], float), 0.15)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert mean.tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.integers(0, 4), max_size=40))
def test_elements_of_a_group_stay_in_order_and_know_their_place(groups):
    order, before, after = in_groups(np.array(groups, np.int64))
    assert sorted(order.tolist()) == list(range(len(groups)))
    for place, element in enumerate(order.tolist()):
        mine = [i for i, g in enumerate(groups) if g == groups[element]]
        assert before[place] == mine.index(element)
        assert before[place] + 1 + after[place] == len(mine)
    assert [groups[i] for i in order] == sorted(groups)
