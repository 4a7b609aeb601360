"""What processes of a pipeline tell each other beside the words of stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message, array

NO_BATCH = -1


@dataclass(frozen=True)
class TickHeader(Message):
    """From `decode` to a worker, at the head of a tick's messages; `time_ns` is the watermark.

    Attributes:
        frames: how many frames of the ring make the tick's batch; -1 where it has no batch.
        batch_ns: time of the batch.
    """

    kept: ClassVar[bool] = False

    frames: int
    batch_ns: int


@dataclass(frozen=True)
class TickNote(Message):
    """From `decode` to the parent, at the head of what arrived; `time_ns` is the watermark.

    Attributes:
        begin_ns: time of the tick's first message.
        frames: how many it has.
        since_s: monotonic seconds from which on its latency counts: when the workers were told;
            in a live replay, when it was captured, as played.
        seconds: that each message took to get, float64 (n,).
        items: frames in each, int64 (n,).
    """

    kept: ClassVar[bool] = False

    begin_ns: int
    frames: int
    since_s: float
    seconds: NDArray[np.float64] = array(np.float64, "n")
    items: NDArray[np.int64] = array(np.int64, "n")


@dataclass(frozen=True)
class Report(Message):
    """From a worker to the parent, at the head of what its stages said in a tick.

    `time_ns` is the watermark. One row per stage of the worker, in running order.

    Attributes:
        done_s: monotonic seconds at which the last stage was done.
        words: how many of the messages it said, int64 (n,).
        seconds: that it took, float64 (n,).
        items: that it was given, int64 (n,).
    """

    kept: ClassVar[bool] = False

    done_s: float
    words: NDArray[np.int64] = array(np.int64, "n")
    seconds: NDArray[np.float64] = array(np.float64, "n")
    items: NDArray[np.int64] = array(np.int64, "n")
