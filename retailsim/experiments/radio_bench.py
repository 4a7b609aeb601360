"""How fast the radio is simulated as there are more tags: `retail bench radio`.

The boutique with as many tags as asked for, all its antennas on one reader, half of its people
walking and half of them shifting their feet, garments carried about, and one taken by the hand
every second while its neighbours swing. What is timed is the radio alone, in time of one core, so
that a busy machine says nearly the same as an idle one. Populations are played in turn, several
times, with a fixed reference workload before each; figures are medians with the least and the most.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.speed import Reference
from retailsim.errors import ScenarioError
from retailsim.experiments.simulate_bench import REFERENCE_RUNS, Spread
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.snapshot import Body, Clothes, Garments, People, Place, Snapshot, Swing
from retailsim.simulate.streams import stream
from retailsim.store.load import load_shop
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
STORE = "scenarios/stores/boutique.yaml"
TICK_NS = 100_000_000
START_NS = 1_700_000_000_000_000_000
CARRIED = 3  # garments, each by another of those who walk
BESIDE = 2  # garments on each side of the one taken by the hand swing along
BLACK = (0.0, 0.0, 0.0)
CLOTHES = Clothes("tshirt", BLACK, BLACK, "plain", "trousers", BLACK, BLACK)


@dataclass(frozen=True)
class RadioSpeed:
    """One population's figures.

    Attributes:
        tags: how many.
        realtime_factor: simulated seconds per second of one core, once under way.
        once_s: what it takes before, however long the session is: the first turn of all antennas,
            each of which traces the paths to all tags.
        ratio: time of a simulated second over that of the reference workload.
        reads_per_s: of all tags together, simulated.
        tags_read: how many were read at all.
    """

    tags: int
    realtime_factor: Spread
    once_s: Spread
    ratio: Spread
    reads_per_s: float
    tags_read: int


@dataclass(frozen=True)
class RadioBench:
    """All populations' figures, and what they share."""

    antennas: int
    people: int
    seconds: float
    rounds: int
    seed: int
    reference_ms: Spread
    populations: tuple[RadioSpeed, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Round:
    """One population played once: processor time, the reference before it, and what was read."""

    once_s: float
    running_s: float
    reference_ms: float
    reads: int
    tags_read: int


def bench_radio(
    populations: Sequence[int] = (1000,),
    *,
    antennas: int = 8,
    people: int = 10,
    seconds: float = 30.0,
    rounds: int = 3,
    seed: int = 42,
    progress: Callable[[float], None] | None = None,
) -> RadioBench:
    """Play every population `rounds` times, in turn, and sum up.

    Args:
        populations: numbers of tags, each at least 10.
        antennas: of the one reader, at most as many as the boutique has.
        people: in the shop.
        seconds: simulated time of each round, the first turn of the antennas left out.
        rounds: how often.
        seed: of all draws.
        progress: called with the share that is done.

    Raises:
        ScenarioError: too few tags, seconds or rounds, or antennas that are not there.
    """
    if not populations or min(populations) < 10:
        raise ScenarioError("there must be 10 tags at least")
    if seconds <= 0 or rounds < 1 or people < 0:
        raise ScenarioError("a bench needs more than 0 seconds, a round and no fewer than 0 people")
    plans = {tags: crowded_plan(tags, antennas) for tags in populations}
    found: dict[int, list[Round]] = {tags: [] for tags in plans}
    runs = rounds * len(plans)
    for number in range(runs):
        tags = list(plans)[number % len(plans)]
        found[tags].append(play_once(plans[tags], people=people, seconds=seconds, seed=seed))
        if progress:
            progress((number + 1) / runs)
    return RadioBench(
        antennas=antennas,
        people=people,
        seconds=seconds,
        rounds=rounds,
        seed=seed,
        reference_ms=Spread.of([one.reference_ms for many in found.values() for one in many]),
        populations=tuple(_sum_up(tags, many, seconds) for tags, many in found.items()),
    )


def crowded_plan(tags: int, antennas: int) -> StorePlan:
    """Return the boutique with so many tags, spread as its stock is, and one reader.

    Raises:
        ScenarioError: fewer antennas in the boutique.
    """
    plan = load_shop(STORE)
    there = [antenna for reader in plan.readers for antenna in reader.antennas]
    if not 1 <= antennas <= len(there):
        raise ScenarioError(f"{antennas} antennas: {STORE} has 1 to {len(there)}")
    ports = [one.model_copy(update={"port": i + 1}) for i, one in enumerate(there[:antennas])]
    until = np.cumsum([0] + [stock.count for stock in plan.stock])
    counts = np.diff(np.rint(until * (tags / until[-1])).astype(int)).tolist()
    fields = plan.model_dump() | {
        "readers": [plan.readers[0].model_copy(update={"antennas": ports}).model_dump()],
        "stock": [
            stock.model_dump() | {"count": count}
            for stock, count in zip(plan.stock, counts, strict=True)
            if count
        ],
    }
    return StorePlan.model_validate(fields)


def play_once(plan: StorePlan, *, people: int, seconds: float, seed: int) -> Round:
    """Run the reference workload, then the radio of a busy shop; time the radio alone."""
    reference = Reference()
    reference_ms = median(_processor_ms(reference) for _ in range(REFERENCE_RUNS))
    reader = plan.readers[0]
    first_s = math.ceil(len(reader.antennas) * reader.antenna_dwell_s * 10) / 10
    began = time.process_time()
    rig = RadioRig(plan, seed=seed)
    once_s, running_s = time.process_time() - began, 0.0
    before, reads, seen = None, 0, set[str]()
    for snapshot in busy_shop(plan, people=people, seconds=first_s + seconds, seed=seed):
        if before is not None:
            began = time.process_time()
            batches = rig.advance(before, snapshot)
            spent_s = time.process_time() - began
            if before.time_ns - START_NS < round(first_s * 1e9):
                once_s += spent_s
            else:
                running_s += spent_s
                reads += sum(len(batch.epc) for batch in batches)
                seen.update(epc for batch in batches for epc in batch.epc.tolist())
        before = snapshot
    return Round(once_s, running_s, reference_ms, reads, len(seen))


def _processor_ms(reference: Reference) -> float:
    began = time.process_time()
    reference.run_ms()
    return (time.process_time() - began) * 1e3


def busy_shop(plan: StorePlan, *, people: int, seconds: float, seed: int) -> Iterator[Snapshot]:
    """Yield the shop tick by tick: people on their ways, garments carried and taken by the hand."""
    assert plan.size_m is not None
    rng = stream(seed, "bench radio")
    width, depth = plan.size_m
    start = rng.uniform((0.5, 0.5), (width - 0.5, depth - 0.5), (people, 2))
    phase, turn = rng.uniform(0, 2 * np.pi, people), rng.uniform(0.2, 0.5, people)
    reach = rng.uniform(0.3, 2.5, (people, 2))
    reach[: people // 2] *= 0.02  # they stand, and shift their feet
    rest = np.array([plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items])
    carried = rng.choice(len(rest), min(CARRIED, people - people // 2), replace=False)
    swings = _swings(rng, len(rest), seconds)
    bodies = tuple(_body(number) for number in range(people))
    for tick in range(round(seconds * 10) + 1):
        t, now_ns = tick / 10, START_NS + tick * TICK_NS
        way = np.column_stack([np.sin(turn * t + phase), np.cos(0.7 * turn * t + phase)])
        xy = np.clip(start + reach * way, 0.3, (width - 0.3, depth - 0.3))
        xyz = rest.copy()
        for place, garment in enumerate(carried.tolist(), start=1):
            xyz[garment] = [*xy[-place], 1.1]
        near = [s for s in swings if s.start_ns <= now_ns + TICK_NS and s.end_ns > now_ns - TICK_NS]
        where = Garments(xyz, np.full(len(xyz), Place.ON_FIXTURE, np.uint8), np.full(len(xyz), -1))
        yield Snapshot(now_ns, _people(bodies, xy), where, tuple(near))


def _swings(rng: np.random.Generator, garments: int, seconds: float) -> list[Swing]:
    """Return one garment taken by the hand every second, and its neighbours that swing along."""
    found = []
    for second in range(math.ceil(seconds)):
        taken, start_ns = int(rng.integers(BESIDE, garments - BESIDE)), START_NS + second * 10**9
        times_ns = start_ns, start_ns + 1_500_000_000, start_ns + 3_500_000_000
        for beside in range(-BESIDE, BESIDE + 1):
            by_m = (0.004, 0.0, 0.01) if beside else (0.05, 0.0, 0.01)
            found.append(Swing(taken + beside, *times_ns, by_m, 1.3, 0.1, 0.5))
    return found


def _body(number: int) -> Body:
    return Body(number, 1.75, 1.0, BLACK, BLACK, "short", CLOTHES, "none", 0)


def _people(bodies: tuple[Body, ...], xy_m: F64) -> People:
    count = len(bodies)
    still = np.zeros(count)
    hands, staff = np.full((count, 3), np.nan), np.zeros(count, bool)
    return People(bodies, xy_m, still, still, still, np.zeros(count, np.uint8), hands, staff)


def _sum_up(tags: int, rounds: Sequence[Round], seconds: float) -> RadioSpeed:
    return RadioSpeed(
        tags=tags,
        realtime_factor=Spread.of([seconds / one.running_s for one in rounds]),
        once_s=Spread.of([one.once_s for one in rounds]),
        ratio=Spread.of([one.running_s / seconds * 1e3 / one.reference_ms for one in rounds]),
        reads_per_s=rounds[0].reads / seconds,
        tags_read=rounds[0].tags_read,
    )
