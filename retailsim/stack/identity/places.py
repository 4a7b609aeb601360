"""Places of the plan where people come and go, or vanish without leaving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class DoorLine:
    """A door as a line with an inner side.

    Attributes:
        door: its id.
        start_m: one end, float64 (2,).
        along: unit vector towards the other end, float64 (2,).
        inward: unit vector into the shop, float64 (2,).
        width_m: length of the segment.
    """

    door: str
    start_m: F64
    along: F64
    inward: F64
    width_m: float

    def depth_m(self, xy_m: F64) -> F64:
        """Return how far inside the line points (..., 2) are; negative on the street."""
        depth: F64 = (xy_m - self.start_m) @ self.inward
        return depth

    def along_m(self, xy_m: F64) -> F64:
        """Return how far along the segment points (..., 2) are, from its start."""
        along: F64 = (xy_m - self.start_m) @ self.along
        return along

    def distance_m(self, xy_m: F64) -> F64:
        """Return the distance of points (..., 2) to the segment."""
        along = self.along_m(xy_m)
        beside = np.maximum(np.maximum(-along, along - self.width_m), 0.0)
        distance: F64 = np.hypot(beside, self.depth_m(xy_m))
        return distance


def door_lines(plan: StorePlan) -> tuple[DoorLine, ...]:
    """Return the plan's doors."""
    lines = []
    for door in plan.doors:
        start, end = np.array(door.segment_m, float)
        width = float(np.linalg.norm(end - start))
        along = (end - start) / max(width, 1e-9)
        inward = np.array([-along[1], along[0]])
        if (np.array(door.inside_m) - start) @ inward < 0:
            inward = -inward
        lines.append(DoorLine(door.id, start, along, inward, width))
    return tuple(lines)


class Places:
    """What a plan says about coming, going and hiding.

    Args:
        plan: the shop.
        door_m: within this distance of a door people may come out of nothing.
        screen_m: within this distance of a fitting room people may go into it.
    """

    def __init__(self, plan: StorePlan, *, door_m: float, screen_m: float) -> None:
        self._size_m = np.array(plan.size_m if plan.size_m is not None else (np.inf, np.inf))
        self._floor = plan.size_m is not None
        self._doors, self._door_m, self._screen_m = door_lines(plan), door_m, screen_m
        self._rooms = [f for f in plan.fixtures if f.kind == "fitting_room"]

    def inside(self, xy_m: F64) -> bool:
        """Whether a point is on the shop floor (anywhere, without a known floor)."""
        return not self._floor or bool(((xy_m >= 0) & (xy_m <= self._size_m)).all())

    def at_door(self, xy_m: F64) -> bool:
        """Whether somebody here may have come in, or be gone the next moment."""
        if not self._doors or not self.inside(xy_m):
            return True
        return min(float(d.distance_m(xy_m)) for d in self._doors) < self._door_m

    def fitting_room(self, xy_m: F64) -> F64 | None:
        """Return the centre of the fitting room that somebody vanishing here went into."""
        best, nearest_m = None, self._screen_m
        for room in self._rooms:
            along, across = fixture_axes(room)
            offset = xy_m - np.array(room.center_m)
            excess = np.abs([offset @ along, offset @ across]) - np.array(room.size_m) / 2
            distance = float(np.hypot(*np.maximum(excess, 0.0)))
            if distance < nearest_m:
                best, nearest_m = np.array(room.center_m, float), distance
        return best
