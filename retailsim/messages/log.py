"""Messages of one session, grouped by type: what scoring and tables work on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from retailsim.messages.base import Message

M = TypeVar("M", bound=Message)


class MessageLog:
    """An append-only collection of messages that keeps each type's order of arrival."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._by_type: dict[type[Message], list[Message]] = {}
        self.extend(messages)

    def append(self, message: Message) -> None:
        """Add one message."""
        self._by_type.setdefault(type(message), []).append(message)

    def extend(self, messages: Iterable[Message]) -> None:
        """Add messages in order."""
        for message in messages:
            self.append(message)

    def of(self, kind: type[M]) -> list[M]:
        """Return all messages of exactly that type, in order of arrival."""
        return list(self._by_type.get(kind, []))  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Message]:
        for messages in self._by_type.values():
            yield from messages

    def __len__(self) -> int:
        return sum(len(messages) for messages in self._by_type.values())
