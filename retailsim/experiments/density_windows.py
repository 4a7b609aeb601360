"""Whether streams were served: their rate and latency in a window of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE = 0.95
MOST_P95_S = 1.0


@dataclass(frozen=True)
class Stream:
    """The frames of one camera that were served, in order.

    Attributes:
        due_s: when each was captured, as played, float64 (n,).
        done_s: when all stages had spoken of it, float64 (n,).
    """

    due_s: NDArray[np.float64]
    done_s: NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """What became of the frames that were captured in a window.

    Attributes:
        frames: that were served, of all streams.
        least_share, most_share: of its source's rate at which a stream was served: the stream that
            got least, and the one that got most.
        p95_s: 95th percentile of the latency, from capture to the last word, of the stream with
            the worst; None where a stream got nothing.
        believed: whether no stream got more than its source sends. A frame more is forgiven: it
            may lie on the edge.
        held: whether each got enough, soon enough.
    """

    frames: int
    least_share: float
    most_share: float
    p95_s: float | None
    believed: bool
    held: bool


def window_of(streams: Sequence[Stream], *, begin_s: float, end_s: float, rate_hz: float) -> Window:
    """Judge the frames that were captured in a window: begin <= due < end.

    Frames count when they were captured, not when they were done, so that what was left over from
    before does not pass for speed. Frames that were dropped are not served; they lower the share.
    """
    sent = round(rate_hz * (end_s - begin_s), 6)  # clocks read large numbers: less is noise
    shares, latencies, frames = [], [], 0
    for stream in streams:
        inside = (stream.due_s >= begin_s) & (stream.due_s < end_s)
        served = int(inside.sum())
        frames += served
        shares.append(served / sent)
        if served:
            late_s = stream.done_s[inside] - stream.due_s[inside]
            latencies.append(float(np.percentile(late_s, 95)))
    p95_s = max(latencies) if len(latencies) == len(streams) else None
    believed = max(shares) * sent <= np.ceil(sent) + 1
    soon = p95_s is not None and p95_s < MOST_P95_S
    held = believed and soon and min(shares) >= LEAST_SHARE
    return Window(frames, min(shares), max(shares), p95_s, bool(believed), bool(held))


def largest(holds: Callable[[int], bool], *, start: int, most: int) -> int:
    """Return the largest number that holds, 0 where not even 1 does.

    Doubles from `start` on until one does not hold, then halves the gap. Where larger numbers do
    not always do worse, the answer is one that held, next to one that did not.

    Args:
        holds: tries a number, 1 or more; called once for each that is tried.
        start: to try first.
        most: not to be exceeded.
    """
    held, failed, number = 0, most + 1, min(start, most)
    while held < most:
        if holds(number):
            held = number
        else:
            failed = number
            break
        number = min(2 * number, most)
    while failed - held > 1:
        middle = (held + failed) // 2
        if holds(middle):
            held = middle
        else:
            failed = middle
    return held


def by_majority(holds: Callable[[], bool], rounds: int) -> bool:
    """Whether something holds in more than half of the rounds; asks no longer than that takes."""
    held = failed = 0
    while 2 * held <= rounds and 2 * failed < rounds:
        if holds():
            held += 1
        else:
            failed += 1
    return 2 * held > rounds
