"""Furniture that shows things: shelves, columns, benches and screens."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.fronts import front_frame, stands_free
from retailsim.simulate.camera.surfaces import DARK, OAK, STEEL, WHITE, Frame, Mesh, Surface
from retailsim.simulate.streams import stream
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import shelf_boards_m

WALNUT = (0.16, 0.09, 0.05)
GRAIN = (0.33, 0.20, 0.10)
BOARD_M = 0.03


def shelf(mesh: Mesh, fixture: Fixture, plan: StorePlan) -> None:
    """Add boards for folded goods between two cheeks, with a back where nobody can stand."""
    frame, (x, y) = front_frame(fixture, plan), np.array(fixture.size_m) / 2
    top, rng = fixture.height_m, stream(0, "shelf", fixture.id)
    wood, grain = (OAK, GRAIN) if rng.random() < 0.6 else (WALNUT, DARK)
    for side in (-1, 1):
        low, high = sorted((side * x, side * (x - BOARD_M)))
        mesh.box((low, -y, 0), (high, y, top), Surface.WOOD, wood, grain, frame=frame)
    # Goods lie on the boards' upper faces.
    for z in (0.09, *shelf_boards_m(fixture), top):
        mesh.box((-x, -y, z - BOARD_M), (x, y, z), Surface.WOOD, wood, grain, frame=frame)
    mesh.box((-x, -y + 0.04, 0), (x, y, 0.06), Surface.PAINT, DARK, frame=frame)
    if not stands_free(fixture, plan):
        pale = tuple(0.75 * v for v in WHITE)
        mesh.box(
            (-x, y - 0.015, 0), (x, y, top), Surface.PAINT, (pale[0], pale[1], pale[2]), frame=frame
        )


def column(mesh: Mesh, fixture: Fixture) -> None:
    """Add a square pillar with a skirting and a dark band at shoulder height."""
    frame, (x, y) = Frame.of(fixture), np.array(fixture.size_m) / 2
    top = fixture.height_m
    mesh.box((-x, -y, 0), (x, y, top), Surface.CONCRETE, (0.50, 0.49, 0.47), frame=frame)
    for low, high, out in ((0.0, 0.12, 0.012), (top - 0.1, top, 0.02)):
        mesh.box(
            (-x - out, -y - out, low), (x + out, y + out, high), Surface.PAINT, DARK, frame=frame
        )
    for turn in range(2):
        a, b = (x, y) if turn == 0 else (y, x)
        along = frame.along if turn == 0 else (-frame.along[1], frame.along[0])
        sign = Frame(frame.origin, along)
        for side in (-1, 1):
            low, high = sorted((side * b, side * (b + 0.012)))
            mesh.box(
                (-0.7 * a, low, 1.45), (0.7 * a, high, 1.45 + 1.0 * a), Surface.SIGN,
                (0.45, 0.06, 0.05), (0.8, 0.78, 0.7), frame=sign, scale=2.0 + turn,
            )  # fmt: skip


def bench(mesh: Mesh, fixture: Fixture) -> None:
    """Add slats on two steel feet."""
    frame, (x, y) = Frame.of(fixture), np.array(fixture.size_m) / 2
    top = fixture.height_m
    width = 2 * y / 5
    for i in range(5):
        low = -y + i * width
        mesh.box(
            (-x, low + 0.008, top - 0.05), (x, low + width - 0.008, top), Surface.WOOD, OAK, GRAIN,
            frame=frame,
        )  # fmt: skip
    for side in (-1, 1):
        at = side * (x - 0.2)
        mesh.box(
            (at - 0.03, -y + 0.03, 0),
            (at + 0.03, y - 0.03, 0.03),
            Surface.METAL,
            STEEL,
            frame=frame,
        )
        for edge in (-1, 1):
            foot = edge * (y - 0.06)
            mesh.box(
                (at - 0.03, foot - 0.02, 0), (at + 0.03, foot + 0.02, top - 0.05), Surface.METAL,
                STEEL, frame=frame,
            )  # fmt: skip


def screen(mesh: Mesh, fixture: Fixture, plan: StorePlan) -> None:
    """Add an upright display: a dark slab on a foot, its picture glowing on the front."""
    frame, (x, y) = front_frame(fixture, plan), np.array(fixture.size_m) / 2
    top = fixture.height_m
    mesh.box((-x, -y, 0), (x, y, 0.06), Surface.METAL, (0.2, 0.2, 0.21), frame=frame)
    slab = min(y, 0.06)
    mesh.box((-x, -slab, 0.06), (x, slab, top), Surface.PAINT, DARK, frame=frame)
    seed = float(stream(0, "screen", fixture.id).uniform(0, 10))
    mesh.quad(
        frame.point((-x + 0.05, -slab - 0.004, 0.45)), frame.turn((2 * x - 0.1, 0, 0)),
        (0, 0, top - 0.52), Surface.SCREEN, (0.25, 0.5, 0.9), (0.95, 0.35, 0.3), seed,
    )  # fmt: skip
