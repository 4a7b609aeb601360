"""Boxes of people in a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def visible_boxes_px(
    ids: NDArray[np.uint16], people: int
) -> tuple[F32, NDArray[np.int64]]:
    """Return the boxes (n, 4) and numbers (n,) of each person's pixels; NaN and 0 for nobody."""
    boxes = np.full((people, 4), np.nan, np.float32)
    pixels = np.bincount(ids.ravel(), minlength=people + 1)[1 : people + 1]
    at = np.flatnonzero(ids)
    owner = ids.ravel()[at].astype(np.intp) - 1
    y, x = np.divmod(at, ids.shape[1])
    for axis, value in ((0, x), (1, y)):
        low, high = np.full(people, np.inf), np.full(people, -np.inf)
        np.minimum.at(low, owner, value)
        np.maximum.at(high, owner, value + 1)
        boxes[:, axis], boxes[:, axis + 2] = low, high
    boxes[pixels == 0] = np.nan
    return boxes, pixels
