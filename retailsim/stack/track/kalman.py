"""A constant-velocity Kalman filter on boxes, vectorised over tracks.

Position and size are filtered as four independent axes (centre x, centre y, width, height), each
with its own (value, rate) pair. ByteTrack's and BoT-SORT's 8 x 8 covariances are block-diagonal in
exactly this way, so nothing is lost and a whole camera's tracks cost a handful of array operations.
Times are seconds, so that a camera's frame rate and gaps in it need no special case.

Sources: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and Navigation",
2001, 6.3.2 (discretised white-noise acceleration); noise proportional to the box's size as in
Wojke et al., "Simple online and realtime tracking with a deep association metric", 2017; width
instead of aspect ratio as in Aharon et al., "BoT-SORT", 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class BoxNoise:
    """How much boxes jitter and how suddenly people change their motion.

    Attributes:
        measurement: standard deviation of an observed edge pair, in box sizes (1/20 in ByteTrack).
        acceleration: of centre and size, in box sizes per second squared (chosen on rendered
            shops; about 0.6 m/s2, a shopper's).
        first_rate: standard deviation of the unknown first rate, box sizes per second (likewise;
            about 0.4 m/s).
    """

    measurement: float = 0.05
    acceleration: float = 0.5
    first_rate: float = 0.3


@dataclass(frozen=True)
class BoxStates:
    """Filtered boxes of n tracks.

    Attributes:
        mean: (value, rate) of cx, cy, w, h; pixels and pixels per second, (n, 4, 2).
        cov: covariance of each axis, (n, 4, 2, 2), symmetric and positive definite.
    """

    mean: F64
    cov: F64

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, rows: NDArray[np.int64]) -> BoxStates:
        """Return the states of `rows`, in that order."""
        return BoxStates(self.mean[rows], self.cov[rows])

    def boxes_px(self) -> F64:
        """Return x1, y1, x2, y2, (n, 4); sizes are at least one pixel."""
        centre, half = self.mean[:, :2, 0], np.maximum(self.mean[:, 2:, 0], 1.0) / 2
        return np.concatenate([centre - half, centre + half], axis=1)


def start(boxes_px: F64, noise: BoxNoise) -> BoxStates:
    """Return states of new tracks at boxes x1, y1, x2, y2, (n, 4), with unknown rates."""
    measured = _centre_size(boxes_px)
    scale = _scale(measured)
    mean = np.stack([measured, np.zeros_like(measured)], axis=-1)
    cov = np.zeros((*measured.shape, 2, 2))
    cov[..., 0, 0] = (2 * noise.measurement * scale) ** 2
    cov[..., 1, 1] = (noise.first_rate * scale) ** 2
    return BoxStates(mean, cov)


def predict(states: BoxStates, dt_s: float, noise: BoxNoise) -> BoxStates:
    """Return the states `dt_s` seconds later."""
    mean, cov = states.mean.copy(), states.cov
    mean[..., 0] += dt_s * mean[..., 1]
    step = np.array([[1.0, dt_s], [0.0, 1.0]])
    drift = np.array([[dt_s**4 / 4, dt_s**3 / 2], [dt_s**3 / 2, dt_s**2]])
    strength = (noise.acceleration * _scale(states.mean[..., 0])) ** 2
    return BoxStates(mean, step @ cov @ step.T + strength[..., None, None] * drift)


def update(states: BoxStates, boxes_px: F64, noise: BoxNoise) -> BoxStates:
    """Return the states after observing one box each, (n, 4)."""
    measured = _centre_size(boxes_px)
    spread = (noise.measurement * _scale(measured)) ** 2
    gain = states.cov[..., 0] / (states.cov[..., 0, 0] + spread)[..., None]
    mean = states.mean + gain * (measured - states.mean[..., 0])[..., None]
    # Joseph's form stays symmetric and positive whatever the rounding.
    keep = np.broadcast_to(np.eye(2), states.cov.shape).copy()
    keep[..., 0] -= gain
    noise_part = spread[..., None, None] * gain[..., :, None] * gain[..., None, :]
    cov = keep @ states.cov @ np.swapaxes(keep, -1, -2) + noise_part
    return BoxStates(mean, (cov + np.swapaxes(cov, -1, -2)) / 2)


def join(first: BoxStates, second: BoxStates) -> BoxStates:
    """Return the states of both, one after the other."""
    return BoxStates(
        np.concatenate([first.mean, second.mean]), np.concatenate([first.cov, second.cov])
    )


def nothing() -> BoxStates:
    """Return the states of no track."""
    return BoxStates(np.zeros((0, 4, 2)), np.zeros((0, 4, 2, 2)))


def _centre_size(boxes_px: F64) -> F64:
    low, high = boxes_px[:, :2], boxes_px[:, 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def _scale(centre_size: F64) -> F64:
    """The length noise is proportional to: mean of width and height for all axes, (n, 1)."""
    return np.maximum((centre_size[:, 2:3] + centre_size[:, 3:4]) / 2, 1.0)
