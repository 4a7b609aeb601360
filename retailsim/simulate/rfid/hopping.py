"""When a reader is on which antenna and channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retailsim.store.regions import Region


@dataclass(frozen=True)
class Stretch:
    """A stretch of time on one antenna and one channel; both count from 0."""

    start_ns: int
    end_ns: int
    antenna: int
    channel: int


def stretches(
    start_ns: int, end_ns: int, *, epoch_ns: int, antennas: int, dwell_s: float, region: Region
) -> Iterator[Stretch]:
    """Cut [start, end) where the reader switches antenna or hops; both began at `epoch_ns`.

    A dwell that divides the hop's would tie each antenna to some of the channels for good; the
    plan's default of 0.12 s on a hop of 0.2 s lets all channels meet all antennas.
    """
    dwell_ns, hop_ns = round(dwell_s * 1e9), round(region.dwell_s * 1e9)
    now = start_ns
    while now < end_ns:
        turn, hop = (now - epoch_ns) // dwell_ns, (now - epoch_ns) // hop_ns
        until = min(end_ns, epoch_ns + (turn + 1) * dwell_ns, epoch_ns + (hop + 1) * hop_ns)
        yield Stretch(now, until, int(turn % antennas), int(hop % len(region.frequency_hz)))
        now = until
