"""The trunk of everyone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import HIP_HALF, Limb, Skeleton, arc
from retailsim.simulate.camera.figure import Figures, Material
from retailsim.simulate.camera.mesh import F32, Part

SPINE = 0.288  # hip to shoulder joints of a grown-up, share of stature
HIP = 0.53
# (height as share of stature, half width, half depth) in metres for 1.75 m; after mean breadths
# and depths of the ANSUR II survey (Gordon et al. 2014), rounded.
TORSO = np.array(
    [
        (0.455, 0.05, 0.04), (0.462, 0.125, 0.088), (0.485, 0.168, 0.114), (0.53, 0.176, 0.118),
        (0.535, 0.177, 0.118), (0.58, 0.162, 0.110), (0.63, 0.150, 0.100), (0.685, 0.158, 0.108),
        (0.73, 0.172, 0.116), (0.770, 0.182, 0.109), (0.797, 0.170, 0.093), (0.823, 0.122, 0.072),
        (0.846, 0.066, 0.056),
    ],
    np.float32,
)  # fmt: skip
_ROWS = np.arange(len(TORSO))


def spine(figures: Figures, skeleton: Skeleton, height: NDArray[Any]) -> tuple[F32, F32, F32]:
    """Return centre, left and front unit vectors of the trunk at heights (n, k) of stature."""
    share = (height - HIP) / SPINE
    lean, twist = skeleton.lean[:, None], skeleton.twist[:, None] * np.clip(share, -0.3, 1.1)
    centre = skeleton.pelvis[:, None] + arc(lean, share, figures.spine_m[:, None])
    pitch = lean * np.clip(0.5 + 0.5 * share, 0.0, 1.1)
    zero = np.zeros_like(pitch)
    left = np.stack([-np.sin(twist), np.cos(twist), zero], -1)
    front = np.stack(
        [np.cos(pitch) * np.cos(twist), np.cos(pitch) * np.sin(twist), -np.sin(pitch)], -1
    )
    return centre.astype(np.float32), left.astype(np.float32), front.astype(np.float32)


def torso(figures: Figures, skeleton: Skeleton, scale: F32) -> Part:
    """Return the tube from the crotch to the neck: trousers below the hem of the top."""
    height = np.tile(TORSO[:, 0], (len(scale), 1))
    has_skirt_top = figures.skirt_hem > 0
    # Two rings meet at the top's hem: the lower belongs to the trousers, the upper is wider.
    hem = np.where(has_skirt_top, 0.475, figures.top_hem)
    height[:, 2], height[:, 3] = hem - 0.002, hem
    height[:, 1] = np.minimum(height[:, 1], hem - 0.006)
    across, deep = _girths(figures, height)
    centre, left, front = spine(figures, skeleton, height)
    size = scale[:, None]
    across, deep = across * size, deep * size
    ends = slice(2, 4)
    ahead, across[:, ends], deep[:, ends] = _over_thighs(
        figures, skeleton, height[:, ends], across[:, ends], deep[:, ends]
    )
    centre[:, ends, 0] += ahead
    bust = 0.020 * figures.bust[:, None] * size * _hump(height, 0.722, 0.035)
    centre = (centre + front * bust[..., None]).astype(np.float32)
    dress = figures.skirt_of_top & (figures.trouser_end == 0)
    below = np.where(dress[:, None], Material.TOP, Material.BOTTOM)
    return Part(
        centre,
        left * across[..., None].astype(np.float32),
        front * (deep + 0.5 * bust)[..., None].astype(np.float32),
        np.where(_ROWS >= 3, Material.TOP, below),
        (height - 0.842) * figures.frame_m[:, None],
    )


def _girths(figures: Figures, height: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return half width and half depth in metres for 1.75 m at heights (n, k), clothes on."""
    across = np.interp(height, TORSO[:, 0], TORSO[:, 1])
    deep = np.interp(height, TORSO[:, 0], TORSO[:, 2])
    girth, waist = figures.girth[:, None], figures.waist[:, None]
    upper = np.clip((height - 0.58) / 0.15, 0, 1)
    shape = figures.hips[:, None] * (1 - upper) + figures.shoulders[:, None] * upper
    shape = shape * (1 + (waist - 1) * _hump(height, 0.63, 0.05))
    stout = girth ** (1.0 - 0.35 * upper)
    belly = 1 + 1.3 * np.maximum(girth - 1, 0) * _hump(height, 0.61, 0.06)
    ease = np.where(_ROWS >= 3, figures.body_ease[:, None], 1.0)
    ease = np.where(height > 0.79, 1 + (ease - 1) * 0.4, ease)
    return across * stout * shape * ease, deep * stout * belly * ease


def _over_thighs(
    figures: Figures,
    skeleton: Skeleton,
    height: NDArray[Any],
    across: NDArray[Any],
    deep: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Widen rings below the hips so that no thigh sticks out: shift ahead, width, depth."""
    drop = (HIP - height) * (figures.frame_m * figures.leg)[:, None]
    knees = [leg_at(leg, drop) for leg in skeleton.legs]
    low, high = np.minimum(knees[0], knees[1]), np.maximum(knees[0], knees[1])
    thigh = (0.096 * figures.scale * figures.girth**0.8)[:, None]
    middle = (low + high) / 2 - skeleton.pelvis[:, :1]
    hip = (HIP_HALF * figures.frame_m)[:, None]
    return (
        middle,
        np.maximum(across, hip + thigh * [1.03, 1.13]),
        np.maximum(deep, (high - low) / 2 + thigh * [1.12, 1.36]),
    )


def leg_at(leg: Limb, drop: NDArray[Any]) -> NDArray[Any]:
    """Return how far ahead a leg is, `drop` metres below the hip, (n, k)."""
    knee, ankle = leg.middle - leg.root, leg.end - leg.middle
    thigh = np.maximum(-knee[:, 2:3], 0.05)
    above = knee[:, :1] * np.minimum(drop / thigh, 1.0)
    below = ankle[:, :1] * np.clip((drop - thigh) / np.maximum(-ankle[:, 2:3], 0.05), 0, 1)
    out: NDArray[Any] = leg.root[:, :1] + above + below
    return out


def _hump(height: NDArray[Any], at: float, width: float) -> NDArray[Any]:
    out: NDArray[Any] = np.exp(-(((height - at) / width) ** 2))
    return out
