"""Radial lens distortion: where a ray falls on the sensor, and back.

Brown's model (Brown 1971, "Close-range camera calibration") with two coefficients, as OpenCV and
ROS ("plumb_bob") have it: a ray that meets the plane one focal length before the lens at radius r
from the axis falls at radius r (1 + k1 r^2 + k2 r^4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]
# A polynomial fitted to a picture turns back somewhere beyond its corners and would fold what is
# far outside into the picture; where its slope falls to this, it goes on straight.
LEAST_SLOPE = 0.3
ROUNDS = 60
ENOUGH = 1e-13


@dataclass(frozen=True)
class Lens:
    """One camera's radial distortion; lengths are in focal lengths from the optical axis.

    Attributes:
        k1, k2: coefficients; barrel distortion has a negative k1.
    """

    k1: float = 0.0
    k2: float = 0.0

    @property
    def straight(self) -> bool:
        """Whether the lens bends nothing."""
        return self.k1 == 0 and self.k2 == 0

    @cached_property
    def limit(self) -> float:
        """The radius beyond which distortion goes on straight, infinity where it never does."""
        # slope(r) - LEAST_SLOPE is a quadratic in s = r^2: its least positive root.
        roots = np.roots([5 * self.k2, 3 * self.k1, 1 - LEAST_SLOPE])
        real = roots.real[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)]
        return float(np.sqrt(real.min())) if len(real) else float("inf")

    def distort(self, xy: ArrayLike) -> F64:
        """Return where undistorted points (..., 2) fall, (..., 2)."""
        points = np.asarray(xy, float)
        if self.straight:
            return points
        radius = np.hypot(points[..., 0], points[..., 1])
        return points * _ratio(self._bent(radius), radius)[..., None]

    def undistort(self, xy: ArrayLike) -> F64:
        """Return where distorted points (..., 2) would fall without the lens, (..., 2)."""
        points = np.asarray(xy, float)
        if self.straight:
            return points
        bent = np.hypot(points[..., 0], points[..., 1])
        return points * _ratio(self._straightened(bent), bent)[..., None]

    def _polynomial(self, radius: F64 | float) -> F64:
        square = np.square(radius)
        out: F64 = radius * (1 + square * (self.k1 + self.k2 * square))
        return out

    def _slope(self, radius: F64) -> F64:
        square = np.minimum(radius, self.limit) ** 2
        out: F64 = 1 + square * (3 * self.k1 + 5 * self.k2 * square)
        return out

    def _bent(self, radius: F64) -> F64:
        inner = np.minimum(radius, self.limit)
        out: F64 = self._polynomial(inner) + LEAST_SLOPE * (radius - inner)
        return out

    def _straightened(self, bent: F64) -> F64:
        """Invert `_bent` by Newton's steps, halving the bracket where one leaves it."""
        low, high = np.zeros_like(bent), bent / LEAST_SLOPE
        radius = bent.copy()
        for _ in range(ROUNDS):
            error = self._bent(radius) - bent
            if not (np.abs(error) > ENOUGH * (1 + bent)).any():  # NaN counts as done
                break
            low, high = np.where(error < 0, radius, low), np.where(error > 0, radius, high)
            step = radius - error / self._slope(radius)
            radius = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        return radius


def _ratio(numerator: F64, denominator: F64) -> F64:
    one = denominator < 1e-12
    out: F64 = np.where(one, 1.0, numerator / np.where(one, 1.0, denominator))
    return out
