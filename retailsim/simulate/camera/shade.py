"""Where in a picture people can throw shade: the only part of the standing shop drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.contact import SPREAD_M
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light
from retailsim.store.projection import Projection

TILE_PX = 16
CONTACT_M = 2.5 * SPREAD_M


def shade_corners(
    projection: Projection, position: F32, light: Light, size_px: tuple[int, int]
) -> F32:
    """Return triangles in clip space, (6 q, 2), that cover all shade, without overlap.

    A body's shade lies within the hull of the body, its shadow on the floor and the patch of
    contact under it; the hull's box in the picture is marked on a grid of tiles.
    """
    width, height = size_px
    grid = np.zeros((-(-height // TILE_PX), -(-width // TILE_PX)), bool)
    for x1, y1, x2, y2 in _boxes_px(projection, position, light):
        grid[y1:y2, x1:x2] = True
    to_clip = np.array([2 * TILE_PX / width, 2 * TILE_PX / height], np.float32)
    return np.asarray(_quads(grid) * to_clip - 1, np.float32)


def _boxes_px(projection: Projection, position: F32, light: Light) -> NDArray[np.intp]:
    low, high = position.min(1), position.max(1)
    corners = np.stack([np.where([i & 1, i & 2, i & 4], high, low) for i in range(8)], axis=1)
    slope = -np.array(light.direction[:2], np.float32) / np.float32(light.direction[2])
    floor = corners.copy()
    floor[..., :2] += slope * corners[..., 2:]
    floor[..., 2] = 0.0
    middle = (low + high) / 2
    around = np.array([(i, j) for i in (-1, 1) for j in (-1, 1)], np.float32) * CONTACT_M
    contact = np.tile(middle[:, None], (1, 4, 1))
    contact[..., :2] += around
    contact[..., 2] = 0.0
    points = np.concatenate([corners, floor, contact], axis=1)
    boxes = full_boxes_px(projection, points)
    boxes = boxes[np.isfinite(boxes).all(1)]
    # A body partly behind the camera has corners that cannot be projected: take the whole picture.
    behind = projection.to_camera(points)[..., 2].min(1, initial=np.inf) < 0.1
    tiles = np.floor(boxes / TILE_PX) + np.array([0, 0, 1, 1])
    whole = np.tile([[0, 0, 10000, 10000]], (int(behind.any()), 1))
    out: NDArray[np.intp] = np.clip(np.concatenate([tiles, whole]), 0, 10000).astype(np.intp)
    return out


def _quads(grid: NDArray[np.bool_]) -> F32:
    """Return two triangles per run of marked tiles in a row, (6 q, 2), in tiles."""
    padded = np.pad(grid, ((0, 0), (1, 1))).astype(np.int8)
    step = np.diff(padded, axis=1)
    row, start = np.nonzero(step == 1)
    _, stop = np.nonzero(step == -1)
    a, b, c, d = (
        np.stack(p, 1) for p in ((start, row), (stop, row), (stop, row + 1), (start, row + 1))
    )
    return np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 2).astype(np.float32)
