"""Arrays on a desk lie apart, within it, and are the same from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.owner.desk import ALIGN, Item, items_in, make_seats, places

SHAPES = st.lists(st.integers(1, 9), max_size=3).map(tuple)
ITEMS = st.builds(
    Item,
    fed=st.lists(st.tuples(SHAPES, st.sampled_from(["|u1", "<f4"])), min_size=1, max_size=3).map(
        tuple
    ),
    said=st.lists(SHAPES, min_size=1, max_size=3).map(tuple),
)


@given(ITEMS, st.integers(0, 20_000))
def test_as_many_items_as_are_said_to_fit_do(item: Item, size: int) -> None:
    count = items_in(size, item)
    ends = [0]
    for begin, shape, dtype in places(item, count):
        assert begin >= ends[-1]
        assert begin % ALIGN == 0
        ends.append(begin + int(np.prod(shape)) * np.dtype(dtype).itemsize)
    assert count == 0 or ends[-1] <= size


def test_what_one_lays_down_the_other_finds() -> None:
    near, far = make_seats(1 << 16)
    item = Item((((4, 5, 3), "|u1"), ((2,), "<f4")), ((7,), ()))
    (pictures, sides), (said, score) = near.desk.arrays(item, 6)
    pictures[:] = np.arange(pictures.size, dtype=np.uint8).reshape(pictures.shape)
    sides[:], said[:], score[:] = 2, 3, 4
    fed, told = far.desk.arrays(item, 6)
    np.testing.assert_array_equal(fed[0], np.arange(360, dtype=np.uint8).reshape(6, 4, 5, 3))
    assert [float(part.min()) for part in (fed[1], *told)] == [2, 3, 4]
    assert [part.shape for part in told] == [(6, 7), (6,)]


def test_the_memory_of_a_desk_is_bounded_by_its_size() -> None:
    near, _ = make_seats(1 << 12)
    with pytest.raises(TypeError, match="too small"):
        near.desk.arrays(Item((((1 << 12,), "|u1"),), ((1,),)), 2)
