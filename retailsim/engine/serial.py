"""The serial executor: one process, one stage after the other, tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from retailsim.engine.graph import Node
from retailsim.engine.speed import Stopwatch
from retailsim.engine.ticks import Tick, in_ticks
from retailsim.errors import RetailError, StageError
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import FrameBatch

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rival:
    """What one baseline said.

    Attributes:
        role, name: whose rival it is and what it is called.
        outputs: the message types it declares.
        replaces: those, and what the stack's own stage of the role declares.
        said: its words.
    """

    role: str
    name: str
    outputs: frozenset[type[Message]]
    replaces: frozenset[type[Message]]
    said: MessageLog


@dataclass(frozen=True)
class Run:
    """What came out of one replay.

    Attributes:
        results: everything the stack's own stages said.
        outputs: the message types they declare, those that are kept.
        baselines: the rivals that ran in the stack's shadow.
        frames: frames of all cameras.
        begin_ns, end_ns: time of the first and last message.
        watch: the times taken.
    """

    results: MessageLog
    outputs: frozenset[type[Message]]
    baselines: tuple[Rival, ...]
    frames: int
    begin_ns: int
    end_ns: int
    watch: Stopwatch


def run_serial(
    messages: Iterable[Message],
    nodes: Sequence[Node],
    *,
    lateness_s: float,
    progress: Progress | None = None,
    watch: Stopwatch | None = None,
) -> Run:
    """Feed a recording through the stages.

    Args:
        messages: the bag's sensor messages in order of arrival.
        nodes: stages in running order.
        lateness_s: how far messages may be out of order.
        progress: told (frames so far, stream time in ns) after every tick.
        watch: what takes the times; None makes one.

    Raises:
        StageError: a stage raised, or said something it did not declare.
    """
    watch = watch or Stopwatch()
    results = MessageLog()
    rivals = {id(n): _rival(n, nodes) for n in nodes if n.baseline}
    outputs = frozenset(k for n in nodes if not n.baseline for k in n.stage.outputs if k.kept)
    frames, begin_ns, end_ns = 0, 0, 0
    for tick in in_ticks(_timed(messages, watch), lateness_ns=round(lateness_s * 1e9)):
        begin = perf_counter()
        apart_s = _run_tick(tick, nodes, results, rivals, watch)
        watch.tick(perf_counter() - begin - apart_s)
        begin_ns = begin_ns or tick.messages[0].time_ns
        end_ns = tick.watermark_ns
        frames += _count_frames(tick.messages)
        if progress:
            progress(frames, end_ns)
    _finish(end_ns, nodes, results, rivals, watch)
    return Run(results, outputs, tuple(rivals.values()), frames, begin_ns, end_ns, watch)


def _rival(node: Node, nodes: Sequence[Node]) -> Rival:
    own = frozenset(
        kind for n in nodes if n.role == node.role and not n.baseline for kind in n.stage.outputs
    )
    outputs = frozenset(node.stage.outputs)
    assert node.baseline
    return Rival(node.role, node.baseline, outputs, outputs | own, MessageLog())


def _run_tick(
    tick: Tick,
    nodes: Sequence[Node],
    results: MessageLog,
    rivals: Mapping[int, Rival],
    watch: Stopwatch,
) -> float:
    """Run every stage over one tick; returns the seconds that baselines took."""
    here: list[Message] = list(tick.messages)
    apart_s = 0.0
    for node in nodes:
        wanted = [m for m in here if isinstance(m, node.stage.inputs)]
        if node.baseline:
            begin = perf_counter()
            said = _step(node, wanted, tick.watermark_ns)
            rivals[id(node)].said.extend(_kept(said), emitted_ns=tick.watermark_ns)
            apart_s += perf_counter() - begin
            continue
        with watch.stage(node.role, _count_items(wanted)):
            said = _step(node, wanted, tick.watermark_ns)
        here += said
        results.extend(_kept(said), emitted_ns=tick.watermark_ns)
    watch.set_apart(apart_s)
    return apart_s


def _step(node: Node, wanted: Sequence[Message], watermark_ns: int) -> list[Message]:
    said: list[Message] = []
    try:
        for message in wanted:
            said += node.stage.process(message)
        said += node.stage.advance(watermark_ns)
    except RetailError:
        raise
    except Exception as error:
        raise StageError(_blame(node, error)) from error
    return _declared(node, said)


def _finish(
    end_ns: int,
    nodes: Sequence[Node],
    results: MessageLog,
    rivals: Mapping[int, Rival],
    watch: Stopwatch,
) -> None:
    """Let every stage say its last, feeding what it says to those after it."""
    here: list[Message] = []
    for node in nodes:
        wanted = [m for m in here if isinstance(m, node.stage.inputs)]
        begin = perf_counter()
        said = _step(node, wanted, end_ns) if wanted else []
        try:
            said += _declared(node, list(node.stage.finish()))
        except RetailError:
            raise
        except Exception as error:
            raise StageError(_blame(node, error)) from error
        if node.baseline:
            rivals[id(node)].said.extend(_kept(said), emitted_ns=end_ns)
            watch.set_apart(perf_counter() - begin)
        else:
            here += said
            results.extend(_kept(said), emitted_ns=end_ns)


def _declared(node: Node, said: list[Message]) -> list[Message]:
    for message in said:
        if not isinstance(message, node.stage.outputs):
            kind = type(message).__name__
            raise StageError(f"stage '{node.role}' said {kind}, which it does not declare")
    return said


def _kept(said: Sequence[Message]) -> Iterator[Message]:
    return (message for message in said if message.kept)


def _blame(node: Node, error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else "no message"
    return (
        f"stage '{node.role}' ({type(node.stage).__name__}) failed: {type(error).__name__}: {text}"
    )


def _timed(messages: Iterable[Message], watch: Stopwatch) -> Iterator[Message]:
    """Pass messages on, booking the time it takes to get each as the stage 'decode'."""
    source = iter(messages)
    while True:
        begin = perf_counter()
        try:
            message = next(source)
        except StopIteration:
            return
        frames = len(message.frames) if isinstance(message, FrameBatch) else 0
        watch.add("decode", perf_counter() - begin, frames)
        yield message


def _count_items(messages: Sequence[Message]) -> int:
    """Count what a stage was given: a frame batch counts its frames."""
    return sum(len(m.frames) if isinstance(m, FrameBatch) else 1 for m in messages)


def _count_frames(messages: Sequence[Message]) -> int:
    return sum(len(m.frames) for m in messages if isinstance(m, FrameBatch))
