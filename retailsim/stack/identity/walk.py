"""How people move on the floor, as far as a filter needs to know.

Velocity is an Ornstein-Uhlenbeck process (Singer, "Estimating optimal tracking filter performance
for manned maneuvering targets", 1970, with the velocity in the acceleration's place): people keep
going for about a second, then nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    return predict_all([walk], dt_s)[0]


def predict_all(walks: Sequence[Walk], dt_s: float) -> list[Walk]:
    """Return all the walks `dt_s` seconds later, as `predict` does."""
    if not walks:
        return []
    keep = np.exp(-dt_s / MEMORY_S)
    reach_s = MEMORY_S * (1 - keep)
    still = SPEED_MPS**2 * (1 - keep**2)
    spread = 2 * SPEED_MPS**2 * MEMORY_S * (dt_s - reach_s) - SPEED_MPS**2 * reach_s**2
    both = SPEED_MPS**2 * MEMORY_S * (1 - keep) ** 2
    step = _both_axes(1.0, reach_s, 0.0, keep)
    xy, velocity, cov = _stacked(walks)
    cov = step @ cov @ step.T + _both_axes(spread, both, both, still)
    widest = np.maximum(cov[:, 0, 0], cov[:, 1, 1])
    lost = widest > WIDEST_M**2
    if lost.any():
        shrink = np.ones((int(lost.sum()), 4))
        shrink[:, :2] = (WIDEST_M / np.sqrt(widest[lost]))[:, None]
        cov[lost] = cov[lost] * shrink[:, :, None] * shrink[:, None, :]
    return _apart(xy + reach_s * velocity, keep * velocity, cov)


def update(walk: Walk, xy_m: F64, place_cov: F64) -> Walk:
    """Return the walk after the person was seen at a place with covariance (2, 2)."""
    return update_all([walk], xy_m[None], place_cov[None])[0]


def update_all(walks: Sequence[Walk], xy_m: F64, place_cov: F64) -> list[Walk]:
    """Return the walks after everybody was seen once, at (n, 2) with covariances (n, 2, 2)."""
    if not walks:
        return []
    xy, velocity, cov = _stacked(walks)
    gain = cov[:, :, :2] @ np.linalg.inv(cov[:, :2, :2] + place_cov)
    moved = (gain @ (xy_m - xy)[..., None])[..., 0]
    keep = np.zeros((len(walks), 4, 4)) + np.eye(4)
    keep[:, :, :2] -= gain
    # Joseph's form stays symmetric and positive whatever the rounding.
    cov = keep @ cov @ keep.transpose(0, 2, 1) + gain @ place_cov @ gain.transpose(0, 2, 1)
    return _apart(xy + moved[:, :2], velocity + moved[:, 2:], (cov + cov.transpose(0, 2, 1)) / 2)


def _stacked(walks: Sequence[Walk]) -> tuple[F64, F64, F64]:
    """Return places (n, 2), velocities (n, 2) and covariances (n, 4, 4)."""
    return (
        np.array([walk.xy_m for walk in walks]),
        np.array([walk.velocity_mps for walk in walks]),
        np.array([walk.cov for walk in walks]),
    )


def _apart(xy_m: F64, velocity_mps: F64, cov: F64) -> list[Walk]:
    return [Walk(*parts) for parts in zip(xy_m, velocity_mps, cov, strict=True)]


def _both_axes(xx: float, xv: float, vx: float, vv: float) -> F64:
    """Return the (4, 4) matrix that acts alike on (x, velocity x) and (y, velocity y)."""
    return np.array(
        [[xx, 0.0, xv, 0.0], [0.0, xx, 0.0, xv], [vx, 0.0, vv, 0.0], [0.0, vx, 0.0, vv]]
    )
