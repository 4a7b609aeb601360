"""How a crowd slows those who walk in it: Weidmann's relation of speed and density.

Every walker feels the density of people ahead, on the floor that is really there, and walks at
most as fast as people were measured to walk at that density. Who stands to the side or behind
hardly counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

F64 = NDArray[np.float64]
# U. Weidmann, Transporttechnik der Fussgänger, ETH Zürich, IVT Schriftenreihe 90 (1993): the
# Kladek formula v(rho) = 1.34 * (1 - exp(-1.913 * (1 / rho - 1 / 5.4))), m/s and people/m2.
FREE_SPEED_MPS = 1.34
CROWD_PER_M2 = 1.913
STANDSTILL_PER_M2 = 5.4
AHEAD_M = 0.8  # people are counted around a point this far ahead (assumed),
SPREAD_M = 0.7  # with weights that fall off like a Gaussian (assumed)
LEAST_ROOM = 0.2  # in a narrow place no less of the surroundings counts as floor (assumed)
LEAST_SHARE = 0.12  # of the free speed: a crowd alone brings nobody to a stand (assumed)


def weidmann_share(density_per_m2: ArrayLike) -> F64:
    """Return walking speed over free speed at densities (...), in [0, 1] (Weidmann 1993).

    Example:
        >>> weidmann_share([0.5, 1.0, 2.0, 5.4]).round(2).tolist()
        [0.97, 0.79, 0.45, 0.0]
    """
    density = np.maximum(np.asarray(density_per_m2, float), 1e-6)
    share = 1 - np.exp(-CROWD_PER_M2 * (1 / density - 1 / STANDSTILL_PER_M2))
    out: F64 = np.maximum(share, 0.0)
    return out


def room_around(floor: NDArray[np.bool_], cell_m: float) -> F64:
    """Return what share of each cell's surroundings is floor, for a grid of cells (ny, nx)."""
    room: F64 = gaussian_filter(floor.astype(float), SPREAD_M / cell_m, mode="constant")
    return np.maximum(room, LEAST_ROOM)


def crowd_ahead(ahead_m: F64, position: F64, room: F64) -> F64:
    """Return the density of people at points (w, 2), people per m2, (w,).

    Args:
        ahead_m: points `AHEAD_M` before the walkers, (w, 2).
        position: everyone, walkers included, (n, 2).
        room: share of floor around the points, (w,).
    """
    dx = ahead_m[:, :1] - position[:, 0]
    dy = ahead_m[:, 1:] - position[:, 1]
    weight = np.exp(-(dx * dx + dy * dy) / (2 * SPREAD_M**2)).sum(axis=1)
    density: F64 = weight / (2 * np.pi * SPREAD_M**2 * room)
    return density


def pace_share(density_per_m2: F64) -> F64:
    """Return what share of their own pace people walk at, at densities ahead (w,)."""
    return np.maximum(weidmann_share(density_per_m2), LEAST_SHARE)
