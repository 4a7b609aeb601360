"""Tag reads as the stages of the stack share them: checked once, for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message, array


@dataclass(frozen=True)
class CleanReads(Message):
    """What can be used of a batch of `TagReads`, in order of time.

    Each read is there once and of a garment and an antenna of the plan, all fields are in range,
    and jumps of the reader's clock are taken out of the times. `time_ns` is the batch's, as the
    reader told it. Batches of several readers overlap in time. Rows count from 0.

    Attributes:
        reader: reader id of the plan.
        read_us: microseconds since the epoch, int64 (n,), ascending.
        tag: row of the garment in `plan.items`, int64 (n,).
        antenna: row of the antenna among those of all readers, in the plan's order, int64 (n,).
        channel: row of the region's hop table, int64 (n,).
        rssi_cdbm: hundredths of dBm, int16 (n,).
        phase: 1/4096 turn, 0 to 4095, uint16 (n,).
        doppler: 1/16 Hz, int16 (n,).
    """

    kept: ClassVar[bool] = False  # as many as the reads in the bag, and nothing new in them

    reader: str
    read_us: NDArray[np.int64] = array(np.int64, "n")
    tag: NDArray[np.int64] = array(np.int64, "n")
    antenna: NDArray[np.int64] = array(np.int64, "n")
    channel: NDArray[np.int64] = array(np.int64, "n")
    rssi_cdbm: NDArray[np.int16] = array(np.int16, "n")
    phase: NDArray[np.uint16] = array(np.uint16, "n")
    doppler: NDArray[np.int16] = array(np.int16, "n")
