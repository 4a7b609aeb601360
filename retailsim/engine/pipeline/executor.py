"""The parent's part: collects what all processes say, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from retailsim.engine.config import BaselineSpec, StackSpec
from retailsim.engine.graph import plan_graph
from retailsim.engine.live import BACKLOG_TICKS, RESTARTS, SOURCE, LiveRun
from retailsim.engine.pipeline.crew import Crew, Order, Start, window_for
from retailsim.engine.pipeline.decode import Source
from retailsim.engine.pipeline.fates import Fates
from retailsim.engine.pipeline.layout import check_groups
from retailsim.engine.pipeline.machine import cores
from retailsim.engine.pipeline.notes import Report, TickNote
from retailsim.engine.pipeline.partition import DECODE, Group, partition, reaches
from retailsim.engine.pipeline.revival import Revival
from retailsim.engine.pipeline.watchdog import Watchdog
from retailsim.engine.serial import Progress, Run, Speaker, kept_outputs, rival_of
from retailsim.engine.shm import start_child
from retailsim.engine.speed import Stopwatch
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import FrameBatch
from retailsim.stack.stage import StageContext

STALL_S = 60.0
Listen = Callable[[Message], None]


def run_pipelined(
    source: Source,
    spec: StackSpec,
    context: StageContext,
    *,
    baselines: BaselineSpec | None = None,
    workers: int | None = None,
    costs: Mapping[str, float] | None = None,
    groups: Sequence[Group] | None = None,
    progress: Progress | None = None,
    listen: Listen | None = None,
    stall_s: float = STALL_S,
    window: int | None = None,
    start: Start = start_child,
    results: MessageLog | None = None,
) -> Run:
    """Feed a recording through the stages of a stack, each group of them in its own process.

    The results equal those of `run_serial`. Times of baselines are part of the speed here.

    Args:
        source: the recording.
        spec: the stack.
        context: for its stages.
        baselines: rivals to run in its shadow.
        workers: processes that run stages, beside the one that decodes; as many as there are
            cores (and two at least) by default.
        costs: of roles, for dividing them; see `partition`.
        groups: which stages share a process, instead.
        progress: told (frames so far, stream time in ns) after every tick.
        listen: told every message that is no frame, in order of arrival.
        stall_s: how long a stage may take for one message before it counts as stuck.
        window: ticks under way at once; more even out uneven stages and take more memory.
            Eight by default, fewer where their frames would take more than 512 MiB.
        start: how to start a process.
        results: what takes in what stages say; None makes a log.

    Raises:
        StageError: a stage could not be made, raised, said something it did not declare or that
            cannot travel, or did not return; or a process died.
        BagError: the recording cannot be read.
        DeviceError: not enough shared memory.
    """
    order = _order(source, spec, context, baselines, workers, costs, groups, window)
    with Crew(order, start) as crew:
        fates = _begin(crew, order, stall_s)
        desk = _Desk(crew, order, MessageLog() if results is None else results)
        _collect(crew, fates, desk, progress, listen)
        return desk.run(fates)


def run_pipelined_live(
    source: Source,
    spec: StackSpec,
    context: StageContext,
    *,
    baselines: BaselineSpec | None = None,
    workers: int | None = None,
    groups: Sequence[Group] | None = None,
    backlog_ticks: int = BACKLOG_TICKS,
    restarts: int = RESTARTS,
    progress: Progress | None = None,
    listen: Listen | None = None,
    stall_s: float = STALL_S,
    window: int | None = None,
    start: Start = start_child,
) -> LiveRun:
    """Play a recording to the stages of a stack at its own pace, each group in its own process.

    Where the slowest process falls behind, the oldest frames that wait are dropped before any
    stage sees them. A process that dies, or in which a stage does not return, is ended and started
    anew: its stages begin without memory, the ticks meanwhile go on without them, and what they
    should have seen is counted as dropped there. Nothing else stands still while a process is
    started; but until a stage counts as stuck, others wait for it as soon as `window` ticks are
    under way.

    Args:
        backlog_ticks: complete ticks with frames that may wait; of more, the oldest one's frames
            are dropped.
        restarts: how often each process is started anew.
        window: ticks under way at once: one more than there are processes that run stages, by
            default, so that each can be at another tick.
        source, spec, context, baselines, workers, groups, progress, listen, stall_s, start: as for
            `run_pipelined`.

    Raises:
        StageError: as `run_pipelined`; where a process died or was stuck, only if it was started
            anew too often, or is the one that reads the recording.
        BagError, DeviceError: as `run_pipelined`.
    """
    order = _order(source, spec, context, baselines, workers, None, groups, window)
    window = window or min(order.window, len(order.groups) + 1)
    order = replace(order, backlog_ticks=backlog_ticks, window=window)
    with Crew(order, start) as crew:
        revival = Revival(crew, restarts)
        fates = _begin(crew, order, stall_s, revival)
        desk = _Desk(crew, order, MessageLog())
        _collect(crew, fates, desk, progress, listen)
        dropped = {SOURCE: fates.late_frames(), **desk.missed}
        return LiveRun(desk.run(fates), dropped, desk.missed_ticks, tuple(revival.lines))


def _order(
    source: Source,
    spec: StackSpec,
    context: StageContext,
    baselines: BaselineSpec | None,
    workers: int | None,
    costs: Mapping[str, float] | None,
    groups: Sequence[Group] | None,
    window: int | None,
) -> Order:
    """Say what is to run; raises StageError."""
    stations = plan_graph(spec, baselines=baselines)
    if groups is None:
        count = workers or max(2, cores())
        groups = partition(stations, workers=count, costs=costs, device=context.device)
    check_groups(groups, stations)
    window = window or window_for(context.plan)
    return Order(source, stations, groups, context, spec.lateness_s, window)


def _begin(crew: Crew, order: Order, stall_s: float, revival: Revival | None = None) -> Fates:
    """Start all processes, and let the first ticks go when all stages are made."""
    crew.start()
    watchdog = Watchdog([*crew.names, ""], order.stations, stall_s=stall_s)
    fates = Fates(crew, order.stations, watchdog, revival)
    while not fates.all_ready():
        fates.wait()
    crew.let_go_on(order.window)
    return fates


def _collect(
    crew: Crew, fates: Fates, desk: _Desk, progress: Progress | None, listen: Listen | None
) -> None:
    """Collect all rounds, and let a tick go for each."""
    while not (desk.complete and fates.all_done()):
        fates.wait()
        while desk.has_round():
            desk.collect(progress, listen)
            crew.let_go_on(1)


class _Desk:
    """Collects notes and reports, round by round: one for each tick, and the end.

    In a live replay a process that is dead, or not yet back, has nothing to report.

    Attributes:
        complete: whether the end was collected.
        missed: frames that stages did not see because their process was dead, by role.
        missed_ticks: ticks that they did not see, with frames or without, by role.
    """

    def __init__(self, crew: Crew, order: Order, results: MessageLog | None = None) -> None:
        self.complete = False
        self.missed: Counter[str] = Counter()
        self.missed_ticks: Counter[str] = Counter()
        self._rounds = 0
        self._inbox = crew.inbox
        self._names = crew.names
        self._order = order
        speakers = [Speaker(s.role, s.outputs, s.baseline) for s in order.stations]
        self._rivals = {
            row: rival_of(speaker, speakers)
            for row, speaker in enumerate(speakers)
            if speaker.baseline
        }
        self._outputs = kept_outputs(speakers)
        self._results = MessageLog() if results is None else results
        self._watch = Stopwatch(alone=False)
        self._frames = self._begin_ns = self._end_ns = 0

    def has_round(self) -> bool:
        """Whether every process has told what it has to tell of the next round.

        In a live replay one that is dead has nothing to tell, except the one that reads.
        """
        if self.complete or not self._inbox.has(DECODE):
            return False
        if self._order.live:
            return all(self._inbox.has_at(name, self._rounds) for name in self._names)
        return all(self._inbox.has(name) for name in self._names)

    def collect(self, progress: Progress | None, listen: Listen | None) -> None:
        """Take a round into the results."""
        notes = self._inbox.take(DECODE)
        told = {group: self._report(group) for group in self._order.groups}
        words = {row: said for _, by_row in told.values() for row, said in by_row.items()}
        self._rounds += 1
        if notes is None:
            self._file(words)
            self.complete = True
            return
        note, *arrived = notes.messages
        assert isinstance(note, TickNote)
        self._begin_ns = self._begin_ns or note.begin_ns
        self._end_ns = note.time_ns
        self._frames += note.frames
        if listen:
            for message in arrived:
                listen(message)
        self._file(words)
        self._time(note, {group: report for group, (report, _) in told.items()})
        if progress:
            progress(self._frames, self._end_ns)

    def run(self, fates: Fates) -> Run:
        """Return what came out."""
        rivals = tuple(self._rivals[row] for row in sorted(self._rivals))
        return Run(
            self._results,
            self._outputs,
            rivals,
            self._frames,
            self._begin_ns,
            self._end_ns,
            self._watch,
            fates.warnings(),
            fates.dropped_frames(),
        )

    def _report(self, group: Group) -> tuple[Report | None, dict[int, list[Message]]]:
        """Return a worker's report, if it has one, and what each of its stages said."""
        if self._order.live:
            packet = self._inbox.take_at(group.name, self._rounds)
            if packet is None:
                return None, {}
        else:
            packet = self._inbox.take(group.name)
        assert packet is not None
        report, *told = packet.messages
        assert isinstance(report, Report)
        ends = np.cumsum(report.words).tolist()
        begins = [0, *ends[:-1]]
        bounds = zip(group.rows, begins, ends, strict=True)
        return report, {row: told[begin:end] for row, begin, end in bounds}

    def _file(self, words: Mapping[int, Sequence[Message]]) -> None:
        for row in sorted(words):
            rival = self._rivals.get(row)
            log = rival.said if rival else self._results
            log.extend(words[row], emitted_ns=self._end_ns)

    def _time(self, note: TickNote, reports: Mapping[Group, Report | None]) -> None:
        for seconds, items in zip(note.seconds.tolist(), note.items.tolist(), strict=True):
            self._watch.add(DECODE, seconds, items)
        took: dict[int, tuple[float, int]] = {}
        for group, report in reports.items():
            if report is None:
                self._miss(group, note.frames)
                continue
            rows = zip(report.seconds.tolist(), report.items.tolist(), strict=True)
            took.update(zip(group.rows, rows, strict=True))
        for row in sorted(took):
            if row not in self._rivals:
                self._watch.add(self._order.stations[row].role, *took[row])
        done_s = max((r.done_s for r in reports.values() if r), default=note.since_s)
        if note.frames or not self._order.live:
            self._watch.tick(done_s - note.since_s)

    def _miss(self, group: Group, frames: int) -> None:
        """Count a tick that the stages of a worker did not see, and its frames."""
        for row in group.rows:
            station = self._order.stations[row]
            if station.baseline is not None:
                continue
            self.missed_ticks[station.role] += 1
            if frames and reaches((FrameBatch,), station.inputs):
                self.missed[station.role] += frames
