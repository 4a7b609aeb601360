"""What stands in a shop: boxes that weaken paths through them, and metal that scatters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import Boxes, fixture_boxes
from retailsim.store.plan import Fixture, FixtureKind, StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]

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
    return Furniture(boxes, *table.T, scatterers)


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
    total = np.zeros(len(start_m))
    for b in range(len(furniture.height_m)):
        near = _passing(furniture.boxes, b, start_m, end_m)
        within_m = _chord_m(furniture, b, start_m[near], end_m[near])
        lost = furniture.loss_db_per_m[b] * within_m
        total[near] += np.minimum(lost, furniture.most_db[b])
    return total


def _passing(boxes: Boxes, b: int, start_m: F64, end_m: F64) -> NDArray[np.int64]:
    """Return the legs whose bounding rectangle meets that of a box."""
    along = np.abs(boxes.along[b])
    reach = boxes.half_m[b, 0] * along + boxes.half_m[b, 1] * along[::-1]
    low, high = boxes.center_m[b] - reach, boxes.center_m[b] + reach
    meets = np.ones(len(start_m), bool)
    for axis in (0, 1):
        first, last = start_m[:, axis], end_m[:, axis]
        meets &= (np.minimum(first, last) <= high[axis]) & (np.maximum(first, last) >= low[axis])
    return np.flatnonzero(meets)


def _chord_m(furniture: Furniture, b: int, start_m: F64, end_m: F64) -> F64:
    """Return the length of each leg within a box."""
    along = furniture.boxes.along[b]
    turn = np.array([[along[0], -along[1], 0], [along[1], along[0], 0], [0, 0, 1.0]])
    half = np.array([*furniture.boxes.half_m[b], furniture.height_m[b] / 2])
    middle = np.array([*furniture.boxes.center_m[b], furniture.height_m[b] / 2])
    way = end_m - start_m
    local, step = (start_m - middle) @ turn, way @ turn
    step = np.where(np.abs(step) < 1e-9, 1e-9, step)
    one, other = (-half - local) / step, (half - local) / step
    enter = np.clip(np.minimum(one, other).max(axis=1), 0, 1)
    leave = np.clip(np.maximum(one, other).min(axis=1), 0, 1)
    chord: F64 = np.maximum(leave - enter, 0) * np.linalg.norm(way, axis=1)
    return chord
