"""What a shop's devices send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message, array


@dataclass(frozen=True)
class Frame(Message):
    """One decoded image.

    Attributes:
        camera: camera id of the plan.
        index: running number of the frame in its stream, from 0.
        image: BGR, uint8, shape (h, w, 3).
    """

    camera: str
    index: int
    image: NDArray[np.uint8] = array(np.uint8, "h", "w", 3)


@dataclass(frozen=True)
class FrameBatch(Message):
    """Frames captured at one instant, in the plan's camera order; then those that came late."""

    frames: tuple[Frame, ...]


READ_COLUMNS = ("read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase", "doppler")


@dataclass(frozen=True)
class TagReads(Message):
    """A batch of reads as one reader reported them, in the reader's own integers.

    `time_ns` is the time of the last read (a batch is sent when it is complete).

    Attributes:
        reader: reader id of the plan.
        read_us: microseconds since the epoch, int64 (n,).
        epc: 24 lower-case hex digits, unicode (n,).
        antenna: port, uint8 (n,).
        channel: index into the region's hop table, from 1, uint16 (n,).
        rssi_cdbm: hundredths of dBm, int16 (n,).
        phase: 1/4096 turn, uint16 (n,).
        doppler: 1/16 Hz, int16 (n,).
    """

    reader: str
    read_us: NDArray[np.int64] = array(np.int64, "n")
    epc: NDArray[np.str_] = array(np.str_, "n")
    antenna: NDArray[np.uint8] = array(np.uint8, "n")
    channel: NDArray[np.uint16] = array(np.uint16, "n")
    rssi_cdbm: NDArray[np.int16] = array(np.int16, "n")
    phase: NDArray[np.uint16] = array(np.uint16, "n")
    doppler: NDArray[np.int16] = array(np.int16, "n")

    def take(self, rows: NDArray[np.int64]) -> TagReads:
        """Return some of the reads, in that order, as a batch of the same time."""
        return replace(self, **{name: getattr(self, name)[rows] for name in READ_COLUMNS})

    @classmethod
    def join(cls, batches: Sequence[TagReads]) -> TagReads:
        """Return one batch of all the reads of some, at least one, as of the last."""
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(b, name) for b in batches]) for name in READ_COLUMNS
        }
        return replace(batches[-1], **columns)


@dataclass(frozen=True)
class Sale(Message):
    """A receipt: the EPCs that a till deactivated."""

    till: str
    epc: NDArray[np.str_] = array(np.str_, "n")


@dataclass(frozen=True)
class TryOn(Message):
    """A fitting mirror reports that it was started on a garment and asks what to show."""

    mirror: str
    epc: str


@dataclass(frozen=True)
class ScreenViewed(Message):
    """A screen reports that somebody stopped before it."""

    screen: str
