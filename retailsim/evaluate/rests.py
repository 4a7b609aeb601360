"""Where every garment really was, and when it hung or lay at a fixture that is not its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagPositions
from retailsim.messages.truth import TruthCarry, TruthPlacement, TruthTagPositions, TruthTagZones
from retailsim.store.zones import OUTSIDE

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

SETTLED_NS = 2_000_000_000  # a garment just put down is told where it hangs at the next second


@dataclass(frozen=True)
class Course:
    """One garment's positions over time, each holding until the next.

    Attributes:
        time_ns: (n,), ascending.
        xy_m: (n, 2); NaN for out of the shop.
        sigma_m: (n,); 0 for the truth.
    """

    time_ns: I64
    xy_m: F64
    sigma_m: F64

    def at(self, time_ns: I64) -> I64:
        """Return the rows that hold at some times, -1 before the first."""
        return np.searchsorted(self.time_ns, time_ns, side="right") - 1


@dataclass(frozen=True)
class Stay:
    """A garment at rest at a fixture that is not its own, where it was put at `begin_ns`."""

    epc: str
    fixture: str
    begin_ns: int
    end_ns: int
    xy_m: F64


def courses(log: MessageLog) -> dict[str, Course]:
    """Return the courses of all garments that the log's positions, true or estimated, tell of."""
    steps: dict[str, list[tuple[int, float, float, float]]] = {}
    for true in log.of(TruthTagPositions):
        for epc, (x, y, _) in zip(true.epc.tolist(), true.xyz_m.tolist(), strict=True):
            steps.setdefault(epc, []).append((true.time_ns, x, y, 0.0))
    for said in log.of(TagPositions):
        rows = zip(said.epc.tolist(), said.xy_m.tolist(), said.sigma_m.tolist(), strict=True)
        for epc, (x, y), sigma_m in rows:
            steps.setdefault(epc, []).append((said.time_ns, x, y, sigma_m))
    found = {}
    for epc, rows_of in steps.items():
        time_ns = np.array([row[0] for row in rows_of], np.int64)
        order = np.argsort(time_ns, kind="stable")
        values = np.array([row[1:] for row in rows_of])[order]
        found[epc] = Course(time_ns[order], values[:, :2], values[:, 2])
    return found


def stays(truth: MessageLog, end_ns: int) -> list[Stay]:
    """Return all stays at wrong fixtures, in order of their begin.

    A stay ends when the garment is carried again, or at `end_ns`.
    """
    carried: dict[str, list[int]] = {}
    for carry in sorted(truth.of(TruthCarry), key=lambda c: c.time_ns):
        carried.setdefault(carry.epc, []).append(carry.time_ns)
    where, found = courses(truth), []
    for put in sorted(truth.of(TruthPlacement), key=lambda p: p.time_ns):
        taken = [t for t in carried.get(put.epc, []) if t >= put.time_ns]
        end = min(taken[0] if taken else end_ns, end_ns)
        course = where.get(put.epc)
        if course is None or end <= put.time_ns:
            continue
        row = int(course.at(np.array([min(put.time_ns + SETTLED_NS, end)]))[0])
        xy_m = course.xy_m[max(row, 0)]
        found.append(Stay(put.epc, put.fixture, put.time_ns, end, xy_m))
    return found


class InShop:
    """Says when garments were in the shop."""

    def __init__(self, truth: MessageLog) -> None:
        self._steps: dict[str, list[tuple[int, bool]]] = {}
        for message in sorted(truth.of(TruthTagZones), key=lambda m: m.time_ns):
            for epc, zone in zip(message.epc.tolist(), message.zone.tolist(), strict=True):
                self._steps.setdefault(epc, []).append((message.time_ns, zone != OUTSIDE))

    def at(self, epc: str, time_ns: I64) -> Bool:
        """Return at which of some times a garment was in the shop, (n,); True before the first."""
        steps = self._steps.get(epc, [])
        inside = np.array([True, *(here for _, here in steps)])
        times = np.array([t for t, _ in steps], np.int64)
        found: Bool = inside[np.searchsorted(times, time_ns, side="right")]
        return found
