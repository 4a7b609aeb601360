"""Boxes of people in a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import NEAR_M
from retailsim.store.projection import Projection


def full_boxes_px(projection: Projection, position: F32) -> F32:
    """Return (n, 4) x1 y1 x2 y2 of vertices (n, v, 3), clipped to nothing, NaN behind the camera.

    Vertices nearer than the near plane are left out, as they are in the picture. The lens counts.
    """
    # One matrix product that leaves every axis contiguous is several times faster than `@ R.T`.
    turn = projection.rotation.astype(np.float32)
    local = (turn @ position.reshape(-1, 3).T).reshape(3, *position.shape[:2])
    local -= (projection.rotation @ projection.position_m).astype(np.float32)[:, None, None]
    depth = local[2]
    seen = depth > NEAR_M
    safe = np.where(seen, depth, np.float32(1.0))
    flat = local[:2] / safe
    if not projection.lens.straight:
        bent = projection.lens.distort(np.moveaxis(flat, 0, -1))
        flat = np.moveaxis(np.asarray(bent, np.float32), -1, 0)
    k = projection.matrix.astype(np.float32)
    out = np.full((len(position), 4), np.nan, np.float32)
    everything = bool(seen.all())
    for axis in range(2):
        px = k[axis, axis] * flat[axis] + k[axis, 2]
        low, high = (px, px) if everything else (np.where(seen, px, v) for v in (np.inf, -np.inf))
        out[:, axis] = low.min(1, initial=np.inf)
        out[:, axis + 2] = high.max(1, initial=-np.inf)
    out[~seen.any(1)] = np.nan
    return out


def visible_boxes_px(ids: NDArray[np.uint16], full_px: F32) -> tuple[F32, NDArray[np.int64]]:
    """Return the boxes (n, 4) and numbers (n,) of each person's pixels; NaN and 0 for nobody.

    Looks for row i + 1 of `ids` only inside the full box i, which holds all its pixels.
    """
    boxes = np.full(full_px.shape, np.nan, np.float32)
    pixels = np.zeros(len(full_px), np.int64)
    height, width = ids.shape
    for row, (x1, y1, x2, y2) in enumerate(np.nan_to_num(full_px, nan=-10.0)):
        left, top = int(np.clip(x1 - 2, 0, width)), int(np.clip(y1 - 2, 0, height))
        right, bottom = int(np.clip(x2 + 2, 0, width)), int(np.clip(y2 + 2, 0, height))
        if right <= left or bottom <= top:
            continue
        own = cv2.inRange(ids[top:bottom, left:right], row + 1, row + 1)
        pixels[row] = cv2.countNonZero(own)
        if pixels[row]:
            x, y, across, down = cv2.boundingRect(own)
            boxes[row] = left + x, top + y, left + x + across, top + y + down
    return boxes, pixels
