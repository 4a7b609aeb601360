"""How people move on the floor, as far as a filter needs to know.

Velocity is an Ornstein-Uhlenbeck process (Singer, "Estimating optimal tracking filter performance
for manned maneuvering targets", 1970, with the velocity in the acceleration's place): people keep
going for about a second, then nobody knows.
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
        cov: of (x, y, velocity x, velocity y), float64 (4, 4).
    """

    xy_m: F64
    velocity_mps: F64
    cov: F64

    @property
    def place_cov(self) -> F64:
        """Covariance of the position, float64 (2, 2)."""
        return self.cov[:2, :2]


def start(xy_m: F64, place_cov: F64) -> Walk:
    """Return a person first seen at a place with covariance (2, 2), with unknown velocity."""
    cov = np.zeros((4, 4))
    cov[:2, :2], cov[2:, 2:] = place_cov, SPEED_MPS**2 * np.eye(2)
    return Walk(xy_m, np.zeros(2), cov)


def predict(walk: Walk, dt_s: float) -> Walk:
    """Return the walk `dt_s` seconds later; its position sigma never grows past `WIDEST_M`."""
    keep = np.exp(-dt_s / MEMORY_S)
    reach_s = MEMORY_S * (1 - keep)
    still = SPEED_MPS**2 * (1 - keep**2)
    spread = 2 * SPEED_MPS**2 * MEMORY_S * (dt_s - reach_s) - SPEED_MPS**2 * reach_s**2
    both = SPEED_MPS**2 * MEMORY_S * (1 - keep) ** 2
    step = _both_axes(1.0, reach_s, 0.0, keep)
    cov = step @ walk.cov @ step.T + _both_axes(spread, both, both, still)
    widest = max(cov[0, 0], cov[1, 1])
    if widest > WIDEST_M**2:
        shrink = np.array([WIDEST_M / np.sqrt(widest)] * 2 + [1.0, 1.0])
        cov = cov * shrink[:, None] * shrink
    return Walk(walk.xy_m + reach_s * walk.velocity_mps, keep * walk.velocity_mps, cov)


def update(walk: Walk, xy_m: F64, place_cov: F64) -> Walk:
    """Return the walk after the person was seen at a place with covariance (2, 2)."""
    gain = walk.cov[:, :2] @ np.linalg.inv(walk.place_cov + place_cov)
    moved = gain @ (xy_m - walk.xy_m)
    keep = np.eye(4)
    keep[:, :2] -= gain
    cov = keep @ walk.cov @ keep.T + gain @ place_cov @ gain.T  # Joseph's form
    return Walk(walk.xy_m + moved[:2], walk.velocity_mps + moved[2:], (cov + cov.T) / 2)


def _both_axes(xx: float, xv: float, vx: float, vv: float) -> F64:
    """Return the (4, 4) matrix that acts alike on (x, velocity x) and (y, velocity y)."""
    return np.array(
        [[xx, 0.0, xv, 0.0], [0.0, xx, 0.0, xv], [vx, 0.0, vv, 0.0], [0.0, vx, 0.0, vv]]
    )
