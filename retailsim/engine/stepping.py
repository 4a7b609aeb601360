"""One step of one stage, the same in every executor: what it gets and may say, who is blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from retailsim.engine.graph import Node
from retailsim.errors import RetailError, StageError
from retailsim.messages.base import Message
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
            said += _words(node, "process", node.stage.process(message))
        beat()
        said += _words(node, "advance", node.stage.advance(watermark_ns))
    return _declared(node, said)


def last_step(
    node: Node, wanted: Sequence[Message], end_ns: int, *, beat: Beat = _no_beat
) -> list[Message]:
    """Let a stage say its last, after what others said as their last; raises as `step` does."""
    said = step(node, wanted, end_ns, beat=beat) if wanted else []
    beat()
    with blamed_on(node):
        last = list(_words(node, "finish", node.stage.finish()))
    return said + _declared(node, last)


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
    text = str(error).splitlines()[0] if str(error) else "no message"
    return (
        f"stage '{node.role}' ({type(node.stage).__name__}) failed: {type(error).__name__}: {text}"
    )


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


def _declared(node: Node, said: list[Message]) -> list[Message]:
    """Return what a stage said if it declares it, and all of it can be told on."""
    for message in said:
        if not isinstance(message, node.stage.outputs):
            raise StageError(
                f"stage '{node.role}' said {_kind_of(message)}, which it does not declare"
            )
        kind: Any = type(message)
        for name, kinds in _plain_fields(kind):
            value = getattr(message, name)
            if not isinstance(value, kinds):
                raise StageError(
                    f"stage '{node.role}' said {_kind_of(message)} with a {name} of "
                    f"{_kind_of(value)}, not {kinds[0].__name__}"
                )
    return said


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


_PLAIN: dict[str, tuple[type, ...]] = {
    "int": (int, np.integer),
    "float": (float, int, np.floating, np.integer),
    "bool": (bool, np.bool_),
    "str": (str,),
}


@cache
def _plain_fields(kind: type[Message]) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """Return the fields of a message that are a number or text, and what may stand there."""
    named = ((f.name, getattr(f.type, "__name__", f.type)) for f in fields(kind))
    return tuple((name, _PLAIN[plain]) for name, plain in named if plain in _PLAIN)
