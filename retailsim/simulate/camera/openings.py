"""Holes in the outer walls that light comes through: doors and windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retailsim.simulate.camera.surfaces import Frame
from retailsim.store.plan import Point2, StorePlan

DOOR_M = 2.95
LINTEL_M = 0.2  # at least so much wall is left above a hole
ON_WALL_M = 0.3


@dataclass(frozen=True)
class Opening:
    """A rectangular hole in an outer wall.

    Attributes:
        wall: which side of the floor: 0 south, 1 east, 2 north, 3 west.
        frame: origin at the wall's first corner, x along the wall, y into the shop.
        low_m, high_m: the hole along the frame's x.
        sill_m, top_m: the hole's lower and upper edge.
        outside: 'street' | 'mall' | 'shop'.
        glazed: whether it is a window; doors stand open.
    """

    wall: int
    frame: Frame
    low_m: float
    high_m: float
    sill_m: float
    top_m: float
    outside: str
    glazed: bool


def wall_frames(plan: StorePlan) -> list[tuple[Frame, float]]:
    """Return frame and length of the four outer walls; the frames' y looks into the shop."""
    width, depth = plan.size_m or (0.0, 0.0)
    corners = np.array([(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)])
    out = []
    for i, a in enumerate(corners):
        along = corners[(i + 1) % 4] - a
        length = float(np.linalg.norm(along))
        x, y = along / max(length, 1e-9)
        out.append((Frame((float(a[0]), float(a[1])), (float(x), float(y))), length))
    return out


def openings(plan: StorePlan) -> list[Opening]:
    """Return all doors and windows that lie on a side of the floor, along each wall in order."""
    found = []
    ceiling = plan.height_m - LINTEL_M
    for wall, (frame, length) in enumerate(wall_frames(plan)):
        for door in plan.doors:
            span = _span(frame, length, door.segment_m)
            if span:
                top = min(DOOR_M, ceiling)
                found.append(Opening(wall, frame, *span, 0.0, top, door.leads_to, False))
        for window in plan.windows:
            span = _span(frame, length, window.segment_m)
            if span:
                top = min(window.top_m, plan.height_m - 0.05)
                sill = min(window.sill_m, top - 0.05)
                found.append(Opening(wall, frame, *span, sill, top, "street", True))
    return sorted(found, key=lambda opening: (opening.wall, opening.low_m))


def _span(frame: Frame, length: float, segment_m: Sequence[Point2]) -> tuple[float, float] | None:
    """Return a segment as an interval along a wall, None when it is not on it."""
    along = np.array(frame.along)
    ends = np.array(segment_m) - frame.origin
    if np.abs(ends @ np.array([-along[1], along[0]])).max() >= ON_WALL_M:
        return None
    low, high = sorted(float(t) for t in ends @ along)
    low, high = max(low, 0.0), min(high, length)
    return (low, high) if high > low else None
