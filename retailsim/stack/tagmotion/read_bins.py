"""Reads of all readers cut into bins of equal length, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.residuals import Reads, ReadTable
from retailsim.store.plan import StorePlan

BIN_S = 0.5
SLACK_S = 0.3  # batches come up to this much later than their first read


class ReadBins:
    """Collects reads; hands out bins as the watermark passes them.

    Attributes:
        table: gives every tag, antenna and channel a row.
    """

    def __init__(self, plan: StorePlan) -> None:
        self.table = ReadTable(plan)
        self._parts: list[Reads] = []
        self._bin = 0

    def add(self, batch: TagReads | CleanReads) -> None:
        """Take a batch of reads; late ones go into the next bin."""
        reads = self.table.columns(batch)
        self.table.counts.late += int((reads.time_s < self._bin * BIN_S).sum())
        self._parts.append(reads)

    def bins(self, watermark_ns: int) -> Iterator[tuple[int, Reads]]:
        """Yield begin (ns since the epoch) and reads of all bins that ended before the watermark.

        Bins last `BIN_S`; each is held back for `SLACK_S`.
        """
        until_s = self.table.until_s(watermark_ns) - SLACK_S
        if not self._parts and not self._bin:
            return
        while (self._bin + 1) * BIN_S <= until_s:
            yield self._finish()

    def rest(self) -> Iterator[tuple[int, Reads]]:
        """Yield what is left at the end of the session."""
        while any(len(part) for part in self._parts):
            yield self._finish()

    def _finish(self) -> tuple[int, Reads]:
        start_ns = self.table.epoch_us * 1000 + round(self._bin * BIN_S * 1e9)
        self._bin += 1
        everything = Reads.join(self._parts)
        ends = int(np.searchsorted(everything.time_s, self._bin * BIN_S))
        self._parts = [everything.take(slice(ends, None))]
        return start_ns, everything.take(slice(ends))
