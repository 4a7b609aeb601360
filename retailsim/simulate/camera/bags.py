"""Bags that people carry: across the body, on the back, under the arm, in the hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import Skeleton
from retailsim.simulate.camera.figure import BAGS, Figures, Material
from retailsim.simulate.camera.gestures import carrier_side, palm
from retailsim.simulate.camera.mesh import F32, Part, cross, unit
from retailsim.simulate.camera.trunk import TORSO, spine

BAG_RINGS, STRAP_RINGS = 6, 7
_SHOULDER, _BACKPACK, _TOTE, _CARRIER = (BAGS.index(name) for name in BAGS[1:])
_SHARE = np.array([0.0, 0.04, 0.3, 0.7, 0.96, 1.0], np.float32)
_TURN = np.linspace(0, 1, STRAP_RINGS, dtype=np.float32)[None]
_CLOSING = np.array([0.02, 1.0, 1.05, 1.03, 0.95, 0.02], np.float32)
# By kind of bag: (lower edge, height as share of stature; half width, half depth in metres).
_BODY = np.array(
    [(0.60, 0.02, 0.03, 0.03), (0.50, 0.13, 0.045, 0.13), (0.60, 0.21, 0.14, 0.075),
     (0.46, 0.19, 0.050, 0.165), (0.0, 0.215, 0.055, 0.15)],
    np.float32,
)  # fmt: skip


def bags(figures: Figures, skeleton: Skeleton, scale: F32) -> list[Part]:
    """Return the bag's body and two straps; without a bag they hide inside the trunk."""
    kind, size = figures.bag, scale[:, None, None]
    table = _BODY[kind]
    height = table[:, :1] + table[:, 1:2] * _SHARE
    hung, left, front = spine(figures, skeleton, np.maximum(height, 0.46))
    ease = (figures.body_ease * figures.girth)[:, None, None]
    beside = (kind == _SHOULDER)[:, None, None], (kind == _TOTE)[:, None, None]
    centre = np.select(
        [beside[0], (kind == _BACKPACK)[:, None, None], beside[1]],
        [
            hung - left * (0.215 * ease * size) + front * 0.02,
            hung - front * (0.11 * ease + 0.075) * size,
            hung + left * (0.235 * ease * size) - front * 0.06,
        ],
        hung,
    )
    in_hand = (kind == _CARRIER)[:, None, None]
    hand = _carrying_palm(figures, skeleton)
    below = (-0.30 + _SHARE * 0.24)[None, :, None] * size * [0, 0, 1]
    upright = np.array([[[0.0, 1.0, 0.0]]]), np.array([[[1.0, 0.0, 0.0]]])
    centre = np.where(in_hand, hand[:, None] + below, centre)
    left, front = np.where(in_hand, upright[0], left), np.where(in_hand, upright[1], front)
    wide, deep = (table[:, i, None, None] * _CLOSING[:, None] * size for i in (2, 3))
    body = Part(
        centre.astype(np.float32),
        (left * wide).astype(np.float32),
        (front * deep).astype(np.float32),
        np.full(height.shape, int(Material.BAG)),
        height * 1.75,
    )
    return [body, *(_strap(figures, skeleton, scale, hand, sign) for sign in (1, -1))]


def _carrying_palm(figures: Figures, skeleton: Skeleton) -> F32:
    """Return the palm that holds a carrier bag, (n, 3)."""
    left, right = (palm(arm.end, arm.middle, figures.frame_m) for arm in skeleton.arms)
    return np.where((carrier_side(figures) == 0)[:, None], left, right)


def _strap(figures: Figures, skeleton: Skeleton, scale: F32, hand: F32, sign: int) -> Part:
    """One run of the strap: front or back run, left or right of a backpack, a handle."""
    kind = figures.bag
    turn = _TURN
    across, tote = (kind == _SHOULDER)[:, None], (kind == _TOTE)[:, None]
    worn, size = (kind > 0)[:, None, None], scale[:, None, None]
    # Across: from the left shoulder to the right hip over the chest or the back.
    height = np.where(across, 0.825 - 0.22 * turn, 0.70 + 0.135 * np.sin(np.pi * turn))
    height = np.where(tote, 0.835 - 0.20 * turn, height)
    lateral = np.where(across, 0.075 - 0.24 * turn, 0.105 * sign + 0 * turn)
    lateral = np.where(tote, 0.13 + 0.10 * np.sqrt(turn), lateral)
    centre, left, front = spine(figures, skeleton, height.astype(np.float32))
    stout = (figures.body_ease * figures.girth)[:, None]
    half = np.interp(height, TORSO[:, 0], TORSO[:, 2]) * stout
    reach = np.interp(height, TORSO[:, 0], TORSO[:, 1]) * figures.body_ease[:, None]
    bulge = np.sqrt(np.clip(1 - (lateral / (reach * 1.02)) ** 2, 0.05, 1))
    outward = np.where(across, sign * bulge, np.cos(np.pi * turn) * bulge)
    outward = np.where(tote, sign * (0.35 + 0.5 * turn) - 0.4 * turn, outward)
    path = centre + left * lateral[..., None] * size
    path = path + front * (half * outward)[..., None] * size * 1.08
    path = np.where(worn, path, centre)
    in_hand = (kind == _CARRIER)[:, None, None]
    loop = np.stack([0.09 * sign * (1 - turn), 0 * turn, -0.10 * (1 - turn)], -1)
    path = np.where(in_hand, hand[:, None] + loop * size, path)
    side = np.where(in_hand, [[[0.0, 1.0, 0.0]]], unit(left + front * 0.3))
    width = np.where(worn, 0.016, 0.005) * size
    return Part(
        path.astype(np.float32),
        (side * width).astype(np.float32),
        (unit(cross(side, path_direction(path))) * width * 0.4).astype(np.float32),
        np.full(height.shape, int(Material.BAG)),
        height * 1.75,
    )


def path_direction(path: NDArray[Any]) -> F32:
    """Return unit tangents of polylines (n, k, 3)."""
    out: F32 = unit(np.gradient(path, axis=1).astype(np.float32))
    return out
