"""Where everybody really was on the shop floor, and which of the stack's people they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from retailsim.messages.log import MessageLog
from retailsim.messages.results import People
from retailsim.messages.truth import TruthPeople
from retailsim.store.plan import StorePlan
from retailsim.store.zones import OUTSIDE, ZoneMap

SAME_PERSON_M = 1.0


@dataclass(frozen=True)
class FloorTruth:
    """True positions of everybody inside the shop, one row per person and tick.

    Attributes:
        tick_ns: times of the ticks, ascending, int64 (t,).
        tick_s: seconds from one tick to the next (the median), 0 with fewer than two ticks.
        tick: row of `tick_ns`, int64 (n,), ascending.
        person_id: int64 (n,).
        xy_m: float64 (n, 2).
        staff: bool (n,).
        zone: zone id ('aisle' between zones), unicode (n,).
    """

    tick_ns: NDArray[np.int64]
    tick_s: float
    tick: NDArray[np.int64]
    person_id: NDArray[np.int64]
    xy_m: NDArray[np.float64]
    staff: NDArray[np.bool_]
    zone: NDArray[np.str_]

    @classmethod
    def of(cls, truth: MessageLog, plan: StorePlan) -> FloorTruth:
        """Collect the `TruthPeople` of a session; the street outside is left out."""
        ticks = sorted(truth.of(TruthPeople), key=lambda m: m.time_ns)
        tick_ns = np.array([m.time_ns for m in ticks], np.int64)
        tick_s = float(np.median(np.diff(tick_ns))) * 1e-9 if len(ticks) > 1 else 0.0
        xy_m = np.concatenate([np.zeros((0, 2)), *(m.xy_m for m in ticks)])
        zone = ZoneMap(plan).at(xy_m)
        inside = zone != OUTSIDE
        return cls(
            tick_ns,
            tick_s,
            np.repeat(np.arange(len(ticks)), [len(m.person_id) for m in ticks])[inside],
            _joined([m.person_id for m in ticks], np.int64)[inside],
            xy_m[inside],
            _joined([m.staff for m in ticks], np.bool_)[inside],
            zone[inside],
        )

    def customers(self) -> FloorTruth:
        """Return the same without staff."""
        keep = ~self.staff
        return FloorTruth(
            self.tick_ns,
            self.tick_s,
            self.tick[keep],
            self.person_id[keep],
            self.xy_m[keep],
            self.staff[keep],
            self.zone[keep],
        )

    def rows_at(self, time_ns: int) -> slice:
        """Return the rows of the tick nearest to a time, if it is at most one tick away."""
        if not len(self.tick_ns):
            return slice(0, 0)
        nearest = int(np.abs(self.tick_ns - time_ns).argmin())
        if abs(int(self.tick_ns[nearest]) - time_ns) * 1e-9 > max(self.tick_s, 1e-6):
            return slice(0, 0)
        first, last = np.searchsorted(self.tick, [nearest, nearest + 1])
        return slice(int(first), int(last))

    def nearest(self, time_ns: int, xy_m: NDArray[np.float64], *, within_m: float) -> int:
        """Return who stands nearest to a place at a time, -1 for nobody within `within_m`."""
        rows = self.rows_at(time_ns)
        apart_m = np.linalg.norm(self.xy_m[rows] - xy_m, axis=1)
        if not len(apart_m) or not apart_m.min() <= within_m:
            return -1
        return int(self.person_id[rows][apart_m.argmin()])


def same_people(floor: FloorTruth, results: MessageLog) -> dict[int, int]:
    """Map the stack's confirmed people to true ones, one to one, by shared places and times.

    Each tick, each confirmed person votes for the nearest true person within 1 m; the mapping
    has the most votes overall.
    """
    votes: dict[tuple[int, int], int] = {}
    for message in results.of(People):
        rows = floor.rows_at(message.time_ns)
        if rows.stop == rows.start or not message.confirmed.any():
            continue
        who, where = message.person[message.confirmed], message.xy_m[message.confirmed]
        apart_m = np.linalg.norm(where[:, None] - floor.xy_m[rows][None], axis=2)
        best = apart_m.argmin(axis=1)
        for row in np.flatnonzero(apart_m[np.arange(len(best)), best] <= SAME_PERSON_M):
            pair = (int(who[row]), int(floor.person_id[rows][best[row]]))
            votes[pair] = votes.get(pair, 0) + 1
    return _assign(votes)


def _assign(votes: dict[tuple[int, int], int]) -> dict[int, int]:
    found = sorted({pair[0] for pair in votes})
    true = sorted({pair[1] for pair in votes})
    table = np.zeros((len(found), len(true)))
    for (f, t), count in votes.items():
        table[found.index(f), true.index(t)] = count
    rows, cols = linear_sum_assignment(-table)
    return {found[r]: true[c] for r, c in zip(rows, cols, strict=True) if table[r, c] > 0}


def _joined(parts: list[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    joined: NDArray[np.generic] = np.concatenate([np.zeros(0, dtype), *parts])
    return joined
