"""What a stage says: what it may be, and that it stays as it was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from retailsim.engine.graph import Node
from retailsim.errors import StageError
from retailsim.messages.base import Message

M = TypeVar("M")


def messages_of(node: Node, method: str, said: Any) -> Iterator[Message]:
    """Yield what a stage said if it declares it, and all of it can be told on, as it was said.

    Raises:
        StageError: it said something else.
    """
    for message in words_of(node, method, said):
        kind: Any = type(message)
        if kind not in node.stage.outputs:
            raise StageError(
                f"stage '{node.role}' said {_kind_of(message)}, which it does not declare"
            )
        for name, plain in _plain_fields(kind):
            value = getattr(message, name)
            if not plain.holds(value):
                what = repr(value) if isinstance(value, plain.kinds) else _kind_of(value)
                raise StageError(
                    f"stage '{node.role}' said {_kind_of(message)} with a {name} of {what}, "
                    f"not {plain}"
                )
        yield _own(message)


def words_of(node: Node, method: str, said: Any) -> Iterable[Any]:
    """Return what a method of a stage returned; raises StageError if it is no list."""
    if not isinstance(said, Iterable):
        kind = type(node.stage).__name__
        raise StageError(
            f"stage '{node.role}' ({kind}): {method}() returned {_kind_of(said)}, not a list of "
            "messages; return () for nothing"
        )
    return said


def _own(value: M) -> M:
    """Return a message with copies of all arrays in it: a stage may go on writing to its own."""
    kept: Any = value
    if isinstance(value, np.ndarray):
        kept = value.copy()
        kept.flags.writeable = False
    elif isinstance(value, tuple):
        kept = tuple(_own(part) for part in value)
    elif isinstance(value, Message):
        kept = copy(value)
        for field in fields(value):
            part = getattr(value, field.name)
            if isinstance(part, np.ndarray | tuple | Message):
                object.__setattr__(kept, field.name, _own(part))
    return kept  # type: ignore[no-any-return]


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


@dataclass(frozen=True)
class _Plain:
    """What may stand in a field that is no array.

    Attributes:
        name: in words.
        kinds: types of it.
        among: the only values, if not empty.
        within: the only whole numbers, if not None.
    """

    name: str
    kinds: tuple[type, ...]
    among: tuple[object, ...] = ()
    within: range | None = None

    def holds(self, value: object) -> bool:
        """Whether a value may stand there."""
        if self.within and isinstance(value, int | np.integer) and int(value) not in self.within:
            return False
        return isinstance(value, self.kinds) and (not self.among or value in self.among)

    def __str__(self) -> str:
        return self.name


_PLAIN: dict[Any, _Plain] = {
    int: _Plain("int of 64 bits", (int, np.integer), within=range(-(2**63), 2**63)),
    float: _Plain("float", (float, int, np.floating, np.integer)),
    bool: _Plain("bool", (bool, np.bool_)),
    str: _Plain("str", (str,)),
}


@cache
def _plain_fields(kind: type[Message]) -> tuple[tuple[str, _Plain], ...]:
    """Return the fields of a message that are a number or text, and what may stand there."""
    found = []
    for name, hint in _hints(kind).items():
        if hint in _PLAIN:
            found.append((name, _PLAIN[hint]))
        elif get_origin(hint) is Literal:
            among = get_args(hint)
            words = " or ".join(map(repr, among))
            found.append((name, _Plain(words, tuple({type(v) for v in among}), among)))
    return tuple(found)


def _hints(kind: type[Message]) -> dict[str, Any]:
    """Return the types of a message's fields, as far as they can be told."""
    try:
        return get_type_hints(kind)
    except NameError:  # one is known to type checkers alone
        plain = {plain.__name__: plain for plain in _PLAIN}
        return {field.name: plain.get(field.type, field.type) for field in fields(kind)}
