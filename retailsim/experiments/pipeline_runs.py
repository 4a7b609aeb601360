"""One replay of a stretch, one stage after the other or side by side, with its times.

Serial replays run in a process of their own, so that each begins alike and has the threads it is
to have; this module is what it loads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from retailsim.engine.config import StackSpec
from retailsim.engine.graph import Station, plan_graph
from retailsim.engine.pipeline import STALL_S, BagSource, Group, partition, run_pipelined
from retailsim.engine.pipeline.control import limit_threads
from retailsim.engine.pipeline.partition import DECODE
from retailsim.engine.serial import Run, run_serial
from retailsim.engine.shm import start_child
from retailsim.engine.vigil import Vigil
from retailsim.errors import BagError
from retailsim.experiments.busy import Busy, Meter
from retailsim.experiments.errands import Errand, accuse
from retailsim.messages.base import Message
from retailsim.messages.digest import digest
from retailsim.session import BagReader
from retailsim.session.video import Place
from retailsim.stack.stage import StageContext

SERIAL = "serial"
PARENT = "parent"
Tell = Callable[[float], None]


class Stretch(BagSource):
    """The beginning of a session bag, opened where it is read.

    Args:
        path: of the bag.
        seconds: how much of it; None for all.
    """

    def __init__(self, path: str | Path, seconds: float | None = None) -> None:
        super().__init__(path)
        self.seconds = seconds

    def messages(self, place: Place | None = None) -> Iterator[Message]:
        """Return what `BagReader.messages` does, up to the first message past the stretch."""
        reader = BagReader(self.path)
        messages = reader.messages(place=place)
        first = next(messages, None)
        if first is None:
            return
        end_ns = None if self.seconds is None else first.time_ns + round(self.seconds * 1e9)
        yield first
        yield from takewhile(lambda m: end_ns is None or m.time_ns < end_ns, messages)
        messages.close()  # type: ignore[attr-defined]
        self.dropped_frames = reader.dropped_frames


@dataclass(frozen=True)
class Job:
    """What is replayed, and with what.

    Attributes:
        source: the stretch.
        spec: the stack.
        context: to make its stages with.
        frames: expected, for telling progress.
    """

    source: Stretch
    spec: StackSpec
    context: StageContext
    frames: int


@dataclass(frozen=True)
class Turn:
    """One replay's outcome.

    Attributes:
        digest: of the results.
        frames, ticks: that were replayed.
        wall_s: from the first message to the last word, making stages apart.
        session_s: length of what was replayed.
        stage_s: wall-clock seconds in each stage, `decode` among them, in running order.
        groups: which stages shared a process, by the process's name.
        busy: cores, processes and GPU meanwhile.
    """

    digest: str
    frames: int
    ticks: int
    wall_s: float
    session_s: float
    stage_s: Mapping[str, float]
    groups: Mapping[str, tuple[str, ...]]
    busy: Busy


def replay_serially(job: Job, threads: int, tell: Tell) -> Turn:
    """Replay in one process that has so many threads for its networks.

    Raises:
        RetailError: as `run_serial` does.
        StageError: the process died.
    """
    with Errand(_serial_errand, job, threads, name="the serial replay", threads=threads) as errand:
        while not isinstance(said := errand.hear(), Turn):
            tell(said)
        return said


def _serial_errand(line: Connection, job: Job, threads: int) -> None:
    context = replace(job.context, options=job.context.options | {"threads": threads})
    with Vigil(STALL_S, accuse(line)) as vigil, Meter() as meter:
        nodes = vigil.make(plan_graph(job.spec), context)
        limit_threads(threads)
        meter.watch(SERIAL, os.getpid())

        def progress(frames: int, _now_ns: int) -> None:
            if meter.look(frames):
                line.send(frames / job.frames)

        messages, lateness_s = job.source.messages(), job.spec.lateness_s
        run = run_serial(messages, nodes, lateness_s=lateness_s, progress=progress, vigil=vigil)
        roles = (DECODE, *(node.role for node in nodes))
        line.send(_turn(run, {SERIAL: roles}, meter.busy()))


def replay_side_by_side(job: Job, groups: Sequence[Group], tell: Tell) -> Turn:
    """Replay with each group of stages in a process of its own, beside one that decodes.

    Raises:
        RetailError: as `run_pipelined` does.
    """
    stations = plan_graph(job.spec)
    with Meter() as meter:
        meter.watch(PARENT, os.getpid())

        def start(function: Callable[..., Any], *args: Any, name: str) -> Any:
            child = start_child(function, *args, name=name)
            meter.watch(name, child.pid)
            return child

        def progress(frames: int, _now_ns: int) -> None:
            if meter.look(frames):
                tell(frames / job.frames)

        run = run_pipelined(
            job.source, job.spec, job.context, groups=groups, progress=progress, start=start
        )
        return _turn(run, {DECODE: (DECODE,)} | roles_of(groups, stations), meter.busy())


def roles_of(groups: Sequence[Group], stations: Sequence[Station]) -> dict[str, tuple[str, ...]]:
    """Return the roles that each group runs, in running order."""
    return {group.name: tuple(stations[row].role for row in group.rows) for group in groups}


def divisions(
    spec: StackSpec, workers: Sequence[int], *, device: str = "cpu"
) -> dict[int, tuple[Group, ...]]:
    """Return how so many workers divide the stages; without counts that change nothing.

    Raises:
        StageError: a class cannot be found, a count below one.
    """
    stations = plan_graph(spec)
    found: dict[int, tuple[Group, ...]] = {}
    for count in sorted(set(workers)):
        groups = partition(stations, workers=count, device=device)
        if groups not in found.values():
            found[count] = groups
    return found


def _turn(run: Run, groups: Mapping[str, tuple[str, ...]], busy: Busy) -> Turn:
    session_s = (run.end_ns - run.begin_ns) * 1e-9
    speed: Any = run.watch.summary(frames=run.frames, duration_s=session_s)
    if not run.frames or speed["fps"] is None:
        raise BagError("the stretch holds no camera frames; nothing to time")
    return Turn(
        digest=digest(run.results),
        frames=run.frames,
        ticks=len(run.watch.ticks_ms),
        wall_s=run.frames / speed["fps"],
        session_s=session_s,
        stage_s={role: time.seconds for role, time in run.watch.stages.items()},
        groups=groups,
        busy=busy,
    )
