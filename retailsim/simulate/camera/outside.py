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
SKY_M = 60.0
AWNINGS: tuple[Colour, ...] = ((0.35, 0.05, 0.05), (0.05, 0.20, 0.14), (0.08, 0.12, 0.30))
GOODS: tuple[Colour, ...] = (
    (0.45, 0.08, 0.08), (0.08, 0.14, 0.35), (0.55, 0.50, 0.42), (0.10, 0.11, 0.12),
    (0.30, 0.35, 0.18), (0.60, 0.35, 0.40),
)  # fmt: skip
CARS: tuple[Colour, ...] = (
    (0.30, 0.31, 0.33), (0.03, 0.03, 0.035), (0.50, 0.50, 0.49), (0.05, 0.09, 0.20),
    (0.28, 0.03, 0.03),
)  # fmt: skip
PANE = (0.10, 0.14, 0.18)
CREAM = (0.85, 0.85, 0.80)


def draw_outside(mesh: Mesh, plan: StorePlan, holes: list[Opening]) -> None:
    """Add what is seen through all doors and windows; there is always a street to the south."""
    glazed = any(hole.glazed for hole in holes)
    for wall, (frame, length) in enumerate(wall_frames(plan)):
        kinds = {hole.outside for hole in holes if hole.wall == wall}
        if "mall" in kinds:
            _mall(mesh, frame, length, plan.height_m)
        elif "street" in kinds or wall == 0:
            _street(mesh, frame, length)
            if glazed:
                _street_life(mesh, frame, length)
    for hole in holes:
        if hole.outside == "shop":
            _other_shop(mesh, hole)


def _ground(
    mesh: Mesh,
    frame: Frame,
    span: tuple[float, float],
    out: float,
    kind: int,
    first: Colour,
    second: Colour,
) -> None:
    """Add the ground from `out` metres before the wall up to it."""
    corner, along = frame.point((span[0], -out, -0.002)), frame.turn((span[1] - span[0], 0, 0))
    mesh.quad(corner, along, frame.turn((0, out, 0)), kind, first, second)


def _street(mesh: Mesh, frame: Frame, length: float) -> None:
    span = (-SIDE_M, length + SIDE_M)
    _ground(mesh, frame, span, STREET_M, Surface.PAVEMENT, (0.30, 0.30, 0.31), (0.22, 0.22, 0.23))
    mesh.quad(
        frame.point((span[1], -STREET_M, -0.02)), frame.turn((span[0] - span[1], 0, 0)),
        (0, 0, 6.0), Surface.BRICK, (0.30, 0.14, 0.10), (0.36, 0.33, 0.30),
    )  # fmt: skip
    for x in np.arange(-4.0, length + 4, 2.6):
        low, high = (x, -STREET_M, 0.9), (x + 1.5, -STREET_M + 0.06, 2.5)
        mesh.box(low, high, Surface.PAINT, PANE, frame=frame)


def _street_life(mesh: Mesh, frame: Frame, length: float) -> None:
    """Add road, cars, awnings, upper windows and sky, which only shops with windows let see."""
    rng = stream(0, "street", round(length * 100), repr(frame.along))
    road = (-SIDE_M, -5.6, -0.002), (length + SIDE_M, -2.4, 0.004)
    asphalt = (0.10, 0.10, 0.105), (0.08, 0.08, 0.085)
    mesh.box(*road, Surface.CONCRETE, *asphalt, frame=frame)
    for x in np.arange(-SIDE_M, length + SIDE_M, 2.0):
        mark = (x, -4.06, 0), (x + 1.0, -3.94, 0.006)
        mesh.box(*mark, Surface.PAINT, (0.6, 0.6, 0.58), frame=frame)
    for i, x in enumerate(np.arange(-4.0, length + 4, 2.6)):
        upper = (x, -STREET_M, 3.3), (x + 1.3, -STREET_M + 0.06, 5.0)
        mesh.box(*upper, Surface.PAINT, PANE, frame=frame)
        if i % 2:
            roof = (x - 0.2, -STREET_M, 2.6), (x + 1.7, -STREET_M + 0.7, 2.75)
            awning = AWNINGS[int(rng.integers(len(AWNINGS)))]
            mesh.box(*roof, Surface.PAINT, awning, frame=frame)
    corner = frame.point((length + SKY_M, -STREET_M - 4, -1))
    across = frame.turn((-length - 2 * SKY_M, 0, 0))
    mesh.quad(corner, across, (0, 0, 30.0), Surface.SKY, (0.75, 0.85, 1.0))
    for x in np.arange(rng.uniform(0, 3), length + 4, 7.5):
        at = frame.point((x, -4.9, 0))
        colour = CARS[int(rng.integers(len(CARS)))]
        _car(mesh, Frame((float(at[0]), float(at[1])), frame.along), colour)


def _car(mesh: Mesh, frame: Frame, colour: Colour) -> None:
    glass = (0.05, 0.06, 0.07)
    mesh.box((-2.1, -0.8, 0.3), (2.1, 0.8, 0.85), Surface.PLASTIC, colour, frame=frame)
    mesh.box((-1.2, -0.7, 0.85), (1.4, 0.7, 1.4), Surface.PLASTIC, glass, frame=frame)
    mesh.box((-1.1, -0.68, 1.4), (1.3, 0.68, 1.44), Surface.PLASTIC, colour, frame=frame)
    for x in (-1.35, 1.35):
        wheels = (x - 0.3, -0.83, 0.0), (x + 0.3, 0.83, 0.6)
        mesh.box(*wheels, Surface.PAINT, DARK, frame=frame)


def _mall(mesh: Mesh, frame: Frame, length: float, top: float) -> None:
    """Add a stretch of concourse that ends at lit shop fronts."""
    span = (-SIDE_M, length + SIDE_M)
    _ground(mesh, frame, span, STREET_M, Surface.STONE, (0.44, 0.42, 0.38), (0.33, 0.31, 0.28))
    wall = (span[0], -STREET_M - 0.1, 0), (span[1], -STREET_M, top)
    mesh.box(*wall, Surface.PLASTER, (0.50, 0.48, 0.45), frame=frame)
    for i, x in enumerate(np.arange(0.3, max(length - 1.5, 0.5), 3.4)):
        pane = (x, -STREET_M, 0.3), (x + 2.6, -STREET_M + 0.05, 2.5)
        lit = (0.75, 0.68, 0.55), (0.9, 0.85, 0.75)
        mesh.box(*pane, Surface.SCREEN, *lit, frame=frame, scale=1.7 * i)
        name = (x, -STREET_M, 2.6), (x + 2.6, -STREET_M + 0.08, 3.1)
        mesh.box(*name, Surface.SIGN, AWNINGS[i % 3], CREAM, frame=frame, scale=2.3 * i)
    corner, across = frame.point((span[0], 0, top)), frame.turn((span[1] - span[0], 0, 0))
    ceiling = (0.55, 0.55, 0.53)
    mesh.quad(corner, across, frame.turn((0, -STREET_M, 0)), Surface.PLASTER, ceiling)


def _other_shop(mesh: Mesh, hole: Opening) -> None:
    """Add a shallow room behind a shop front: floor, walls, blocks of goods and its name."""
    frame, low, high = hole.frame, hole.low_m - 0.4, hole.high_m + 0.4
    top, rng = hole.top_m + 0.3, stream(0, "front", hole.wall, round(hole.low_m * 100))
    red, green, blue = (float(v) for v in rng.uniform(0.35, 0.6, 3))
    wall: Colour = (red, green, blue)
    planks = (0.36, 0.24, 0.14), (0.27, 0.17, 0.10)
    _ground(mesh, frame, (low, high), ROOM_M, Surface.PLANKS, *planks)
    back = (low, -ROOM_M - 0.1, 0), (high, -ROOM_M, top)
    mesh.box(*back, Surface.PLASTER, wall, frame=frame)
    for x in (low, high):
        side = (x - 0.05, -ROOM_M, 0), (x + 0.05, -0.15, top)
        mesh.box(*side, Surface.PLASTER, wall, frame=frame)
    for x in np.arange(low + 0.3, high - 0.6, 0.24):
        if rng.random() < 0.8:
            tall, colour = float(rng.uniform(0.7, 1.1)), GOODS[int(rng.integers(len(GOODS)))]
            piece = (x, -ROOM_M + 0.1, 1.5 - tall), (x + 0.2, -ROOM_M + 0.5, 1.5)
            mesh.box(*piece, Surface.PLASTER, colour, frame=frame)
    middle = (low + high) / 2
    table = (middle - 0.6, -1.9, 0.72), (middle + 0.6, -1.3, 0.76)
    mesh.box(*table, Surface.WOOD, OAK, frame=frame)
    name = (low + 0.2, -0.16, hole.top_m - 0.45), (high - 0.2, -0.12, hole.top_m - 0.05)
    colour, which = AWNINGS[int(rng.integers(len(AWNINGS)))], float(rng.uniform(0, 10))
    mesh.box(*name, Surface.SIGN, colour, CREAM, frame=frame, scale=which)
