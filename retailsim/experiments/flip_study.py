"""Which detector of touched garments is worth what, in which shop: `retail bench flips`.

Days are played without cameras and kept on disk, so that all detectors are judged on the same
reads. Every judgement is kept, too: an interrupted study goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from retailsim.engine.config import StackSpec
from retailsim.engine.graph import build_graph
from retailsim.engine.serial import run_serial
from retailsim.errors import RetailError, ScenarioError
from retailsim.evaluate.flip import handling
from retailsim.evaluate.reads import ReadTimes
from retailsim.experiments.flip_detectors import DEFAULT, Detector, find_detector
from retailsim.experiments.flip_figures import (
    Measure,
    Outcome,
    figures_of,
    groups_of,
    judge_session,
    measures_of,
)
from retailsim.experiments.runs import write_json
from retailsim.experiments.sessions import simulated_reads
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import TagReads
from retailsim.session import BagReader
from retailsim.simulate.library import find_scenario
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

# Ordinary days, and days full of motion that is no flip: armfuls, crowded rails, a draughty door,
# sixty people among 1,500 tags, and a shop that nothing was trained in.
DAYS = ("boutique", "armfuls", "dense-rails", "draughty-door", "fast-fashion", "second-shop")
SEEDS = (900001, 900002, 900003)
SECONDS = 300.0
CACHE = Path(".cache/flips")
SIMULATING = 0.8  # share of the time that playing a day takes (assumed, for the progress bar)

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Judged:
    """One detector on one day.

    Attributes:
        detector, scenario, shop: names.
        by_seed: what it did, by seed.
    """

    detector: str
    scenario: str
    shop: str
    by_seed: dict[int, Outcome]

    @property
    def measures(self) -> dict[str, Measure]:
        """Figure -> mean and spread over seeds."""
        return measures_of(self.by_seed)


@dataclass(frozen=True)
class FlipStudy:
    """All detectors on all days."""

    detectors: tuple[str, ...]
    seeds: tuple[int, ...]
    seconds: float
    judged: tuple[Judged, ...]

    def of(self, detector: str, *, shop: str | None = None) -> list[Outcome]:
        """Return what a detector did in a shop, or in all."""
        return [
            outcome
            for one in self.judged
            if one.detector == detector and shop in (None, one.shop)
            for outcome in one.by_seed.values()
        ]

    @property
    def shops(self) -> tuple[str, ...]:
        """The shops, in order of their days."""
        return tuple(dict.fromkeys(one.shop for one in self.judged))

    @property
    def rises(self) -> dict[str, bool]:
        """Whether, shop by shop, each detector has better windows than the one before it."""
        found = {}
        for shop in self.shops:
            values = [
                figures_of(self.of(d, shop=shop))["balanced_accuracy"] for d in self.detectors
            ]
            known = [value for value in values if value is not None]
            found[shop] = len(known) == len(values) and all(a < b for a, b in pairwise(known))
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain data: figures by day with their spread, by shop, and by group of flips."""
        return {
            "detectors": list(self.detectors),
            "seeds": list(self.seeds),
            "seconds": self.seconds,
            "days": [
                {
                    "detector": one.detector,
                    "scenario": one.scenario,
                    "shop": one.shop,
                    "figures": {name: asdict(m) for name, m in one.measures.items()},
                    "by_seed": {seed: figures_of([o]) for seed, o in one.by_seed.items()},
                    "groups": groups_of(list(one.by_seed.values())),
                }
                for one in self.judged
            ],
            "shops": {
                shop: {d: figures_of(self.of(d, shop=shop)) for d in self.detectors}
                for shop in self.shops
            },
            "rises": self.rises,
            "groups": {d: groups_of(self.of(d)) for d in self.detectors},
        }


def study_flips(
    scenarios: Sequence[str | Path] = DAYS,
    *,
    detectors: Sequence[str] = DEFAULT,
    seeds: Sequence[int] = SEEDS,
    seconds: float = SECONDS,
    cache: Path = CACHE,
    progress: Progress | None = None,
) -> FlipStudy:
    """Judge detectors on days.

    Args:
        scenarios: paths or names of shipped ones.
        detectors: what `find_detector` knows.
        seeds: 900000 and up are for judging alone.
        seconds: length of each session.
        cache: folder of sessions and judgements; what is there is not done again.
        progress: told the share that is done.

    Raises:
        RetailError: a scenario or detector cannot be used, or the cache not written.
    """
    if not (scenarios and detectors and seeds):
        raise ScenarioError("give at least one scenario, one detector and one seed")
    found = [find_detector(name) for name in dict.fromkeys(detectors)]
    days = []
    for scenario in scenarios:
        file = find_scenario(scenario)
        day = load_scenario(file)
        days.append((day, load_store(day, file)))
    tell, count = progress or (lambda share: None), len(days) * len(seeds)
    judged = []
    for number, (day, plan) in enumerate(days):
        outcomes: dict[str, dict[int, Outcome]] = {d.name: {} for d in found}
        for place, seed in enumerate(seeds):
            begun = (number * len(seeds) + place) / count
            bag = simulated_reads(
                day, plan, seed=seed, seconds=seconds, cache=cache,
                progress=part_of(tell, begun, SIMULATING / count),
            )  # fmt: skip
            for nth, detector in enumerate(found):
                tell(begun + (SIMULATING + (1 - SIMULATING) * nth / len(found)) / count)
                outcomes[detector.name][seed] = judged_once(bag, detector)
        judged += [Judged(d.name, day.name, plan.name, outcomes[d.name]) for d in found]
    tell(1.0)
    names = tuple(detector.name for detector in found)
    return FlipStudy(names, tuple(seeds), seconds, tuple(judged))


def part_of(tell: Progress, begun: float, share: float) -> Progress:
    """Return what tells of a part of the work: from `begun` on, `share` of all."""
    return lambda done: tell(begun + share * done)


def judged_once(bag: Path, detector: Detector) -> Outcome:
    """Return what a detector does on a bag; from the file beside the bag if it was done before.

    Raises:
        RetailError: the bag or the detector cannot be used, or the file is damaged.
    """
    path = bag.parent / f"{bag.stem}-{detector.digest()}.json"
    if path.exists():
        try:
            return Outcome.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RetailError(f"{path}: not a judgement; remove it: {error}") from error
    outcome = judge_bag(bag, detector)
    write_json(path, outcome.as_dict())
    return outcome


def judge_bag(bag: Path, detector: Detector) -> Outcome:
    """Run a detector over a bag's tag reads and judge it; raises BagError, StageError."""
    reader = BagReader(bag)
    plan = reader.plan
    sensors = MessageLog(m for m in reader.messages(frames=False) if isinstance(m, TagReads))
    reads = ReadTimes(sensors)
    said = _run(sensors, detector.stack, plan)
    of_windows = said
    if detector.window_on is not None:
        of_windows = _run(sensors, detector.for_windows(), plan)
    events = handling(MessageLog(reader.truth()), reads)
    return judge_session(events, reads, plan, said=said, said_of_windows=of_windows)


def _run(sensors: MessageLog, stack: StackSpec, plan: StorePlan) -> MessageLog:
    nodes = build_graph(stack, StageContext(plan, precision="fp32"))
    return run_serial(sensors.of(TagReads), nodes, lateness_s=stack.lateness_s).results
