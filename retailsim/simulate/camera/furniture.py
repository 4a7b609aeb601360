"""Furniture as meshes: what every kind of fixture in a plan is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.displays import bench, column, screen, shelf
from retailsim.simulate.camera.fronts import front_frame, mirror_pane
from retailsim.simulate.camera.mesh import Rings, Tube, TubeMesh
from retailsim.simulate.camera.surfaces import DARK, OAK, STEEL, WHITE, Frame, Mesh, Surface
from retailsim.simulate.streams import stream
from retailsim.store.plan import Fixture, StorePlan


def furniture_mesh(plan: StorePlan) -> Mesh:
    """Return all fixtures, empty of garments; mannequins are `mannequins.py`."""
    mesh = Mesh()
    for fixture in plan.fixtures:
        if fixture.kind in _PLAIN:
            _PLAIN[fixture.kind](mesh, fixture)
        elif fixture.kind in _PLACED:
            _PLACED[fixture.kind](mesh, fixture, plan)
    return mesh


def _rail(mesh: Mesh, fixture: Fixture) -> None:
    frame = Frame.of(fixture)
    half, top, foot = fixture.size_m[0] / 2, fixture.height_m, fixture.size_m[1] / 2
    mesh.rod(frame.point((-half - 0.06, 0, top)), frame.point((half + 0.06, 0, top)), 0.014, STEEL)
    for x in (-half - 0.04, half + 0.04):
        mesh.rod(frame.point((x, 0, 0.03)), frame.point((x, 0, top)), 0.013, STEEL)
        mesh.rod(frame.point((x, -foot, 0.03)), frame.point((x, foot, 0.03)), 0.015, STEEL)
    mesh.rod(frame.point((-half, 0, 0.12)), frame.point((half, 0, 0.12)), 0.011, STEEL)


def _table(mesh: Mesh, fixture: Fixture) -> None:
    frame, (x, y) = Frame.of(fixture), np.array(fixture.size_m) / 2
    top = fixture.height_m
    mesh.box((-x, -y, top - 0.04), (x, y, top), Surface.WOOD, OAK, (0.33, 0.2, 0.1), frame=frame)
    mesh.box(
        (-x + 0.1, -y + 0.1, 0.22),
        (x - 0.1, y - 0.1, 0.25),
        Surface.WOOD,
        OAK,
        (0.33, 0.2, 0.1),
        frame=frame,
    )
    for i in (-1, 1):
        for j in (-1, 1):
            leg = np.array([i * (x - 0.06), j * (y - 0.06), 0.0])
            mesh.box(
                leg - [0.03, 0.03, 0],
                leg + [0.03, 0.03, top - 0.04],
                Surface.PAINT,
                DARK,
                frame=frame,
            )


def _fitting_room(mesh: Mesh, fixture: Fixture) -> None:
    x, y = np.array(fixture.size_m) / 2
    turn = np.deg2rad((fixture.opening_deg if fixture.opening_deg is not None else 270.0) - 270.0)
    frame = Frame(fixture.center_m, (float(np.cos(turn)), float(np.sin(turn))))
    top, panel = fixture.height_m, (0.50, 0.46, 0.42)
    wood = (0.40, 0.36, 0.32)
    mesh.box((-x, -y, 0.0), (-x + 0.04, y, top), Surface.WOOD, panel, wood, frame=frame)
    mesh.box((x - 0.04, -y, 0.0), (x, y, top), Surface.WOOD, panel, wood, frame=frame)
    mesh.box((-x, y - 0.04, 0.0), (x, y, top), Surface.WOOD, panel, wood, frame=frame)
    mesh.rod(frame.point((-x, -y, top - 0.05)), frame.point((x, -y, top - 0.05)), 0.012, STEEL)
    mesh.box(
        (-0.25, y - 0.06, 0.5),
        (0.25, y - 0.045, 1.8),
        Surface.MIRROR,
        (0.4, 0.45, 0.5),
        frame=frame,
    )
    mesh.box(
        (-x + 0.1, y - 0.45, 0.42),
        (-0.2, y - 0.06, 0.47),
        Surface.WOOD,
        OAK,
        (0.33, 0.2, 0.1),
        frame=frame,
    )
    _curtain(mesh, frame, -x + 0.03, x * 0.35, -y, top - 0.06)


def _curtain(mesh: Mesh, frame: Frame, low: float, high: float, y: float, top: float) -> None:
    """Add a wavy cloth from `low` to `high` along the opening."""
    t = np.linspace(0, 1, 60)
    x = low + (high - low) * t
    wave = 0.045 * np.sin(t * 2 * np.pi * 8)
    slope = np.gradient(wave, x)
    rows = []
    for z, flare in ((top, 0.8), (0.12, 1.2)):
        rows.append(np.stack([x, y + wave * flare, np.full_like(t, z)], 1))
    local = np.concatenate(rows)
    normal = np.stack([slope, -np.ones_like(t), np.zeros_like(t)], 1)
    normal = np.tile(normal / np.linalg.norm(normal, axis=1, keepdims=True), (2, 1))
    i = np.arange(59)
    triangles = np.concatenate(
        [np.stack([i, i + 1, i + 60], 1), np.stack([i + 1, i + 61, i + 60], 1)]
    )
    uv = np.stack([np.tile(x * 1.6, 2), local[:, 2]], 1)
    mesh.add(
        np.array([frame.point(p) for p in local]), np.array([frame.turn(v) for v in normal]), uv,
        triangles, np.array([0.26, 0.06, 0.08, 0]), np.array([0.3, 0.08, 0.08, 1.0]),
    )  # fmt: skip


def _mirror(mesh: Mesh, fixture: Fixture, plan: StorePlan) -> None:
    frame, (x, y) = front_frame(fixture, plan), np.array(fixture.size_m) / 2
    top = fixture.height_m
    mesh.box((-x, -y * 0.6, 0.02), (x, y, top), Surface.WOOD, (0.10, 0.07, 0.05), DARK, frame=frame)
    (left, right), (low, high) = mirror_pane(fixture)
    mesh.box((left, -y, low), (right, 0, high), Surface.MIRROR, (0.42, 0.47, 0.52), frame=frame)


def _till(mesh: Mesh, fixture: Fixture) -> None:
    frame, (x, y) = Frame.of(fixture), np.array(fixture.size_m) / 2
    top = fixture.height_m
    mesh.box(
        (-x, -y, 0),
        (x, y, top - 0.05),
        Surface.WOOD,
        (0.20, 0.13, 0.09),
        (0.13, 0.08, 0.05),
        frame=frame,
    )
    mesh.box(
        (-x - 0.03, -y - 0.03, top - 0.05),
        (x + 0.03, y + 0.03, top),
        Surface.PAINT,
        WHITE,
        frame=frame,
    )
    mesh.box((-0.45, -0.12, top), (-0.15, 0.12, top + 0.02), Surface.PAINT, DARK, frame=frame)
    mesh.box(
        (-0.50, -0.02, top + 0.12), (-0.10, 0.02, top + 0.40), Surface.PAINT, DARK, frame=frame
    )
    mesh.box(
        (-0.48, -0.025, top + 0.14),
        (-0.12, -0.02, top + 0.38),
        Surface.GLOW,
        (0.25, 0.4, 0.55),
        frame=frame,
    )
    mesh.box(
        (0.15, 0.05, top), (0.24, 0.22, top + 0.05), Surface.PAINT, (0.1, 0.1, 0.11), frame=frame
    )
    mesh.box(
        (0.5, -0.15, top), (0.72, 0.1, top + 0.28), Surface.PAINT, (0.45, 0.32, 0.20), frame=frame
    )


def _plant(mesh: Mesh, fixture: Fixture) -> None:
    frame, rng = Frame.of(fixture), stream(0, "plant", fixture.id)
    radius, top = fixture.size_m[0] / 2, fixture.height_m
    rise = np.array([0, 0.001, 0.2, 0.4, 0.401]) * 1.0
    width = np.array([0.01, 0.6, 0.75, 0.85, 0.7]) * radius
    _cone(mesh, frame, np.zeros((5, 2)), rise, width, Surface.PAINT, (0.5, 0.48, 0.45))
    for _ in range(26):
        turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.15) * radius
        high = rng.uniform(0.55, 1.0) * top
        t = np.array([0.0, 0.3, 0.6, 0.85, 1.0])
        bow = np.stack([np.cos(turn) * reach * t**1.5, np.sin(turn) * reach * t**1.5], 1)
        z = 0.38 + (high - 0.38) * np.sin(t * 2.0) / np.sin(2.0 * 0.785)
        leaf = np.array([0.008, 0.02, 0.05, 0.04, 0.004])
        green = (0.05 * rng.uniform(0.7, 1.6), 0.16 * rng.uniform(0.7, 1.5), 0.05)
        _cone(mesh, frame, bow, np.minimum(z, top), leaf, Surface.LEAF, green)


def _cone(
    mesh: Mesh,
    frame: Frame,
    xy: NDArray[Any],
    z: NDArray[Any],
    radius: NDArray[Any],
    surface: int,
    colour: tuple[float, float, float],
) -> None:
    centre = np.array([frame.point(np.array([*p, h])) for p, h in zip(xy, z, strict=True)])
    side, front = np.zeros_like(centre), np.zeros_like(centre)
    side[:, 0], front[:, 1] = radius, radius
    rings = Rings(*(a[None].astype(np.float32) for a in (centre, side, front)))
    mesh.tubes(_CONE, rings, surface, colour)


def _wall(mesh: Mesh, fixture: Fixture) -> None:
    frame, (x, y) = Frame.of(fixture), np.array(fixture.size_m) / 2
    mesh.box((-x, -y, 0), (x, y, fixture.height_m), Surface.PLASTER, WHITE, frame=frame)


_CONE = TubeMesh((Tube(5, 10),))
_PLAIN = {
    "rail": _rail,
    "table": _table,
    "fitting_room": _fitting_room,
    "till": _till,
    "plant": _plant,
    "wall": _wall,
    "column": column,
    "bench": bench,
}
_PLACED = {"mirror": _mirror, "shelf": shelf, "screen": screen}
