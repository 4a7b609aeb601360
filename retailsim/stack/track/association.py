"""Overlap of boxes and optimal one-to-one matching."""

from __future__ import annotations

from typing import TypeVar

import lap
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Real = TypeVar("Real", np.float32, np.float64)


def iou(first_px: NDArray[Real], second_px: NDArray[Real]) -> NDArray[Real]:
    """Return the intersection over union of boxes (n, 4) and (m, 4), shape (n, m)."""
    shared, first, second = _shared(first_px, second_px), _area(first_px), _area(second_px)
    overlap: NDArray[Real] = shared / np.maximum(first[:, None] + second[None] - shared, 1e-9)
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
    share: F64 = _shared(first_px, second_px) / np.maximum(_area(first_px), 1e-9)[:, None]
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


def _shared(first_px: NDArray[Real], second_px: NDArray[Real]) -> NDArray[Real]:
    """Return the area that boxes (n, 4) and (m, 4) share, (n, m)."""
    # Plane by plane: NumPy is slow along a last axis of 2.
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = first_px.T[:, :, None], second_px.T[:, None]
    width = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0.0)
    height = np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0.0)
    shared: NDArray[Real] = width * height
    return shared


def _area(boxes_px: NDArray[Real]) -> NDArray[Real]:
    x1, y1, x2, y2 = boxes_px.T
    area: NDArray[Real] = np.maximum(x2 - x1, 0.0) * np.maximum(y2 - y1, 0.0)
    return area
