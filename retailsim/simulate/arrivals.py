"""When people come: a non-homogeneous Poisson process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.scenario import RatePoint


def rate_per_s(points: Sequence[RatePoint], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the piecewise-linear rate at times (n,), per second; level beyond its ends."""
    if not points:
        return np.zeros_like(time_s)
    at = [point.at_s for point in points]
    return np.interp(time_s, at, [point.per_hour / 3600 for point in points])


def arrival_times_s(
    points: Sequence[RatePoint], *, start_s: float, end_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw arrival times in [start, end), ascending, float64 (n,).

    Thinning (Lewis and Shedler 1979): candidates come at the highest rate, and each is kept with
    probability rate / highest rate.
    """
    highest = max((point.per_hour / 3600 for point in points), default=0.0)
    times: list[float] = []
    now = start_s
    while highest > 0.0:
        now += rng.exponential(1 / highest)
        keep = rng.random() * highest
        if now >= end_s:
            break
        if keep < rate_per_s(points, np.array([now]))[0]:
            times.append(now)
    return np.array(times)
