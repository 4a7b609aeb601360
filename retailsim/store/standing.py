"""Where a body can stand at furniture: beside what holds goods, and before the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import Boxes, clearance_m
from retailsim.store.plan import Fixture
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
Spot = tuple[float, float]
AWAY_M = {"rail": 0.32, "table": 0.3, "shelf": 0.36}  # from a fixture's edge to who stands there
SPACING_M = 0.28
PASS_M = 0.45  # where somebody passes behind the back of who stands at a spot
ROOM_M = 0.24  # a spot has at least this much clearance


def spots_beside(fixture: Fixture, boxes: Boxes) -> list[Spot]:
    """Return spots along both long sides of a fixture that leave room to pass behind.

    What stands against a wall, such as most shelves, has spots along its front alone.
    """
    along, across = fixture_axes(fixture)
    center, half = np.array(fixture.center_m), np.array(fixture.size_m) / 2
    away = half[1] + AWAY_M.get(fixture.kind, 0.3)
    count = max(1, round(2 * half[0] / SPACING_M))
    spots = []
    for sign in (-1.0, 1.0):
        for k in range(count):
            u = ((k + 0.5) / count - 0.5) * 2 * half[0]
            spot = center + u * along + sign * away * across
            behind = spot + sign * PASS_M * across
            if clearance_m(boxes, np.array([spot, behind])).min() >= ROOM_M:
                spots.append(as_spot(spot))
    return spots


def points_before(fixture: Fixture, away_m: float, size_m: tuple[float, float]) -> F64:
    """Return the points on the floor before the middle of a fixture's long sides, (n, 2), metres.

    A screen with `opening_deg` has a point on that side alone.
    """
    _, across = fixture_axes(fixture)
    reach = fixture.size_m[1] / 2 + away_m
    sides = np.array([np.array(fixture.center_m) + sign * reach * across for sign in (-1.0, 1.0)])
    if fixture.kind == "screen" and fixture.opening_deg is not None:
        angle = np.deg2rad(fixture.opening_deg)
        towards = (sides - fixture.center_m) @ [np.cos(angle), np.sin(angle)]
        sides = sides[[int(towards.argmax())]]
    on_floor: F64 = sides[((sides > 0) & (sides < size_m)).all(axis=1)]
    return on_floor


def spots_before(
    fixture: Fixture, away_m: float, boxes: Boxes, size_m: tuple[float, float]
) -> list[Spot]:
    """Return those of `points_before` that have room for a body, freer first."""
    points = points_before(fixture, away_m, size_m)
    room = clearance_m(boxes, points)
    order = np.argsort(-room, kind="stable")
    return [as_spot(points[i]) for i in order if room[i] >= ROOM_M]


def as_spot(xy_m: F64) -> Spot:
    """Round a point to the millimetre, so that equal places compare equal."""
    return (round(float(xy_m[0]), 3), round(float(xy_m[1]), 3))
