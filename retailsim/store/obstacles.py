"""What nobody can walk through: furniture, the sides of fitting rooms and the outer walls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retailsim.store.plan import Door, Fixture, StorePlan
from retailsim.store.sides import ON_WALL_M
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
SCREEN_M = 0.06  # thickness of a fitting room's sides (assumed)
WALL_M = 0.2  # thickness of the outer walls, outside the floor's extent (assumed)
POINTS_AT_ONCE = 4096


@dataclass(frozen=True)
class Boxes:
    """Rectangles on the floor.

    Attributes:
        center_m: float64 (k, 2).
        half_m: half extents along and across, float64 (k, 2).
        along: unit vector of the first extent, float64 (k, 2).
    """

    center_m: F64
    half_m: F64
    along: F64

    def local(self, xy_m: ArrayLike) -> F64:
        """Return points (n, 2) in every box's own axes, shape (n, k, 2), metres."""
        points = np.asarray(xy_m, float).reshape(-1, 2)
        x = points[:, :1] - self.center_m[:, 0]
        y = points[:, 1:] - self.center_m[:, 1]
        cos, sin = self.along[:, 0], self.along[:, 1]
        return np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1)

    def distance_m(self, xy_m: ArrayLike) -> F64:
        """Return signed distances of points (n, 2), shape (n, k); negative inside a box."""
        local = np.abs(self.local(xy_m))
        u, v = local[..., 0] - self.half_m[:, 0], local[..., 1] - self.half_m[:, 1]
        outside = np.hypot(np.maximum(u, 0.0), np.maximum(v, 0.0))
        distance: F64 = outside + np.minimum(np.maximum(u, v), 0.0)
        return distance


def obstacles(plan: StorePlan) -> Boxes:
    """Return all furniture and walls of a plan with a known floor as boxes.

    A fitting room is its back and two sides; the side towards `opening_deg` is a curtain that
    people pass. Outer walls have a hole at every door that lies on a side of the floor.
    """
    rows = [row for fixture in plan.fixtures for row in _fixture_rows(fixture)]
    return _boxes(rows + _wall_rows(plan))


def fixture_boxes(fixture: Fixture) -> Boxes:
    """Return what is solid of one fixture: itself, or the back and sides of a fitting room."""
    return _boxes(_fixture_rows(fixture))


def clearance_m(boxes: Boxes, xy_m: ArrayLike) -> F64:
    """Return each point's distance to the nearest obstacle, shape (n,), negative inside one."""
    points = np.asarray(xy_m, float).reshape(-1, 2)
    if len(boxes.center_m) == 0:
        return np.full(len(points), np.inf)
    # In parts, as a large floor's cells times its furniture would take gigabytes.
    parts = [points[i : i + POINTS_AT_ONCE] for i in range(0, len(points), POINTS_AT_ONCE)]
    nearest = [boxes.distance_m(part).min(axis=1) for part in parts]
    return np.concatenate(nearest) if nearest else np.zeros(0)


def _boxes(rows: list[list[float]]) -> Boxes:
    table = np.array(rows, float).reshape(-1, 6)
    return Boxes(table[:, 0:2], table[:, 2:4], table[:, 4:6])


def _fixture_rows(fixture: Fixture) -> list[list[float]]:
    along, across = fixture_axes(fixture)
    center, half = np.array(fixture.center_m), np.array(fixture.size_m) / 2
    if fixture.kind != "fitting_room":
        return [[*center, *half, *along]]
    opening = np.deg2rad(270.0 if fixture.opening_deg is None else fixture.opening_deg)
    towards = np.array([np.cos(opening), np.sin(opening)])
    rows = []
    for side, reach, width in ((along, 0, 1), (across, 1, 0)):
        for sign in (-1.0, 1.0):
            if sign * (side @ towards) > 0.7:
                continue
            middle = center + sign * (half[reach] - SCREEN_M / 2) * side
            thin = np.array([SCREEN_M / 2, SCREEN_M / 2])
            thin[width] = half[width]
            rows.append([*middle, *thin, *along])
    return rows


def _wall_rows(plan: StorePlan) -> list[list[float]]:
    if plan.size_m is None:
        return []
    width, depth = plan.size_m
    rows = []
    for axis, at, length in (
        (0, 0.0, width),
        (0, depth, width),
        (1, 0.0, depth),
        (1, width, depth),
    ):
        edge = at - WALL_M / 2 if at == 0.0 else at + WALL_M / 2
        for start, end in _solid_parts(plan.doors, axis, at, length):
            middle, half = (start + end) / 2, (end - start) / 2
            if axis == 0:
                rows.append([middle, edge, half, WALL_M / 2, 1.0, 0.0])
            else:
                rows.append([edge, middle, WALL_M / 2, half, 1.0, 0.0])
    return rows


def _solid_parts(
    doors: list[Door], axis: int, at: float, length: float
) -> list[tuple[float, float]]:
    """Return the stretches of one outer wall that no door opens."""
    holes = []
    for door in doors:
        segment = np.array(door.segment_m)
        if np.all(np.abs(segment[:, 1 - axis] - at) < ON_WALL_M):
            holes.append((float(segment[:, axis].min()), float(segment[:, axis].max())))
    parts, start = [], -WALL_M
    for low, high in sorted(holes):
        parts.append((start, low))
        start = high
    parts.append((start, length + WALL_M))
    return [(low, high) for low, high in parts if high > low]
