"""The four sides of a shop's floor, and which of them a door or window is on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import Point2

F64 = NDArray[np.float64]

Side = Literal["south", "north", "west", "east"]
ON_WALL_M = 0.05  # a door this near to a side of the floor is a hole in that wall
ALONG: dict[Side, int] = {"south": 0, "north": 0, "west": 1, "east": 1}  # axis a side runs along
OUTWARD: dict[Side, Point2] = {
    "south": (0.0, -1.0),
    "north": (0.0, 1.0),
    "west": (-1.0, 0.0),
    "east": (1.0, 0.0),
}


def side_of(segment_m: tuple[Point2, Point2], size_m: Point2 | F64) -> Side | None:
    """Return the side of a floor of that extent a segment lies on, None for none of them."""
    ends = np.array(segment_m)
    for side, axis in ALONG.items():
        along, across = ends[:, axis], ends[:, 1 - axis]
        at = size_m[1 - axis] if sum(OUTWARD[side]) > 0 else 0.0
        within = along.min() >= -ON_WALL_M and along.max() <= size_m[axis] + ON_WALL_M
        if within and np.ptp(along) > ON_WALL_M and (np.abs(across - at) < ON_WALL_M).all():
            return side
    return None
