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
    that is open when they come, so nothing is lost. Stretches without frames are cut into ticks
    of 0.1 s.
    """
    waiting: list[tuple[int, int, int, Message]] = []
    open_tick = _OpenTick()
    newest_ns: int | None = None
    for count, message in enumerate(messages):
        newest_ns = message.time_ns if newest_ns is None else max(newest_ns, message.time_ns)
        last = int(isinstance(message, FrameBatch))
        heapq.heappush(waiting, (message.time_ns, last, count, message))
        while waiting and waiting[0][0] < newest_ns - lateness_ns:
            yield from open_tick.add(heapq.heappop(waiting)[3])
    while waiting:
        yield from open_tick.add(heapq.heappop(waiting)[3])
    yield from open_tick.close()


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
