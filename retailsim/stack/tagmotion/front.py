"""From batches of reads to features of half a second, for all tags, in order of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.pairs import BIN_S, PairBin, PairFeatures
from retailsim.stack.tagmotion.residuals import Expectation, Reads, ReadTable, Residuals
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]

SLACK_S = 0.3  # batches come up to this much later than their first read
WAIT_BINS = 10  # reads enter a tag's history 5 s later, so that a flip is not its own yardstick
OUTLIER = 3.0  # surprise of a read that is not learnt
UNREST = 1.5  # mean surprise over some 15 s that means: the tag has a new place
UNREST_SHARE = 0.03


@dataclass(frozen=True)
class Bin:
    """One finished bin.

    Attributes:
        start_ns: begin of the bin; it lasts `BIN_S`.
        features: what the reads say.
        reads, found: the reads of the bin and their residuals.
    """

    start_ns: int
    features: PairBin
    reads: Reads
    found: Residuals


class Front:
    """Collects reads; hands out finished bins as the watermark passes them."""

    def __init__(self, plan: StorePlan) -> None:
        self.table = ReadTable(plan)
        self._expectation = Expectation(len(plan.items), self.table.frequency_hz)
        self._features = PairFeatures(self.table.xyz_m, len(self.table.antenna_row))
        self._parts: list[Reads] = []
        self._waiting: deque[tuple[Reads, Residuals]] = deque()
        self._unrest = np.zeros(len(plan.items))
        self._bin = 0

    def add(self, batch: TagReads | CleanReads) -> None:
        """Take a batch of reads; late ones go into the next bin."""
        reads = self.table.columns(batch)
        self.table.counts.late += int((reads.time_s < self._bin * BIN_S).sum())
        self._parts.append(reads)

    def bins(self, watermark_ns: int) -> Iterator[Bin]:
        """Yield all bins that ended `SLACK_S` before the watermark."""
        until_s = self.table.until_s(watermark_ns) - SLACK_S
        if not self._parts and not self._bin:
            return
        while (self._bin + 1) * BIN_S <= until_s:
            yield self._finish((self._bin + 1) * BIN_S)

    def rest(self) -> Iterator[Bin]:
        """Yield what is left at the end of the session."""
        while any(len(part) for part in self._parts):
            yield self._finish((self._bin + 1) * BIN_S)

    def _finish(self, end_s: float) -> Bin:
        start_ns = self.table.epoch_us * 1000 + round(self._bin * BIN_S * 1e9)
        self._bin += 1
        everything = Reads.join(self._parts) if self._parts else _nothing()
        ends = int(np.searchsorted(everything.time_s, end_s))
        reads = everything.take(slice(ends))
        self._parts = [everything.take(slice(ends, None))]
        found = self._expectation.look(reads)
        features = self._features.add(reads, found)
        self._learn(reads, found)
        return Bin(start_ns, features, reads, found)

    def _learn(self, reads: Reads, found: Residuals) -> None:
        known = np.flatnonzero(found.known)
        count = np.bincount(reads.tag[known], minlength=len(self._unrest))
        total = np.bincount(reads.tag[known], found.surprise[known], len(self._unrest))
        seen = count > 0
        self._unrest[seen] += UNREST_SHARE * (total[seen] / count[seen] - self._unrest[seen])
        moved = np.flatnonzero(self._unrest > UNREST)
        if len(moved):
            self._expectation.forget(moved)
            self._unrest[moved] = 0.0
        self._waiting.append((reads, found))
        if len(self._waiting) > WAIT_BINS:
            old, looked = self._waiting.popleft()
            self._expectation.learn(old.take(looked.surprise < OUTLIER))


def _nothing() -> Reads:
    none, rows = np.zeros(0), np.zeros(0, np.int64)
    return Reads(none, rows, rows, rows, none, none.astype(np.complex128))
