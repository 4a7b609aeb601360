"""Pinhole projections as OpenGL matrices, light matrices, and depth back in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32
from retailsim.store.projection import Projection

NEAR_M, FAR_M = 0.08, 40.0


@dataclass(frozen=True)
class Light:
    """One soft key light far away plus light from above and from the floor.

    Attributes:
        direction: towards the key light, need not be a unit vector.
        key, sky, ground: linear RGB.
        exposure: factor before the display curve.
        shadow_share: how much of the key light a shadow takes away, 0 to 1.
    """

    direction: tuple[float, float, float] = (0.25, -0.30, 1.0)
    key: tuple[float, float, float] = (0.98, 0.93, 0.85)
    sky: tuple[float, float, float] = (0.60, 0.62, 0.66)
    ground: tuple[float, float, float] = (0.34, 0.31, 0.28)
    exposure: float = 1.35
    shadow_share: float = 0.85


def world_to_clip(projection: Projection, width_px: int, height_px: int) -> F32:
    """Return the 4x4 matrix (row-major) whose picture has its top row first when read back.

    OpenGL counts rows from below, OpenCV from above: keeping v as it is turns the picture
    upside down in OpenGL's eyes and upright in ours.
    """
    k = projection.matrix
    scale = np.array(
        [
            [2 * k[0, 0] / width_px, 0, 2 * k[0, 2] / width_px - 1, 0],
            [0, 2 * k[1, 1] / height_px, 2 * k[1, 2] / height_px - 1, 0],
            [0, 0, (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2 * FAR_M * NEAR_M / (FAR_M - NEAR_M)],
            [0, 0, 1, 0],
        ]
    )
    pose = np.eye(4)
    pose[:3, :3] = projection.rotation
    pose[:3, 3] = -projection.rotation @ projection.position_m
    return (scale @ pose).astype(np.float32)


def depth_m(buffer: NDArray[np.float32]) -> F32:
    """Turn depth-buffer values in [0, 1] into distance along the optical axis, metres."""
    out: F32 = FAR_M * NEAR_M / (FAR_M - buffer * (FAR_M - NEAR_M))
    return out


def light_matrix(light: Light, low: F32, high: F32) -> F32:
    """Return the orthographic world-to-light matrix that just covers the box [low, high]."""
    towards = np.asarray(light.direction, float)
    z = towards / np.linalg.norm(towards)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(z, x), -z])
    corners = np.array([[(low, high)[i >> b & 1][b] for b in range(3)] for i in range(8)]) @ axes.T
    a, b = corners.min(0), corners.max(0)
    out = np.eye(4)
    out[:3, :3] = axes * (2 / (b - a))[:, None]
    out[:3, 3] = -(a + b) / (b - a)
    return out.astype(np.float32)
