"""From probabilities, bin by bin, to events with a start and an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
F64 = NDArray[np.float64]

GAP_BINS, LONGEST_BINS = 1, 16  # of a flip


@dataclass(frozen=True)
class Hysteresis:
    """When an event begins, goes on and ends.

    Attributes:
        on: an event needs one bin of at least this probability.
        off: it spans the bins around of at least this.
        gap_bins: so many bins below `off` do not end it.
        longest_bins: it is cut there.
    """

    on: float
    off: float
    gap_bins: int
    longest_bins: int


@dataclass(frozen=True)
class Segment:
    """An event of one tag: first and last bin, and its highest probability."""

    tag: int
    first: int
    last: int
    score: float


class Segments:
    """Follows the probabilities of all tags."""

    def __init__(self, tags: int, rule: Hysteresis) -> None:
        self._rule = rule
        self.first = np.full(tags, -1, np.int64)  # bin in which the open event began
        self._last = np.full(tags, -1, np.int64)
        self.peak = np.zeros(tags)
        self._bin = 0

    @property
    def believed(self) -> BoolArray:
        """Return which tags have an open event that has reached `on`, (tags,)."""
        believed: BoolArray = (self.first >= 0) & (self.peak >= self._rule.on)
        return believed

    def add(self, probability: F64) -> Iterator[Segment]:
        """Take the next bin (tags,); yield the events that are over, in order of tags."""
        rule, now = self._rule, self._bin
        self._bin += 1
        above = probability >= rule.off
        starts = above & (self.first < 0)
        self.first[starts] = now
        self._last[above] = now
        self.peak[above] = np.maximum(self.peak[above], probability[above])
        open_ = self.first >= 0
        over = open_ & (
            (now - self._last > rule.gap_bins) | (now - self.first + 1 >= rule.longest_bins)
        )
        yield from self._close(over)

    def rest(self) -> Iterator[Segment]:
        """Yield the events still open at the end."""
        yield from self._close(self.first >= 0)

    def _close(self, over: BoolArray) -> Iterator[Segment]:
        for tag in np.flatnonzero(over).tolist():
            if self.peak[tag] >= self._rule.on:
                first, last = int(self.first[tag]), int(self._last[tag])
                yield Segment(tag, first, last, float(self.peak[tag]))
        self.first[over] = -1
        self.peak[over] = 0.0
