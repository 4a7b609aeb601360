"""What hangs on bodies: skirts and the lower halves of coats and dresses."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.bones import Skeleton
from retailsim.simulate.camera.figure import Figures, Material
from retailsim.simulate.camera.mesh import F32, Part
from retailsim.simulate.camera.trunk import HIP, TORSO, leg_at, spine

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
    of_top = figures.skirt_of_top
    coat = of_top & (figures.body_ease > 1.2)
    # A skirt's waist hides under the top that falls over it.
    under = np.where(height > 0.47, 0.95, 1.04)
    ease = np.where(coat, 1.26, 1.06)[:, None]
    ease = np.where(of_top[:, None], ease, under) * figures.girth[:, None] ** 0.9
    size = scale[:, None]
    across, deep = across * ease * size * figures.hips[:, None], deep * ease * size
    drop = np.maximum(HIP - height, 0) * (figures.frame_m * figures.leg)[:, None]
    knees = [leg_at(leg, drop) for leg in skeleton.legs]
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
        (height - 0.842) * figures.frame_m[:, None] + np.zeros((n, 1)),
    )
