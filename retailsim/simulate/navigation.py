"""The way through the shop: shortest paths on a grid that keep off the furniture."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from retailsim.simulate.crowding import room_around
from retailsim.simulate.street import Street
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Spot = tuple[float, float]
CELL_M = 0.15
BODY_M = 0.25  # paths keep a body's centre this far from obstacles
COMFORT_M = 0.6  # nearer than this to an obstacle a path costs more ...
DISCOMFORT = 1.6  # ... up to this much more, so that people do not hug the walls
LOOK_AHEAD = (14, 9, 5, 3, 2, 1)  # cells along the path, the farthest visible one is aimed at
KEPT_BYTES = 64_000_000  # of fields, and as much of lengths; what was used longest ago goes
ASIDE_M = 0.35  # a spot is reached where the nearest walkable cell is nearer than this
OUTSIDE_M = 0.6  # so far before a door people are on their way in
K = TypeVar("K")
V = TypeVar("V", "Field", NDArray[np.uint16])
_NO_WAY_CM = np.iinfo(np.uint16).max
# Eight neighbours and eight knight's moves: paths in 16 directions.
_MOVES = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2))


class Field:
    """Where to walk from any cell to reach one goal.

    Attributes:
        goal_m: the goal, float64 (2,).
        way_m: length of the way from each cell, comfort included, inf without one, float32
            (ny, nx).
        aim: the cell to walk straight at from each cell, row * nx + column, int32 (ny, nx).
    """

    def __init__(self, goal_m: F64, way_m: NDArray[np.float32], aim: NDArray[np.int32]) -> None:
        self.goal_m = goal_m
        self.way_m = way_m
        self.aim = aim

    def direction(self, cell: tuple[int, int]) -> tuple[float, float]:
        """Return the unit vector to walk along from a cell, zero at the goal."""
        row, column = divmod(int(self.aim[cell]), self.aim.shape[1])
        x, y = column - cell[1], row - cell[0]
        length = math.hypot(x, y)
        return (x / length, y / length) if length else (0.0, 0.0)

    @property
    def nbytes(self) -> int:
        """Memory taken."""
        return self.way_m.nbytes + self.aim.nbytes


class Navigator:
    """Paths of one plan; fields are made when first asked for, and kept while there is room."""

    def __init__(self, plan: StorePlan, street: Street) -> None:
        self.boxes = obstacles(plan)
        low, high = street.bounds_m(plan)
        self._low, self._left_m, self._front_m = low, float(low[0]), float(low[1])
        nx, ny = (round(float(extent)) for extent in np.ceil((high - low) / CELL_M))
        self._shape = (ny, nx)
        x, y = np.meshgrid(low[0] + (np.arange(nx) + 0.5) * CELL_M,
                           low[1] + (np.arange(ny) + 0.5) * CELL_M)  # fmt: skip
        self._centers = np.stack([x.ravel(), y.ravel()], axis=-1)
        self.clearance = clearance_m(self.boxes, self._centers).reshape(self._shape)
        walkable = street.walkable(plan, self._centers).reshape(ny, nx)
        self.room = room_around(walkable & (self.clearance >= 0), CELL_M)
        self._free = walkable & (self.clearance >= BODY_M)
        self._graph_free = self._graph(self._free)
        self._nearest_free = _nearest(self._free)
        self.fitting_rooms = [f for f in plan.fixtures if f.kind == "fitting_room"]
        self._rooms = [
            _inside(self._centers, room).reshape(self._shape) for room in self.fitting_rooms
        ]
        self._part = connected_components(self._graph_free, directed=False)[1]
        self._outside = self._way_in(plan)
        self._fields: OrderedDict[Spot, Field] = OrderedDict()
        self._lengths: OrderedDict[int, NDArray[np.uint16]] = OrderedDict()

    def clearance_near(self, xy_m: F64) -> F64:
        """Return interpolated distances of points (..., 2) to the nearest obstacle, (...)."""
        return self.sample(self.clearance, xy_m)

    def sample(self, grid: F64, xy_m: F64) -> F64:
        """Return values of a grid (ny, nx) interpolated at points (..., 2), (...)."""
        cells = (xy_m - self._low) / CELL_M - 0.5
        coordinates = np.moveaxis(cells[..., ::-1], -1, 0)
        out: F64 = map_coordinates(grid, coordinates, order=1, mode="nearest")
        return out

    def cell(self, xy_m: F64 | Spot) -> tuple[int, int]:
        """Return the row and column of the cell a point is in, clipped to the grid."""
        ny, nx = self._shape
        column = int((float(xy_m[0]) - self._left_m) / CELL_M)
        row = int((float(xy_m[1]) - self._front_m) / CELL_M)
        return min(max(row, 0), ny - 1), min(max(column, 0), nx - 1)

    def center(self, cell: tuple[int, int]) -> Spot:
        """Return the middle of a cell."""
        x, y = self._centers[cell[0] * self._shape[1] + cell[1]]
        return float(x), float(y)

    def in_sight(self, a_m: F64 | Spot, b_m: F64 | Spot) -> bool:
        """Say whether one can walk straight from one point to another, furniture alone seen."""
        length = math.hypot(float(b_m[0]) - float(a_m[0]), float(b_m[1]) - float(a_m[1]))
        share = np.linspace(0.0, 1.0, max(2, math.ceil(length / CELL_M) + 1))[:, None]
        line = np.asarray(a_m) + share * (np.asarray(b_m) - np.asarray(a_m))
        # Both ends may be nearer to a piece of furniture than a path would go.
        return bool((self.clearance_near(line[1:-1]) >= BODY_M - CELL_M / 2).all())

    def field(self, goal_m: Spot) -> Field:
        """Return the field of a goal among furniture alone."""

        def make() -> Field:
            goal = int(self._nearest_free[self.cell(goal_m)])
            return self._make(np.array(goal_m), goal, self._free, self._graph_free)

        return _kept(self._fields, goal_m, make)

    def detour(self, goal_m: Spot, standing_m: F64, gap_m: float, here_m: F64) -> Field:
        """Return a field from a place that also keeps `gap_m` from people who stand at (n, 2).

        It leads through no fitting room: they are somebody's, and have no second way out.
        """
        free = self._free.copy()
        for room in self._rooms:
            if not (room[self.cell(goal_m)] or room[self.cell(here_m)]):
                free &= ~room
        for xy in standing_m:
            row, column = self.cell(xy)
            reach = math.ceil(gap_m / CELL_M) + 1
            rows = slice(max(row - reach, 0), row + reach + 1)
            columns = slice(max(column - reach, 0), column + reach + 1)
            away = self._centers.reshape(*self._shape, 2)[rows, columns] - xy
            free[rows, columns] &= np.hypot(away[..., 0], away[..., 1]) >= gap_m
        goal = int(_nearest(free)[self.cell(goal_m)])
        return self._make(np.array(goal_m), goal, free, _without(self._graph_free, ~free.ravel()))

    def not_theirs(self, at_m: F64, new_m: F64, rooms: Sequence[str | None]) -> Bool:
        """Return which steps lead into somebody else's fitting room, bool (w, c).

        Args:
            at_m: where walkers are, float64 (w, 2); who is in a room may move in it, and out.
            new_m: where steps would take them, float64 (w, c, 2).
            rooms: the room that each walker has been given.
        """
        out = np.zeros(new_m.shape[:2], bool)
        for room in self.fitting_rooms:
            barred = np.array([room.id != own for own in rooms]) & ~_inside(at_m, room)
            if barred.any():
                out[barred] |= _inside(new_m[barred].reshape(-1, 2), room).reshape(
                    -1, new_m.shape[1]
                )
        return out

    def reachable(self, spot_m: Spot) -> bool:
        """Say whether there is a way from before the first door to a spot."""
        here = int(self._nearest_free[self.cell(spot_m)])
        aside = math.hypot(*(self._centers[here] - np.array(spot_m)))
        return aside < ASIDE_M and bool(self._part[here] == self._part[self._outside])

    def way_m(self, a_m: Spot, b_m: Spot) -> float:
        """Return the length of the way that people take between two spots, inf without one.

        A few per cent more than what somebody walks who meets nobody.
        """
        ends = (int(self._nearest_free[self.cell(xy)]) for xy in (a_m, b_m))
        # The same either way, and whatever has been asked before.
        goal, here = sorted(ends)
        length = int(_kept(self._lengths, goal, lambda: self._length_cm(goal))[here])
        straight = math.hypot(a_m[0] - b_m[0], a_m[1] - b_m[1])
        return math.inf if length == _NO_WAY_CM else max(length / 100, straight)

    def _way_in(self, plan: StorePlan) -> int:
        """Return the cell before the first door that has a walkable one."""
        cells = []
        for door in plan.doors:
            a, b = np.array(door.segment_m)
            along = (b - a) / np.hypot(*(b - a))
            inward = np.array([-along[1], along[0]])
            inward *= np.sign(inward @ (np.array(door.inside_m) - a))
            cells.append(self.cell((a + b) / 2 - OUTSIDE_M * inward))
        there = next((cell for cell in cells if self._free[cell]), cells[0])
        return int(self._nearest_free[there])

    def _make(self, goal_m: F64, goal: int, free: Bool, graph: csr_matrix) -> Field:
        way, after = _paths(graph, goal)
        # Cells without a way point at the nearest cell that has one, so nobody is ever lost.
        lost = ~np.isfinite(way)
        nearest = _nearest(~lost.reshape(self._shape)).ravel()
        after = np.where(lost, nearest, np.where(after < 0, np.arange(len(after)), after))
        aim = self._aim(after, free.ravel(), lost)
        return Field(
            goal_m,
            way.reshape(self._shape).astype(np.float32),
            aim.reshape(self._shape).astype(np.int32),
        )

    def _length_cm(self, goal: int) -> NDArray[np.uint16]:
        """Return how far people walk from each cell to a cell, (cells,)."""
        way, after = _paths(self._graph_free, goal)
        lost = ~np.isfinite(way)
        after = np.where(after < 0, np.arange(len(after)), after)
        after = self._aim(after, self._free.ravel(), lost)
        x, y = (self._centers[after] - self._centers).T
        length = np.hypot(x, y)
        # Path doubling: each round every cell's link reaches twice as far along its path.
        while (after != after[after]).any():
            length += length[after]
            after = after[after]
        whole_cm = np.minimum(np.round(100 * length), _NO_WAY_CM - 1)
        out: NDArray[np.uint16] = whole_cm.astype(np.uint16)
        out[lost] = _NO_WAY_CM
        return out

    def _graph(self, free: Bool) -> csr_matrix:
        ny, nx = self._shape
        number = np.arange(ny * nx).reshape(ny, nx)
        tight = np.clip(1 - self.clearance / COMFORT_M, 0.0, 1.0)
        price = 1 + DISCOMFORT * tight
        sources, targets, costs = [], [], []
        for dx, dy in _MOVES:
            here = (slice(max(-dy, 0), ny - max(dy, 0)), slice(max(-dx, 0), nx - max(dx, 0)))
            there = (slice(max(dy, 0), ny - max(-dy, 0)), slice(max(dx, 0), nx - max(-dx, 0)))
            both = free[here] & free[there]
            cost = CELL_M * float(np.hypot(dx, dy)) * (price[here] + price[there])[both] / 2
            sources += [number[here][both], number[there][both]]
            targets += [number[there][both], number[here][both]]
            costs += [cost, cost]
        pair = (np.concatenate(sources), np.concatenate(targets))
        return csr_matrix((np.concatenate(costs), pair), shape=(ny * nx, ny * nx))

    def _aim(self, after: I64, free: Bool, lost: Bool) -> I64:
        """Aim every cell at the farthest cell of its path that it can see."""
        aim = after.copy()
        open_cells = np.flatnonzero(~lost)
        ahead = {0: open_cells}
        for step in range(1, max(LOOK_AHEAD) + 1):
            ahead[step] = after[ahead[step - 1]]
        waiting = np.arange(len(open_cells))
        for step in LOOK_AHEAD:
            here, there = open_cells[waiting], ahead[step][waiting]
            seen = self._visible(here, there, free)
            aim[here[seen]] = there[seen]
            waiting = waiting[~seen]
        return aim

    def _visible(self, here: I64, there: I64, free: Bool) -> Bool:
        nx = self._shape[1]
        row, column = np.divmod(here, nx)
        rows, columns = there // nx - row, there % nx - column
        visible = np.ones(len(here), bool)
        for share in np.linspace(0.1, 0.9, 7):
            down = (row + share * rows + 0.5).astype(np.int64)
            visible &= free[down * nx + (column + share * columns + 0.5).astype(np.int64)]
        return visible


def _paths(graph: csr_matrix, goal: int) -> tuple[F64, I64]:
    """Return each cell's cost to reach the goal and the next cell on the way, (cells,)."""
    ways, afters = dijkstra(graph, indices=[goal], return_predecessors=True)
    return ways[0], afters[0].astype(np.int64)


def _without(graph: csr_matrix, gone: Bool) -> csr_matrix:
    """Return a graph without the edges of some cells, much faster than made anew."""
    source = np.repeat(np.arange(len(gone)), np.diff(graph.indptr))
    keep = ~(gone[graph.indices] | gone[source])
    ends = np.concatenate([[0], np.cumsum(keep)])[graph.indptr]
    return csr_matrix((graph.data[keep], graph.indices[keep], ends), shape=graph.shape)


def _nearest(free: Bool) -> I64:
    """Return for every cell of a grid the index of the nearest free one, (ny, nx)."""
    rows, columns = distance_transform_edt(~free, return_distances=False, return_indices=True)
    nearest: I64 = rows.astype(np.int64) * free.shape[1] + columns
    return nearest


def _kept(kept: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
    """Return what is kept under a key, made where it is missing; forgets what is least used."""
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    value = kept[key] = make()
    while len(kept) > 1 and len(kept) * value.nbytes > KEPT_BYTES:
        kept.popitem(last=False)
    return value


def _inside(xy_m: F64, fixture: Fixture) -> Bool:
    """Return which points (n, 2) are within a fixture's outline, bool (n,)."""
    along, across = fixture_axes(fixture)
    offset = xy_m - np.array(fixture.center_m)
    half = np.array(fixture.size_m) / 2
    inside: Bool = (np.abs(offset @ along) <= half[0]) & (np.abs(offset @ across) <= half[1])
    return inside
