"""Stages one after the other against stages side by side: `retail bench pipeline`.

The same stretch of the same bag is replayed serially, with one thread, two, four and so on up to
one for each core, and by 2 to cores + 1 workers; each in turn, several times, and figures are
medians with the least and the most beside them. All results must be the same. Times run from the
first message to the last word: starting processes and making networks is done once, however long
the session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Literal

from retailsim.engine.config import load_stack
from retailsim.engine.pipeline import cores
from retailsim.errors import BagError, ScenarioError
from retailsim.experiments.critical_path import Load, critical, loads
from retailsim.experiments.pipeline_runs import (
    Job,
    Stretch,
    Tell,
    Turn,
    divisions,
    replay_serially,
    replay_side_by_side,
)
from retailsim.experiments.replay import Device, describe_device, resolve_device
from retailsim.experiments.simulate_bench import Spread
from retailsim.session import BagReader
from retailsim.stack.stage import Precision, StageContext

FIXTURE = Path("fixtures/boutique.bag")
Replay = Callable[[Tell], Turn]


@dataclass(frozen=True)
class ProcessFigures:
    """One process of one way.

    Attributes:
        process: its name.
        busy: share of the time in which one of its stages was at work.
        cpu: processor time over time: above 1 where it has several threads; None where the kernel
            does not count it, or not at all.
        ms_per_tick: what its stages take for a capture tick, together.
        stages: and each of them, in running order.
    """

    process: str
    busy: Spread
    cpu: Spread | None
    ms_per_tick: Spread
    stages: dict[str, Spread]


@dataclass(frozen=True)
class WayFigures:
    """One way's figures over all rounds.

    Attributes:
        way: what it is called.
        threads: of a serial replay, else None.
        workers: of stages side by side, else None.
        digests: of the results, as many as there are different ones.
        fps: frames per second, of all cameras.
        realtime_factor: seconds of the session per second.
        cores_busy: share of each core's time that anybody had it.
        own: share of all cores' time that this replay used.
        others: share that other programs had; where it is not small, times mean little.
        core_ms_per_frame: processor time that a frame takes.
        gpu_busy: of the first GPU; None without one.
        processes: what each does.
        critical: the one that the others wait for.
    """

    way: str
    threads: int | None
    workers: int | None
    digests: tuple[str, ...]
    fps: Spread
    realtime_factor: Spread
    cores_busy: tuple[Spread, ...]
    own: Spread | None
    others: Spread | None
    core_ms_per_frame: Spread | None
    gpu_busy: Spread | None
    processes: tuple[ProcessFigures, ...]
    critical: str


@dataclass(frozen=True)
class PipelineBench:
    """All ways' figures, and what they were measured on.

    Attributes:
        seconds: of the session that were replayed.
        cores: that may be used.
        same: whether all replays gave the same results.
        digest: of these; None where they differ.
        ways: serial ones first.
        best_serial, best_pipelined: the fastest by their medians.
        gain: how many times faster the second is than the first, round by round.
    """

    bag: str
    device: str
    precision: str
    seconds: float
    rounds: int
    cores: int
    same: bool
    digest: str | None
    ways: tuple[WayFigures, ...]
    best_serial: str
    best_pipelined: str
    gain: Spread


@dataclass(frozen=True)
class _Way:
    name: str
    replay: Replay
    threads: int | None = None
    workers: int | None = None


def bench_pipeline(
    bag: str | Path = FIXTURE,
    *,
    stack: str | Path | None = None,
    seconds: float | None = None,
    rounds: int = 3,
    workers: Sequence[int] | None = None,
    precision: Precision | None = None,
    device: Device = "auto",
    progress: Tell | None = None,
) -> PipelineBench:
    """Replay a stretch in all ways in turn, `rounds` times.

    Args:
        bag: session bag.
        stack: stack YAML; the shipped one by default.
        seconds: how much of the bag; all by default.
        rounds: how often.
        workers: numbers of processes that run stages; 2 to cores + 1 by default. Of several that
            divide the stages alike, the smallest is taken.
        precision: overrides the stack's.
        device: where networks run.
        progress: told the share that is done.

    Raises:
        BagError: the bag cannot be read, or holds no frames.
        ScenarioError: no rounds, no length, no workers.
        RetailError: as a replay does.
    """
    if rounds < 1 or (seconds is not None and not seconds > 0):
        raise ScenarioError("a bench needs more than 0 seconds and at least one round")
    counts = range(2, cores() + 2) if workers is None else workers
    if not counts:
        raise ScenarioError("a bench of stages side by side needs a number of workers")
    job = _job(Path(bag), stack, seconds, precision, resolve_device(device))
    ways = _ways(job, counts)
    turns: dict[str, list[Turn]] = {way.name: [] for way in ways}
    runs, done = rounds * len(ways), 0
    for _ in range(rounds):
        for way in ways:
            turns[way.name].append(way.replay(partial(_tell, progress, done, runs)))
            done += 1
            _tell(progress, done, runs, 0.0)
    where = job.context.device
    figures = tuple(sum_up(way.name, way.threads, way.workers, turns[way.name]) for way in ways)
    return compare(str(bag), describe_device(where), job.spec.precision, figures, turns)


def _job(
    bag: Path,
    stack: str | Path | None,
    seconds: float | None,
    precision: Precision | None,
    device: Literal["cpu", "cuda"],
) -> Job:
    spec = load_stack(stack)
    spec = spec if precision is None else spec.model_copy(update={"precision": precision})
    reader = BagReader(bag)
    summary = reader.summary()
    frames = sum(camera.frames for camera in summary.cameras)
    if not frames:
        raise BagError(f"{bag}: holds no camera frames; nothing to time")
    share = 1.0 if seconds is None else min(1.0, seconds / max(summary.duration_s, 1e-9))
    context = StageContext(reader.plan, device=device, precision=spec.precision)
    return Job(Stretch(bag, seconds), spec, context, max(1, round(frames * share)))


def _ways(job: Job, counts: Sequence[int]) -> list[_Way]:
    """Return all ways to replay, serial ones first."""
    pipelined = divisions(job.spec, counts, device=job.context.device)
    return [
        *(
            _Way(counted(f"serial, {n} thread", n), partial(replay_serially, job, n), threads=n)
            for n in thread_counts(cores())
        ),
        *(
            _Way(counted(f"{n} worker", n), partial(replay_side_by_side, job, groups), workers=n)
            for n, groups in pipelined.items()
        ),
    ]


def thread_counts(most: int) -> list[int]:
    """Return how many threads to try: one, twice as many, and so on, and one for each core."""
    return sorted({most, *(1 << power for power in range(most.bit_length()))})


def counted(text: str, number: int) -> str:
    """Return a text, in the plural where there is not exactly one."""
    return text if number == 1 else f"{text}s"


def _tell(progress: Tell | None, done: int, runs: int, share: float) -> None:
    if progress:
        progress(min(1.0, (done + min(share, 1.0)) / runs))


def sum_up(way: str, threads: int | None, workers: int | None, turns: Sequence[Turn]) -> WayFigures:
    """Turn the rounds of one way into medians and spreads."""
    found = [
        loads(turn.groups, turn.stage_s, ticks=turn.ticks, wall_s=turn.wall_s) for turn in turns
    ]
    processes = tuple(
        _process_figures([one[place] for one in found], turns) for place in range(len(found[0]))
    )
    middle = [Load(p.process, p.busy.median, p.ms_per_tick.median, {}) for p in processes]
    measured = [turn for turn in turns if turn.busy.seconds > 0 and turn.busy.cores]
    every_core = zip(*(turn.busy.cores for turn in measured), strict=True)
    return WayFigures(
        way=way,
        threads=threads,
        workers=workers,
        digests=tuple(sorted({turn.digest for turn in turns})),
        fps=Spread.of([turn.frames / turn.wall_s for turn in turns]),
        realtime_factor=Spread.of([turn.session_s / turn.wall_s for turn in turns]),
        cores_busy=tuple(Spread.of(shares) for shares in every_core),
        own=Spread.of_known([_own(turn) for turn in measured]),
        others=Spread.of_known([max(0.0, mean(turn.busy.cores) - _own(turn)) for turn in measured]),
        core_ms_per_frame=Spread.of_known(
            [1e3 * _cpu_s(t) / t.busy.frames for t in measured if t.busy.frames]
        ),
        gpu_busy=Spread.of_known(turn.busy.gpu for turn in turns),
        processes=processes,
        critical=critical(middle).process,
    )


def _process_figures(found: Sequence[Load], turns: Sequence[Turn]) -> ProcessFigures:
    """Sum up one process over rounds."""
    name = found[0].process
    cpu = [
        turn.busy.cpu_s[name] / turn.busy.seconds
        for turn in turns
        if turn.busy.seconds > 0 and name in turn.busy.cpu_s
    ]
    return ProcessFigures(
        process=name,
        busy=Spread.of([load.busy for load in found]),
        cpu=Spread.of_known(cpu),
        ms_per_tick=Spread.of([load.ms_per_tick for load in found]),
        stages={role: Spread.of([load.stages[role] for load in found]) for role in found[0].stages},
    )


def _cpu_s(turn: Turn) -> float:
    return sum(turn.busy.cpu_s.values())


def _own(turn: Turn) -> float:
    """Return the share of all cores' time that a replay used."""
    return _cpu_s(turn) / turn.busy.seconds / len(turn.busy.cores)


def compare(
    bag: str,
    device: str,
    precision: str,
    ways: tuple[WayFigures, ...],
    turns: Mapping[str, Sequence[Turn]],
) -> PipelineBench:
    """Name the best of both kinds and compare them round by round."""
    serial = max((w for w in ways if w.workers is None), key=lambda way: way.fps.median)
    pipelined = max((w for w in ways if w.workers is not None), key=lambda way: way.fps.median)
    pairs = zip(turns[serial.way], turns[pipelined.way], strict=True)
    digests = {digest for way in ways for digest in way.digests}
    return PipelineBench(
        bag=bag,
        device=device,
        precision=precision,
        seconds=median(turn.session_s for turn in turns[serial.way]),
        rounds=len(turns[serial.way]),
        cores=cores(),
        same=len(digests) == 1,
        digest=digests.pop() if len(digests) == 1 else None,
        ways=ways,
        best_serial=serial.way,
        best_pipelined=pipelined.way,
        gain=Spread.of(
            [(two.frames / two.wall_s) / (one.frames / one.wall_s) for one, two in pairs]
        ),
    )
