"""Measuring speed: time per stage, latency per tick, and a reference workload.

Machines differ; the ratio of the stack's time to a fixed workload's time, taken in the same
process at intervals, differs less.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np


class Reference:
    """A fixed workload of a few milliseconds on one thread: sorting, gathering, arithmetic.

    No BLAS and no OpenCV: their threads would make it depend on how busy the other cores are.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._values = rng.standard_normal(20_000)
        self._image = rng.integers(0, 255, (180, 320, 3), dtype=np.uint8)

    def run_ms(self) -> float:
        """Run once; returns its time in milliseconds."""
        begin = perf_counter()
        order = np.argsort(self._values, kind="stable")
        np.tanh(self._values[order]).cumsum()
        grey = self._image.astype(np.float32).mean(axis=2)
        (grey[1:] - grey[:-1]).clip(-20, 20).sum()
        return (perf_counter() - begin) * 1e3


@dataclass
class StageTime:
    """Seconds spent and items handled by one stage; per-call times for a robust median."""

    seconds: float = 0.0
    items: int = 0
    calls_ms: array[float] = field(default_factory=lambda: array("d"))


class Stopwatch:
    """Collects the times of one run.

    Args:
        reference_every: ticks from one run of the reference workload to the next.
        clock: of stages, in seconds.
        alone: whether stages stand still while the reference workload runs.
    """

    def __init__(
        self,
        *,
        reference_every: int = 25,
        clock: Callable[[], float] = perf_counter,
        alone: bool = True,
    ) -> None:
        self._clock = clock
        self._alone = alone
        self.stages: dict[str, StageTime] = defaultdict(StageTime)
        self.ticks_ms: array[float] = array("d")
        self._reference = Reference()
        self._reference_every = reference_every
        self._reference_ms: list[float] = []
        self._begin = perf_counter()
        self._apart_s = 0.0

    @contextmanager
    def stage(self, name: str, items: int) -> Iterator[None]:
        """Time one stage's work on `items` items."""
        begin = self._clock()
        yield
        self.add(name, self._clock() - begin, items)

    def add(self, name: str, seconds: float, items: int) -> None:
        """Book time taken elsewhere to a stage."""
        entry = self.stages[name]
        entry.seconds += seconds
        entry.items += items
        if items:
            entry.calls_ms.append(seconds * 1e3 / items)

    def tick(self, seconds: float) -> None:
        """Note one tick's latency, and now and then run the reference workload."""
        self.ticks_ms.append(seconds * 1e3)
        if len(self.ticks_ms) % self._reference_every == 1:
            ms = self._reference.run_ms()
            self._apart_s += ms * 1e-3 if self._alone else 0.0
            if len(self.ticks_ms) > 1:  # the first run warms caches
                self._reference_ms.append(ms)

    def set_apart(self, seconds: float) -> None:
        """Leave time (of baselines, of a progress display) out of the run's speed."""
        self._apart_s += seconds

    def summary(self, *, frames: int, duration_s: float) -> dict[str, object]:
        """Return the scorecard's speed block; figures without data are None."""
        wall_s = perf_counter() - self._begin - self._apart_s
        reference_ms = float(np.median(self._reference_ms)) if self._reference_ms else None
        per_frame_ms = wall_s * 1e3 / frames if frames else None
        ticks = self.ticks_ms
        return {
            "fps": frames / wall_s if frames else None,
            "realtime_factor": duration_s / wall_s if wall_s > 0 and duration_s > 0 else None,
            "latency_ms": {
                "p50": float(np.percentile(ticks, 50)) if ticks else None,
                "p95": float(np.percentile(ticks, 95)) if ticks else None,
            },
            "reference_ms": reference_ms,
            "ratio": per_frame_ms / reference_ms if per_frame_ms and reference_ms else None,
            "stages": {
                name: {
                    "ms_per_item": float(np.median(entry.calls_ms)) if entry.calls_ms else None,
                    "busy": entry.seconds / wall_s if wall_s > 0 else None,
                    "items": entry.items,
                }
                for name, entry in self.stages.items()
            },
        }
