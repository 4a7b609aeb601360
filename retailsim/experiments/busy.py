"""Who kept the machine busy: every core, processes of one's own, and the GPU.

Cores are counted by the kernel for all that runs on the machine (/proc/stat), processes by their
own time (/proc/PID/stat), both in hundredths of a second: shares of a second or more mean
something. Off Linux, and of what has no counter, there are no figures.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import TracebackType

EVERY_S = 0.2
GPU_EVERY_S = 0.5
GPU_QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class CoreTime:
    """What one core did since the machine was started, in the kernel's units."""

    busy: int
    idle: int


@dataclass(frozen=True)
class Busy:
    """What happened between the first look and the last.

    Attributes:
        seconds: between them.
        frames: that were done between them.
        cores: busy share of each core that this process may use, by its number; of all that ran.
        cpu_s: processor time of each process that was watched, by name.
        gpu: busy share of the first GPU that CUDA may use; None without one.
    """

    seconds: float
    frames: int
    cores: tuple[float, ...]
    cpu_s: Mapping[str, float]
    gpu: float | None


@dataclass(frozen=True)
class _Look:
    at_s: float
    frames: int
    cores: Mapping[int, CoreTime]
    cpu_s: Mapping[str, float]


class Meter:
    """Looks at the machine now and then; as a context, it watches the GPU meanwhile.

    Args:
        every_s: looks that follow sooner are left out.
        clock: monotonic seconds.
    """

    def __init__(self, *, every_s: float = EVERY_S, clock: Callable[[], float] = monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._pids: dict[str, int] = {}
        self._first: _Look | None = None
        self._last: _Look | None = None
        self._gpu = _GpuPoll()

    def watch(self, name: str, pid: int | None) -> None:
        """Count a process from the next look on."""
        if pid is not None:
            self._pids[name] = pid

    def look(self, frames: int) -> bool:
        """Take note of the counters, unless that was just done; returns whether it was done now.

        Args:
            frames: done so far.
        """
        now = self._clock()
        if self._last and now - self._last.at_s < self._every_s:
            return False
        used = {name: process_s(pid) for name, pid in self._pids.items()}
        look = _Look(now, frames, core_times(), {n: s for n, s in used.items() if s is not None})
        if self._first is None:
            self._first = look
            self._gpu.begin()
        self._last = look
        return True

    def busy(self) -> Busy:
        """Return what happened between the first look and the last."""
        first, last = self._first, self._last
        gpu = self._gpu.share()
        if first is None or last is None:
            return Busy(0.0, 0, (), {}, gpu)
        return Busy(
            seconds=last.at_s - first.at_s,
            frames=last.frames - first.frames,
            cores=tuple(busy_shares(first.cores, last.cores).values()),
            cpu_s={name: used - first.cpu_s.get(name, 0.0) for name, used in last.cpu_s.items()},
            gpu=gpu,
        )

    def __enter__(self) -> Meter:
        self._gpu.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gpu.stop()


def busy_shares(first: Mapping[int, CoreTime], last: Mapping[int, CoreTime]) -> dict[int, float]:
    """Return the busy share of each core between two looks; without a core that did nothing yet.

    A core whose counters did not move is counted as idle.
    """
    shares = {}
    for core, after in last.items():
        before = first.get(core)
        if before is None:
            continue
        busy, idle = after.busy - before.busy, after.idle - before.idle
        shares[core] = busy / (busy + idle) if busy + idle > 0 else 0.0
    return shares


def core_times() -> dict[int, CoreTime]:
    """Return the counters of all cores that this process may use; empty off Linux."""
    try:
        text = Path("/proc/stat").read_text(encoding="ascii")
        mine = os.sched_getaffinity(0)
    except (OSError, AttributeError):
        return {}
    return {core: time for core, time in parse_cores(text).items() if core in mine}


def parse_cores(text: str) -> dict[int, CoreTime]:
    """Read the lines `cpuN user nice system idle iowait irq softirq steal ...` of /proc/stat.

    Time that was stolen counts as busy: the core was not to be had. Time of guests is part of
    user and nice already.
    """
    found = {}
    for line in text.splitlines():
        name, *numbers = line.split()
        if name.startswith("cpu") and name[3:].isdigit():
            user, nice, system, idle, waiting, *more = map(int, numbers[:8])
            found[int(name[3:])] = CoreTime(user + nice + system + sum(more), idle + waiting)
    return found


def process_s(pid: int) -> float | None:
    """Return the processor time of a process with all its threads, seconds; None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    numbers = text.rpartition(")")[2].split()  # a name may hold blanks and brackets
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


class _GpuPoll:
    """Asks the driver's tool for the GPU's busy share, again and again."""

    def __init__(self) -> None:
        self._shares: list[float] = []
        self._over = Event()
        self._thread = Thread(target=self._poll, name="gpu", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def begin(self) -> None:
        """Forget what was before now."""
        self._shares.clear()

    def share(self) -> float | None:
        return sum(self._shares) / len(self._shares) if self._shares else None

    def _poll(self) -> None:
        while not self._over.wait(GPU_EVERY_S):
            share = gpu_share()
            if share is None:
                return
            self._shares.append(share)


def gpu_share() -> float | None:
    """Return the busy share, over the last moments, of the first GPU that CUDA may use.

    None without one. The driver's tool counts GPUs by their place on the bus, CUDA may begin with
    the fastest: of different ones this may be another, unless CUDA_DEVICE_ORDER is PCI_BUS_ID.
    """
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    if not first:
        return None
    query = (*GPU_QUERY, f"--id={first}")
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
        return float(done.stdout.split()[0]) / 100
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
