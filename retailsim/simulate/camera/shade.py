"""Where in a picture people can throw shade: the only part of the standing shop drawn anew."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.contact import SPREAD_M
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import NEAR_M, Light
from retailsim.simulate.camera.people import MESH, CrowdMesh
from retailsim.store.projection import Projection

TILE_PX = 8
CONTACT_M = 2.5 * SPREAD_M
_SUB = 4  # fractional bits of polygon corners
_BESIDE = 2 << _SUB
_AROUND = np.ones((3, 3), np.uint8)
_FAR = np.unique(MESH.far)  # every second corner: what sticks out beyond is within a tile
# The farthest vertices of a body in these directions span nearly its hull.
_WAYS = np.array(
    [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)],
    np.float32,
)
_CORNERS = np.array([(i & 1, i & 2, i & 4) for i in range(8)], bool)
_RING = np.stack([f(np.arange(8) * np.pi / 4) * CONTACT_M for f in (np.cos, np.sin)], 1)


def shade_points(mesh: CrowdMesh, light: Light) -> F32:
    """Return for everybody points whose hull holds their shade, (n, k, 3).

    A body's shade lies within the hull of the body, the things it has, the shadow of both on the
    floor and the patch of contact under it.
    """
    position = mesh.position.take(_FAR, 1)
    farthest = (position @ _WAYS.T).argmax(1)
    body = np.take_along_axis(position, farthest[..., None], axis=1)
    owners = np.unique(mesh.props.owner)
    if len(owners):
        box = body[:, :8].copy()
        low, high = np.moveaxis(mesh.bounds[owners, :, None], 1, 0)
        box[owners] = np.where(_CORNERS, high, low)
        body = np.concatenate([body, box], axis=1)
    slope = -np.array(light.direction[:2], np.float32) / np.float32(light.direction[2])
    floor = body.copy()
    floor[..., :2] += slope * body[..., 2:]
    floor[..., 2] = 0.0
    contact = np.zeros((len(position), len(_RING), 3), np.float32)
    contact[..., :2] = ((position.min(1) + position.max(1)) / 2)[:, None, :2] + _RING
    return np.concatenate([body, floor, contact], axis=1)


def shade_corners(projection: Projection, points: F32, size_px: tuple[int, int]) -> F32:
    """Return triangles in clip space, (6 q, 2), that cover the hulls of points (n, k, 3).

    The triangles do not overlap: the hulls are marked on a grid of tiles.
    """
    return to_triangles(hull_tiles(projection, points, size_px), size_px)


def hull_tiles(projection: Projection, points: F32, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Mark the tiles of TILE_PX that the hulls of points (n, k, 3) touch in the picture."""
    width, height = size_px
    grid = np.zeros((-(-height // TILE_PX), -(-width // TILE_PX)), np.uint8)
    local = projection.to_camera(points)
    before = (local[..., 2] > NEAR_M).all(1)
    # All at once where possible: every call costs more than its few numbers.
    corners = _corners(local[before], projection)
    low, high = corners.min(1), corners.max(1)
    limit = np.array([grid.shape[1], grid.shape[0]]) << _SUB
    hulls = list(corners[((high > -_BESIDE) & (low < limit + _BESIDE)).all(1)])
    for hull in local[~before]:
        seen = _clipped(hull)
        if len(seen):
            hulls.append(_corners(seen, projection))
    for hull in hulls:
        cv2.fillConvexPoly(grid, cv2.convexHull(hull), 1, shift=_SUB)
    # What is filled are tiles whose middle lies inside; one more all round holds the rest.
    return np.asarray(cv2.dilate(grid, _AROUND), np.uint8)


def _corners(local: NDArray[np.float64], projection: Projection) -> NDArray[np.int32]:
    """Return where points (..., 3) before the camera lie on the grid, in fractions of a tile."""
    k = projection.matrix
    pixels = local[..., :2] / local[..., 2:] * (k[0, 0], k[1, 1]) + (k[0, 2], k[1, 2])
    corners = np.clip(pixels / TILE_PX - 0.5, -1e4, 1e4) * (1 << _SUB)
    return np.asarray(np.rint(corners), np.int32)


def _clipped(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points before the camera whose hull is the part of the points' hull before it."""
    before = points[:, 2] > NEAR_M
    if before.all() or not before.any():
        return points[before]
    near, far = points[~before][None], points[before][:, None]
    share = (far[..., 2:] - NEAR_M) / (far[..., 2:] - near[..., 2:])
    crossing = far + share * (near - far)
    return np.concatenate([points[before], crossing.reshape(-1, 3)])


def to_triangles(grid: NDArray[np.uint8], size_px: tuple[int, int]) -> F32:
    """Return two triangles in clip space per run of marked tiles in a row, (6 q, 2)."""
    padded = np.pad(grid, ((0, 0), (1, 1))).astype(np.int8)
    step = np.diff(padded, axis=1)
    row, start = np.nonzero(step == 1)
    _, stop = np.nonzero(step == -1)
    a, b, c, d = (
        np.stack(p, 1) for p in ((start, row), (stop, row), (stop, row + 1), (start, row + 1))
    )
    tiles = np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 2).astype(np.float32)
    to_clip = np.array([2 * TILE_PX / size_px[0], 2 * TILE_PX / size_px[1]], np.float32)
    return np.asarray(tiles * to_clip - 1, np.float32)
