"""Things that go with people and are no part of their boxes: prams, piles of garments in arms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import Figures, Material
from retailsim.simulate.camera.gestures import HANDLE_AHEAD_M, HANDLE_HALF_M, HANDLE_HEIGHT_M
from retailsim.simulate.camera.mesh import F32, Rings, Tube, TubeMesh
from retailsim.simulate.snapshot import People, Pose

_BEFORE = (Pose.PUSH, Pose.WALK, Pose.STAND)  # elsewhere the pram stands behind, out of the way


@dataclass(frozen=True)
class Props:
    """All things of everyone in the world as one mesh.

    Attributes:
        position, normal: float32 (v, 3), metres.
        cloth: float32 (v, 2), metres.
        material: Material of the patch that ends at the vertex, uint8 (v,).
        owner: row into `People`, uint32 (v,).
        triangles: vertex indices, int32 (t, 3).
    """

    position: F32
    normal: F32
    cloth: F32
    material: NDArray[np.uint8]
    owner: NDArray[np.uint32]
    triangles: NDArray[np.int32]


@dataclass(frozen=True)
class _Thing:
    """One thing in the axes of its owner; see Props."""

    position: F32
    normal: F32
    cloth: F32
    material: NDArray[np.uint8]
    triangles: NDArray[np.int32]


def props_of(people: People, figures: Figures) -> Props:
    """Return prams of those who push one and piles of those whose pose is ARMFUL."""
    parts: list[tuple[_Thing, int, NDArray[Any], float]] = []
    for row in np.flatnonzero(figures.pram):
        before = people.pose[row] in _BEFORE
        at, turn = ([0.0, 0.0, 0.0], 0.0) if before else ([-0.25, 0.75, 0.0], -0.4)
        parts.append((_pram(), int(row), np.array(at), turn))
    for row in np.flatnonzero(people.pose == Pose.ARMFUL):
        stature = float(figures.frame_m[row])
        lift = np.array([0.235 * stature, 0.0, 0.615 * stature])
        parts.append((_pile(), int(row), lift, 0.0))
    if not parts:
        return NOTHING
    first = np.cumsum([0, *(len(thing.position) for thing, *_ in parts)])
    return Props(
        np.concatenate([_placed(people, *part, moves=True) for part in parts]),
        np.concatenate([_placed(people, *part, moves=False) for part in parts]),
        np.concatenate([thing.cloth for thing, *_ in parts]),
        np.concatenate([thing.material for thing, *_ in parts]),
        np.concatenate([np.full(len(t.position), row, np.uint32) for t, row, *_ in parts]),
        np.concatenate(
            [t.triangles + start for (t, *_), start in zip(parts, first[:-1], strict=True)]
        ).astype(np.int32),
    )


def _placed(
    people: People, thing: _Thing, row: int, at: NDArray[Any], turn: float, *, moves: bool
) -> F32:
    out = _turned(thing.position if moves else thing.normal, turn) + (at if moves else 0.0)
    out = _turned(out, float(people.heading_rad[row]))
    if moves:
        out[:, :2] += people.xy_m[row]
    return out.astype(np.float32)


def _turned(vectors: NDArray[Any], angle_rad: float) -> NDArray[Any]:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    x, y = vectors[:, 0], vectors[:, 1]
    return np.stack([c * x - s * y, s * x + c * y, vectors[:, 2]], 1)


@lru_cache(maxsize=1)
def _pram() -> _Thing:
    """A pram: a tub with a hood, a frame to the handle, four wheels (sizes assumed)."""
    x, z = HANDLE_AHEAD_M, HANDLE_HEIGHT_M
    tub = _upright(
        [(0.50, 0.24, 0.10), (0.52, 0.34, 0.155), (0.62, 0.385, 0.18), (0.78, 0.40, 0.19),
         (0.785, 0.37, 0.16), (0.74, 0.01, 0.01)], x + 0.60,
    )  # fmt: skip
    hood = _sweep(x + 0.46, 0.78)
    tubes = [
        (Tube(6, 10, 0.6, mirrored=True), tub, Material.PRAM),
        (Tube(7, 10), hood, Material.PRAM),
    ]
    for side in (1, -1):
        y = side * 0.2
        rods = (((x, y, z), (x + 0.95, y, 0.16)), ((x + 0.28, y, 0.52), (x + 0.22, y, 0.16)))
        for start, stop in rods:
            tubes.append((Tube(2, 6), _rod(start, stop, 0.011), Material.FRAME))
        for ahead in (x + 0.22, x + 0.95):
            tubes.append((Tube(4, 12), _wheel(ahead, y * 1.12, 0.14), Material.FRAME))
    bar = _rod((x, -HANDLE_HALF_M - 0.05, z), (x, HANDLE_HALF_M + 0.05, z), 0.015)
    tubes.append((Tube(2, 6), bar, Material.FRAME))
    return _thing(tubes)


@lru_cache(maxsize=1)
def _pile() -> _Thing:
    """Folded garments, one on the other, across the forearms."""
    heights = np.array([0.0, 0.0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.20, 0.20])
    puff = np.array([0.02, 0.95, 1.0, 0.93, 1.02, 0.95, 1.0, 0.97, 0.9, 0.02])
    rows = [(h, 0.135 * p, 0.20 * p) for h, p in zip(heights, puff, strict=True)]
    return _thing([(Tube(10, 10, 0.55, mirrored=True), _upright(rows, 0.02), Material.PILE)])


def _thing(tubes: list[tuple[Tube, Rings, Material]]) -> _Thing:
    mesh = TubeMesh(tuple(tube for tube, *_ in tubes))
    joined = Rings(
        *(
            np.concatenate([getattr(rings, name) for _, rings, _ in tubes], 1).astype(np.float32)
            for name in ("centre", "side", "front")
        )
    )
    position, normal = (part[0] for part in mesh.skin(joined))
    made_of = np.concatenate([np.full(tube.rings, int(stuff)) for tube, _, stuff in tubes])
    cloth = np.stack([mesh.angle * 0.2, position[:, 2]], 1).astype(np.float32)
    material = made_of[mesh.ring_of].astype(np.uint8)
    return _Thing(position, normal, cloth, material, mesh.triangles)


def _upright(rows: list[tuple[float, float, float]], ahead_m: float) -> Rings:
    """Rings (height, half length, half width) about a vertical axis."""
    table = np.array(rows)
    zero = np.zeros(len(table))
    centre = np.stack([zero + ahead_m, zero, table[:, 0]], 1)
    side = np.stack([zero, table[:, 2], zero], 1)
    front = np.stack([table[:, 1], zero, zero], 1)
    return _rings(centre, side, front)


def _sweep(ahead_m: float, height_m: float) -> Rings:
    """The hood: half rings fanned about the tub's end, open towards the front."""
    turn = np.linspace(-0.15, 1.75, 7)
    zero = np.zeros(7)
    out = np.stack([-np.cos(turn), zero, np.sin(turn)], 1)
    centre = np.array([ahead_m, 0.0, height_m]) + 0.10 * out
    reach = np.array([0.12, 0.17, 0.19, 0.19, 0.19, 0.18, 0.14])[:, None]
    across = np.stack([zero, zero + 0.19, zero], 1)
    return _rings(centre, across, out * reach)


def _rod(
    start: tuple[float, float, float], stop: tuple[float, float, float], radius_m: float
) -> Rings:
    a, b = np.array(start), np.array(stop)
    along = (b - a) / np.linalg.norm(b - a)
    other = np.array([0.0, 0.0, 1.0]) if abs(along[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
    side = np.cross(other, along)
    side *= radius_m / np.linalg.norm(side)
    return _rings(np.stack([a, b]), np.tile(side, (2, 1)), np.tile(np.cross(along, side), (2, 1)))


def _wheel(ahead_m: float, left_m: float, radius_m: float) -> Rings:
    wide = np.array([-0.02, -0.018, 0.018, 0.02])
    shrink = np.array([0.02, 1.0, 1.0, 0.02])[:, None] * radius_m
    centre = np.stack([0 * wide + ahead_m, left_m + wide, 0 * wide + radius_m], 1)
    return _rings(centre, shrink * [0.0, 0.0, 1.0], shrink * [1.0, 0.0, 0.0])


def _rings(centre: NDArray[Any], side: NDArray[Any], front: NDArray[Any]) -> Rings:
    return Rings(*(part[None].astype(np.float32) for part in (centre, side, front)))


NOTHING = Props(
    np.zeros((0, 3), np.float32),
    np.zeros((0, 3), np.float32),
    np.zeros((0, 2), np.float32),
    np.zeros(0, np.uint8),
    np.zeros(0, np.uint32),
    np.zeros((0, 3), np.int32),
)
