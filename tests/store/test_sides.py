"""Which side of the floor a door or window is on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.store.sides import ALONG, OUTWARD, Side, side_of

SIZE_M = (6.0, 4.0)
SIDES: list[Side] = ["south", "north", "west", "east"]


@given(side=st.sampled_from(SIDES), low=st.floats(0, 1.5), width=st.floats(0.5, 2.0))
def test_a_stretch_of_any_wall_is_on_that_side(side: Side, low: float, width: float) -> None:
    at = max(SIZE_M[0] * OUTWARD[side][0], SIZE_M[1] * OUTWARD[side][1], 0.0)
    ends = ((low, at), (low + width, at))
    if ALONG[side] == 1:
        ends = ((at, low), (at, low + width))
    assert side_of(ends, SIZE_M) == side


@pytest.mark.parametrize(
    "segment_m",
    [
        ((1.0, 1.0), (2.0, 1.0)),  # in the middle of the floor
        ((5.0, 0.0), (7.0, 0.0)),  # beyond the corner
        ((2.0, 0.0), (2.0, 0.01)),  # as good as a point
        ((0.0, 0.0), (6.0, 4.0)),  # across the floor
    ],
)
def test_what_is_no_stretch_of_a_wall_is_on_no_side(
    segment_m: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    assert side_of(segment_m, SIZE_M) is None
