"""Overlap of boxes and optimal one-to-one matching."""

from __future__ import annotations

import lap
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def iou(first_px: F64, second_px: F64) -> F64:
    """Return the intersection over union of boxes (n, 4) and (m, 4), shape (n, m)."""
    low = np.maximum(first_px[:, None, :2], second_px[None, :, :2])
    high = np.minimum(first_px[:, None, 2:], second_px[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    total = _area(first_px)[:, None] + _area(second_px)[None] - shared
    overlap: F64 = shared / np.maximum(total, 1e-9)
    return overlap


def paired_iou(first_px: F64, second_px: F64) -> F64:
    """Return the intersection over union of boxes (n, 4) with their partners (n, 4), (n,)."""
    low = np.maximum(first_px[:, :2], second_px[:, :2])
    high = np.minimum(first_px[:, 2:], second_px[:, 2:])
    size = np.maximum(high - low, 0.0)
    shared = size[:, 0] * size[:, 1]
    overlap: F64 = shared / np.maximum(_area(first_px) + _area(second_px) - shared, 1e-9)
    return overlap


def inside(first_px: F64, second_px: F64) -> F64:
    """Return the share of boxes (n, 4) that lies inside boxes (m, 4), shape (n, m)."""
    low = np.maximum(first_px[:, None, :2], second_px[None, :, :2])
    high = np.minimum(first_px[:, None, 2:], second_px[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    share: F64 = shared / np.maximum(_area(first_px), 1e-9)[:, None]
    return share


def match(cost: F64, limit: float) -> tuple[I64, I64]:
    """Return rows and columns of the cheapest one-to-one matching, no pair dearer than `limit`.

    Solved by Jonker and Volgenant's algorithm. Rows come back in ascending order.
    """
    if 0 in cost.shape:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    columns = np.asarray(lap.lapjv(cost, extend_cost=True, cost_limit=limit)[1], np.int64)
    rows = np.flatnonzero(columns >= 0)
    return rows, columns[rows]


def rest(count: int, taken: I64) -> I64:
    """Return the numbers below `count` that are not in `taken`, ascending."""
    free = np.ones(count, bool)
    free[taken] = False
    return np.flatnonzero(free)


def _area(boxes_px: F64) -> F64:
    area: F64 = np.prod(np.maximum(boxes_px[:, 2:] - boxes_px[:, :2], 0.0), axis=1)
    return area
