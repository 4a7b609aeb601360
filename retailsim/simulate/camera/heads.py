"""Heads of everyone: skull and neck, hair, what is worn on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import Skeleton
from retailsim.simulate.camera.figure import HAIR_STYLES, HEADWEAR, Figures, Material
from retailsim.simulate.camera.mesh import F32, Part, cross
from retailsim.simulate.camera.trunk import spine

# Head: (height above the neck's base, half width, half depth, shift ahead), metres for 1.75 m.
HEAD = np.array(
    [
        (-0.02, 0.066, 0.060, 0.000), (0.030, 0.056, 0.058, 0.006), (0.058, 0.055, 0.062, 0.012),
        (0.070, 0.052, 0.075, 0.024), (0.095, 0.064, 0.090, 0.020), (0.130, 0.073, 0.098, 0.014),
        (0.170, 0.077, 0.100, 0.010), (0.210, 0.077, 0.100, 0.006), (0.245, 0.070, 0.092, 0.003),
        (0.272, 0.052, 0.070, 0.001), (0.287, 0.024, 0.034, 0.000), (0.290, 0.0005, 0.0006, 0.000),
    ],
    np.float32,
)  # fmt: skip
_HIDDEN = [(0.15 + 0.01 * i, 0.01, 0.01, 0.0, 0.0) for i in range(10)]  # inside the skull
# Hair and headwear: (height, half width, half depth, shift ahead, tilt: front above centre).
_CAP = [
    (0.150, 0.078, 0.098, -0.006, 0.075), (0.165, 0.084, 0.104, -0.006, 0.072),
    (0.205, 0.085, 0.109, -0.004, 0.050), (0.245, 0.079, 0.102, -0.002, 0.022),
    (0.277, 0.058, 0.076, -0.002, 0.006), (0.298, 0.026, 0.034, -0.003, 0.0),
    (0.301, 0.0005, 0.0006, -0.003, 0.0),
]  # fmt: skip
_LOWER = {
    "short": [_CAP[0]] * 3,
    "long": [(-0.14, 0.068, 0.020, -0.100, 0.0), (0.0, 0.088, 0.038, -0.082, 0.0),
             (0.11, 0.088, 0.074, -0.038, 0.04)],
    "bob": [(0.052, 0.066, 0.048, -0.045, 0.0), (0.062, 0.092, 0.078, -0.036, 0.01),
            (0.125, 0.092, 0.086, -0.024, 0.045)],
    "curly": [(0.055, 0.070, 0.045, -0.055, 0.0), (0.080, 0.108, 0.078, -0.045, 0.01),
              (0.140, 0.116, 0.100, -0.028, 0.05)],
}  # fmt: skip
_GROWTH = {"long": 1.03, "bob": 1.04, "curly": 1.24, "bun": 0.97, "ponytail": 0.97}
_WORN = {
    "none": _HIDDEN[:8],
    "hat": [(0.188, 0.080, 0.100, 0.0, 0.0), (0.186, 0.152, 0.172, 0.004, -0.012),
            (0.194, 0.152, 0.172, 0.004, -0.012), (0.204, 0.090, 0.113, 0.0, 0.0),
            (0.265, 0.084, 0.106, 0.0, 0.0), (0.296, 0.074, 0.092, 0.0, 0.0),
            (0.306, 0.040, 0.055, 0.0, 0.0), (0.305, 0.0005, 0.0006, 0.0, 0.0)],
    "cap": [(0.186, 0.078, 0.096, 0.0, 0.0), (0.190, 0.070, 0.120, 0.078, -0.016),
            (0.196, 0.072, 0.120, 0.078, -0.016), (0.204, 0.089, 0.112, 0.0, 0.0),
            (0.240, 0.086, 0.108, 0.0, 0.0), (0.280, 0.066, 0.084, 0.0, 0.0),
            (0.303, 0.030, 0.040, 0.0, 0.0), (0.306, 0.0005, 0.0006, 0.0, 0.0)],
    "beanie": [(0.172, 0.080, 0.100, -0.006, 0.030), (0.174, 0.091, 0.113, -0.006, 0.030),
               (0.204, 0.092, 0.114, -0.006, 0.028), (0.207, 0.086, 0.108, -0.006, 0.026),
               (0.255, 0.083, 0.104, -0.008, 0.010), (0.295, 0.062, 0.078, -0.012, 0.0),
               (0.318, 0.028, 0.036, -0.016, 0.0), (0.323, 0.0005, 0.0006, -0.016, 0.0)],
    "headscarf": [(-0.045, 0.135, 0.110, -0.004, 0.0), (0.020, 0.080, 0.080, 0.004, 0.0),
                  (0.066, 0.074, 0.086, 0.012, 0.006), (0.080, 0.086, 0.080, -0.030, 0.0),
                  (0.160, 0.090, 0.104, -0.016, 0.070), (0.240, 0.086, 0.110, -0.006, 0.030),
                  (0.298, 0.036, 0.046, -0.004, 0.0), (0.307, 0.0005, 0.0006, -0.004, 0.0)],
}  # fmt: skip
# Tied hair: (behind the neck's axis, height, half width, half height or depth), metres.
_TIED = {
    "bun": [(0.080, 0.222, 0.012, 0.012), (0.092, 0.230, 0.044, 0.042),
            (0.124, 0.244, 0.054, 0.052), (0.152, 0.256, 0.040, 0.038),
            (0.166, 0.262, 0.0005, 0.0005)],
    "ponytail": [(0.080, 0.222, 0.018, 0.020), (0.125, 0.215, 0.032, 0.026),
                 (0.142, 0.130, 0.036, 0.028), (0.136, 0.030, 0.034, 0.024),
                 (0.124, -0.070, 0.003, 0.003)],
}  # fmt: skip


def _styles() -> F32:
    """Return hair tables by style, float32 (styles, 10, 5)."""
    tables = []
    for name in HAIR_STYLES:
        growth = _GROWTH.get(name, 1.0)
        if name == "bald":
            tables.append(np.array(_HIDDEN))
            continue
        cap = np.array(_CAP) * [1, growth, growth, 1, 1]
        if name == "curly":
            cap[2:, 0] += [0.006, 0.014, 0.022, 0.026, 0.027]
        tables.append(np.concatenate([np.array(_LOWER.get(name, [cap[0]] * 3)), cap]))
    return np.array(tables, np.float32)


_HAIR = _styles()
_HAT = np.array([_WORN[name] for name in HEADWEAR], np.float32)
_TAIL = np.array(
    [
        _TIED.get(name, [(0.0, 0.2 - 0.01 * i, 0.01, 0.01) for i in range(5)])
        for name in HAIR_STYLES
    ],
    np.float32,
)
HAIR_RINGS, HAT_RINGS, TAIL_RINGS = _HAIR.shape[1], _HAT.shape[1], _TAIL.shape[1]
_BUN, _BALD = HAIR_STYLES.index("bun"), HAIR_STYLES.index("bald")
TIED = np.array([name in _TIED for name in HAIR_STYLES])
_SCARF, _CURLY = HEADWEAR.index("headscarf"), HAIR_STYLES.index("curly")


def head_frame(figures: Figures, skeleton: Skeleton) -> tuple[F32, F32, F32, F32]:
    """Return the neck's base and the head's left, front and up vectors, (n, 3) each."""
    base, _, _ = spine(figures, skeleton, np.full((len(skeleton.lean), 1), 0.836, np.float32))
    yaw, pitch = skeleton.head_yaw + skeleton.twist, skeleton.head_pitch
    zero = np.zeros_like(yaw)
    left = np.stack([-np.sin(yaw), np.cos(yaw), zero], 1)
    front = np.stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)], 1)
    up = cross(front, left)
    return base[:, 0], left, front, up


def heads(figures: Figures, skeleton: Skeleton) -> list[Part]:
    """Return skull with neck, hair, tied hair and headwear."""
    frame = head_frame(figures, skeleton)
    size = figures.head[:, None, None]
    style = np.where(figures.headwear == _SCARF, _BALD, figures.hair)
    covered = (figures.headwear > 0)[:, None]
    hair = _HAIR[style] * size
    # Under a hat hair lies flat; what shows below its edge stays as it is.
    flat = np.where(covered & (hair[..., 0] > 0.19 * size[..., 0]), 0.9, 1.0)
    flat = np.where(covered & (style == _CURLY)[:, None], flat * 0.88, flat)
    hair[..., 1:3] *= flat[..., None]
    hair[..., 0] = np.where(covered, np.minimum(hair[..., 0], 0.27 * size[..., 0]), hair[..., 0])
    skull = np.concatenate([HEAD, np.zeros((len(HEAD), 1), np.float32)], 1)[None] * size
    skin = np.where(np.arange(len(HEAD)) < 3, Material.SKIN, Material.FACE)
    return [
        _around(frame, skull, skin, HEAD[:, 0]),
        _around(frame, hair, np.full(HAIR_RINGS, Material.HAIR), np.arange(HAIR_RINGS) * 0.03),
        _tied(frame, _TAIL[style] * size, style == _BUN),
        _around(
            frame,
            _HAT[figures.headwear] * size,
            np.full(HAT_RINGS, Material.HEADWEAR),
            np.arange(HAT_RINGS) * 0.03,
        ),
    ]


def _around(
    frame: tuple[F32, F32, F32, F32], table: F32, material: NDArray[Any], along: NDArray[Any]
) -> Part:
    """Turn rows of (height, width, depth, shift, tilt), (n, k, 5), into rings about the head."""
    base, left, front, up = (v[:, None] for v in frame)
    height, across, deep, shift, tilt = (table[..., i, None] for i in range(5))
    n = len(table)
    return Part(
        base + up * height + front * shift,
        left * across,
        front * deep + up * tilt,
        np.tile(material, (n, 1)),
        np.tile(along, (n, 1)),
    )


def _tied(frame: tuple[F32, F32, F32, F32], table: F32, bun: NDArray[np.bool_]) -> Part:
    base, left, front, up = (v[:, None] for v in frame)
    behind, height, across, deep = (table[..., i, None] for i in range(4))
    is_bun = bun[:, None, None]
    n = len(table)
    return Part(
        base + up * height - front * behind,
        np.where(is_bun, -left, left) * across,
        np.where(is_bun, up, front) * deep,
        np.full((n, TAIL_RINGS), int(Material.HAIR)),
        np.tile(np.arange(TAIL_RINGS) * 0.04, (n, 1)),
    )
