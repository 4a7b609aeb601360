"""Messages of one session, grouped by type: what scoring and tables work on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from retailsim.messages.base import Message

M = TypeVar("M", bound=Message)


class MessageLog:
    """An append-only collection of messages that keeps each type's order of arrival.

    Beside each message it keeps the stream time at which it was said: the watermark of the
    replay for results, the message's own time where nothing else is known.
    """

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._by_type: dict[type[Message], list[Message]] = {}
        self._emitted_ns: dict[type[Message], list[int]] = {}
        self.extend(messages)

    def append(self, message: Message, *, emitted_ns: int | None = None) -> None:
        """Add one message, said at stream time `emitted_ns`."""
        self._by_type.setdefault(type(message), []).append(message)
        said_ns = message.time_ns if emitted_ns is None else emitted_ns
        self._emitted_ns.setdefault(type(message), []).append(said_ns)

    def extend(self, messages: Iterable[Message], *, emitted_ns: int | None = None) -> None:
        """Add messages in order."""
        for message in messages:
            self.append(message, emitted_ns=emitted_ns)

    def emitted_ns(self, kind: type[Message]) -> list[int]:
        """Return the stream times at which the messages of `of(kind)` were said."""
        return list(self._emitted_ns.get(kind, []))

    def of(self, kind: type[M]) -> list[M]:
        """Return all messages of exactly that type, in order of arrival."""
        return list(self._by_type.get(kind, []))  # type: ignore[arg-type]

    def replaced(self, other: MessageLog, kinds: Collection[type[Message]]) -> MessageLog:
        """Return this log with all messages of those types taken from `other` instead."""
        mixed = MessageLog()
        for kind in [*self._by_type, *(k for k in other._by_type if k not in self._by_type)]:
            source = other if kind in kinds else self
            for message, said_ns in zip(source.of(kind), source.emitted_ns(kind), strict=True):
                mixed.append(message, emitted_ns=said_ns)
        return mixed

    def __iter__(self) -> Iterator[Message]:
        for messages in self._by_type.values():
            yield from messages

    def __len__(self) -> int:
        return sum(len(messages) for messages in self._by_type.values())
