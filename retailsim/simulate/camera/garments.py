"""Garments: hung on a rail, folded on a table, or over somebody's arm."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import OPEN_FRONT, PATTERNS
from retailsim.simulate.camera.mesh import F32, Rings, Tube, TubeMesh
from retailsim.simulate.streams import stream
from retailsim.store.plan import Fixture, Sku, StorePlan
from retailsim.store.slots import FOLD_GOODS, HOLD_GOODS, TAG_BELOW_BAR_M, fixture_axes

BODY_RINGS, SLEEVE_RINGS = 10, 5
GARMENT = TubeMesh(
    (Tube(BODY_RINGS, 12, 0.45), Tube(SLEEVE_RINGS, 6), Tube(SLEEVE_RINGS, 6), Tube(3, 4))
)
# (share of the length from the collar, half width across the bar in metres); assumed, after
# size tables of women's and men's M.
_SHOULDERS = [(0.0, 0.07), (0.03, 0.13), (0.08, 0.205), (0.2, 0.215)]
_OUTLINES = {
    "tshirt": (0.68, [*_SHOULDERS, (0.5, 0.225), (1.0, 0.23)]),
    "shirt": (0.74, [*_SHOULDERS, (0.5, 0.22), (1.0, 0.225)]),
    "knit": (0.66, [*_SHOULDERS, (0.5, 0.23), (0.9, 0.235), (1.0, 0.21)]),
    "jacket": (0.72, [*_SHOULDERS, (0.5, 0.225), (1.0, 0.235)]),
    "coat": (1.05, [*_SHOULDERS, (0.5, 0.225), (1.0, 0.26)]),
    "dress": (
        1.05,
        [(0.0, 0.07), (0.03, 0.12), (0.07, 0.17), (0.3, 0.175), (0.4, 0.15), (1.0, 0.29)],
    ),
    "skirt": (0.62, [(0.0, 0.16), (0.06, 0.17), (0.3, 0.21), (1.0, 0.27)]),
    "trousers": (1.0, [(0.0, 0.19), (0.08, 0.20), (0.3, 0.215), (1.0, 0.17)]),
}
_THICKNESS_M = {"coat": 0.045, "jacket": 0.042, "knit": 0.038}
_SLEEVE = {"tshirt": 0.20, "shirt": 0.58, "knit": 0.56, "jacket": 0.58, "coat": 0.60}


@dataclass(frozen=True)
class GarmentMeshes:
    """Every garment of the plan at rest and by itself; rows in the order of `plan.items`.

    Attributes:
        position, normal: at the garment's own place in the shop, float32 (g, v, 3).
        local, local_normal: x along the bar, y across, z up from the hanger, (g, v, 3).
        top_xyz_m: where it hangs from; for folded goods its middle, (g, 3).
        folded: on a table, bool (g,).
        cloth: (g, v, 2) metres.
        first, second: colour + pattern, colour + scale of the pattern, (g, 4).
    """

    position: F32
    normal: F32
    local: F32
    local_normal: F32
    top_xyz_m: F32
    folded: NDArray[Any]
    cloth: F32
    first: F32
    second: F32


def garment_meshes(plan: StorePlan) -> GarmentMeshes:
    """Return the meshes of all garments as stocked at opening time."""
    rows = [_one(plan, i) for i in range(len(plan.items))]
    if not rows:
        empty = np.zeros((0, GARMENT.vertices, 3), np.float32)
        flat = np.zeros((0, 4), np.float32)
        return GarmentMeshes(
            empty, empty, empty, empty, flat[:, :3], np.zeros(0, bool), empty[..., :2], flat, flat
        )
    return GarmentMeshes(*(np.stack(column) for column in zip(*rows, strict=True)))


def turned(vectors: NDArray[Any], angle_rad: float) -> F32:
    """Turn vectors (..., 3) about z."""
    c, s = np.float32(np.cos(angle_rad)), np.float32(np.sin(angle_rad))
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([c * x - s * y, s * x + c * y, vectors[..., 2]], -1)


def place_garment(plan: StorePlan, index: int, tag_xyz_m: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the mesh fields of a garment put back, on the rail, table or shelf next to its tag."""
    holders = [f for f in plan.fixtures if f.kind in HOLD_GOODS]
    gaps = [np.hypot(*(np.array(f.center_m) - tag_xyz_m[:2])) for f in holders]
    row = _one(plan, index, holders[int(np.argmin(gaps))], tag_xyz_m)
    return {spec.name: value for spec, value in zip(fields(GarmentMeshes), row, strict=True)}


def _one(
    plan: StorePlan, index: int, fixture: Fixture | None = None, tag: NDArray[Any] | None = None
) -> tuple[NDArray[Any], ...]:
    item = plan.items[index]
    sku, fixture = plan.sku(item.sku), fixture or plan.fixture(item.fixture)
    rng = stream(0, "garment", item.epc)
    folded = fixture.kind in FOLD_GOODS
    rings, along = _folded(sku, rng) if folded else _hung(sku, rng)
    local, normal = (a[0] for a in GARMENT.skin(rings))
    tag = plan.slot_xyz_m(item.fixture, item.slot) if tag is None else tag
    top = tag - [0, 0, 0.02] if folded else tag + [0, 0, TAG_BELOW_BAR_M]
    axis, _ = fixture_axes(fixture)
    angle = float(np.arctan2(axis[1], axis[0]) + rng.normal(0, 0.05 if folded else 0.13))
    cloth = np.stack([GARMENT.angle * 0.13, along[GARMENT.ring_of]], -1)
    return (
        (turned(local, angle) + top).astype(np.float32),
        turned(normal, angle).astype(np.float32),
        local,
        normal,
        top.astype(np.float32),
        np.asarray(folded),
        cloth.astype(np.float32),
        *sku_colours(sku, rng),
    )


def sku_colours(sku: Sku, rng: np.random.Generator) -> tuple[F32, F32]:
    """Return linear colour + pattern and second colour + scale; pieces differ by a dye lot."""
    lot = rng.normal(1.0, 0.03)
    front = OPEN_FRONT if sku.kind in ("shirt", "jacket", "coat") else 0
    first = (*(linear(sku.colour) * lot), PATTERNS[sku.pattern] + front)
    second = (*(linear(sku.colour2) * lot), 0.9)
    return np.array(first, np.float32), np.array(second, np.float32)


def linear(colour: str) -> F32:
    """Turn '#rrggbb' into linear RGB by the sRGB power curve's usual approximation, 2.2."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32) ** 2.2


def _hung(sku: Sku, rng: np.random.Generator) -> tuple[Rings, F32]:
    length, outline = _OUTLINES[sku.kind]
    thick = _THICKNESS_M.get(sku.kind, 0.028)
    share = np.array([0.0, 0.03, 0.08, 0.2, 0.33, 0.48, 0.62, 0.76, 0.9, 1.0])
    where, wide = np.array(outline).T
    across = np.interp(share, where, wide) * (1 + rng.normal(0, 0.03))
    deep = thick * np.interp(share, [0, 0.05, 0.3, 1.0], [0.4, 0.9, 1.0, 1.05])
    deep = deep * (1 + 0.25 * rng.standard_normal(BODY_RINGS) * (share > 0.2))
    across = across * (1 + 0.025 * rng.standard_normal(BODY_RINGS) * (share > 0.2))
    z = -0.10 - share * length
    sway = np.cumsum(rng.normal(0, 0.004, BODY_RINGS))
    lateral = np.cumsum(rng.normal(0, 0.003, BODY_RINGS))
    parts = [_straight(np.stack([sway, lateral, z], 1), deep, across)]
    sleeve = _SLEEVE.get(sku.kind, 0.0)
    for side in (-1, 1):
        parts.append(_sleeve(side, sleeve, thick, sway, rng))
    hook = np.array([[0, 0, 0.01], [0, 0, -0.05], [0, 0, -0.11]])
    parts.append(_straight(hook, np.full(3, 0.004), np.full(3, 0.004)))
    return _join(parts)


def _sleeve(
    side: int, length: float, thick: float, sway: NDArray[Any], rng: np.random.Generator
) -> tuple[F32, F32, F32]:
    t = np.linspace(0, 1, SLEEVE_RINGS)
    shift = rng.normal(0, 0.012)
    x = sway[3] + shift * t
    y = side * (0.19 + 0.045 * np.sqrt(t) - 0.01 * t)
    z = -0.15 - t * length
    if length == 0:
        x, y, z = 0 * t, 0 * t, -0.2 - 0.01 * t
    radius = (0.055 - 0.015 * t) if length else np.full(SLEEVE_RINGS, 1e-3)
    return _straight(np.stack([x, y, z], 1), radius * 0.4 + thick * 0.2 * (length > 0), radius)


def _folded(sku: Sku, rng: np.random.Generator) -> tuple[Rings, F32]:
    """A folded garment: a slab of 0.27 x 0.22 m, 4 cm thick."""
    thick = 0.042 if sku.kind in ("knit", "jacket") else 0.034
    rise = np.array([-0.5, -0.49, -0.42, -0.2, 0.0, 0.2, 0.42, 0.49, 0.5, 0.5])
    spread = np.array([0.3, 0.95, 1.0, 1.01, 1.02, 1.01, 1.0, 0.96, 0.6, 0.05])
    size = rng.normal(1.0, 0.03, 2)
    centre = np.zeros((BODY_RINGS, 3))
    centre[:, :2] = rng.normal(0, 0.006, 2)
    centre[:, 2] = rise * thick
    parts = [_straight(centre, 0.125 * spread * size[0], 0.145 * spread * size[1])]
    for rings in (SLEEVE_RINGS, SLEEVE_RINGS, 3):
        parts.append(
            _straight(np.zeros((rings, 3)) + [0, 0, 1e-4], np.zeros(rings), np.zeros(rings))
        )
    return _join(parts)


def _straight(
    centre: NDArray[Any], deep: NDArray[Any], across: NDArray[Any]
) -> tuple[F32, F32, F32]:
    along_y = np.zeros_like(centre)
    along_y[:, 1] = across
    along_x = np.zeros_like(centre)
    along_x[:, 0] = deep
    return centre.astype(np.float32), along_y.astype(np.float32), along_x.astype(np.float32)


def _join(parts: list[tuple[F32, F32, F32]]) -> tuple[Rings, F32]:
    rings = Rings(*(np.concatenate(column)[None] for column in zip(*parts, strict=True)))
    return rings, rings.centre[0, :, 2]
