"""The camera as installed, its lens included: floor to image and back.

Camera axes follow OpenCV: x right, y down, z forward; pixel (0, 0) is the centre of the top-left
pixel's top-left corner, so an image spans [0, width] x [0, height].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retailsim.store.lens import Lens
from retailsim.store.plan import Camera

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """Intrinsics and pose of one calibrated camera.

    Attributes:
        matrix: K, shape (3, 3), pixels.
        rotation: world to camera axes, shape (3, 3).
        position_m: optical centre in the world, shape (3,).
        lens: bends the picture; straight for an ideal pinhole.
    """

    matrix: F64
    rotation: F64
    position_m: F64
    lens: Lens = Lens()

    @classmethod
    def of(cls, camera: Camera) -> Projection:
        """Build the projection of a calibrated camera; raises ValueError without calibration."""
        if camera.position_m is None or camera.look_at_m is None or camera.hfov_deg is None:
            raise ValueError(f"camera '{camera.id}' has no calibration")
        position = np.array(camera.position_m, float)
        focal_px = camera.width_px / 2 / np.tan(np.deg2rad(camera.hfov_deg) / 2)
        matrix = np.array(
            [[focal_px, 0, camera.width_px / 2], [0, focal_px, camera.height_px / 2], [0, 0, 1]]
        )
        rotation = look_at_rotation(position, np.array(camera.look_at_m, float))
        return cls(matrix, rotation, position, Lens(*camera.distortion))

    @cached_property  # asked for several times a tick
    def _to_rays(self) -> F64:
        return np.asarray(np.linalg.inv(self.matrix), np.float64)

    def to_camera(self, xyz_m: ArrayLike) -> F64:
        """Return points in camera axes; (..., 3) to (..., 3), metres."""
        return (np.asarray(xyz_m, float) - self.position_m) @ self.rotation.T

    def to_image(self, xyz_m: ArrayLike) -> F64:
        """Project world points; (..., 3) metres to (..., 2) pixels, NaN behind the camera."""
        local = self.to_camera(xyz_m)
        depth = np.where(local[..., 2:] > 1e-6, local[..., 2:], np.nan)
        if not self.lens.straight:
            bent = self.lens.distort(local[..., :2] / depth)
            return bent @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        pixels: F64 = (local @ self.matrix.T)[..., :2] / depth
        return pixels

    def rays(self, pixels: ArrayLike) -> F64:
        """Return viewing directions in camera axes, z = 1; (..., 2) pixels to (..., 3)."""
        px = np.asarray(pixels, float)
        homogeneous = np.concatenate([px, np.ones((*px.shape[:-1], 1))], axis=-1)
        rays: F64 = homogeneous @ self._to_rays.T
        if not self.lens.straight:
            rays[..., :2] = self.lens.undistort(rays[..., :2])
        return rays

    def to_plane(self, pixels: ArrayLike, height_m: float | F64 = 0.0) -> F64:
        """Meet the viewing rays of pixels with the level plane z = height.

        (..., 2) pixels to (..., 2) metres on the floor plan; NaN where the ray does not go
        down to the plane.
        """
        rays = self.rays(pixels) @ self.rotation
        drop = np.asarray(height_m, float) - self.position_m[2]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(rays[..., 2] * drop > 0, drop / rays[..., 2], np.nan)
        plane: F64 = self.position_m[:2] + rays[..., :2] * scale[..., None]
        return plane


def look_at_rotation(position_m: F64, target_m: F64) -> F64:
    """Return the world-to-camera rotation looking at `target_m` with the image upright.

    A camera looking straight down has its image's top towards +y of the plan.
    """
    forward = (target_m - position_m) / np.linalg.norm(target_m - position_m)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])
