"""Which cameras have a clear view of a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.identity.silhouette import body_points_m, hidden, solid_boxes
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

CELL_M = 0.25
CLEAR_SHARE = 0.7  # of a body's points
HEIGHT_M = 1.68


class Overlook:
    """Counts the cameras that see most of a person standing somewhere, cell by cell."""

    def __init__(self, plan: StorePlan) -> None:
        self._views = [(c, Projection.of(c)) for c in plan.cameras if c.calibrated]
        self._solids = solid_boxes(plan) if plan.size_m is not None else None
        self._known: dict[tuple[int, int], int] = {}

    def cameras(self, xy_m: NDArray[np.float64]) -> int:
        """Return how many calibrated cameras have a clear view of somebody at (2,)."""
        column, row = np.floor(xy_m / CELL_M).astype(int).tolist()
        if (column, row) not in self._known:
            middle = (np.array([column, row]) + 0.5) * CELL_M
            self._known[column, row] = self._count(middle)
        return self._known[column, row]

    def _count(self, xy_m: NDArray[np.float64]) -> int:
        points = body_points_m(HEIGHT_M) + [*xy_m, 0.0]
        clear = 0
        for camera, view in self._views:
            pixels = view.to_image(points)
            size = [camera.width_px, camera.height_px]
            seen = np.asarray(((pixels >= 0) & (pixels <= size)).all(axis=1))
            if self._solids is not None and seen.any():
                seen[seen] = ~hidden(self._solids, view.position_m, points[seen])
            clear += int(seen.mean() >= CLEAR_SHARE)
        return clear
