"""What hangs on bodies: skirts, the lower halves of coats and dresses, bags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import Figures, Material
from retailsim.simulate.camera.mesh import F32, Part, cross, unit
from retailsim.simulate.camera.pose import Limb, Skeleton
from retailsim.simulate.camera.trunk import HIP, TORSO, spine

SKIRT_RINGS = 8


def skirt(figures: Figures, skeleton: Skeleton, scale: F32) -> Part:
    """A cone from the waist to the hem that follows both thighs."""
    n = len(scale)
    exists = figures.skirt_hem > 0
    hem = np.where(exists, figures.skirt_hem, 0.55)[:, None]
    # The last ring closes the hem from below.
    share = np.minimum(np.arange(SKIRT_RINGS) / (SKIRT_RINGS - 2), 1.0)[None]
    height = 0.61 + (hem - 0.61) * share
    waist = np.interp(height, TORSO[:, 0], TORSO[:, 1]), np.interp(height, TORSO[:, 0], TORSO[:, 2])
    hips = (np.maximum(w, 0.98 * m) for w, m in zip(waist, (0.176, 0.118), strict=True))
    grown = np.clip((0.61 - height) / 0.08, 0, 1)
    across, deep = (
        w * (1 - grown) + h * grown * (1 + figures.skirt_flare[:, None] * share**1.3)
        for w, h in zip(waist, hips, strict=True)
    )
    coat = (figures.trouser_end > 0) | (figures.body_ease > 1.24)
    of_top = coat | (figures.body_ease < 1.05)
    # A skirt's waist hides under the top that falls over it.
    under = np.where(height > 0.47, 0.95, 1.04)
    ease = np.where(coat, 1.26, 1.06)[:, None]
    ease = np.where(of_top[:, None], ease, under) * figures.girth[:, None] ** 0.9
    size = scale[:, None]
    across, deep = across * ease * size, deep * ease * size
    drop = np.maximum(HIP - height, 0) * figures.height_m[:, None]
    knees = [_leg_at(leg, drop) for leg in skeleton.legs]
    low, high = np.minimum(knees[0], knees[1]), np.maximum(knees[0], knees[1])
    trunk, left, front = spine(figures, skeleton, np.maximum(height, HIP))
    centre = trunk.copy()
    centre[..., 0] = np.where(height < HIP, (low + high) / 2, trunk[..., 0])
    centre[..., 2] -= drop
    deep = np.maximum(deep, (high - low) / 2 + 0.088 * size)
    shrink = np.where(exists, 1.0, 0.4)[:, None] * np.where(
        np.arange(SKIRT_RINGS) < SKIRT_RINGS - 1, 1, 0.3
    )
    material = np.where(of_top, Material.TOP, Material.BOTTOM)
    return Part(
        centre.astype(np.float32),
        left * (across * shrink)[..., None].astype(np.float32),
        front * (deep * shrink)[..., None].astype(np.float32),
        np.tile(material[:, None], (1, SKIRT_RINGS)),
        height * figures.height_m[:, None] + np.zeros((n, 1)),
    )


def _leg_at(leg: Limb, drop: NDArray[Any]) -> NDArray[Any]:
    """Return how far ahead a leg is, `drop` metres below the hip, (n, k)."""
    knee, ankle = leg.middle - leg.root, leg.end - leg.middle
    thigh = np.maximum(-knee[:, 2:3], 0.05)
    above = knee[:, :1] * np.minimum(drop / thigh, 1.0)
    below = ankle[:, :1] * np.clip((drop - thigh) / np.maximum(-ankle[:, 2:3], 0.05), 0, 1)
    out: NDArray[Any] = leg.root[:, :1] + above + below
    return out


def bags(figures: Figures, skeleton: Skeleton, scale: F32) -> list[Part]:
    """Return the bag's body and two straps; without a bag they hide inside the trunk."""
    n = len(scale)
    shoulder, back = (figures.bag == 1)[:, None, None], (figures.bag == 2)[:, None, None]
    size = scale[:, None, None]
    share = np.array([0.0, 0.04, 0.3, 0.7, 0.96, 1.0], np.float32)
    closing = np.array([0.3, 1.0, 1.05, 1.03, 0.95, 0.3], np.float32)[None, :, None]
    height = np.where(shoulder[..., 0], 0.50 + 0.13 * share, 0.60 + 0.21 * share)
    centre, left, front = spine(figures, skeleton, height.astype(np.float32))
    ease = (figures.body_ease * figures.girth)[:, None, None]
    hip_bag = centre - left * (0.215 * ease * size) + front * 0.02
    back_bag = centre - front * (0.11 * ease + 0.075) * size
    middle = np.where(shoulder, hip_bag, np.where(back, back_bag, centre))
    wide = np.where(shoulder, 0.045, np.where(back, 0.14, 0.03)) * closing * size
    deep = np.where(shoulder, 0.13, np.where(back, 0.075, 0.03)) * closing * size
    material = np.full((n, 6), int(Material.BAG))
    body = Part(middle, left * wide, front * deep, material, height * 1.75)
    return [body, *(_strap(figures, skeleton, scale, ahead) for ahead in (1, -1))]


def _strap(figures: Figures, skeleton: Skeleton, scale: F32, sign: int) -> Part:
    """One run of the strap: front or back run of a shoulder bag, left or right of a backpack."""
    n = len(scale)
    turn = np.linspace(0, 1, 7, dtype=np.float32)[None]
    diagonal = (figures.bag == 1)[:, None]
    worn = (figures.bag > 0)[:, None, None]
    # The diagonal goes from the left shoulder to the right hip over the chest or the back.
    height = np.where(diagonal, 0.825 - 0.22 * turn, 0.70 + 0.135 * np.sin(np.pi * turn))
    lateral = np.where(diagonal, 0.075 - 0.24 * turn, 0.105 * sign + 0 * turn)
    centre, left, front = spine(figures, skeleton, height.astype(np.float32))
    half = (
        np.interp(height, TORSO[:, 0], TORSO[:, 2]) * (figures.body_ease * figures.girth)[:, None]
    )
    across = np.interp(height, TORSO[:, 0], TORSO[:, 1]) * figures.body_ease[:, None]
    bulge = np.sqrt(np.clip(1 - (lateral / (across * 1.02)) ** 2, 0.05, 1))
    outward = np.where(diagonal, sign * bulge, np.cos(np.pi * turn) * bulge)
    size = scale[:, None, None]
    path = centre + left * lateral[..., None] * size
    path = path + front * (half * outward * 1.0)[..., None] * size * 1.08
    path = np.where(worn, path, centre)
    width = np.where(worn, 0.018, 0.005) * size
    material = np.full((n, 7), int(Material.BAG))
    side = unit(left + front * 0.3)
    return Part(
        path.astype(np.float32),
        (side * width).astype(np.float32),
        (unit(cross(side, path_direction(path))) * width * 0.4).astype(np.float32),
        material,
        height * 1.75,
    )


def path_direction(path: NDArray[Any]) -> F32:
    """Return unit tangents of polylines (n, k, 3)."""
    out: F32 = unit(np.gradient(path, axis=1).astype(np.float32))
    return out
