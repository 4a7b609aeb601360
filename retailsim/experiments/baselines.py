"""Is the world hard for weak methods? `retail bench baselines`.

Plays days that claim to be hard, runs methods known to be weak, and holds each under its ceiling:
a method that does better than that says that the world is too easy.

The background subtractor works on the frames and the 3 dB rule on the tag reads, as they are. The
colour histogram gets the tracklets of the shipped detector and tracker, as it does in
`retail replay --baselines`: nobody hands it true boxes, and its figure can be compared with the
shipped embedder's on the same tracklets. Nothing else of the shipped stack runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from retailsim.engine.config import BaselineSpec, StackSpec, load_baselines, load_stack
from retailsim.experiments.replay import Device, replay_bag
from retailsim.experiments.sessions import CACHE, simulated

DAYS = ("uniforms", "saturday-rush")
SEEDS = (900001, 900002)
SECONDS = 120.0
FEEDERS = ("detect", "looks", "track")  # of the shipped stack: they make the tracklets


@dataclass(frozen=True)
class Ceiling:
    """What a weak method must stay below.

    Attributes:
        role, name: which of the shipped baselines it is.
        family, figure: where the scorecard has its figure.
        most: the ceiling.
    """

    role: str
    name: str
    family: str
    figure: str
    most: float


CEILINGS = (
    Ceiling("reid", "colour histogram", "reid", "rank1", 0.60),
    Ceiling("detect", "background subtraction", "detection", "ap50", 0.50),
    Ceiling("tagmotion", "RSSI changed by 3 dB", "flip", "f1", 0.60),
)


@dataclass(frozen=True)
class Weakness:
    """One weak method on one day.

    Attributes:
        scenario: the day.
        ceiling: method, figure and what it must stay below.
        values: one per seed; None where it could not be computed.
    """

    scenario: str
    ceiling: Ceiling
    values: tuple[float | None, ...]

    @property
    def highest(self) -> float | None:
        """The best that the method did on any seed."""
        return max((v for v in self.values if v is not None), default=None)

    @property
    def verdict(self) -> Literal["below", "above", "not measured"]:
        """Whether the method stays below its ceiling on every seed."""
        if self.highest is None:
            return "not measured"
        return "above" if self.highest > self.ceiling.most else "below"


@dataclass(frozen=True)
class Hardness:
    """All weak methods on all days."""

    seeds: tuple[int, ...]
    seconds: float
    found: tuple[Weakness, ...]

    @property
    def passed(self) -> bool:
        """Whether no method is above its ceiling and each was measured on some day."""
        measured = {w.ceiling for w in self.found if w.verdict != "not measured"}
        return measured == set(CEILINGS) and all(w.verdict != "above" for w in self.found)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, verdicts included."""
        rows = [asdict(w) | {"highest": w.highest, "verdict": w.verdict} for w in self.found]
        return {
            "passed": self.passed,
            "seeds": list(self.seeds),
            "seconds": self.seconds,
            "found": rows,
        }


def bench_baselines(
    scenarios: Sequence[str | Path] = DAYS,
    *,
    seeds: Sequence[int] = SEEDS,
    seconds: float = SECONDS,
    cache: Path = CACHE,
    device: Device = "auto",
    progress: Callable[[str], None] | None = None,
) -> Hardness:
    """Simulate (or take from the cache) every day and seed and run the weak methods.

    Args:
        scenarios: days that should be hard; paths or names of shipped ones.
        seeds: 900000 and up are for judging alone.
        seconds: length of each session.
        cache: folder of simulated bags.
        device: where the shipped detector runs.
        progress: told what is going on.

    Raises:
        RetailError: what `simulate` and `replay` raise.
    """
    tell = progress or (lambda text: None)
    found = []
    for scenario in scenarios:
        runs = []
        for seed in seeds:
            tell(f"{scenario}, seed {seed}: simulating {seconds:g} s")
            bag = simulated(scenario, seed=seed, seconds=seconds, cache=cache)
            tell(f"{scenario}, seed {seed}: running the weak methods")
            runs.append(weak_figures(bag, device=device))
        found += [
            Weakness(str(scenario), ceiling, tuple(figures[ceiling.name] for figures in runs))
            for ceiling in CEILINGS
        ]
    return Hardness(tuple(seeds), seconds, tuple(found))


def weak_figures(bag: Path, *, device: Device = "auto") -> dict[str, float | None]:
    """Run the weak methods over a bag; returns method -> figure, None where there is none.

    Raises:
        BagError, StageError, ModelError: see `replay_bag`.
    """
    spec, rivals = weak_stack()
    replayed = replay_bag(bag, spec=spec, device=device, baselines=rivals)
    figures: dict[str, float | None] = {}
    for ceiling in CEILINGS:
        family = (
            replayed.baselines.get(ceiling.family, {}).get(ceiling.name, {})
            if ceiling.role in rivals.roles
            else replayed.scorecard.accuracy[ceiling.family]
        )
        figures[ceiling.name] = family.get(ceiling.figure)
    return figures


def weak_stack() -> tuple[StackSpec, BaselineSpec]:
    """Return a stack of weak methods, and those that run in the shadow of a stage it needs."""
    shipped, known = load_stack(), load_baselines().roles
    stages = {role: shipped.stages[role] for role in FEEDERS if role in shipped.stages}
    shadows = {}
    for ceiling in CEILINGS:
        weak = known[ceiling.role][ceiling.name]
        if ceiling.role in stages:
            shadows[ceiling.role] = {ceiling.name: weak}
        else:
            stages[ceiling.role] = weak
    return shipped.model_copy(update={"stages": stages}), BaselineSpec(roles=shadows)
