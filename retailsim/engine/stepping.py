"""One step of one stage, the same in every executor: what it gets and may say, who is blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from retailsim.engine.graph import Node
from retailsim.engine.spoken import messages_of, words_of
from retailsim.errors import RetailError, StageError, first_line
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
            said += messages_of(node, "process", node.stage.process(message))
        beat()
        said += messages_of(node, "advance", node.stage.advance(watermark_ns))
    return said


def last_step(
    node: Node, wanted: Sequence[Message], end_ns: int, *, beat: Beat = _no_beat
) -> list[Message]:
    """Let a stage say its last, after what others said as their last; raises as `step` does."""
    said = step(node, wanted, end_ns, beat=beat) if wanted else []
    beat()
    with blamed_on(node):
        said += messages_of(node, "finish", node.stage.finish())
    return said


def warnings_of(node: Node) -> list[str]:
    """Return what a stage wants the user to know; raises StageError as `step` does."""
    with blamed_on(node):
        return [str(text) for text in words_of(node, "warnings", node.stage.warnings())]


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
