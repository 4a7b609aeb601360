"""The serial executor: one process, one stage after the other, tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from retailsim.engine.graph import Node
from retailsim.engine.speed import Stopwatch
from retailsim.engine.stepping import count_items, kept, last_step, step, warnings_of
from retailsim.engine.ticks import Tick, in_ticks
from retailsim.engine.vigil import Vigil
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
        warnings: what the stack's own stages want the user to know.
        dropped_frames: that did not decode, where the executor itself reads the recording.
    """

    results: MessageLog
    outputs: frozenset[type[Message]]
    baselines: tuple[Rival, ...]
    frames: int
    begin_ns: int
    end_ns: int
    watch: Stopwatch
    warnings: tuple[str, ...] = ()
    dropped_frames: int = 0


def run_serial(
    messages: Iterable[Message],
    nodes: Sequence[Node],
    *,
    lateness_s: float,
    progress: Progress | None = None,
    watch: Stopwatch | None = None,
    vigil: Vigil | None = None,
    results: MessageLog | None = None,
) -> Run:
    """Feed a recording through the stages.

    Args:
        messages: the bag's sensor messages in order of arrival.
        nodes: stages in running order.
        lateness_s: how far messages may be out of order.
        progress: told (frames so far, stream time in ns) after every tick.
        watch: what takes the times; None makes one.
        vigil: told what is done, so that a stage that does not return is noticed.
        results: what takes in what stages say; None makes a log.

    Raises:
        StageError: a stage raised, or said something it did not declare.
    """
    watch = watch or Stopwatch()
    line = StageLine(nodes, watch, vigil=vigil, results=results)
    arriving = timed(messages, watch, vigil=vigil)
    for tick in in_ticks(arriving, lateness_ns=round(lateness_s * 1e9)):
        watch.tick(line.run(tick))
        if progress:
            progress(line.frames, line.end_ns)
    return line.finish()


class StageLine:
    """Stages one after the other in this process, and what they have said so far.

    Args:
        nodes: in running order.
        watch: what takes the times.
        vigil: told what is done.
        results: what takes in what stages say; None makes a log.

    Attributes:
        frames: that were given to them.
        begin_ns, end_ns: time of the first message, and the last watermark.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        watch: Stopwatch,
        *,
        vigil: Vigil | None = None,
        results: MessageLog | None = None,
    ) -> None:
        self.frames = self.begin_ns = self.end_ns = 0
        self._nodes = nodes
        vigil = vigil or Vigil(0, None)
        self._ends = vigil.ends
        self._beats = {id(node): partial(vigil.works, node) for node in nodes}
        self._watch = watch
        self._results = MessageLog() if results is None else results
        speakers = [Speaker(n.role, n.stage.outputs, n.baseline) for n in nodes]
        self._outputs = kept_outputs(speakers)
        self._rivals = {
            id(n): rival_of(s, speakers) for n, s in zip(nodes, speakers, strict=True) if n.baseline
        }

    def run(self, tick: Tick) -> float:
        """Run every stage over one tick; returns the seconds it took, baselines apart.

        Raises:
            StageError: a stage raised, or said something it did not declare.
        """
        begin = perf_counter()
        apart_s = self._run_all(tick)
        took_s = perf_counter() - begin - apart_s
        self.begin_ns = self.begin_ns or tick.messages[0].time_ns
        self.end_ns = tick.watermark_ns
        self.frames += _count_frames(tick.messages)
        return took_s

    def finish(self) -> Run:
        """Let every stage say its last; returns what came out. Raises as `run` does."""
        self._finish_all()
        warnings = tuple(w for n in self._nodes if not n.baseline for w in warnings_of(n))
        return Run(
            self._results,
            self._outputs,
            tuple(self._rivals.values()),
            self.frames,
            self.begin_ns,
            self.end_ns,
            self._watch,
            warnings,
        )

    def _run_all(self, tick: Tick) -> float:
        """Run every stage over one tick; returns the seconds that baselines took."""
        here: list[Message] = list(tick.messages)
        apart_s = 0.0
        for node in self._nodes:
            wanted = [m for m in here if isinstance(m, node.stage.inputs)]
            beat = self._beats[id(node)]
            if node.baseline:
                begin = perf_counter()
                said = step(node, wanted, tick.watermark_ns, beat=beat)
                self._rivals[id(node)].said.extend(kept(said), emitted_ns=tick.watermark_ns)
                apart_s += perf_counter() - begin
                continue
            with self._watch.stage(node.role, count_items(wanted)):
                said = step(node, wanted, tick.watermark_ns, beat=beat)
            here += said
            self._results.extend(kept(said), emitted_ns=tick.watermark_ns)
        self._watch.set_apart(apart_s)
        return apart_s

    def _finish_all(self) -> None:
        """Let every stage say its last, feeding what it says to those after it."""
        self._ends()
        here: list[Message] = []
        for node in self._nodes:
            wanted = [m for m in here if isinstance(m, node.stage.inputs)]
            begin = perf_counter()
            said = last_step(node, wanted, self.end_ns, beat=self._beats[id(node)])
            if node.baseline:
                self._rivals[id(node)].said.extend(kept(said), emitted_ns=self.end_ns)
                self._watch.set_apart(perf_counter() - begin)
            else:
                here += said
                self._results.extend(kept(said), emitted_ns=self.end_ns)


@dataclass(frozen=True)
class Speaker:
    """Who may say what: a node, or a station whose stage runs elsewhere."""

    role: str
    outputs: tuple[type[Message], ...]
    baseline: str | None


def rival_of(rival: Speaker, speakers: Sequence[Speaker]) -> Rival:
    """Return the place for what one baseline says."""
    own = frozenset(
        kind
        for speaker in speakers
        if speaker.role == rival.role and not speaker.baseline
        for kind in speaker.outputs
    )
    outputs = frozenset(rival.outputs)
    assert rival.baseline
    return Rival(rival.role, rival.baseline, outputs, outputs | own, MessageLog())


def kept_outputs(speakers: Sequence[Speaker]) -> frozenset[type[Message]]:
    """Return what the stack's own stages may say that a replay keeps."""
    return frozenset(k for s in speakers if not s.baseline for k in s.outputs if k.kept)


def timed(
    messages: Iterable[Message], watch: Stopwatch, *, vigil: Vigil | None = None
) -> Iterator[Message]:
    """Pass messages on, booking the time it takes to get each as the stage 'decode'."""
    source = iter(messages)
    while True:
        if vigil:
            vigil.reads()
        begin = perf_counter()
        try:
            message = next(source)
        except StopIteration:
            return
        frames = len(message.frames) if isinstance(message, FrameBatch) else 0
        watch.add("decode", perf_counter() - begin, frames)
        yield message


def _count_frames(messages: Sequence[Message]) -> int:
    return sum(len(m.frames) for m in messages if isinstance(m, FrameBatch))
