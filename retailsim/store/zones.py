"""Which zone a point of the floor is in, and which parts of the floor people can use."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retailsim.errors import ScenarioError
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import StorePlan

AISLE = "aisle"
OUTSIDE = ""
BODY_M = 0.2  # a body's centre keeps this far from furniture and walls (half a shoulder width)
WALKABLE_SHARE = 0.1


class ZoneMap:
    """The zones of one plan, prepared for many look-ups.

    Attributes:
        names: zone ids in plan order, then `aisle`, then '' for outside the shop.
    """

    def __init__(self, plan: StorePlan) -> None:
        self.names: NDArray[np.str_] = np.array([*(z.id for z in plan.zones), AISLE, OUTSIDE])
        rings = [np.array(zone.polygon_m, float) for zone in plan.zones]
        self._size_m = plan.size_m
        self._first = np.cumsum([0, *(len(ring) for ring in rings[:-1])])[: len(rings)]
        self._start = np.concatenate([np.zeros((0, 2)), *rings])
        self._end = np.concatenate([np.zeros((0, 2)), *(np.roll(r, -1, axis=0) for r in rings)])

    def index(self, xy_m: ArrayLike) -> NDArray[np.int64]:
        """Return indices into `names` of points (n, 2) or (2,), shape (n,).

        Floor outside all zones is `aisle`; points off the shop floor are outside. Of zones that
        share an edge, the first of the plan has it.
        """
        points = np.asarray(xy_m, float).reshape(-1, 2)
        found = np.full(len(points), len(self.names) - 2, np.int64)
        inside = self.inside(points)
        some = inside.any(axis=1)
        if some.any():
            found[some] = inside[some].argmax(axis=1)
        if self._size_m is not None:
            off = ((points < 0.0) | (points > self._size_m)).any(axis=1)
            found[off] = len(self.names) - 1
        return found

    def inside(self, xy_m: ArrayLike) -> NDArray[np.bool_]:
        """Return which zones each of the points (n, 2) is in, bool (n, zones)."""
        points = np.asarray(xy_m, float).reshape(-1, 2)
        if not len(self._start):
            return np.zeros((len(points), 0), bool)
        inside: NDArray[np.bool_] = (
            np.add.reduceat(self._crossings(points), self._first, axis=1) % 2 == 1
        )
        return inside

    def at(self, xy_m: ArrayLike) -> NDArray[np.str_]:
        """Return the zone ids of points (n, 2) or (2,), unicode (n,)."""
        found: NDArray[np.str_] = self.names[self.index(xy_m)]
        return found

    def _crossings(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Say which polygon edges a ray towards +x from each point meets, (n, edges)."""
        a, b, p = self._start, self._end, points[:, None, :]
        spans = (a[:, 1] > p[..., 1]) != (b[:, 1] > p[..., 1])
        rise = np.where(a[:, 1] == b[:, 1], 1.0, b[:, 1] - a[:, 1])
        at_x = a[:, 0] + (p[..., 1] - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
        crossed: NDArray[np.int64] = (spans & (p[..., 0] < at_x)).astype(np.int64)
        return crossed


def zone_at(plan: StorePlan, xy_m: ArrayLike) -> NDArray[np.str_]:
    """Return the zone ids of points (n, 2) or (2,), unicode (n,); see `ZoneMap`."""
    return ZoneMap(plan).at(xy_m)


def cell_centers_m(plan: StorePlan, cell_m: float) -> NDArray[np.float64]:
    """Return the centres of the square cells that cover the floor from (0, 0), (ny, nx, 2).

    Raises:
        ScenarioError: the plan does not say how large the floor is.
    """
    if plan.size_m is None:
        raise ScenarioError(f"plan '{plan.name}' has no size_m, so its floor has no cells")
    nx, ny = (int(np.ceil(extent / cell_m - 1e-9)) for extent in plan.size_m)
    x, y = np.meshgrid((np.arange(nx) + 0.5) * cell_m, (np.arange(ny) + 0.5) * cell_m)
    return np.stack([x, y], axis=-1)


def occupancy_grid(plan: StorePlan, cell_m: float, margin_m: float) -> NDArray[np.bool_]:
    """Return which cells' centres lie within `margin_m` of furniture or walls, bool (ny, nx)."""
    centers = cell_centers_m(plan, cell_m)
    near: NDArray[np.bool_] = clearance_m(obstacles(plan), centers) < margin_m
    return near.reshape(centers.shape[:2])


def walkable_cells(plan: StorePlan, cell_m: float) -> NDArray[np.bool_]:
    """Return which cells people can use, bool (ny, nx), row = y.

    A cell counts when bodies' centres can be on at least a tenth of it: shoppers at a rail
    stand on the strip beside it.
    """
    parts = 10
    free = ~occupancy_grid(plan, cell_m / parts, BODY_M)
    ny, nx = cell_centers_m(plan, cell_m).shape[:2]
    whole = np.zeros((ny * parts, nx * parts), bool)
    whole[: free.shape[0], : free.shape[1]] = free
    share = whole.reshape(ny, parts, nx, parts).mean(axis=(1, 3))
    usable: NDArray[np.bool_] = share >= WALKABLE_SHARE
    return usable
