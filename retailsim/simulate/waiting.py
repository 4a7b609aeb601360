"""Where people wait for a fitting room without shutting the way for anybody.

Distances are assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from retailsim.store.obstacles import Boxes, clearance_m
from retailsim.store.plan import Fixture

F64 = NDArray[np.float64]
CELL_M = 0.1
BODY_M = 0.25  # a body's centre keeps so far from furniture
PASS_M = 0.62  # and so far from somebody who stands
SPOT_CLEARANCE_M = 0.35
APART_M = 0.75
DOORWAY_M = 0.5  # nobody waits nearer to a fitting room
AHEAD_M = 1.3  # the line is looked for around a point so far before the rooms
REACH_M = 4.0
STEP_M = 0.4


def waiting_spots(
    rooms: list[Fixture],
    boxes: Boxes,
    size_m: tuple[float, float],
    keep_open_m: list[tuple[float, float]],
    most: int,
) -> list[F64]:
    """Return up to `most` spots, the nearest to the rooms first.

    Every spot leaves all of `keep_open_m` connected with one another when those before it are
    taken: nobody who waits can shut anybody in.
    """
    if not rooms:
        return []
    middle = np.mean([_ahead(room) for room in rooms], axis=0)
    step = np.arange(-REACH_M, REACH_M + 0.01, STEP_M)
    grid = middle + np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
    away = np.min([outside_m(grid, room) for room in rooms], axis=0)
    inside = ((grid > SPOT_CLEARANCE_M) & (grid < np.array(size_m) - SPOT_CLEARANCE_M)).all(axis=1)
    usable = inside & (away > DOORWAY_M) & (clearance_m(boxes, grid) >= SPOT_CLEARANCE_M)
    near = grid[usable][np.argsort(np.hypot(*(grid[usable] - middle).T), kind="stable")]
    ground = _Ground(boxes, size_m, keep_open_m)
    line: list[F64] = []
    for spot in near:
        if len(line) == most:
            break
        roomy = all(np.hypot(*(spot - other)) >= APART_M for other in line)
        if roomy and ground.stays_open([*line, spot]):
            line.append(spot)
    return line


def stays_open(
    boxes: Boxes,
    size_m: tuple[float, float],
    keep_open_m: list[tuple[float, float]],
    people_m: list[F64],
) -> bool:
    """Say whether places stay connected with one another when people stand at these spots."""
    return _Ground(boxes, size_m, keep_open_m).stays_open(people_m)


class _Ground:
    """The free floor, and which of its places must stay connected."""

    def __init__(
        self, boxes: Boxes, size_m: tuple[float, float], keep_open_m: list[tuple[float, float]]
    ) -> None:
        nx, ny = (int(np.ceil(extent / CELL_M)) for extent in size_m)
        x, y = np.meshgrid((np.arange(nx) + 0.5) * CELL_M, (np.arange(ny) + 0.5) * CELL_M)
        self._centers = np.stack([x, y], axis=-1)
        free = clearance_m(boxes, self._centers.reshape(-1, 2)) >= BODY_M
        self._free = free.reshape(ny, nx)
        cells = [(int(y / CELL_M), int(x / CELL_M)) for x, y in keep_open_m]
        regions = label(self._free)[0]
        # What is shut off as it is cannot be kept open.
        largest = int(np.bincount(regions[regions > 0]).argmax()) if regions.any() else 0
        self._open = [
            (min(r, ny - 1), min(c, nx - 1))
            for r, c in cells
            if regions[min(r, ny - 1), min(c, nx - 1)] == largest
        ]

    def stays_open(self, people_m: list[F64]) -> bool:
        """Say whether everything stays connected with people at these spots."""
        free = self._free.copy()
        for spot in people_m:
            free &= np.hypot(*np.moveaxis(self._centers - spot, -1, 0)) >= PASS_M
        regions = label(free)[0]
        found = {int(regions[cell]) for cell in self._open}
        return len(found) <= 1 and 0 not in found


def _ahead(room: Fixture) -> F64:
    angle = np.deg2rad(270.0 if room.opening_deg is None else room.opening_deg)
    ahead = np.array([np.cos(angle), np.sin(angle)])
    return np.asarray(np.array(room.center_m) + ahead * (max(room.size_m) / 2 + AHEAD_M))


def outside_m(xy_m: F64, room: Fixture) -> F64:
    """Return how far points (n, 2) are outside a square around a room, (n,)."""
    away: F64 = np.abs(xy_m - np.array(room.center_m)).max(axis=1) - max(room.size_m) / 2
    return away
