"""What the ways to hand frames over come to, over all rounds: `retail bench transport`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retailsim.experiments.simulate_bench import Spread

WAYS = ("pickle", "send_bytes", "queue", "ring")
Times = dict[str, float]  # microseconds


@dataclass(frozen=True)
class Handing:
    """One way's figures, microseconds.

    Attributes:
        way: pickle, send_bytes, queue, ring or 'ring, in place'.
        first: until the first reader has the frame.
        first_read: and has read every byte.
        further, further_read: the same for each further reader.
        woken: until a further reader that slept has the frame; None where that is `further`.
        first_busy, further_busy: processor time of both sides until the reader has the frame.
    """

    way: str
    first: Spread
    first_read: Spread
    further: Spread
    further_read: Spread
    woken: Spread | None
    first_busy: Spread
    further_busy: Spread


@dataclass(frozen=True)
class Gain:
    """How many times faster the ring is than another way, round by round.

    The last two compare processor time of both sides, the others time.
    """

    over: str
    first: Spread
    first_in_place: Spread
    further: Spread
    further_read: Spread
    first_busy: Spread
    further_busy: Spread


@dataclass(frozen=True)
class SizeBench:
    """All ways' figures for one size of frame.

    Attributes:
        copy_us: the copy of a frame from memory to memory.
        copy_gb_per_s: its speed.
        read_us: reading every byte of a frame, in this process.
    """

    width: int
    height: int
    frame_bytes: int
    copy_us: Spread
    copy_gb_per_s: float
    read_us: Spread
    ways: tuple[Handing, ...]
    gains: tuple[Gain, ...]


@dataclass(frozen=True)
class TransportBench:
    """All sizes' figures, and what they were measured on."""

    device: str
    rounds: int
    frames: int
    sizes: tuple[SizeBench, ...]


def sum_up(size: tuple[int, int], rounds: Sequence[dict[str, Times]]) -> SizeBench:
    """Turn one size's times, by way and figure and round, into medians and spreads."""

    def figure(way: str, name: str) -> Spread:
        return Spread.of([one[way][name] for one in rounds])

    def gain(over: str, name: str, way: str = "ring") -> Spread:
        return Spread.of([one[over][name] / one[way][name] for one in rounds])

    ways = (*WAYS, "ring, in place")
    frame_bytes = size[0] * size[1] * 3
    copy = figure("memory", "copy")
    return SizeBench(
        width=size[0],
        height=size[1],
        frame_bytes=frame_bytes,
        copy_us=copy,
        copy_gb_per_s=frame_bytes / copy.median / 1e3,
        read_us=figure("memory", "read"),
        ways=tuple(
            Handing(
                way=way,
                first=figure(way, "first"),
                first_read=figure(way, "first_read"),
                further=figure(way, "further"),
                further_read=figure(way, "further_read"),
                woken=figure(way, "woken") if way.startswith("ring") else None,
                first_busy=figure(way, "first_busy"),
                further_busy=figure(way, "further_busy"),
            )
            for way in ways
        ),
        gains=tuple(
            Gain(
                over,
                gain(over, "first"),
                gain(over, "first", "ring, in place"),
                gain(over, "further"),
                gain(over, "further_read"),
                gain(over, "first_busy"),
                gain(over, "further_busy"),
            )
            for over in WAYS[:3]
        ),
    )
