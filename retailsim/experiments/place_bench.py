"""Where is a tag, and which garments are misplaced? `retail bench place`.

Plays days with world and radio alone and runs the shipped locator of tags beside its rivals over
the same reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retailsim.engine.config import BaselineSpec, load_baselines, load_stack
from retailsim.engine.graph import build_graph
from retailsim.engine.serial import run_serial
from retailsim.evaluate.figures import Figures, mean
from retailsim.evaluate.misplaced import score_misplaced
from retailsim.evaluate.position import PositionErrors, position_errors, score_position
from retailsim.evaluate.tag_zone import home_zones, score_tag_zone
from retailsim.experiments.sessions import simulated_reads
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.registry import TRUTH_TYPES
from retailsim.messages.results import Misplaced
from retailsim.messages.sensors import Sale, TagReads
from retailsim.session import BagReader
from retailsim.simulate.library import find_scenario
from retailsim.simulate.scenario import Scenario, load_scenario, load_store
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

DAYS = ("boutique", "dense-rails", "second-shop")
SEEDS = (21, 22, 23)
SECONDS = 420.0
ROLE = "tagzone"
SHIPPED = "shipped"
COUNTS = ("misplaced.truth", "misplaced.found")
# Garments are seldom put in wrong places: an untidy day has many, for figures that mean something.
UNTIDY = {
    "misplace_probability": 0.7,
    "pick_up_probability": 0.5,
    "try_on_probability": 0.3,
    "buy_probability": 0.25,
}


@dataclass(frozen=True)
class Located:
    """One way to locate tags on one day: means over seeds, counts summed.

    Attributes:
        scenario, method: which.
        figures: 'family.name' -> value; besides the scorecard's, `position.away_over_sigma`: the
            root mean square of errors away from home over the deviation that was told with them,
            1 when that is honest.
    """

    scenario: str
    method: str
    figures: Figures


def bench_place(
    scenarios: Sequence[str] = DAYS,
    *,
    seeds: Sequence[int] = SEEDS,
    seconds: float = SECONDS,
    untidy: bool = False,
    cache: Path = Path(".cache/place"),
    progress: Callable[[str], None] | None = None,
) -> list[Located]:
    """Play every day and seed, and score the shipped locator and its rivals.

    Args:
        scenarios: names or paths.
        seeds: of the days.
        seconds: length of each session.
        untidy: let customers take along and misplace many more garments.
        cache: folder of sessions played before.
        progress: told what is going on.

    Raises:
        RetailError: a scenario cannot be played, or a stage fails.
    """
    tell = progress or (lambda text: None)
    found = []
    for scenario in scenarios:
        rounds: dict[str, list[Figures]] = {}
        for seed in seeds:
            tell(f"{scenario}, seed {seed}: playing {seconds:g} s")
            file = find_scenario(scenario)
            day = load_scenario(file)
            plan = load_store(day, file)
            played = messy(day) if untidy else day
            reader = BagReader(
                simulated_reads(played, plan, seed=seed, seconds=seconds, cache=cache)
            )
            messages = [*reader.messages(frames=False), *reader.truth()]
            tell(f"{scenario}, seed {seed}: looking for the tags")
            for method, figures in locate(messages, plan).items():
                rounds.setdefault(method, []).append(figures)
        found += [Located(scenario, method, _over(runs)) for method, runs in rounds.items()]
    return found


def messy(day: Scenario) -> Scenario:
    """Return a day on which many garments end up in wrong places."""
    return day.model_copy(update={"habits": day.habits.model_copy(update=UNTIDY)})


def locate(messages: Sequence[Message], plan: StorePlan) -> dict[str, Figures]:
    """Run the shipped locator and its rivals over a session; return the figures of each."""
    truth = MessageLog(m for m in messages if type(m).__name__ in TRUTH_TYPES)
    sensors = [m for m in messages if isinstance(m, TagReads | Sale)]
    shipped = load_stack()
    alone = shipped.model_copy(update={"stages": {ROLE: shipped.stages[ROLE]}})
    rivals = BaselineSpec(roles={ROLE: load_baselines().roles[ROLE]})
    nodes = build_graph(alone, StageContext(plan), baselines=rivals)
    run = run_serial(sensors, nodes, lateness_s=shipped.lateness_s)
    end_ns = max((m.time_ns for m in sensors), default=0)
    said = {SHIPPED: (run.results, run.outputs)}
    said |= {rival.name: (rival.said, rival.outputs) for rival in run.baselines}
    return {
        name: figures_of(truth, results, plan, end_ns=end_ns, misplaced=Misplaced in outputs)
        for name, (results, outputs) in said.items()
    }


def figures_of(
    truth: MessageLog, results: MessageLog, plan: StorePlan, *, end_ns: int, misplaced: bool
) -> Figures:
    """Return all figures of one locator; those of misplaced garments where it looks for them."""
    families = {
        "tag_zone": score_tag_zone(
            truth, results, end_ns=end_ns, found=True, home=home_zones(plan)
        ),
        "position": score_position(truth, results, plan, end_ns=end_ns, found=True),
        "misplaced": score_misplaced(truth, results, end_ns=end_ns, found=misplaced),
    }
    figures = {f"{f}.{name}": v for f, values in families.items() for name, v in values.items()}
    errors = position_errors(truth, results, plan, end_ns=end_ns)
    return figures | {"position.away_over_sigma": over_sigma(errors)}


def over_sigma(errors: PositionErrors) -> float | None:
    """Return the root mean square, per axis, of errors away from home over what was told of them.

    None where no deviation was told.
    """
    told = errors.away & (errors.sigma_m > 0)
    if not told.any():
        return None
    ratio = errors.error_m[told] / errors.sigma_m[told]
    return float(np.sqrt(np.mean(ratio**2) / 2))


def _over(runs: Sequence[Figures]) -> Figures:
    """Return means over seeds; counts are summed."""
    out: Figures = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        known = [value for value in values if value is not None]
        out[name] = float(sum(known)) if name in COUNTS and known else mean(values)
    return out
