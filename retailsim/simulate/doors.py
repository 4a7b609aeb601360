"""Who goes through which door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import Door, StorePlan

F64 = NDArray[np.float64]


def through(
    doors: list[Door], before_m: F64, after_m: F64
) -> Iterator[tuple[int, str, Literal["in", "out"]]]:
    """Yield (row, door id, direction) of moves (n, 2) that pass a doorway."""
    for door in doors:
        a, b = np.array(door.segment_m)
        length = float(np.hypot(*(b - a)))
        along = (b - a) / length
        inward = np.array([-along[1], along[0]])
        inward *= np.sign(inward @ (np.array(door.inside_m) - a))
        depth = (before_m - a) @ inward, (after_m - a) @ inward
        for row in np.flatnonzero((depth[0] >= 0) != (depth[1] >= 0)):
            share = depth[0][row] / (depth[0][row] - depth[1][row])
            point = before_m[row] + share * (after_m[row] - before_m[row])
            if 0 <= (point - a) @ along <= length:
                yield int(row), door.id, "in" if depth[1][row] >= 0 else "out"


def on_floor(plan: StorePlan, xy_m: F64) -> NDArray[np.bool_]:
    """Return which points (n, 2) are on the shop's floor, bool (n,)."""
    assert plan.size_m is not None
    return np.asarray(((xy_m >= 0) & (xy_m <= np.array(plan.size_m))).all(axis=1))
