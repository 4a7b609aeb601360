"""From batches of reads to features of half a second, for all tags, in order of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.pairs import PairBin, PairFeatures
from retailsim.stack.tagmotion.read_bins import ReadBins
from retailsim.stack.tagmotion.residuals import Expectation, Reads, Residuals
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]

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
    """Hands out finished bins, with what their reads say, as the watermark passes them."""

    def __init__(self, plan: StorePlan) -> None:
        self._bins = ReadBins(plan)
        self.table = self._bins.table
        self._expectation = Expectation(len(plan.items), self.table.frequency_hz)
        self._features = PairFeatures(self.table.xyz_m, len(self.table.antenna_row))
        self._waiting: deque[tuple[Reads, Residuals]] = deque()
        self._unrest = np.zeros(len(plan.items))

    def add(self, batch: TagReads | CleanReads) -> None:
        """Take a batch of reads; late ones go into the next bin."""
        self._bins.add(batch)

    def bins(self, watermark_ns: int) -> Iterator[Bin]:
        """Yield all bins that ended before the watermark, see `ReadBins`."""
        for start_ns, reads in self._bins.bins(watermark_ns):
            yield self._look(start_ns, reads)

    def rest(self) -> Iterator[Bin]:
        """Yield what is left at the end of the session."""
        for start_ns, reads in self._bins.rest():
            yield self._look(start_ns, reads)

    def _look(self, start_ns: int, reads: Reads) -> Bin:
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
