"""The soft darkness under feet that many small ceiling lights leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID_PX = (160, 128)
SPREAD_M = 0.22


def contact_map(
    xy_m: NDArray[np.float64], low_m: tuple[float, float], high_m: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return how much of the lamps' light bodies at (n, 2) take from the floor, uint8 (h, w)."""
    width, height = GRID_PX
    x = low_m[0] + (np.arange(width) + 0.5) / width * (high_m[0] - low_m[0])
    y = low_m[1] + (np.arange(height) + 0.5) / height * (high_m[1] - low_m[1])
    across = np.exp(-((x[None] - xy_m[:, :1]) ** 2) / (2 * SPREAD_M**2))
    along = np.exp(-((y[None] - xy_m[:, 1:]) ** 2) / (2 * SPREAD_M**2))
    taken = np.minimum(np.einsum("ny,nx->yx", along, across), 1.0)
    out: NDArray[np.uint8] = (taken * 255).astype(np.uint8)
    return out
