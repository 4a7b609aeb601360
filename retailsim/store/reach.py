"""Which parts of the floor a visitor can walk to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from retailsim.store.obstacles import Boxes, clearance_m
from retailsim.store.plan import Door, StorePlan
from retailsim.store.standing import Spot
from retailsim.store.zones import cell_centers_m

F64 = NDArray[np.float64]
CELL_M = 0.1
BODY_M = 0.25  # a walking body's centre keeps this far from obstacles
STEP_M = 0.3  # somebody at a spot stands at most this far from where they walked to
BEHIND_DOOR_M = (0.3, 0.45, 0.6)  # who came through a door is in one of these depths


class Reach:
    """The floor of a plan as cells of 0.1 m, and which of them people get to from a door.

    Attributes:
        cells_m: centres, float64 (ny, nx, 2).
        reached: bool (ny, nx).
    """

    def __init__(self, plan: StorePlan, boxes: Boxes) -> None:
        """Walk in through every door; raises ScenarioError when the plan has no floor."""
        self.cells_m = cell_centers_m(plan, CELL_M)
        shape = self.cells_m.shape[:2]
        self._free = (clearance_m(boxes, self.cells_m) >= BODY_M).reshape(shape)
        # Corner to corner is no way: two cells diagonal to each other may have a post between.
        self._part, _ = label(self._free)
        parts = {part for door in plan.doors for part in self._parts_behind(door)}
        self.reached: NDArray[np.bool_] = np.isin(self._part, sorted(parts)) & self._free

    def enters(self, door: Door) -> bool:
        """Say whether there is free floor behind a door."""
        return bool(self._parts_behind(door))

    def gets_to(self, spots: Sequence[Spot]) -> bool:
        """Say whether people can walk to any of some spots."""
        return any(self._near(np.array(spot), self.reached, STEP_M).any() for spot in spots)

    def _parts_behind(self, door: Door) -> set[int]:
        a, b = np.array(door.segment_m)
        along = (b - a) / np.hypot(*(b - a))
        inward = np.array([-along[1], along[0]])
        inward *= 1.0 if inward @ (np.array(door.inside_m) - a) > 0 else -1.0
        parts: set[int] = set()
        for share in np.linspace(0.1, 0.9, 9):
            for depth in BEHIND_DOOR_M:
                near = self._near(a + share * (b - a) + depth * inward, self._free, CELL_M)
                parts |= {int(part) for part in near}
        return parts

    def _near(self, xy_m: F64, of: NDArray[np.bool_], within_m: float) -> NDArray[np.int64]:
        """Return the part numbers of those cells that are near to a point."""
        rows, columns = of.shape
        column, row = np.floor(xy_m / CELL_M).astype(int)
        reach = int(np.ceil(within_m / CELL_M))
        window = np.s_[
            max(row - reach, 0) : max(min(row + reach + 1, rows), 0),
            max(column - reach, 0) : max(min(column + reach + 1, columns), 0),
        ]
        away = np.hypot(*np.moveaxis(self.cells_m[window] - xy_m, -1, 0))
        found: NDArray[np.int64] = self._part[window][of[window] & (away <= within_m)]
        return found
