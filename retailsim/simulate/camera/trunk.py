"""The trunk, head and hair of everyone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import Figures, Material
from retailsim.simulate.camera.mesh import F32, Part, cross
from retailsim.simulate.camera.pose import Skeleton, arc

SPINE = 0.288  # hip to shoulder joints, share of stature
HIP = 0.53
# (height as share of stature, half width, half depth) in metres for 1.75 m; after mean breadths
# and depths of the ANSUR II survey (Gordon et al. 2014), rounded.
TORSO = np.array(
    [
        (0.455, 0.05, 0.04), (0.462, 0.125, 0.088), (0.485, 0.168, 0.112), (0.53, 0.176, 0.118),
        (0.535, 0.177, 0.118), (0.58, 0.160, 0.110), (0.63, 0.148, 0.100), (0.685, 0.158, 0.108),
        (0.73, 0.172, 0.118), (0.775, 0.182, 0.112), (0.805, 0.178, 0.094), (0.826, 0.135, 0.074),
        (0.842, 0.070, 0.058),
    ],
    np.float32,
)  # fmt: skip
# Head: (height above the neck's base, half width, half depth, shift ahead), metres for 1.75 m.
HEAD = np.array(
    [
        (-0.02, 0.062, 0.060, 0.000), (0.030, 0.056, 0.058, 0.006), (0.058, 0.055, 0.062, 0.012),
        (0.070, 0.052, 0.075, 0.024), (0.095, 0.064, 0.090, 0.020), (0.130, 0.073, 0.098, 0.014),
        (0.170, 0.077, 0.100, 0.010), (0.210, 0.077, 0.100, 0.006), (0.245, 0.070, 0.092, 0.003),
        (0.272, 0.052, 0.070, 0.001), (0.287, 0.024, 0.034, 0.000), (0.290, 0.004, 0.006, 0.000),
    ],
    np.float32,
)  # fmt: skip
# Hair: (height, half width, half depth, shift ahead, tilt: front above centre), metres.
HAIR = np.array(
    [
        (0.150, 0.078, 0.098, -0.006, 0.075), (0.165, 0.084, 0.104, -0.006, 0.072),
        (0.205, 0.085, 0.109, -0.004, 0.050), (0.245, 0.079, 0.102, -0.002, 0.022),
        (0.277, 0.058, 0.076, -0.002, 0.006), (0.298, 0.026, 0.034, -0.003, 0.0),
        (0.301, 0.004, 0.005, -0.003, 0.0),
    ],
    np.float32,
)  # fmt: skip


def spine(figures: Figures, skeleton: Skeleton, height: NDArray[Any]) -> tuple[F32, F32, F32]:
    """Return centre, left and front unit vectors of the trunk at heights (n, k) of stature."""
    share = (height - HIP) / SPINE
    lean, twist = skeleton.lean[:, None], skeleton.twist[:, None] * np.clip(share, -0.3, 1.1)
    centre = skeleton.pelvis[:, None] + arc(lean, share, SPINE * figures.height_m[:, None])
    pitch = lean * np.clip(0.5 + 0.5 * share, 0.0, 1.1)
    zero = np.zeros_like(pitch)
    left = np.stack([-np.sin(twist), np.cos(twist), zero], -1)
    front = np.stack(
        [np.cos(pitch) * np.cos(twist), np.cos(pitch) * np.sin(twist), -np.sin(pitch)], -1
    )
    return centre.astype(np.float32), left.astype(np.float32), front.astype(np.float32)


def torso(figures: Figures, skeleton: Skeleton, scale: F32) -> Part:
    n = len(scale)
    height = np.tile(TORSO[:, 0], (n, 1))
    has_skirt_top = figures.skirt_hem > 0
    # Two rings meet at the top's hem: the lower belongs to the trousers, the upper is wider.
    hem = np.where(has_skirt_top, 0.475, figures.top_hem)
    height[:, 2], height[:, 3] = hem - 0.002, hem
    height[:, 1] = np.minimum(height[:, 1], hem - 0.006)
    hips = 1 + 0.10 * (figures.habit[:, 5] - 0.5)
    shoulders = 1 + 0.08 * (figures.habit[:, 6] - 0.5)
    across = np.interp(height, TORSO[:, 0], TORSO[:, 1])
    deep = np.interp(height, TORSO[:, 0], TORSO[:, 2])
    upper = np.clip((height - 0.58) / 0.15, 0, 1)
    girth = figures.girth[:, None] ** (1.0 - 0.35 * upper)
    belly = 1 + np.maximum(figures.girth[:, None] - 1, 0) * np.exp(-(((height - 0.61) / 0.06) ** 2))
    ease = np.where(np.arange(len(TORSO)) >= 3, figures.body_ease[:, None], 1.0)
    ease = np.where(height > 0.82, 1 + (ease - 1) * 0.5, ease)
    width = across * girth * (hips[:, None] * (1 - upper) + shoulders[:, None] * upper) * ease
    centre, left, front = spine(figures, skeleton, height)
    size = scale[:, None]
    dress = figures.trouser_end[:, None] == 0
    below = np.where(dress & has_skirt_top[:, None], Material.TOP, Material.BOTTOM)
    material = np.where(np.arange(len(TORSO)) >= 3, Material.TOP, below)
    return Part(
        centre,
        left * (width * size)[..., None].astype(np.float32),
        front * (deep * girth * belly * ease * size)[..., None].astype(np.float32),
        material,
        height * figures.height_m[:, None],
    )


def _head_frame(figures: Figures, skeleton: Skeleton) -> tuple[F32, F32, F32, F32]:
    """Return the neck's base and the head's left, front and up vectors, (n, 3) each."""
    base, _, _ = spine(figures, skeleton, np.full((len(skeleton.lean), 1), 0.836, np.float32))
    yaw, pitch = skeleton.head_yaw + skeleton.twist, skeleton.head_pitch
    zero = np.zeros_like(yaw)
    left = np.stack([-np.sin(yaw), np.cos(yaw), zero], 1)
    front = np.stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)], 1)
    up = cross(front, left)
    return base[:, 0], left, front, up


def head(figures: Figures, skeleton: Skeleton, scale: F32) -> Part:
    base, left, front, up = (v[:, None] for v in _head_frame(figures, skeleton))
    size = scale[:, None, None]
    h, across, deep, shift = (HEAD[None, :, i, None] * size for i in range(4))
    centre = base + up * h + front * shift
    material = np.tile(
        np.where(np.arange(len(HEAD)) < 3, Material.SKIN, Material.FACE), (len(scale), 1)
    )
    along = np.tile(HEAD[:, 0], (len(scale), 1))
    return Part(centre, left * across, front * deep, material, along)


def hair(figures: Figures, skeleton: Skeleton, scale: F32) -> Part:
    base, left, front, up = (v[:, None] for v in _head_frame(figures, skeleton))
    n = len(scale)
    style = figures.hair[:, None]
    table = np.tile(HAIR[None], (n, 1, 1))
    # Long hair falls from the cap's edge behind the neck; a hat's brim goes out and back.
    fall = np.array([(-0.03, 0.075, 0.030, -0.085, 0.0), (0.06, 0.085, 0.045, -0.066, 0.0),
                     (0.12, 0.084, 0.070, -0.040, 0.04)])  # fmt: skip
    brim = np.array([(0.192, 0.092, 0.112, -0.002, 0.01), (0.196, 0.10, 0.165, 0.045, -0.01),
                     (0.202, 0.092, 0.112, -0.002, 0.01)])  # fmt: skip
    closed = np.tile(HAIR[:1], (3, 1))
    lower = np.where((style == 1)[..., None], fall, np.where((style == 3)[..., None], brim, closed))
    table = np.concatenate([lower, table], 1)
    cap = (style == 3)[..., None] & (np.arange(table.shape[1]) >= 3)[None, :, None]
    table = np.where(cap, table * [1, 1.06, 1.06, 1, 0.15] + [0.0, 0, 0, 0, 0], table)
    table[:, 3:6, 0] = np.where(style == 3, np.maximum(table[:, 3:6, 0], 0.203), table[:, 3:6, 0])
    table *= np.where(style == 2, 0.75, 1.0)[..., None]  # bald: inside the skull
    table = (table * scale[:, None, None]).astype(np.float32)
    h, across, deep, shift, tilt = (table[..., i, None] for i in range(5))
    centre = base + up * h + front * shift
    along = table[..., 0]
    material = np.full(along.shape, int(Material.HAIR))
    return Part(centre, left * across, front * deep + up * tilt, material, along)
