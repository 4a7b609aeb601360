"""How people move on the floor, as far as a filter needs to know.

Velocity is an Ornstein-Uhlenbeck process (Singer, "Estimating optimal tracking filter performance
for manned maneuvering targets", 1970, with the velocity in the acceleration's place): people keep
going for about a second, then nobody knows. x and y share one covariance because floor
positions have one sigma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

SPEED_MPS = 0.6  # standard deviation of a shopper's velocity along one axis (assumed)
MEMORY_S = 1.2  # how long a velocity lasts (assumed)
WIDEST_M = 2.5  # a lost person is looked for no farther than about twice this (assumed)


@dataclass(frozen=True)
class Walk:
    """Where a person is and is going.

    Attributes:
        xy_m: float64 (2,).
        velocity_mps: float64 (2,).
        cov: of (position, velocity) along either axis, float64 (2, 2).
    """

    xy_m: F64
    velocity_mps: F64
    cov: F64

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the position along one axis."""
        return float(np.sqrt(self.cov[0, 0]))


def start(xy_m: F64, sigma_m: float) -> Walk:
    """Return a person first seen at a place, with unknown velocity."""
    return Walk(xy_m, np.zeros(2), np.diag([sigma_m**2, SPEED_MPS**2]))


def predict(walk: Walk, dt_s: float) -> Walk:
    """Return the walk `dt_s` seconds later; its position sigma never grows past `WIDEST_M`."""
    keep = np.exp(-dt_s / MEMORY_S)
    reach_s = MEMORY_S * (1 - keep)
    step = np.array([[1.0, reach_s], [0.0, keep]])
    still = SPEED_MPS**2 * (1 - keep**2)
    spread = 2 * SPEED_MPS**2 * MEMORY_S * (dt_s - reach_s) - SPEED_MPS**2 * reach_s**2
    both = SPEED_MPS**2 * MEMORY_S * (1 - keep) ** 2
    cov = step @ walk.cov @ step.T + np.array([[spread, both], [both, still]])
    if cov[0, 0] > WIDEST_M**2:
        shrink = np.array([WIDEST_M / np.sqrt(cov[0, 0]), 1.0])
        cov = cov * np.outer(shrink, shrink)
    return Walk(walk.xy_m + reach_s * walk.velocity_mps, keep * walk.velocity_mps, cov)


def update(walk: Walk, xy_m: F64, sigma_m: float) -> Walk:
    """Return the walk after the person was seen at a place."""
    gain = walk.cov[:, 0] / (walk.cov[0, 0] + sigma_m**2)
    off = xy_m - walk.xy_m
    keep = np.eye(2) - np.outer(gain, [1.0, 0.0])
    cov = keep @ walk.cov @ keep.T + sigma_m**2 * np.outer(gain, gain)
    return Walk(walk.xy_m + gain[0] * off, walk.velocity_mps + gain[1] * off, (cov + cov.T) / 2)
