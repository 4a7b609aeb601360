"""Boxes of people in a picture."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import NEAR_M
from retailsim.store.projection import Projection


def full_boxes_px(projection: Projection, position: F32) -> F32:
    """Return (n, 4) x1 y1 x2 y2 of vertices (n, v, 3), clipped to nothing, NaN behind the camera.

    Vertices nearer than the near plane are left out, as they are in the picture.
    """
    local = (position - projection.position_m.astype(np.float32)) @ projection.rotation.T.astype(
        np.float32
    )
    depth = local[..., 2]
    seen = depth > NEAR_M
    safe = np.where(seen, depth, 1.0)
    k = projection.matrix
    out = np.full((len(position), 4), np.nan, np.float32)
    for axis in range(2):
        px = k[axis, axis] * local[..., axis] / safe + k[axis, 2]
        out[:, axis] = np.where(seen, px, np.inf).min(1, initial=np.inf)
        out[:, axis + 2] = np.where(seen, px, -np.inf).max(1, initial=-np.inf)
    out[~seen.any(1)] = np.nan
    return out
