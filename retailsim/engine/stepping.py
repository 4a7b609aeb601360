"""One step of one stage, the same in every executor: what it gets and may say, who is blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from retailsim.engine.graph import Node
from retailsim.errors import RetailError, StageError, first_line
from retailsim.messages.base import Message, array_fields
from retailsim.messages.sensors import FrameBatch

Beat = Callable[[], None]


def _no_beat() -> None:
    return None


def step(
    node: Node, wanted: Sequence[Message], watermark_ns: int, *, beat: Beat = _no_beat
) -> list[Message]:
    """Give a stage what it wants of one tick, and the watermark; returns what it says.

    Args:
        node: the stage.
        wanted: messages of its inputs, in order.
        watermark_ns: of the tick.
        beat: called before each call of the stage, as a sign of life.

    Raises:
        StageError: it raised something, or said what it does not declare.
        RetailError: it raised that, and named itself.
    """
    said: list[Message] = []
    with blamed_on(node):
        for message in wanted:
            beat()
            said += _messages(node, "process", node.stage.process(message))
        beat()
        said += _messages(node, "advance", node.stage.advance(watermark_ns))
    return said


def last_step(
    node: Node, wanted: Sequence[Message], end_ns: int, *, beat: Beat = _no_beat
) -> list[Message]:
    """Let a stage say its last, after what others said as their last; raises as `step` does."""
    said = step(node, wanted, end_ns, beat=beat) if wanted else []
    beat()
    with blamed_on(node):
        said += _messages(node, "finish", node.stage.finish())
    return said


def warnings_of(node: Node) -> list[str]:
    """Return what a stage wants the user to know; raises StageError as `step` does."""
    with blamed_on(node):
        return [str(text) for text in _words(node, "warnings", node.stage.warnings())]


@contextmanager
def blamed_on(node: Node) -> Iterator[None]:
    """Turn whatever a stage raises into one line that names it; raises StageError.

    What retailsim raises on purpose stays what it is where it names the stage already.
    """
    try:
        yield
    except RetailError as error:
        if f"stage '{node.role}'" in str(error):
            raise
        raise StageError(blame(node, error)) from error
    except (Exception, SystemExit) as error:  # a stage's own wish to exit is a failure too
        raise StageError(blame(node, error)) from error


def blame(node: Node, error: BaseException) -> str:
    """Say in one line which stage failed, and how."""
    who = f"stage '{node.role}' ({type(node.stage).__name__})"
    return f"{who} failed: {type(error).__name__}: {first_line(error)}"


def kept(said: Sequence[Message]) -> Iterator[Message]:
    """Return what a replay keeps of what was said."""
    return (message for message in said if message.kept)


def count_items(messages: Sequence[Message]) -> int:
    """Count what a stage was given: a frame batch counts its frames."""
    return sum(len(m.frames) if isinstance(m, FrameBatch) else 1 for m in messages)


def _words(node: Node, method: str, said: Any) -> Iterable[Any]:
    """Return what a method of a stage returned, if it can be gone through."""
    if not isinstance(said, Iterable):
        kind = type(node.stage).__name__
        raise StageError(
            f"stage '{node.role}' ({kind}): {method}() returned {_kind_of(said)}, not a list of "
            "messages; return () for nothing"
        )
    return said


def _messages(node: Node, method: str, said: Any) -> Iterator[Message]:
    """Yield what a stage said if it declares it, and all of it can be told on, as it was said.

    Raises:
        StageError: it said something else.
    """
    for message in _words(node, method, said):
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
        _settle(message)
        yield message


def _settle(message: Message) -> None:
    """Copy arrays that are part of others, which a stage could still write to."""
    kind: Any = type(message)
    for name, *_ in array_fields(kind):
        base = getattr(message, name).base
        if isinstance(base, np.ndarray) and base.flags.writeable:
            own = getattr(message, name).copy()
            own.flags.writeable = False
            object.__setattr__(message, name, own)


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


@dataclass(frozen=True)
class _Plain:
    """What may stand in a field that is no array.

    Attributes:
        name: in words.
        kinds: types of it.
        among: the only values, if not empty.
    """

    name: str
    kinds: tuple[type, ...]
    among: tuple[object, ...] = ()

    def holds(self, value: object) -> bool:
        """Whether a value may stand there."""
        if isinstance(value, int | np.integer) and not -(2**63) <= value < 2**63:
            return False
        return isinstance(value, self.kinds) and (not self.among or value in self.among)

    def __str__(self) -> str:
        return self.name


_PLAIN: dict[Any, _Plain] = {
    int: _Plain("int of 64 bits", (int, np.integer)),
    float: _Plain("float", (float, int, np.floating, np.integer)),
    bool: _Plain("bool", (bool, np.bool_)),
    str: _Plain("str", (str,)),
}


@cache
def _plain_fields(kind: type[Message]) -> tuple[tuple[str, _Plain], ...]:
    """Return the fields of a message that are a number or text, and what may stand there."""
    found = []
    for name, hint in get_type_hints(kind).items():
        if hint in _PLAIN:
            found.append((name, _PLAIN[hint]))
        elif get_origin(hint) is Literal:
            among = get_args(hint)
            words = " or ".join(map(repr, among))
            found.append((name, _Plain(words, tuple({type(v) for v in among}), among)))
    return tuple(found)
