"""Batches are filled up to few sizes, and what is filled in is nobody's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.batching import filled_up, rounded_up


@given(st.integers(1, 10_000))
def test_a_batch_is_never_cut_and_little_is_added(items: int) -> None:
    room = rounded_up(items)
    assert items <= room < items + (2 if items <= 16 else 4 if items <= 32 else 16)
    assert rounded_up(room) == room


def test_few_sizes_serve_many() -> None:
    sizes = [rounded_up(items) for items in range(1, 65)]
    assert sizes == sorted(sizes)
    assert sorted(set(sizes)) == [*range(2, 17, 2), 20, 24, 28, 32, 48, 64]


@given(st.integers(1, 9), st.integers(0, 7))
def test_items_stay_where_they_are_before_zeros(items: int, more: int) -> None:
    part = np.arange(1, 1 + items * 6, dtype=np.uint8).reshape(items, 2, 3)
    full = filled_up(part, items + more)
    assert full.shape == (items + more, 2, 3)
    assert full.dtype == part.dtype
    np.testing.assert_array_equal(full[:items], part)
    assert not full[items:].any()


def test_a_full_batch_is_not_copied() -> None:
    part = np.zeros((4, 2), np.float32)
    assert filled_up(part, 4) is part
