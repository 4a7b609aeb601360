"""One step of one stage, the same in every executor: what it gets and may say, who is blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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
        RetailError: it raised that.
    """
    said: list[Message] = []
    try:
        for message in wanted:
            beat()
            said += node.stage.process(message)
        beat()
        said += node.stage.advance(watermark_ns)
    except RetailError:
        raise
    except Exception as error:
        raise StageError(blame(node, error)) from error
    return _declared(node, said)


def last_step(
    node: Node, wanted: Sequence[Message], end_ns: int, *, beat: Beat = _no_beat
) -> list[Message]:
    """Let a stage say its last, after what others said as their last; raises as `step` does."""
    said = step(node, wanted, end_ns, beat=beat) if wanted else []
    beat()
    try:
        return said + _declared(node, list(node.stage.finish()))
    except RetailError:
        raise
    except Exception as error:
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


def _declared(node: Node, said: list[Message]) -> list[Message]:
    for message in said:
        if not isinstance(message, node.stage.outputs):
            kind = type(message).__name__
            raise StageError(f"stage '{node.role}' said {kind}, which it does not declare")
    return said
