"""What doors and windows look out on: a street, more of a mall, or another shop."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.openings import Opening, wall_frames
from retailsim.simulate.camera.surfaces import DARK, OAK, Colour, Frame, Mesh, Surface
from retailsim.simulate.streams import stream
from retailsim.store.plan import StorePlan

STREET_M = 7.0
ROOM_M = 3.2
SIDE_M = 6.0
SKY_M = 40.0
AWNINGS: tuple[Colour, ...] = ((0.35, 0.05, 0.05), (0.05, 0.20, 0.14), (0.08, 0.12, 0.30))
GOODS: tuple[Colour, ...] = (
    (0.45, 0.08, 0.08), (0.08, 0.14, 0.35), (0.55, 0.50, 0.42), (0.10, 0.11, 0.12),
    (0.30, 0.35, 0.18), (0.60, 0.35, 0.40),
)  # fmt: skip


def draw_outside(mesh: Mesh, plan: StorePlan, holes: list[Opening]) -> None:
    """Add what is seen through all doors and windows; there is always a street to the south."""
    glazed = any(hole.glazed for hole in holes)
    for wall, (frame, length) in enumerate(wall_frames(plan)):
        kinds = {hole.outside for hole in holes if hole.wall == wall}
        if "mall" in kinds:
            _mall(mesh, frame, length, plan.height_m)
        elif "street" in kinds or wall == 0:
            _street(mesh, frame, length, rich=glazed)
    for hole in holes:
        if hole.outside == "shop":
            _other_shop(mesh, hole)


def _street(mesh: Mesh, frame: Frame, length: float, *, rich: bool) -> None:
    def quad(corner: tuple[float, float, float], u: float, v: tuple[float, float], kind: int,
             first: Colour, second: Colour) -> None:  # fmt: skip
        mesh.quad(
            frame.point(corner), frame.turn((u, 0, 0)), frame.turn((0, *v)), kind, first, second
        )

    quad((-SIDE_M, -STREET_M, -0.002), length + 2 * SIDE_M, (STREET_M, 0), Surface.PAVEMENT,
         (0.30, 0.30, 0.31), (0.22, 0.22, 0.23))  # fmt: skip
    quad((length + SIDE_M, -STREET_M, -0.02), -length - 2 * SIDE_M, (0, 6.0), Surface.BRICK,
         (0.30, 0.14, 0.10), (0.36, 0.33, 0.30))  # fmt: skip
    for x in np.arange(-4.0, length + 4, 2.6):
        mesh.box(
            (x, -STREET_M, 0.9), (x + 1.5, -STREET_M + 0.06, 2.5), Surface.PAINT,
            (0.10, 0.14, 0.18), frame=frame,
        )  # fmt: skip
    if rich:
        _street_life(mesh, frame, length)


def _street_life(mesh: Mesh, frame: Frame, length: float) -> None:
    """Add road, awnings, upper windows and sky, which only shops with windows let see."""
    rng = stream(0, "street", round(length * 100), repr(frame.along))
    mesh.box((-SIDE_M, -5.6, -0.002), (length + SIDE_M, -2.4, 0.004), Surface.CONCRETE,
             (0.10, 0.10, 0.105), (0.08, 0.08, 0.085), frame=frame)  # fmt: skip
    for x in np.arange(-SIDE_M, length + SIDE_M, 2.0):
        mesh.box(
            (x, -4.06, 0), (x + 1.0, -3.94, 0.006), Surface.PAINT, (0.6, 0.6, 0.58), frame=frame
        )
    for i, x in enumerate(np.arange(-4.0, length + 4, 2.6)):
        mesh.box((x, -STREET_M, 3.3), (x + 1.3, -STREET_M + 0.06, 5.0), Surface.PAINT,
                 (0.10, 0.14, 0.18), frame=frame)  # fmt: skip
        if i % 2:
            mesh.box((x - 0.2, -STREET_M, 2.6), (x + 1.7, -STREET_M + 0.7, 2.75), Surface.PAINT,
                     AWNINGS[int(rng.integers(len(AWNINGS)))], frame=frame)  # fmt: skip
    mesh.quad(frame.point((length + SKY_M, -STREET_M - 4, -1)), frame.turn((-length - 2 * SKY_M, 0, 0)),
              (0, 0, 30.0), Surface.SKY, (0.75, 0.85, 1.0))  # fmt: skip
    for x in np.arange(1.0 + rng.uniform(0, 2), length + 4, 6.5):
        colour = (
            float(rng.uniform(0.02, 0.4)),
            float(rng.uniform(0.02, 0.2)),
            float(rng.uniform(0.03, 0.35)),
        )
        _car(mesh, Frame(tuple(frame.point((x, -5.0, 0))[:2]), frame.along), colour)


def _car(mesh: Mesh, frame: Frame, colour: Colour) -> None:
    mesh.box((-2.1, -0.8, 0.3), (2.1, 0.8, 0.85), Surface.PLASTIC, colour, frame=frame)
    mesh.box((-1.2, -0.7, 0.85), (1.4, 0.7, 1.4), Surface.PLASTIC, (0.05, 0.06, 0.07), frame=frame)
    mesh.box((-1.1, -0.68, 1.4), (1.3, 0.68, 1.44), Surface.PLASTIC, colour, frame=frame)
    for x in (-1.35, 1.35):
        mesh.box((x - 0.3, -0.83, 0.0), (x + 0.3, 0.83, 0.6), Surface.PAINT, DARK, frame=frame)


def _mall(mesh: Mesh, frame: Frame, length: float, top: float) -> None:
    """Add a stretch of concourse that ends at lit shop fronts."""
    mesh.quad(frame.point((-SIDE_M, -STREET_M, -0.002)), frame.turn((length + 2 * SIDE_M, 0, 0)),
              frame.turn((0, STREET_M, 0)), Surface.STONE, (0.44, 0.42, 0.38), (0.33, 0.31, 0.28))  # fmt: skip
    mesh.box((-SIDE_M, -STREET_M - 0.1, 0), (length + SIDE_M, -STREET_M, top), Surface.PLASTER,
             (0.50, 0.48, 0.45), frame=frame)  # fmt: skip
    for x in np.arange(0.3, max(length - 1.5, 0.5), 3.4):
        mesh.box((x, -STREET_M, 0.3), (x + 2.6, -STREET_M + 0.05, 2.5), Surface.SCREEN,
                 (0.75, 0.68, 0.55), (0.9, 0.85, 0.75), frame=frame, scale=float(x % 7))  # fmt: skip
        mesh.box((x, -STREET_M, 2.6), (x + 2.6, -STREET_M + 0.08, 3.1), Surface.SIGN,
                 AWNINGS[int(x) % 3], (0.85, 0.85, 0.8), frame=frame, scale=float(x % 9))  # fmt: skip
    mesh.quad(frame.point((-SIDE_M, 0, top)), frame.turn((length + 2 * SIDE_M, 0, 0)),
              frame.turn((0, -STREET_M, 0)), Surface.PLASTER, (0.55, 0.55, 0.53))  # fmt: skip


def _other_shop(mesh: Mesh, hole: Opening) -> None:
    """Add a shallow room behind a shop front: floor, walls and blocks of goods."""
    frame, low, high = hole.frame, hole.low_m - 0.4, hole.high_m + 0.4
    top, rng = hole.top_m + 0.3, stream(0, "front", hole.wall, round(hole.low_m * 100))
    wall = tuple(float(v) for v in rng.uniform(0.35, 0.6, 3))
    paint: Colour = (wall[0], wall[1], wall[2])
    mesh.quad(frame.point((low, -ROOM_M, 0)), frame.turn((high - low, 0, 0)),
              frame.turn((0, ROOM_M, 0)), Surface.PLANKS, (0.36, 0.24, 0.14), (0.27, 0.17, 0.1))  # fmt: skip
    mesh.box((low, -ROOM_M - 0.1, 0), (high, -ROOM_M, top), Surface.PLASTER, paint, frame=frame)
    for x in (low, high):
        mesh.box(
            (x - 0.05, -ROOM_M, 0), (x + 0.05, -0.15, top), Surface.PLASTER, paint, frame=frame
        )
    for x in np.arange(low + 0.3, high - 0.6, 0.24):
        if rng.random() < 0.8:
            tall = float(rng.uniform(0.7, 1.1))
            mesh.box((x, -ROOM_M + 0.1, 1.5 - tall), (x + 0.2, -ROOM_M + 0.5, 1.5), Surface.PLASTER,
                     GOODS[int(rng.integers(len(GOODS)))], frame=frame)  # fmt: skip
    middle = (low + high) / 2
    mesh.box((middle - 0.6, -1.9, 0.72), (middle + 0.6, -1.3, 0.76), Surface.WOOD, OAK, frame=frame)
    mesh.box((low + 0.2, -0.16, hole.top_m - 0.45), (high - 0.2, -0.12, hole.top_m - 0.05), Surface.SIGN,
             AWNINGS[int(rng.integers(3))], (0.85, 0.85, 0.8), frame=frame,
             scale=float(rng.uniform(0, 10)))  # fmt: skip
