"""A person as the stack knows one, and one sight of a person."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.identity.walk import Walk

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
TRAIL_S = 2.0
VANISHING_S = 0.5  # how long stepping behind a curtain takes (assumed)
ACROSS_M = 0.07  # how well a box tells where across the line of sight a person is (measured)


@dataclass(frozen=True)
class Sight:
    """One tracklet in one frame.

    Attributes:
        time_ns: capture time.
        camera: camera id.
        track_id: its number.
        box_px: float32 (4,).
        xy_m: floor position, NaN when unknown, float64 (2,).
        cov: its covariance, float64 (2, 2).
        placed: whether the floor position is known.
    """

    time_ns: int
    camera: str
    track_id: int
    box_px: F32
    xy_m: F64
    cov: F64
    placed: bool


def sight_cov(xy_m: F64, sigma_m: F64 | float, eye_m: F64 | None) -> F64:
    """Return the covariances (..., 2, 2) of floor positions (..., 2) seen from above `eye_m`.

    A camera knows the direction of what it sees far better than the distance: of the variance
    (2 sigma^2 in the plane), all but `ACROSS_M` squared lies along the line of sight. Where two
    cameras look from different sides, their lines of sight meet in the right place.
    """
    sigma = np.asarray(sigma_m, float)[..., None, None]
    # Rounds as the power of a single number does; a square may differ in the last bit.
    variance = np.float_power(sigma, np.full_like(sigma, 2.0))
    alike: F64 = variance * np.eye(2)
    if eye_m is None:
        return alike
    away = xy_m - eye_m
    distance_m = np.hypot(away[..., 0], away[..., 1])[..., None]
    ray = away / np.maximum(distance_m, 1e-9)
    across = np.minimum(sigma, ACROSS_M) ** 2
    along = 2 * variance - across
    cov = across * np.eye(2) + (along - across) * (ray[..., :, None] * ray[..., None, :])
    # From above, no direction is better than another.
    return np.where(distance_m[..., None] < 1.0, alike, cov)


class Look:
    """A running mean of appearance vectors.

    Attributes:
        total: sum of unit vectors, older ones faded, float64 (d,); None before the first.
    """

    def __init__(self) -> None:
        self.total: F64 | None = None
        self._unit: F64 | None = None

    def add(self, vector: NDArray[np.floating], keep: float = 0.99) -> None:
        """Take one unit vector (d,) in; older ones fade by `keep` each."""
        row = vector.astype(float)
        self.total = row if self.total is None else keep * self.total + row
        self._unit = None

    @property
    def unit(self) -> F64 | None:
        """The mean's direction, a unit vector (d,); None while it is unknown."""
        if self._unit is None and self.total is not None:
            length = float(np.linalg.norm(self.total))
            self._unit = self.total / length if length > 0 else None
        return self._unit


@dataclass
class Person:
    """Somebody on the floor.

    Attributes:
        number: given out from 1.
        walk: filtered position.
        born_ns, seen_ns: first and last sight.
        observed_s: time in sight so far.
        confirmed: whether the evidence suffices.
        look: mean appearance.
        room_m: centre of the fitting room the person is believed to be in.
        cameras: camera -> time of the last sight there.
        trail: time and place of the sights of the last `TRAIL_S`.
    """

    number: int
    walk: Walk
    born_ns: int
    seen_ns: int
    observed_s: float = 0.0
    confirmed: bool = False
    look: Look = field(default_factory=Look)
    room_m: F64 | None = None
    cameras: dict[str, int] = field(default_factory=dict)
    trail: deque[tuple[int, F64]] = field(default_factory=deque)

    def walk_on(self) -> None:
        """Note where the person is seen to be now."""
        self.trail.append((self.seen_ns, self.walk.xy_m))
        while self.seen_ns - self.trail[0][0] > TRAIL_S * 1e9:
            self.trail.popleft()

    def vanished_at_m(self) -> F64:
        """Return where the person was last seen well, float64 (2,).

        Who steps behind a curtain is seen in ever smaller part, and misplaced: the last sights
        are not trusted.
        """
        well_ns = self.seen_ns - round(VANISHING_S * 1e9)
        return next((xy for at, xy in reversed(self.trail) if at <= well_ns), self.walk.xy_m)

    def unseen_s(self, time_ns: int) -> float:
        """Seconds since the last sight."""
        return (time_ns - self.seen_ns) * 1e-9
