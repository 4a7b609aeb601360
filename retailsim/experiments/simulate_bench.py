"""How fast the world is simulated, and where the time goes: `retail bench simulate`.

Machines are noisy: every scenario is simulated several times, in turn, and figures are medians
with the least and the most beside them. A fixed reference workload runs in between, so that the
speeds of two machines, or of one on two days, can be compared by their ratios.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from retailsim import api
from retailsim.engine.speed import Reference
from retailsim.errors import ScenarioError
from retailsim.experiments.machine import memory_mib, peak_memory_mib, renderer
from retailsim.experiments.replay import describe_device
from retailsim.session import BagReader

SEED = 42
TENTHS = 10
REFERENCE_RUNS = 5
ONCE = ("set-up", "warm-up")  # however long the session is
PER_FRAME = ("cameras", "encoder", "waiting for the encoder")


@dataclass(frozen=True)
class Spread:
    """A figure over all rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up one value per round."""
        return cls(float(median(values)), float(min(values)), float(max(values)))

    @classmethod
    def of_known(cls, values: Iterable[float | None]) -> Spread | None:
        """Sum up the values that there are; None where there are none."""
        known = [value for value in values if value is not None]
        return cls.of(known) if known else None


@dataclass(frozen=True)
class Round:
    """One simulation.

    Attributes:
        wall_s: all of it.
        part_s: by part; parts overlap, so they may add up to more.
        frames: of all cameras.
        bag_bytes: size of the bag.
        memory_mib: held after each tenth of the session.
        reference_ms: the reference workload, run just before.
    """

    wall_s: float
    part_s: dict[str, float]
    frames: int
    bag_bytes: int
    memory_mib: tuple[float, ...]
    reference_ms: float

    @property
    def once_s(self) -> float:
        """What it takes before the first tick: devices, shaders, the world's warm-up."""
        return sum(self.part_s.get(part, 0.0) for part in ONCE)

    @property
    def running_s(self) -> float:
        """The time of the session itself."""
        return self.wall_s - self.once_s


@dataclass(frozen=True)
class Part:
    """One part of the work.

    Attributes:
        ms_per_s: milliseconds per simulated second.
        share: of the session's time (parts overlap: shares may add up to more than 1).
        ms_per_frame: for the parts that handle frames, else None.
    """

    ms_per_s: Spread
    share: float
    ms_per_frame: float | None


@dataclass(frozen=True)
class ScenarioSpeed:
    """One scenario's figures.

    Attributes:
        scenario: as given.
        realtime_factor: simulated seconds per second, once under way.
        once_s: what it takes before, however long the session is: devices, the world's warm-up.
        ratio: wall time of a simulated second over that of the reference workload.
        frames_per_s: of all cameras; None without video.
        parts: name -> figures, the most expensive first.
        memory_mib: held after each tenth of the session, in the last round.
        peak_memory_mib: the most that the process ever held until then.
        bag_mb_per_min: megabytes per simulated minute.
    """

    scenario: str
    realtime_factor: Spread
    once_s: Spread
    ratio: Spread
    frames_per_s: Spread | None
    parts: dict[str, Part]
    memory_mib: tuple[float, ...]
    peak_memory_mib: float
    bag_mb_per_min: float


@dataclass(frozen=True)
class SimulateBench:
    """All scenarios' figures, and what they were measured on."""

    device: str
    renderer: str | None
    seconds: float
    rounds: int
    seed: int
    video: bool
    radio: bool
    coarse: bool
    reference_ms: Spread
    scenarios: tuple[ScenarioSpeed, ...]


def bench_simulate(
    scenarios: Sequence[str | Path] = ("boutique",),
    *,
    seconds: float = 20.0,
    rounds: int = 3,
    seed: int = SEED,
    video: bool = True,
    radio: bool = True,
    coarse: bool = False,
    progress: Callable[[float], None] | None = None,
) -> SimulateBench:
    """Simulate every scenario `rounds` times, in turn, and sum up.

    Raises:
        ScenarioError, DeviceError: see `api.simulate`.
    """
    tell = progress or (lambda share: None)
    if seconds <= 0 or rounds < 1 or not scenarios:
        raise ScenarioError("a bench needs a scenario, more than 0 seconds and at least one round")
    found: dict[str, list[Round]] = {str(s): [] for s in scenarios}
    peaks: dict[str, float] = {}
    runs = rounds * len(found)
    for number in range(runs):
        name = list(found)[number % len(found)]
        one = simulate_once(
            name,
            seconds=seconds,
            seed=seed,
            video=video,
            radio=radio,
            coarse=coarse,
            progress=lambda share, done=number: tell((done + share) / runs),  # type: ignore[misc]
        )
        found[name].append(one)
        peaks[name] = peak_memory_mib()
    return SimulateBench(
        device=describe_device("cpu"),
        renderer=renderer() if video and not coarse else None,
        seconds=seconds,
        rounds=rounds,
        seed=seed,
        video=video,
        radio=radio,
        coarse=coarse,
        reference_ms=Spread.of([one.reference_ms for many in found.values() for one in many]),
        scenarios=tuple(
            sum_up(name, many, seconds=seconds, peak_mib=peaks[name])
            for name, many in found.items()
        ),
    )


def simulate_once(
    scenario: str,
    *,
    seconds: float,
    seed: int,
    video: bool,
    radio: bool,
    coarse: bool,
    progress: Callable[[float], None],
) -> Round:
    """Run the reference workload, then simulate into a bag that is thrown away."""
    memory: list[float] = []

    def watch(done_s: float, total_s: float, wall_s: float) -> None:
        progress(done_s / total_s)
        while len(memory) < int(TENTHS * done_s / total_s + 1e-9):
            memory.append(memory_mib())

    reference = Reference()
    reference_ms = median(reference.run_ms() for _ in range(REFERENCE_RUNS))
    with tempfile.TemporaryDirectory() as folder:
        made = api.simulate(
            scenario,
            output=Path(folder) / "bench.bag",
            seed=seed,
            duration_s=seconds,
            video=video,
            radio=radio,
            coarse=coarse,
            progress=watch,
        )
        summary = BagReader(made.path).summary()
    return Round(
        wall_s=made.recording.wall_s,
        part_s=made.recording.part_s,
        frames=sum(camera.frames for camera in summary.cameras),
        bag_bytes=summary.size_bytes,
        memory_mib=tuple(memory),
        reference_ms=reference_ms,
    )


def sum_up(name: str, rounds: Sequence[Round], *, seconds: float, peak_mib: float) -> ScenarioSpeed:
    """Turn the rounds of one scenario into medians and spreads."""
    seen = rounds[0].frames > 0
    parts = {part for one in rounds for part in one.part_s if part not in ONCE}
    figures = {part: _part(part, rounds, seconds) for part in parts}
    order = sorted(figures, key=lambda part: (-figures[part].ms_per_s.median, part))
    return ScenarioSpeed(
        scenario=name,
        realtime_factor=Spread.of([seconds / one.running_s for one in rounds]),
        once_s=Spread.of([one.once_s for one in rounds]),
        ratio=Spread.of([one.running_s / seconds * 1e3 / one.reference_ms for one in rounds]),
        frames_per_s=Spread.of([one.frames / one.running_s for one in rounds]) if seen else None,
        parts={part: figures[part] for part in order},
        memory_mib=rounds[-1].memory_mib,
        peak_memory_mib=peak_mib,
        bag_mb_per_min=median(one.bag_bytes for one in rounds) / 1e6 / seconds * 60,
    )


def _part(part: str, rounds: Sequence[Round], seconds: float) -> Part:
    taken_s = [one.part_s.get(part, 0.0) for one in rounds]
    counted = part in PER_FRAME and all(one.frames for one in rounds)
    return Part(
        ms_per_s=Spread.of([1e3 * s / seconds for s in taken_s]),
        share=median(s / one.running_s for s, one in zip(taken_s, rounds, strict=True)),
        ms_per_frame=(
            median(1e3 * s / one.frames for s, one in zip(taken_s, rounds, strict=True))
            if counted
            else None
        ),
    )
