"""From a stream in order of arrival to capture ticks in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch

TICK_NS = 100_000_000


@dataclass(frozen=True)
class Tick:
    """Everything that happened up to one capture instant.

    Attributes:
        watermark_ns: nothing older will follow.
        messages: in order of time; at most one FrameBatch, which comes last.
    """

    watermark_ns: int
    messages: tuple[Message, ...]


def in_ticks(messages: Iterable[Message], *, lateness_ns: int) -> Iterator[Tick]:
    """Group messages into ticks that end with a frame batch.

    Messages may arrive out of order by at most `lateness_ns`; older ones are put into the tick
    that is open when they come, so nothing is lost. Frames of one instant are one batch even if
    some arrive later, within that time: how long the others wait for them is bounded. Stretches
    without frames are cut into ticks of 0.1 s.
    """
    former = TickFormer(lateness_ns=lateness_ns)
    for message in messages:
        yield from former.add(message)
    yield from former.close()


class TickFormer:
    """Forms ticks of messages that come one by one; see `in_ticks`."""

    def __init__(self, *, lateness_ns: int) -> None:
        self._lateness_ns = lateness_ns
        self._waiting: list[tuple[int, int, int, Message]] = []
        self._open_tick = _OpenTick()
        self._newest_ns: int | None = None
        self._count = 0

    @property
    def next_ns(self) -> int | None:
        """Up to when time has to pass before the next message counts; None where none waits."""
        return self._waiting[0][0] + self._lateness_ns if self._waiting else None

    def add(self, message: Message) -> Iterator[Tick]:
        """Take one more message; returns the ticks that are complete with it."""
        now_ns = message.time_ns
        self._newest_ns = now_ns if self._newest_ns is None else max(self._newest_ns, now_ns)
        last = int(isinstance(message, FrameBatch))
        heapq.heappush(self._waiting, (now_ns, last, self._count, message))
        self._count += 1
        while self._waiting and self._waiting[0][0] < self._newest_ns - self._lateness_ns:
            yield from self._open_tick.add(self._earliest())

    def advance(self, now_ns: int) -> Iterator[Tick]:
        """Take notice that all that was sent until then has come; returns what is complete."""
        while self._waiting and self._waiting[0][0] <= now_ns - self._lateness_ns:
            yield from self._open_tick.add(self._earliest())

    def _earliest(self) -> Message:
        """Take the earliest message out; frames of one instant come together, however they came."""
        message = heapq.heappop(self._waiting)[3]
        while isinstance(message, FrameBatch) and self._waiting:
            other = self._waiting[0][3]
            if not isinstance(other, FrameBatch) or not _of_one_instant(message, other):
                break
            heapq.heappop(self._waiting)
            message = FrameBatch(message.time_ns, message.frames + other.frames)
        return message

    def close(self) -> Iterator[Tick]:
        """Return what is left at the end."""
        while self._waiting:
            yield from self._open_tick.add(self._earliest())
        yield from self._open_tick.close()


def _of_one_instant(one: FrameBatch, other: FrameBatch) -> bool:
    cameras = {frame.camera for frame in one.frames}
    return one.time_ns == other.time_ns and cameras.isdisjoint(f.camera for f in other.frames)


class _OpenTick:
    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._begin_ns: int | None = None
        self._watermark_ns = 0

    def add(self, message: Message) -> Iterator[Tick]:
        if self._begin_ns is not None and message.time_ns > self._begin_ns + TICK_NS:
            yield from self.close()
        if self._begin_ns is None:
            self._begin_ns = message.time_ns
        self._watermark_ns = max(self._watermark_ns, message.time_ns)
        self._messages.append(message)
        if isinstance(message, FrameBatch):
            yield from self.close()

    def close(self) -> Iterator[Tick]:
        if self._messages:
            yield Tick(self._watermark_ns, tuple(self._messages))
        self._messages, self._begin_ns = [], None
