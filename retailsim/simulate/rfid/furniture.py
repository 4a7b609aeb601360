"""What stands in a shop: boxes that weaken paths through them, and metal that scatters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import Boxes, fixture_boxes
from retailsim.store.plan import Fixture, FixtureKind, StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# dB per metre through a fixture, and at most: what comes round its edges is 12 to 20 dB down. All
# assumed: cloth and boards pass most, a till and a column little, a silvered mirror nothing.
LOSS_DB: dict[FixtureKind, tuple[float, float]] = {
    "rail": (3.0, 4.0),
    "table": (5.0, 8.0),
    "shelf": (8.0, 10.0),
    "fitting_room": (40.0, 6.0),
    "mirror": (300.0, 15.0),
    "till": (15.0, 15.0),
    "wall": (30.0, 12.0),
    "plant": (8.0, 5.0),
    "mannequin": (6.0, 3.0),
    "column": (60.0, 20.0),
    "bench": (5.0, 4.0),
    "screen": (300.0, 15.0),
}
# Bistatic radar cross-section in m2 of each of so many points along a fixture (assumed). Bars and
# boards scatter the field along themselves alone, plates and boxes any.
BAR_SECTION_M2, BARS = 0.05, ("rail", "shelf")
PLATE_SECTION_M2, PLATES = 0.10, ("mirror", "screen", "till")
POINT_EVERY_M = 0.5


@dataclass(frozen=True)
class Scatterers:
    """Points that send on what reaches them.

    Attributes:
        xyz_m: float64 (s, 3).
        tensor_m: symmetric; scattered field times distance of an arriving field, float64
            (s, 3, 3).
    """

    xyz_m: F64
    tensor_m: F64


@dataclass(frozen=True)
class Furniture:
    """Upright boxes on the floor, and scatterers.

    Attributes:
        boxes: footprints, b rows.
        height_m: float64 (b,).
        loss_db_per_m: float64 (b,).
        most_db: float64 (b,).
        scatterers: points of metal.
    """

    boxes: Boxes
    height_m: F64
    loss_db_per_m: F64
    most_db: F64
    scatterers: Scatterers

    @cached_property
    def tallest_m(self) -> float:
        """Return the height above which there is nothing."""
        return float(self.height_m.max(initial=0.0))

    @cached_property
    def bounds_m(self) -> tuple[F64, F64]:
        """Return the corners of upright boxes around all, x, y and z, (3, b) each."""
        along = np.abs(self.boxes.along)
        reach = self.boxes.half_m[:, :1] * along + self.boxes.half_m[:, 1:] * along[:, ::-1]
        low, high = self.boxes.center_m - reach, self.boxes.center_m + reach
        return np.vstack([low.T, 0 * self.height_m]), np.vstack([high.T, self.height_m])

    @cached_property
    def frames(self) -> F64:
        """Return middle (x, y, z), direction (cos, sin) and half extents of the boxes, (8, b)."""
        boxes, half_height = self.boxes, self.height_m / 2
        rows = boxes.center_m.T, half_height, boxes.along.T, boxes.half_m.T, half_height
        return np.vstack(rows)


def furniture(plan: StorePlan) -> Furniture:
    """Return the furniture of a plan as the radio meets it."""
    parts = [(fixture, fixture_boxes(fixture)) for fixture in plan.fixtures]
    rows = [(f.height_m, *LOSS_DB[f.kind]) for f, boxes in parts for _ in boxes.half_m]
    table = np.array(rows, float).reshape(-1, 3)
    boxes = Boxes(
        *(
            np.concatenate([np.zeros((0, 2)), *(getattr(b, name) for _, b in parts)])
            for name in ("center_m", "half_m", "along")
        )
    )
    points = [point for fixture in plan.fixtures for point in _points(fixture)]
    scatterers = Scatterers(
        np.array([xyz for xyz, _ in points], float).reshape(-1, 3),
        np.array([tensor for _, tensor in points], float).reshape(-1, 3, 3),
    )
    return Furniture(boxes, table[:, 0], table[:, 1], table[:, 2], scatterers)


def _points(fixture: Fixture) -> list[tuple[F64, F64]]:
    """Return place and tensor of what a fixture scatters from."""
    if fixture.kind not in (*BARS, *PLATES):
        return []
    along = np.append(fixture_axes(fixture)[0], 0.0)
    bar = fixture.kind in BARS
    height_m = fixture.height_m * (1.0 if bar else 0.6)
    section_m2 = BAR_SECTION_M2 if bar else PLATE_SECTION_M2
    tensor = np.outer(along, along) if bar else np.eye(3)
    count = max(1, round(fixture.size_m[0] / POINT_EVERY_M))
    offsets = ((np.arange(count) + 0.5) / count - 0.5) * fixture.size_m[0]
    middle = np.array([*fixture.center_m, height_m])
    return [(middle + u * along, np.sqrt(section_m2 / (4 * np.pi)) * tensor) for u in offsets]


def loss_db(furniture: Furniture, start_m: F64, end_m: F64) -> F64:
    """Return what furniture takes of straight legs (m, 3) to (m, 3), (m,).

    It grows with the length of the leg within a box, so it has no steps.
    """
    leg, box = np.nonzero(_meeting(furniture, start_m, end_m))
    within_m = _chord_m(furniture, box, start_m[leg], end_m[leg])
    lost = np.minimum(furniture.loss_db_per_m[box] * within_m, furniture.most_db[box])
    total: F64 = np.bincount(leg, lost, minlength=len(start_m)).astype(float)
    return total


def _meeting(furniture: Furniture, start_m: F64, end_m: F64) -> NDArray[np.bool_]:
    """Return whether the bounding boxes of legs and furniture meet, (m, b)."""
    first, last = np.minimum(start_m, end_m).T[..., None], np.maximum(start_m, end_m).T[..., None]
    low, high = furniture.bounds_m
    meets: NDArray[np.bool_] = first[2] <= high[2]
    for axis in (0, 1):
        meets &= first[axis] <= high[axis]
        meets &= last[axis] >= low[axis]
    return meets


def _chord_m(furniture: Furniture, box: I64, start_m: F64, end_m: F64) -> F64:
    """Return the length of each leg (m, 3) to (m, 3) within its box (m,)."""
    x_m, y_m, z_m, cos, sin, *half_m = furniture.frames[:, box]
    (x, y, z), way = start_m.T, (end_m - start_m).T
    x, y = x - x_m, y - y_m
    enter, leave = np.zeros(len(box)), np.ones(len(box))
    for at, step, half in (
        (x * cos + y * sin, way[0] * cos + way[1] * sin, half_m[0]),
        (y * cos - x * sin, way[1] * cos - way[0] * sin, half_m[1]),
        (z - z_m, way[2], half_m[2]),
    ):
        per_m = 1 / np.where(np.abs(step) < 1e-9, 1e-9, step)
        middle, reach = -at * per_m, half * np.abs(per_m)
        enter = np.maximum(enter, middle - reach)
        leave = np.minimum(leave, middle + reach)
    chord: F64 = np.maximum(leave - enter, 0) * np.sqrt((way * way).sum(axis=0))
    return chord
