"""How many tag reads a second the tag stages take on one core: `retail bench reads`.

Only the stages that work on reads are run, on the reads of a bag or of a day simulated without
cameras. What counts is the time of the processor, not of the clock: other programs on the machine
make less of a difference. All sessions are run several times, in turn; figures are medians with
the least and the most beside them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

from retailsim import api
from retailsim.engine.config import StackSpec, find_class, load_stack
from retailsim.engine.graph import build_graph
from retailsim.engine.serial import run_serial
from retailsim.engine.speed import Reference, Stopwatch
from retailsim.errors import BagError, ScenarioError, StageError
from retailsim.experiments.replay import describe_device
from retailsim.experiments.simulate_bench import REFERENCE_RUNS, SEED, Spread
from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.session import BagReader
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

BAG_SUFFIXES = (".bag", ".mcap")


@dataclass(frozen=True)
class StageRate:
    """One stage's figures.

    Attributes:
        reads_per_s: reads of the session per second of the stage's work on one core.
        us_per_read: the same the other way round, microseconds.
    """

    reads_per_s: Spread
    us_per_read: Spread


@dataclass(frozen=True)
class SessionRate:
    """One session's figures.

    Attributes:
        source: bag or scenario, as given.
        tags, antennas: of the plan.
        reads: in all.
        seconds: length of the session.
        told_per_s: reads per second of the session: what the shop's readers deliver.
        stages: role -> figures, in running order.
        together: all of these stages.
    """

    source: str
    tags: int
    antennas: int
    reads: int
    seconds: float
    told_per_s: float
    stages: dict[str, StageRate]
    together: StageRate


@dataclass(frozen=True)
class ReadsBench:
    """All sessions' figures, and what they were measured on."""

    device: str
    rounds: int
    reference_ms: Spread
    sessions: tuple[SessionRate, ...]


@dataclass(frozen=True)
class Recorded:
    """What the tag stages get of a session."""

    source: str
    plan: StorePlan
    messages: tuple[Message, ...]

    @property
    def reads(self) -> int:
        """Number of reads."""
        return sum(len(m.read_us) for m in self.messages if isinstance(m, TagReads))

    @property
    def seconds(self) -> float:
        """From the first to the last batch of reads."""
        times_ns = [m.time_ns for m in self.messages if isinstance(m, TagReads)]
        return (max(times_ns) - min(times_ns)) * 1e-9


def bench_reads(
    sources: Sequence[str | Path] = ("boutique",),
    *,
    stack: str | Path | None = None,
    seconds: float = 60.0,
    rounds: int = 5,
    seed: int = SEED,
    progress: Callable[[float], None] | None = None,
) -> ReadsBench:
    """Run the tag stages over every session `rounds` times, in turn, and sum up.

    Args:
        sources: bags (by suffix, or a folder that is there) or scenarios.
        stack: stack YAML whose tag stages to take; None takes the shipped ones.
        seconds, seed: of sessions that are simulated; a bag is taken as it is.
        rounds: how often.
        progress: told the share that is done.

    Raises:
        ScenarioError, BagError, StageError, ModelError: as simulating and replaying do; a session
            without reads, or a stack without tag stages.
    """
    tell = progress or (lambda share: None)
    if seconds <= 0 or rounds < 1 or not sources:
        raise ScenarioError("a bench needs a session, more than 0 seconds and at least one round")
    spec = tag_stages(load_stack(stack))
    work = len(sources) * (rounds + 1)
    sessions: list[Recorded] = []
    for source in sources:
        sessions.append(recorded(source, seconds=seconds, seed=seed))
        tell(len(sessions) / work)
    found: list[list[dict[str, float]]] = [[] for _ in sessions]
    reference, reference_ms = Reference(), []
    for number in range(rounds * len(sessions)):
        reference_ms.append(median(reference.run_ms() for _ in range(REFERENCE_RUNS)))
        place = number % len(sessions)
        found[place].append(stage_seconds(sessions[place], spec))
        tell((len(sessions) + number + 1) / work)
    return ReadsBench(
        device=describe_device("cpu"),
        rounds=rounds,
        reference_ms=Spread.of(reference_ms),
        sessions=tuple(sum_up(s, many) for s, many in zip(sessions, found, strict=True)),
    )


def tag_stages(spec: StackSpec) -> StackSpec:
    """Return a stack's stages that work on reads alone; raises StageError if there are none."""
    stages = {
        role: stage
        for role, stage in spec.stages.items()
        if stage and {TagReads, CleanReads} & set(find_class(role, stage.uses or "").inputs)
    }
    if not stages:
        raise StageError("the stack has no stage that works on tag reads")
    return spec.model_copy(update={"stages": stages})


def recorded(source: str | Path, *, seconds: float, seed: int) -> Recorded:
    """Return what a bag holds besides video, simulating a scenario into one first."""
    with _as_bag(source, seconds, seed) as bag:
        reader = BagReader(bag)
        session = Recorded(str(source), reader.plan, tuple(reader.messages(frames=False)))
    if not session.reads or not session.plan.items:
        raise BagError(f"{source}: holds no reads of a plan's garments; nothing to measure")
    return session


@contextmanager
def _as_bag(source: str | Path, seconds: float, seed: int) -> Iterator[Path]:
    path = Path(source)
    if path.suffix in BAG_SUFFIXES or path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        bag = Path(folder) / "bench.bag"
        yield api.simulate(source, output=bag, seed=seed, duration_s=seconds, video=False).path


def stage_seconds(session: Recorded, spec: StackSpec) -> dict[str, float]:
    """Run the stages once; returns role -> seconds of work, in running order."""
    nodes = build_graph(spec, StageContext(session.plan, precision=spec.precision))
    watch = Stopwatch(clock=process_time)
    run_serial(session.messages, nodes, lateness_s=spec.lateness_s, watch=watch)
    return {node.role: watch.stages[node.role].seconds for node in nodes}


def sum_up(session: Recorded, rounds: Sequence[dict[str, float]]) -> SessionRate:
    """Turn the rounds of one session, seconds by role, into medians and spreads."""
    reads = session.reads
    return SessionRate(
        source=session.source,
        tags=len(session.plan.items),
        antennas=sum(len(reader.antennas) for reader in session.plan.readers),
        reads=reads,
        seconds=session.seconds,
        told_per_s=reads / max(session.seconds, 1e-9),
        stages={role: _rate(reads, [one[role] for one in rounds]) for role in rounds[0]},
        together=_rate(reads, [sum(one.values()) for one in rounds]),
    )


def _rate(reads: int, seconds: Sequence[float]) -> StageRate:
    return StageRate(
        Spread.of([reads / max(s, 1e-9) for s in seconds]),
        Spread.of([1e6 * s / reads for s in seconds]),
    )
