"""Legs, feet and arms of everyone, in trousers and sleeves or bare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import HAND, Limb
from retailsim.simulate.camera.figure import SHOES, Figures, Material
from retailsim.simulate.camera.mesh import F32, Part, cross, unit

LEG = np.array(
    [
        (-0.05, 0.052, 0.060), (0.08, 0.070, 0.076), (0.30, 0.080, 0.085), (0.65, 0.070, 0.073),
        (0.90, 0.058, 0.062), (1.05, 0.052, 0.058), (1.30, 0.054, 0.062), (1.60, 0.044, 0.048),
        (1.90, 0.034, 0.038), (2.00, 0.036, 0.042),
    ],
    np.float32,
)  # fmt: skip
ARM = np.array(
    [
        (0.00, 0.003, 0.006), (0.05, 0.036, 0.047), (0.20, 0.050, 0.055), (0.55, 0.045, 0.048),
        (0.85, 0.040, 0.042), (1.05, 0.038, 0.041), (1.30, 0.040, 0.041), (1.65, 0.034, 0.034),
        (2.00, 0.027, 0.023),
    ],
    np.float32,
)  # fmt: skip
PALM = np.array(
    [(2.25, 0.020, 0.038), (2.55, 0.018, 0.043), (2.85, 0.012, 0.030), (3.0, 0.004, 0.012)]
)
BOOT_FROM = 1.42  # in leg bones: where a boot's shaft ends
_BOOT = SHOES.index("boot")
SLEEVE_RINGS, BARE_RINGS, LEG_CLOTH, LEG_BARE = 7, 4, 8, 5
LEG_RINGS, ARM_RINGS = LEG_CLOTH + LEG_BARE, SLEEVE_RINGS + BARE_RINGS + len(PALM)
_CLOTH_STEPS, _SHIN_STEPS = np.linspace(0, 1, LEG_CLOTH), np.linspace(0, 1, LEG_BARE)
_SLEEVE_STEPS = np.linspace(0, 1, SLEEVE_RINGS - 1)[1:] ** 1.1
_ARM_STEPS = np.linspace(0, 1, BARE_RINGS)


def _limb(limb: Limb, t: NDArray[Any], tail_m: NDArray[Any], joint: float) -> tuple[F32, F32, F32]:
    """Return centre, side and front unit vectors along a limb at bone coordinates t (n, k)."""
    first, second = limb.middle - limb.root, limb.end - limb.middle
    d1, d2 = unit(first)[:, None], unit(second)[:, None]
    a, b = np.minimum(t, 1)[..., None], np.clip(t - 1, 0, 1)[..., None]
    beyond = np.maximum(t - 2, 0)[..., None] * d2 * tail_m[:, None, None]
    centre = limb.root[:, None] + first[:, None] * a + second[:, None] * b + beyond
    w = np.clip((t - 1 + joint) / (2 * joint), 0, 1)[..., None]
    along = unit(d1 * (1 - w) + d2 * w)
    side = unit(limb.hinge[:, None] - (limb.hinge[:, None] * along).sum(-1, keepdims=True) * along)
    return centre.astype(np.float32), side.astype(np.float32), cross(along, side).astype(np.float32)


def leg(figures: Figures, limb: Limb, scale: F32) -> Part:
    """Return one leg: cloth from the hip to the hem, then skin or tights to the ankle."""
    end = figures.trouser_end[:, None]
    covered = end > 0
    hem_t = np.maximum(end, 0.25)
    # The upper half of a bare shin wears the boot's shaft, if there are boots.
    cloth_t = -0.05 + (hem_t + 0.05) * _CLOTH_STEPS
    bare_t = hem_t + (2.0 - hem_t) * _SHIN_STEPS
    boots = (figures.shoe == _BOOT)[:, None] & (hem_t < BOOT_FROM - 0.1)
    bare_t[:, 1:3] = np.where(boots, [BOOT_FROM - 0.02, BOOT_FROM], bare_t[:, 1:3])
    t = np.concatenate([cloth_t, bare_t], 1)
    ring = np.arange(t.shape[1])
    is_cloth, shaft = (ring < LEG_CLOTH) & covered, (ring >= LEG_CLOTH + 2) & boots
    side, deep = (np.interp(t, LEG[:, 0], LEG[:, i]) for i in (1, 2))
    wide = 0.86 + 0.34 * figures.cut[:, 1:2]
    hem = 0.040 + 0.040 * figures.cut[:, 1:2]
    for_legs = [np.maximum(r * 1.09 * wide**0.5, np.where(t > 0.9, hem, 0)) for r in (side, deep)]
    for_boots = [np.maximum(r + 0.009, 0.047) for r in (side, deep)]
    side, deep = (
        np.where(is_cloth, cloth, np.where(shaft, boot, bare))
        for cloth, boot, bare in zip(for_legs, for_boots, (side, deep), strict=True)
    )
    size = scale * figures.girth**0.8
    centre, x, y = _limb(limb, t, scale * 0, 0.16)
    bare = np.where(covered, Material.SKIN, Material.LEG)
    material = np.where(is_cloth, Material.BOTTOM, np.where(shaft, Material.SHOE, bare))
    return Part(
        centre,
        x * (side * size[:, None])[..., None].astype(np.float32),
        y * (deep * size[:, None])[..., None].astype(np.float32),
        material,
        t * 0.43 * scale[:, None],
    )


def foot(limb: Limb, pitch: F32, scale: F32, side: int) -> Part:
    """Return one shoe, toes turned out a little."""
    # (behind or ahead of the ankle, height above the sole, half width, half height), metres.
    shape = np.array(
        [(-0.064, 0.034, 0.004, 0.004), (-0.056, 0.042, 0.034, 0.041), (0.0, 0.046, 0.038, 0.046),
         (0.085, 0.031, 0.045, 0.031), (0.165, 0.022, 0.041, 0.022), (0.198, 0.016, 0.004, 0.004)],
        np.float32,
    )  # fmt: skip
    out = side * 0.14
    c, s = np.cos(pitch)[:, None], np.sin(pitch)[:, None]
    x, z = shape[None, :, 0], shape[None, :, 1] - 0.068
    ahead, up = c * x + s * z, c * z - s * x
    size = scale[:, None]
    centre = limb.end[:, None] + np.stack([ahead * size, ahead * size * out, up * size], -1)
    n = len(scale)
    left = np.tile(np.array([-out, 1, 0], np.float32), (n, len(shape), 1))
    upward = np.stack([s + 0 * x, 0 * s * x, c + 0 * x], -1)
    width, tall = (
        shape[None, :, 2, None] * size[..., None],
        shape[None, :, 3, None] * size[..., None],
    )
    material = np.full((n, len(shape)), int(Material.SHOE))
    along = np.tile(shape[:, 0], (n, 1))
    return Part(
        centre.astype(np.float32), left * width, (upward * tall).astype(np.float32), material, along
    )


def arm(figures: Figures, limb: Limb, scale: F32, sign: int) -> Part:
    """Return one arm: sleeve, skin and the hand with its fingers closed."""
    sleeve = np.maximum(figures.sleeve, 0.14)[:, None]
    cap = np.array([0.0, 0.05])
    fall = 0.05 + (sleeve - 0.05) * _SLEEVE_STEPS
    bare_t = sleeve + (2.02 - sleeve) * _ARM_STEPS
    n = len(scale)
    t = np.concatenate([np.tile(cap, (n, 1)), fall, bare_t, np.tile(PALM[:, 0], (n, 1))], 1)
    table = np.concatenate([ARM, PALM])
    side, deep = (np.interp(t, table[:, 0], table[:, i]) for i in (1, 2))
    is_cloth = np.arange(t.shape[1]) < SLEEVE_RINGS
    grow = np.clip(t / 0.6, 0.05, 1)
    ease = np.where(is_cloth, 1 + (figures.sleeve_ease[:, None] - 1) * grow * 0.75, 1.0)
    size = scale * figures.girth**0.5
    centre, x, y = _limb(limb, t, HAND * figures.frame_m, 0.2)
    # The shoulder's cap slopes up and inwards into the trunk.
    inward = -sign * scale[:, None]
    centre[:, 0] += np.array([0.0, 0.050, 0.0], np.float32) * inward
    centre[:, 1] += np.array([0.0, 0.020, 0.0], np.float32) * inward
    material = np.where(is_cloth, Material.TOP, Material.SKIN)
    return Part(
        centre,
        x * (side * ease * size[:, None])[..., None].astype(np.float32),
        y * (deep * ease * size[:, None])[..., None].astype(np.float32),
        np.tile(material, (n, 1)),
        t * 0.3 * scale[:, None] - 8.0,  # far from the trunk's cloth: no buttons on sleeves
    )
