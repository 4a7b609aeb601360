"""Live: a recording played at the pace of its own clock, one stage after the other.

Messages come when they were captured, as if the devices sent them now. Where the stages cannot keep
up, the oldest frames that wait are dropped before any stage sees them; tag reads and what tills
and mirrors report are never dropped. What is dropped depends on the machine, and so do the results.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retailsim.engine.graph import Node
from retailsim.engine.serial import Progress, Run, StageLine, timed
from retailsim.engine.speed import Stopwatch
from retailsim.engine.ticks import Tick, TickFormer
from retailsim.engine.vigil import Vigil
from retailsim.messages.base import Message
from retailsim.messages.sensors import Frame, FrameBatch

SOURCE = "source"
BACKLOG_TICKS = 2
RESTARTS = 3  # of each process
MOMENT_NS = 100_000  # the shortest sleep: a clock may be coarse
MOST_SLEEP_NS = 1_000_000_000  # and the longest: signs of life are looked for


@dataclass(frozen=True)
class ServedTick:
    """A tick with frames that all stages have seen.

    Attributes:
        cameras: whose frames, one entry for each.
        due_s: monotonic seconds of the capture instant as played.
        done_s: when all stages had spoken. The time that messages are waited for (the stack's
            `lateness_s`) lies between the two.
    """

    cameras: tuple[str, ...]
    due_s: float
    done_s: float


@dataclass(frozen=True)
class LiveRun:
    """What came out of a live replay.

    Attributes:
        run: results and times; its frames are those that were served, its latencies reach from
            capture, as played, to the last stage's word.
        dropped: frames dropped, by where: 'source' first, then roles of stages that missed frames
            which others got (none where all run in one process).
        missed_ticks: ticks that went on without a stage, by role, with frames or without.
        restarts: a line for each time that a process was started anew, in order.
    """

    run: Run
    dropped: Mapping[str, int]
    missed_ticks: Mapping[str, int] = field(default_factory=dict)
    restarts: tuple[str, ...] = ()


OnTick = Callable[[ServedTick], None]


def run_live(
    messages: Iterable[Message],
    nodes: Sequence[Node],
    *,
    lateness_s: float,
    backlog_ticks: int = BACKLOG_TICKS,
    begin_s: float | None = None,
    on_tick: OnTick | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    vigil: Vigil | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> LiveRun:
    """Play a recording to the stages, each message at its time.

    Args:
        messages: sensor messages in order of arrival.
        nodes: stages in running order.
        lateness_s: how far messages may be out of order; so long each tick waits for them.
        backlog_ticks: complete ticks with frames that may wait; of more, the oldest one's frames
            are dropped.
        begin_s: when the first message is due, on `clock`; when it is there by default.
        on_tick: told of every tick with frames, once all stages have spoken.
        progress: told (frames so far, stream time in ns) after every tick.
        stop: asked between ticks; once it says True, nothing more is played, and what waits is
            forgotten.
        vigil: told what is done, so that a stage that does not return is noticed.
        clock: monotonic seconds.
        sleep: waits so many seconds.

    Raises:
        StageError: a stage raised, or said something it did not declare.
    """
    watch = Stopwatch()
    line = StageLine(nodes, watch, vigil=vigil)
    tape = Tape(timed(messages, watch, vigil=vigil), clock=clock, begin_s=begin_s)
    backlog = Backlog(lateness_s=lateness_s, most=backlog_ticks)
    while not (stop and stop()):
        for message in tape.due():
            backlog.add(message)
        backlog.advance(tape.now_ns(), over=tape.over)
        tick = backlog.take()
        if tick is None:
            events = [ns for ns in (tape.next_ns, backlog.next_ns) if ns is not None]
            if not events:
                break
            if vigil:
                vigil.reads()
            sleep(min(max(min(events) - tape.now_ns(), MOMENT_NS), MOST_SLEEP_NS) * 1e-9)
            continue
        line.run(tick)
        cameras = tuple(frame.camera for frame in frames_of(tick))
        if cameras:
            served = ServedTick(cameras, tape.due_s(tick.messages[-1].time_ns), clock())
            watch.tick(served.done_s - served.due_s)
            if on_tick:
                on_tick(served)
        if progress:
            progress(line.frames, line.end_ns)
    return LiveRun(line.finish(), {SOURCE: backlog.dropped})


class Tape:
    """A recording under the head: which of its messages are due.

    A message that came after a younger one is due together with that one.

    Args:
        messages: in order of arrival.
        clock: monotonic seconds.
        begin_s: when the first one is due; when it is there by default.

    Attributes:
        over: whether all have been played.
        next_ns: stream time at which the next one is due; None when over.
    """

    def __init__(
        self, messages: Iterable[Message], *, clock: Callable[[], float], begin_s: float | None
    ) -> None:
        self._messages = iter(messages)
        self._clock = clock
        self._next = next(self._messages, None)
        self._first_ns = self._due_ns = self._next.time_ns if self._next else 0
        self._begin_s = clock() if begin_s is None else begin_s

    @property
    def over(self) -> bool:
        return self._next is None

    @property
    def next_ns(self) -> int | None:
        return None if self._next is None else self._due_ns

    def now_ns(self) -> int:
        """Return the stream time that is played now."""
        return self._first_ns + round((self._clock() - self._begin_s) * 1e9)

    def due_s(self, time_ns: int) -> float:
        """Return when an instant of the stream is played, on the clock."""
        return self._begin_s + (time_ns - self._first_ns) * 1e-9

    def due(self) -> Iterator[Message]:
        """Return what is due by now; what becomes due meanwhile comes the next time."""
        now_ns = self.now_ns()
        while self._next is not None and self._due_ns <= now_ns:
            yield self._next
            self._next = next(self._messages, None)
            if self._next is not None:
                self._due_ns = max(self._due_ns, self._next.time_ns)


class Backlog:
    """Ticks that wait for the stages; of too many with frames the oldest lose theirs.

    Args:
        lateness_s: how long each message waits for older ones.
        most: ticks with frames that may wait.
        on_drop: told which frames were dropped.

    Attributes:
        dropped: frames so far.
    """

    def __init__(
        self,
        *,
        lateness_s: float,
        most: int,
        on_drop: Callable[[Sequence[Frame]], None] = lambda frames: None,
    ) -> None:
        self.dropped = 0
        self._on_drop = on_drop
        self._former = TickFormer(lateness_ns=round(lateness_s * 1e9))
        self._most = most
        self._ticks: deque[Tick] = deque()

    @property
    def next_ns(self) -> int | None:
        """Stream time at which the next message has waited long enough; None if none waits."""
        return self._former.next_ns

    @property
    def waits(self) -> bool:
        """Whether a tick is complete."""
        return bool(self._ticks)

    def add(self, message: Message) -> None:
        """Take a message that is due."""
        self._take_in(self._former.add(message))

    def advance(self, now_ns: int, *, over: bool) -> None:
        """Take notice of the time that is played; `over` when no message follows."""
        self._take_in(self._former.advance(now_ns))
        if over and self._former.next_ns is None:
            self._take_in(self._former.close())

    def take(self) -> Tick | None:
        """Return the oldest tick; None where none is complete."""
        return self._ticks.popleft() if self._ticks else None

    def _take_in(self, ticks: Iterable[Tick]) -> None:
        for tick in ticks:
            self._ticks.append(tick)
            while sum(bool(frames_of(tick)) for tick in self._ticks) > self._most:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        place = next(i for i, tick in enumerate(self._ticks) if frames_of(tick))
        tick = self._ticks[place]
        frames = frames_of(tick)
        self.dropped += len(frames)
        self._on_drop(frames)
        rest = tuple(m for m in tick.messages if not isinstance(m, FrameBatch))
        if rest:
            self._ticks[place] = replace(tick, messages=rest)
        else:
            del self._ticks[place]


def frames_of(tick: Tick) -> tuple[Frame, ...]:
    """Return a tick's frames."""
    last = tick.messages[-1]  # a batch is always the last
    return last.frames if isinstance(last, FrameBatch) else ()
