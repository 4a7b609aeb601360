"""What was read of each tag since it came to rest: sums per antenna and channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.residuals import Reads

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

MEMORY_S = 60.0


@dataclass(frozen=True)
class Heard:
    """Sums over the reads of some tags.

    Attributes:
        count: reads, (tags, antennas, channels).
        doubled: sum of the phasors of twice the phase, the planogram's distance taken out as in
            `Reads.doubled`, (tags, antennas, channels).
        rssi_dbm: sum of RSSI, (tags, antennas).
        seconds: for how long there was something to hear, (tags,).
    """

    count: F64
    doubled: C128
    rssi_dbm: F64
    seconds: F64

    @property
    def reads(self) -> F64:
        """Reads per antenna, (tags, antennas)."""
        total: F64 = self.count.sum(axis=2)
        return total

    @property
    def mean_dbm(self) -> F64:
        """Mean RSSI, (tags, antennas); 0 where nothing was read."""
        mean: F64 = self.rssi_dbm / np.maximum(self.reads, 1e-9)
        return mean

    def take(self, rows: I64) -> Heard:
        """Return some of the tags."""
        return Heard(self.count[rows], self.doubled[rows], self.rssi_dbm[rows], self.seconds[rows])

    @classmethod
    def of(
        cls,
        reads: Reads,
        shape: tuple[int, int, int],
        seconds: float,
        *,
        row: I64 | None = None,
    ) -> Heard:
        """Return the sums of reads.

        Args:
            reads: of some seconds.
            shape: (tags, antennas, channels).
            seconds: how many.
            row: which row each tag has, (all tags,); its own by default.
        """
        tags, antennas, _ = shape
        size = int(np.prod(shape))
        tag = reads.tag if row is None else row[reads.tag]
        flat = np.ravel_multi_index((tag, reads.antenna, reads.channel), shape)
        real = np.bincount(flat, reads.doubled.real, size)
        imaginary = np.bincount(flat, reads.doubled.imag, size)
        pair = tag * antennas + reads.antenna
        rssi_dbm = np.bincount(pair, reads.rssi_dbm, tags * antennas).astype(np.float64)
        return cls(
            np.bincount(flat, minlength=size).astype(float).reshape(shape),
            (real + 1j * imaginary).reshape(shape),
            rssi_dbm.reshape(tags, antennas),
            np.full(tags, seconds),
        )


class RestEvidence:
    """Keeps `Heard` for all tags; what is a minute old counts a third."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        """Start with nothing heard, `shape` being (tags, antennas, channels)."""
        self._shape = shape
        self.heard = Heard(
            np.zeros(shape), np.zeros(shape, np.complex128), np.zeros(shape[:2]), np.zeros(shape[0])
        )

    def add(self, reads: Reads, seconds: float) -> None:
        """Add the reads of some seconds, and forget a little of what was before."""
        new, old = Heard.of(reads, self._shape, seconds), self.heard
        keep = float(np.exp(-seconds / MEMORY_S))
        for before, now in (
            (old.count, new.count),
            (old.doubled, new.doubled),
            (old.rssi_dbm, new.rssi_dbm),
            (old.seconds, new.seconds),
        ):
            before *= keep
            before += now

    def put(self, rows: I64, heard: Heard) -> None:
        """Replace what was heard of some tags."""
        self.heard.count[rows] = heard.count
        self.heard.doubled[rows] = heard.doubled
        self.heard.rssi_dbm[rows] = heard.rssi_dbm
        self.heard.seconds[rows] = heard.seconds

    def clear(self, rows: I64) -> None:
        """Forget what was heard of some tags."""
        for column in (self.heard.count, self.heard.doubled, self.heard.rssi_dbm):
            column[rows] = 0
        self.heard.seconds[rows] = 0
