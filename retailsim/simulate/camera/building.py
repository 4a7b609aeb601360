"""Floor, walls and ceiling of a shop, its doors and windows, and what is outside."""

from __future__ import annotations

import numpy as np

from retailsim.errors import ScenarioError
from retailsim.simulate.camera.garments import linear
from retailsim.simulate.camera.openings import Opening, openings, wall_frames
from retailsim.simulate.camera.outside import draw_outside
from retailsim.simulate.camera.surfaces import DARK, Colour, Frame, Mesh, Surface
from retailsim.simulate.streams import stream
from retailsim.store.plan import StorePlan

FLOORS: dict[str, tuple[Surface, Colour, Colour]] = {
    "planks": (Surface.PLANKS, (0.36, 0.22, 0.12), (0.27, 0.16, 0.085)),
    "tiles": (Surface.TILES, (0.44, 0.43, 0.41), (0.33, 0.32, 0.31)),
    "stone": (Surface.STONE, (0.46, 0.43, 0.38), (0.34, 0.31, 0.27)),
    "carpet": (Surface.CARPET, (0.13, 0.13, 0.15), (0.09, 0.09, 0.10)),
    "concrete": (Surface.CONCRETE, (0.33, 0.32, 0.31), (0.24, 0.235, 0.23)),
}
WALLS: tuple[Colour, ...] = (
    (0.58, 0.56, 0.52), (0.44, 0.50, 0.50), (0.60, 0.56, 0.48), (0.52, 0.48, 0.46),
)  # fmt: skip
PAINT_SHARE = 0.75  # of a wall's or floor's colour that shop light brings out (assumed)
WALL_TONES = (1.0, 0.94, 0.97, 0.90)
POSTERS: tuple[tuple[Colour, Colour], ...] = (
    ((0.50, 0.10, 0.08), (0.85, 0.70, 0.45)), ((0.05, 0.20, 0.30), (0.80, 0.80, 0.75)),
    ((0.55, 0.40, 0.10), (0.10, 0.08, 0.12)), ((0.12, 0.30, 0.16), (0.80, 0.65, 0.60)),
)  # fmt: skip
MULLION_M = 1.7
LINTEL_M = 0.3
PORTRAIT_SHARE = 0.4  # of the posters show somebody


def building_mesh(plan: StorePlan) -> Mesh:
    """Return floor, walls, ceiling and street; raises ScenarioError for a plan without a floor."""
    if plan.size_m is None:
        raise ScenarioError(f"plan '{plan.name}' has no size_m: there is no shop to draw")
    mesh = Mesh()
    _floor_and_ceiling(mesh, plan, *plan.size_m)
    holes = openings(plan)
    for wall, (frame, length) in enumerate(wall_frames(plan)):
        _wall(mesh, plan, wall, frame, length, [o for o in holes if o.wall == wall])
    draw_outside(mesh, plan, holes)
    return mesh


def _floor_and_ceiling(mesh: Mesh, plan: StorePlan, width: float, depth: float) -> None:
    surface, first, second = _floor_look(plan)
    mesh.quad((0, 0, 0), (width, 0, 0), (0, depth, 0), surface, first, second)
    top = plan.height_m
    mesh.quad((0, depth, top), (width, 0, 0), (0, -depth, 0), Surface.PLASTER, (0.55, 0.55, 0.53))
    for x in np.arange(1.5, width, 3.0):
        for y in np.arange(1.2, depth, 2.2):
            mesh.quad(
                (x - 0.6, y + 0.15, top - 0.01), (1.2, 0, 0), (0, -0.3, 0), Surface.GLOW,
                (1.6, 1.6, 1.5),
            )  # fmt: skip
    for zone in plan.zones:
        if zone.kind in ("entrance", "fitting"):
            xy = np.array(zone.polygon_m)
            low, high = xy.min(0), xy.max(0)
            dark = (0.30, 0.29, 0.28) if zone.kind == "entrance" else (0.22, 0.20, 0.22)
            corner, u, v = (*low, 0.003), (high[0] - low[0], 0, 0), (0, high[1] - low[1], 0)
            if plan.decor.floor == "planks":
                mesh.quad(corner, u, v, Surface.TILES, (0.40, 0.39, 0.37), dark)
            elif zone.kind == "fitting" and plan.decor.floor != "carpet":
                mesh.quad(corner, u, v, Surface.CARPET, (0.16, 0.14, 0.17), (0.11, 0.10, 0.12))


def _floor_look(plan: StorePlan) -> tuple[Surface, Colour, Colour]:
    surface, first, second = FLOORS[plan.decor.floor]
    if plan.decor.floor_colour:
        chosen = linear(plan.decor.floor_colour) * PAINT_SHARE
        darker = chosen * np.array(second) / np.array(first)
        first, second = _colour(chosen), _colour(darker)
    return surface, first, second


def _wall_colour(plan: StorePlan, wall: int) -> Colour:
    if plan.decor.wall_colour is None:
        return WALLS[wall]
    return _colour(linear(plan.decor.wall_colour) * (PAINT_SHARE * WALL_TONES[wall]))


def _colour(rgb: np.ndarray) -> Colour:
    return (float(rgb[0]), float(rgb[1]), float(rgb[2]))


def _wall(
    mesh: Mesh, plan: StorePlan, wall: int, frame: Frame, length: float, holes: list[Opening]
) -> None:
    colour = _wall_colour(plan, wall)
    start = 0.0
    for hole in holes:
        if hole.low_m - start > 0.01:
            _piece(mesh, frame, start, hole.low_m, plan.height_m, colour)
            _decorate(mesh, frame, start, hole.low_m, wall)
        _hole(mesh, plan, hole, colour)
        start = max(start, hole.high_m)
    if length - start > 0.01:
        _piece(mesh, frame, start, length, plan.height_m, colour)
        _decorate(mesh, frame, start, length, wall)


def _piece(mesh: Mesh, frame: Frame, low: float, high: float, top: float, colour: Colour) -> None:
    mesh.box((low, -0.15, 0), (high, 0, top), Surface.PLASTER, colour, frame=frame)
    mesh.box((low, 0, 0), (high, 0.015, 0.10), Surface.PAINT, (0.18, 0.16, 0.15), frame=frame)


def _hole(mesh: Mesh, plan: StorePlan, hole: Opening, colour: Colour) -> None:
    frame, low, high, top = hole.frame, hole.low_m, hole.high_m, hole.top_m
    above, below = (low, -0.15, top), (high, 0, plan.height_m)
    if not hole.glazed:
        lintel = min(top + LINTEL_M, plan.height_m)
        mesh.box(above, (high, 0, lintel), Surface.PAINT, DARK, frame=frame)
        if lintel < plan.height_m:
            mesh.box((low, -0.15, lintel), below, Surface.PLASTER, colour, frame=frame)
        for at in (low, high):
            mesh.box(
                (at - 0.04, -0.15, 0), (at + 0.04, 0.02, top), Surface.PAINT, DARK, frame=frame
            )
        return
    mesh.box(above, below, Surface.PLASTER, colour, frame=frame)
    if hole.sill_m > 0.02:
        _piece(mesh, frame, low, high, hole.sill_m, colour)
    mesh.box(
        (low - 0.03, -0.17, hole.sill_m - 0.04), (high + 0.03, 0.08, hole.sill_m), Surface.WOOD,
        (0.55, 0.53, 0.50), (0.48, 0.46, 0.43), frame=frame,
    )  # fmt: skip
    mesh.box((low, -0.11, top - 0.06), (high, -0.03, top), Surface.PAINT, DARK, frame=frame)
    for at in np.linspace(low, high, max(2, round((high - low) / MULLION_M) + 1)):
        mesh.box(
            (at - 0.03, -0.11, hole.sill_m), (at + 0.03, -0.03, top), Surface.PAINT, DARK,
            frame=frame,
        )  # fmt: skip


def _decorate(mesh: Mesh, frame: Frame, low: float, high: float, wall: int) -> None:
    """Hang posters on a piece of wall, the same every time."""
    rng = stream(0, "wall", wall, round(low * 100))
    subject = stream(0, "wall", "subject", wall, round(low * 100))
    at = low + 0.9
    while at + 0.9 < high:
        first, second = POSTERS[int(rng.integers(len(POSTERS)))]
        tall, wide = rng.uniform(0.7, 1.1), rng.uniform(0.55, 1.3)
        z = rng.uniform(1.72, 1.9)
        shows = Surface.PORTRAIT if subject.random() < PORTRAIT_SHARE else Surface.POSTER
        mesh.box(
            (at, 0, z), (at + wide, 0.03, z + tall), shows, first, second, frame=frame,
            scale=float(rng.uniform(0, 10)),
        )  # fmt: skip
        at += wide + rng.uniform(0.7, 1.6)
