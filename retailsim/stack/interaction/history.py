"""The last minutes of everyone's floor positions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import People


@dataclass(frozen=True)
class Path:
    """Where one person was during an interval.

    Attributes:
        person: the stack's number of the person.
        xy_m: one row per tick at which the person was on the plan, in order, float64 (n, 2).
        time_ns: of each row, int64 (n,).
    """

    person: int
    xy_m: NDArray[np.float64]
    time_ns: NDArray[np.int64]


class PeopleHistory:
    """Keeps `keep_s` of confirmed people: a tag's motion is told only after its end."""

    def __init__(self, *, keep_s: float) -> None:
        self._keep_ns = int(keep_s * 1e9)
        self._times: list[int] = []
        self._ticks: list[People] = []

    def add(self, people: People) -> None:
        """Take the newest tick and forget what is too old."""
        self._times.append(people.time_ns)
        self._ticks.append(people)
        old = bisect_left(self._times, people.time_ns - self._keep_ns)
        if old > 100:  # forgetting in blocks keeps this cheap
            del self._times[:old], self._ticks[:old]

    def at(self, time_ns: int) -> People | None:
        """Return the last tick not after a time (the first one before that), None when empty."""
        if not self._ticks:
            return None
        return self._ticks[max(bisect_right(self._times, time_ns) - 1, 0)]

    def paths(self, start_ns: int, end_ns: int) -> list[Path]:
        """Return the paths of everyone confirmed within [start, end], by person number."""
        ticks = self._ticks[bisect_left(self._times, start_ns) : bisect_right(self._times, end_ns)]
        rows: dict[int, list[tuple[int, NDArray[np.float64]]]] = {}
        for tick in ticks:
            for i in np.flatnonzero(tick.confirmed & np.isfinite(tick.xy_m).all(axis=1)):
                rows.setdefault(int(tick.person[i]), []).append((tick.time_ns, tick.xy_m[i]))
        return [
            Path(
                person,
                np.array([xy for _, xy in seen]),
                np.array([time for time, _ in seen], np.int64),
            )
            for person, seen in sorted(rows.items())
        ]
