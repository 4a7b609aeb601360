"""The way through the shop: shortest paths on a grid that keep off the furniture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from retailsim.simulate.street import Street
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
CELL_M = 0.15
BODY_M = 0.25  # paths keep a body's centre this far from obstacles
COMFORT_M = 0.6  # nearer than this to an obstacle a path costs more ...
DISCOMFORT = 1.6  # ... up to this much more, so that people do not hug the walls
LOOK_AHEAD = (14, 9, 5, 3, 2, 1)  # cells along the path, the farthest visible one is aimed at
# Eight neighbours and eight knight's moves: paths in 16 directions.
_MOVES = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2))


class Field:
    """Where to walk from any cell to reach one goal.

    Attributes:
        goal_m: the goal, float64 (2,).
        way_m: length of the way from each cell, comfort included, inf without one, (ny, nx).
        direction: unit vectors, (ny, nx, 2), zero at the goal and where there is no way.
    """

    def __init__(self, goal_m: F64, way_m: F64, direction: F64) -> None:
        self.goal_m = goal_m
        self.way_m = way_m
        self.direction = direction


class Navigator:
    """Paths of one plan; fields are made when first asked for and kept."""

    def __init__(self, plan: StorePlan, street: Street) -> None:
        self.boxes = obstacles(plan)
        low, high = street.bounds_m(plan)
        self._low = low
        nx, ny = (round(float(extent)) for extent in np.ceil((high - low) / CELL_M))
        self._shape = (ny, nx)
        x, y = np.meshgrid(low[0] + (np.arange(nx) + 0.5) * CELL_M,
                           low[1] + (np.arange(ny) + 0.5) * CELL_M)  # fmt: skip
        self._centers = np.stack([x.ravel(), y.ravel()], axis=-1)
        self.clearance = clearance_m(self.boxes, self._centers).reshape(self._shape)
        self._free = (self.clearance >= BODY_M) & street.walkable(plan, self._centers).reshape(
            ny, nx
        )
        self._fields: dict[tuple[float, float], Field] = {}

    def clearance_near(self, xy_m: F64) -> F64:
        """Return interpolated distances of points (..., 2) to the nearest obstacle, (...)."""
        cells = (xy_m - self._low) / CELL_M - 0.5
        coordinates = np.moveaxis(cells[..., ::-1], -1, 0)
        out: F64 = map_coordinates(self.clearance, coordinates, order=1, mode="nearest")
        return out

    def cell(self, xy_m: F64 | tuple[float, float]) -> tuple[int, int]:
        """Return the row and column of the cell a point is in, clipped to the grid."""
        ny, nx = self._shape
        column = int((float(xy_m[0]) - float(self._low[0])) / CELL_M)
        row = int((float(xy_m[1]) - float(self._low[1])) / CELL_M)
        return min(max(row, 0), ny - 1), min(max(column, 0), nx - 1)

    def field(self, goal_m: tuple[float, float]) -> Field:
        """Return the field of a goal among furniture alone."""
        if goal_m not in self._fields:
            self._fields[goal_m] = self._make(np.array(goal_m), self._free)
        return self._fields[goal_m]

    def detour(self, goal_m: tuple[float, float], standing_m: F64, gap_m: float) -> Field:
        """Return a field that also keeps `gap_m` from people who stand at (n, 2)."""
        free = self._free.copy()
        if len(standing_m):
            away = self._centers[:, None, :] - standing_m
            near = (np.hypot(away[..., 0], away[..., 1]) < gap_m).any(axis=1)
            free &= ~near.reshape(self._shape)
        return self._make(np.array(goal_m), free)

    def _make(self, goal_m: F64, free: NDArray[np.bool_]) -> Field:
        goal = self._nearest(self.cell(goal_m), free)
        ways, afters = dijkstra(
            self._graph(free), directed=False, indices=[goal], return_predecessors=True
        )
        way, after = ways[0], afters[0]
        # Cells without a way point at the nearest cell that has one, so nobody is ever lost.
        lost = ~np.isfinite(way).reshape(self._shape)
        rows, columns = distance_transform_edt(lost, return_distances=False, return_indices=True)
        nearest = (rows * self._shape[1] + columns).ravel()
        after = np.where(after < 0, np.arange(len(after)), after)
        after = np.where(lost.ravel(), nearest, after)
        direction = self._directions(after, free, lost.ravel())
        return Field(goal_m, way.reshape(self._shape), direction.reshape(*self._shape, 2))

    def _nearest(self, cell: tuple[int, int], free: NDArray[np.bool_]) -> int:
        indices = distance_transform_edt(~free, return_distances=False, return_indices=True)
        row, column = indices[:, cell[0], cell[1]]
        return int(row * self._shape[1] + column)

    def _graph(self, free: NDArray[np.bool_]) -> csr_matrix:
        ny, nx = self._shape
        number = np.arange(ny * nx).reshape(ny, nx)
        tight = np.clip(1 - self.clearance / COMFORT_M, 0.0, 1.0)
        price = 1 + DISCOMFORT * tight
        sources, targets, costs = [], [], []
        for dx, dy in _MOVES:
            here = (slice(max(-dy, 0), ny - max(dy, 0)), slice(max(-dx, 0), nx - max(dx, 0)))
            there = (slice(max(dy, 0), ny - max(-dy, 0)), slice(max(dx, 0), nx - max(-dx, 0)))
            both = free[here] & free[there]
            length = CELL_M * float(np.hypot(dx, dy))
            sources.append(number[here][both])
            targets.append(number[there][both])
            costs.append(length * (price[here] + price[there])[both] / 2)
        pair = (np.concatenate(sources), np.concatenate(targets))
        return csr_matrix((np.concatenate(costs), pair), shape=(ny * nx, ny * nx))

    def _directions(
        self, after: NDArray[np.int64], free: NDArray[np.bool_], lost: NDArray[np.bool_]
    ) -> F64:
        """Aim every cell at the farthest cell of its path that it can see."""
        aim = after.copy()
        settled = lost.copy()
        ahead = {0: np.arange(len(after))}
        for step in range(1, max(LOOK_AHEAD) + 1):
            ahead[step] = after[ahead[step - 1]]
        for step in LOOK_AHEAD:
            seen = ~settled & self._visible(ahead[step], free)
            aim[seen] = ahead[step][seen]
            settled |= seen
        offset = self._centers[aim] - self._centers
        length = np.hypot(offset[:, 0], offset[:, 1])[:, None]
        unit: F64 = np.divide(offset, length, out=np.zeros_like(offset), where=length > 0)
        return unit

    def _visible(self, target: NDArray[np.int64], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
        offset = self._centers[target] - self._centers
        visible = np.ones(len(target), bool)
        for share in np.linspace(0.1, 0.9, 7):
            cells = ((self._centers + share * offset - self._low) / CELL_M).astype(np.int64)
            visible &= free.ravel()[cells[:, 1] * self._shape[1] + cells[:, 0]]
        return visible
