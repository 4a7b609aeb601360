"""Bones: lengths, and two-bone inverse kinematics for arms and legs.

Segment lengths are shares of stature after Drillis and Contini (1966) as printed in Winter,
Biomechanics and Motor Control of Human Movement, fig. 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32, cross, unit

THIGH, SHANK, ANKLE = 0.245, 0.246, 0.039
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.108
HIP_HALF, SHOULDER_HALF = 0.052, 0.108


@dataclass(frozen=True)
class Limb:
    """Two bones: root, middle, end (n, 3), and the hinge's axis (n, 3).

    The hinge is such that `cross(down the limb, hinge)` points ahead of a hanging limb.
    """

    root: F32
    middle: F32
    end: F32
    hinge: F32


@dataclass(frozen=True)
class Skeleton:
    """Joints in body axes, metres; every array float32 with n first.

    Attributes:
        pelvis: centre between the hips (n, 3).
        lean: forward pitch of the chest, radians (n,).
        twist: yaw of the shoulders to the left, radians (n,).
        head_yaw, head_pitch: of the head against the world, radians (n,).
        legs, arms: left, right.
        foot_pitch: toe-down angle of the feet, radians, (n, 2).
    """

    pelvis: F32
    lean: F32
    twist: F32
    head_yaw: F32
    head_pitch: F32
    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]
    foot_pitch: F32


def arc(lean: NDArray[Any], share: NDArray[Any], length_m: NDArray[Any]) -> F32:
    """Return where a rod ends whose pitch grows linearly from `lean`/2 to `lean`, (n, 3)."""
    pitch = lean * (0.5 + 0.25 * share)
    reach = length_m * share
    zero = np.zeros_like(pitch)
    out: F32 = np.stack([np.sin(pitch) * reach, zero, np.cos(pitch) * reach], axis=-1)
    return out


def down(forward: NDArray[Any], outward: NDArray[Any]) -> F32:
    """Return unit vectors that hang down, swung ahead and to the left by these angles."""
    out = np.stack(
        [np.sin(forward) * np.cos(outward), np.sin(outward), -np.cos(forward) * np.cos(outward)], -1
    )
    return out.astype(np.float32)


def two_bones(
    root: F32, goal: F32, upper_m: NDArray[Any], lower_m: NDArray[Any], pole: NDArray[Any]
) -> Limb:
    """Two-bone inverse kinematics: the end goes to its goal, or as near as the bones allow.

    Args:
        root, goal: (n, 3).
        upper_m, lower_m: lengths of the bones (n,).
        pole: where the middle joint points to, (3,) or (n, 3).
    """
    a, b = upper_m[:, None], lower_m[:, None]
    ray = goal - root
    far = np.sqrt((ray * ray).sum(-1, keepdims=True))
    ahead = ray / np.maximum(far, 1e-6)
    reach = np.clip(far, 0.35 * (a + b), 0.998 * (a + b))
    pole = np.broadcast_to(np.asarray(pole, np.float32), root.shape)
    off = unit(pole - (ahead * pole).sum(-1, keepdims=True) * ahead)
    cos = np.clip((a * a + reach * reach - b * b) / (2 * a * reach), -1, 1)
    middle = root + ahead * (a * cos) + off * (a * np.sqrt(1 - cos * cos))
    end = root + ahead * reach
    return Limb(
        root.astype(np.float32),
        middle.astype(np.float32),
        end.astype(np.float32),
        unit(cross(ahead, off)),
    )
