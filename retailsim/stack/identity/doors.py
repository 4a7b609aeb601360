"""Doors of a plan as lines with an inner side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import StorePlan

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
