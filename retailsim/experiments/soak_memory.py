"""Does an hour of replay take more memory than a minute? A bag is played again and again.

The same stages go on, in one process or side by side, while times move forward. What stages say and
devices send is dropped at once; a replay keeps it until it is scored, so that is counted. Of each
process the resident memory is noted once a second; its slope is the median of the slopes between
any two moments after the warm-up (Theil and Sen), so that a single jump does not decide it.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np
from scipy.stats import theilslopes

from retailsim.engine.config import load_stack
from retailsim.engine.graph import build_graph
from retailsim.engine.pipeline import run_pipelined
from retailsim.engine.pipeline.crew import Child
from retailsim.engine.serial import run_serial
from retailsim.engine.shm import start_child
from retailsim.experiments.looped import shifted
from retailsim.experiments.replay import keep, listen
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.session import BagReader
from retailsim.session.video import Place
from retailsim.stack.stage import StageContext

Mode = Literal["serial", "pipeline"]
MB = 1e6
SAMPLE_S = 1.0
WARM_UP_SHARE = 0.2
LEAST_SAMPLES = 4
MOST_SAMPLES = 600  # for the slope, which compares each with each
LAP_GAP_NS = 100_000_000  # from the end of a lap to the next, about a frame's time


@dataclass(frozen=True)
class Growth:
    """What became of one process's memory.

    Attributes:
        process: 'replay' in one process; else 'parent', 'decode', or a worker's name.
        begin_mb, end_mb: resident, after the warm-up and at the end.
        slope_mb_per_hour: of footage.
        samples: moments after the warm-up.
    """

    process: str
    begin_mb: float
    end_mb: float
    slope_mb_per_hour: float
    samples: int


@dataclass(frozen=True)
class Soaked:
    """A long replay.

    Attributes:
        mode: of the executor.
        footage_s, wall_s: how long it was, and took.
        processes: their memory.
        kept_mb_per_hour: what a replay would have kept for its score: results, tag reads, sales and
            try-ons, per hour of footage.
    """

    mode: Mode
    footage_s: float
    wall_s: float
    processes: tuple[Growth, ...]
    kept_mb_per_hour: float

    @property
    def steepest_mb_per_hour(self) -> float:
        """Return the largest slope."""
        return max(growth.slope_mb_per_hour for growth in self.processes)


class Looped:
    """A bag played in laps, each later by the length of the one before: a `Source`.

    Args:
        path: of the bag.
        seconds: of footage at least; laps are whole.
    """

    def __init__(self, path: str | Path, seconds: float) -> None:
        self.path = Path(path)
        self.seconds = seconds
        self.dropped_frames = 0

    def messages(self, place: Place | None = None) -> Iterator[Message]:
        """Yield sensor messages in order of arrival; raises BagError as `BagReader` does."""
        shift_ns, begin_ns, end_ns = 0, None, 0
        while shift_ns < self.seconds * 1e9:
            reader = BagReader(self.path)
            for message in reader.messages(place=place):
                begin_ns = message.time_ns if begin_ns is None else begin_ns
                end_ns = max(end_ns, message.time_ns)
                yield shifted(message, shift_ns)
            self.dropped_frames += reader.dropped_frames
            if begin_ns is None:
                return
            shift_ns += (end_ns - begin_ns + LAP_GAP_NS) // 1000 * 1000


def soak_memory(
    bag: Path,
    *,
    stack: Path | None = None,
    seconds: float,
    mode: Mode,
    workers: int = 2,
    progress: Callable[[float], None] | None = None,
) -> Soaked:
    """Play a bag for so many seconds of footage and watch each process's memory.

    Args:
        bag: to play.
        stack: stack YAML; the shipped stack by default.
        seconds: of footage, in whole laps of the bag.
        mode: one stage after the other, or side by side.
        workers: processes that run stages side by side.
        progress: told the share done.

    Raises:
        RetailError: as a replay does.
    """
    spec, source = load_stack(stack), Looped(bag, seconds)
    context = StageContext(BagReader(bag).plan, precision=spec.precision)
    pids = {"parent" if mode == "pipeline" else "replay": os.getpid()}
    watch = MemoryWatch(pids, seconds, progress)
    kept, begin = Forgetful(), monotonic()
    if mode == "serial":
        nodes = build_graph(spec, context)
        run_serial(
            listen(source.messages(), kept),
            nodes,
            lateness_s=spec.lateness_s,
            progress=watch,
            results=kept,
        )
    else:
        run_pipelined(
            source,
            spec,
            context,
            workers=workers,
            progress=watch,
            listen=partial(keep, kept),
            results=kept,
            start=_noting(pids),
        )
    wall_s, hours = monotonic() - begin, watch.footage_s / 3600
    kept_mb = kept.bytes / MB / hours if hours else 0.0
    return Soaked(mode, watch.footage_s, wall_s, watch.growths(), kept_mb)


class Forgetful(MessageLog):
    """A log that keeps nothing but the count of bytes it would have kept.

    Attributes:
        bytes: that count.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def append(self, message: Message, *, emitted_ns: int | None = None) -> None:
        """Drop a message."""
        self.bytes += bytes_of(message)


def bytes_of(message: Message) -> int:
    """Return the memory that a message takes, with its arrays and texts."""
    size = sys.getsizeof(message) + sys.getsizeof(vars(message))
    for value in vars(message).values():
        size += sys.getsizeof(value)
        if isinstance(value, np.ndarray) and value.base is not None:
            size += value.nbytes  # which is the base's, and so not in its own size
    return size


class MemoryWatch:
    """Notes the resident memory of processes now and then, as an executor's `progress`.

    Args:
        pids: by name; more may come in while it watches.
        seconds: of footage there will be.
        progress: told the share done.
        clock: in seconds.
        resident: of a process id, bytes.
    """

    def __init__(
        self,
        pids: Mapping[str, int],
        seconds: float,
        progress: Callable[[float], None] | None = None,
        *,
        clock: Callable[[], float] = monotonic,
        resident: Callable[[int], int] | None = None,
    ) -> None:
        self.footage_s = 0.0
        self._pids = pids
        self._seconds = seconds
        self._progress = progress
        self._clock = clock
        self._resident = resident or resident_bytes
        self._begin_ns: int | None = None
        self._next = 0.0
        self._seen: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)

    def __call__(self, frames: int, now_ns: int) -> None:
        """Take note of a tick."""
        self._begin_ns = now_ns if self._begin_ns is None else self._begin_ns
        self.footage_s = (now_ns - self._begin_ns) * 1e-9
        if self._clock() < self._next:
            return
        self._next = self._clock() + SAMPLE_S
        for name, pid in self._pids.items():
            self._seen[name].append((self.footage_s / 3600, self._resident(pid) / MB))
        if self._progress:
            self._progress(min(1.0, self.footage_s / self._seconds))

    def growths(self) -> tuple[Growth, ...]:
        """Return what became of each process."""
        warm_h = WARM_UP_SHARE * self.footage_s / 3600
        return tuple(_growth(name, seen, warm_h) for name, seen in self._seen.items())


def _growth(name: str, seen: list[tuple[float, float]], warm_h: float) -> Growth:
    after = np.array([point for point in seen if point[0] >= warm_h]).reshape(-1, 2)
    if len(after) < LEAST_SAMPLES:
        after = np.array(seen)
    some = after[:: -(-len(after) // MOST_SAMPLES)]
    slope = float(theilslopes(some[:, 1], some[:, 0])[0]) if len(some) > 1 else float("nan")
    tenth = max(1, len(after) // 10)
    begin, end = np.median(after[:tenth, 1]), np.median(after[-tenth:, 1])
    return Growth(name, float(begin), float(end), slope, len(after))


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, what it shares included; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def _noting(pids: dict[str, int]) -> Callable[..., Child]:
    """Return `start_child`, noting who is started."""

    def start(function: Callable[..., Any], *args: Any, name: str) -> Child:
        child = start_child(function, *args, name=name)
        if child.pid is not None:
            pids[name] = child.pid
        return child

    return start
