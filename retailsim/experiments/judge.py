"""The judging seeds: does the stack reach what the project promises, on days it never saw?

    python -m retailsim.experiments.judge [--seeds 900001 900002 900003] [--seconds 300]
        [--scenario scenarios/boutique.yaml] [--stack mine.yaml] [--cache .cache/judge] [--json]

Simulates each seed (bags are kept in the cache as long as scenario, plan and the code that makes
bags stay the same), replays it with baselines and prints mean, minimum and baselines beside the
targets. Exits 1 when a target is missed or a seed holds fewer events than the scenario promises.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from retailsim import api
from retailsim.evaluate.events import Events, count_events
from retailsim.evaluate.scorecard import FAMILIES, Scorecard
from retailsim.experiments.sessions import CACHE, simulated
from retailsim.messages.log import MessageLog
from retailsim.report.table import LOWER_IS_BETTER, number
from retailsim.session.reader import BagReader
from retailsim.simulate.library import find_scenario
from retailsim.simulate.scenario import load_scenario

SEEDS = (900001, 900002, 900003)
SECONDS = 300.0

Rivals = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Target:
    """What one figure must reach.

    Attributes:
        least: on every seed; None asks for nothing.
        above: by how much the mean over seeds must be better than every baseline's; 0 means
            better at all, None asks for nothing.
    """

    least: float | None = None
    above: float | None = None


TARGETS: dict[str, Target] = {
    "detection.ap50": Target(least=0.85),
    "tracking.hota": Target(least=0.60),
    "footfall.f1": Target(least=0.95),
    "heatmap.correlation": Target(least=0.9),
    "flip.f1": Target(least=0.70, above=0.15),
    "interaction.accuracy": Target(least=0.70),
    "tag_zone.accuracy": Target(above=0.0),
    "recommendation.hit@5": Target(above=0.0),
}


@dataclass(frozen=True)
class Trial:
    """One seed's outcome."""

    seed: int
    scorecard: Scorecard
    baselines: Rivals
    events: Events | None


@dataclass(frozen=True)
class Line:
    """One figure over all seeds.

    Attributes:
        figure: 'family.name'.
        values: one per seed; None where it could not be computed.
        rivals: baseline -> mean over the seeds on which it could be computed.
        verdict: 'met', 'missed', or '' without a target.
        target: the target in words.
    """

    figure: str
    values: tuple[float | None, ...]
    rivals: dict[str, float | None]
    verdict: Literal["met", "missed", ""]
    target: str


@dataclass(frozen=True)
class Judgement:
    """All seeds together.

    Attributes:
        trials: one per seed.
        lines: all figures that any seed has, in the scorecard's order.
        shortages: what a seed lacks of the promised events, in words.
    """

    trials: tuple[Trial, ...]
    lines: tuple[Line, ...]
    shortages: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every target is met and every seed holds what is promised."""
        return not self.shortages and all(line.verdict != "missed" for line in self.lines)


def judge(
    seeds: Sequence[int] = SEEDS,
    *,
    scenario: str | Path = "scenarios/boutique.yaml",
    seconds: float = SECONDS,
    stack: str | Path | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    cache: Path = CACHE,
    progress: Callable[[str], None] | None = None,
) -> Judgement:
    """Simulate (or take from the cache), replay and score every seed.

    Args:
        seeds: 900000 and up are for judging alone.
        scenario: what to play; its `promises` are checked.
        seconds: length of each session.
        stack: stack YAML; the shipped one by default.
        device: where networks run.
        cache: folder of simulated bags.
        progress: told what is going on.

    Raises:
        RetailError: what `simulate` and `replay` raise.
    """
    tell = progress or (lambda text: None)
    promised = load_scenario(find_scenario(scenario)).promises.model_dump()
    trials, shortages = [], []
    for seed in seeds:
        tell(f"seed {seed}: simulating {seconds:g} s")
        bag = simulated(scenario, seed=seed, seconds=seconds, cache=cache)
        tell(f"seed {seed}: replaying")
        replayed = api.replay(bag, stack=stack, device=device, baselines=True)
        events = events_of(bag)
        trials.append(Trial(seed, replayed.scorecard, replayed.baselines, events))
        lacking = events.short_of(promised) if events else {"events": (0.0, 1.0)}
        shortages += [
            f"seed {seed} holds {held:.1f} {name} per five minutes, promised are {least:g}"
            for name, (held, least) in lacking.items()
        ]
    return Judgement(tuple(trials), tuple(lines(trials)), tuple(shortages))


def events_of(bag: Path) -> Events | None:
    """Count what really happens in a bag."""
    reader = BagReader(bag)
    sensors = MessageLog(reader.messages(frames=False))
    return count_events(MessageLog(reader.truth()), sensors, reader.plan)


def lines(trials: Sequence[Trial]) -> list[Line]:
    """Return one line per figure that any seed has or a target asks for."""
    found = []
    for family, names in FAMILIES.items():
        for name in names:
            figure = f"{family}.{name}"
            values = tuple(t.scorecard.accuracy[family][name] for t in trials)
            if figure in TARGETS or any(value is not None for value in values):
                found.append(_line(figure, values, _rivals(trials, family, name)))
    return found


def _rivals(trials: Sequence[Trial], family: str, name: str) -> dict[str, float | None]:
    names = sorted({rival for t in trials for rival in t.baselines.get(family, {})})
    return {
        rival: mean([t.baselines.get(family, {}).get(rival, {}).get(name) for t in trials])
        for rival in names
    }


def _line(figure: str, values: tuple[float | None, ...], rivals: dict[str, float | None]) -> Line:
    target = TARGETS.get(figure)
    if target is None:
        return Line(figure, values, rivals, "", "")
    words, met = [], True
    if target.least is not None:
        words.append(f">= {target.least:g}")
        met &= all(value is not None and value >= target.least for value in values)
    if target.above is not None:
        words.append(f"{target.above:g} above" if target.above else "above")
        met &= _better(mean(values), rivals, target.above)
    return Line(figure, values, rivals, "met" if met else "missed", ", ".join(words))


def _better(value: float | None, rivals: Mapping[str, float | None], above: float) -> bool:
    """Say whether a mean beats every rival's; without any rival nothing is shown."""
    known = [rival for rival in rivals.values() if rival is not None]
    if value is None or not known:
        return False
    return value > max(known) if above == 0 else value >= max(known) + above


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that could be computed; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def judgement_table(judgement: Judgement) -> Table:
    """Return mean, worst seed and baselines of every figure beside its target."""
    seeds = ", ".join(str(trial.seed) for trial in judgement.trials)
    table = Table(title=f"judging seeds {seeds}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("figure (v: less is better)", no_wrap=True)
    for name in ("mean", "worst"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("baselines (mean)", "target", ""):
        table.add_column(name)
    styles = {"met": "[green]met[/]", "missed": "[bold red]missed[/]", "": ""}
    for line in judgement.lines:
        lower = line.figure.split(".")[1] in LOWER_IS_BETTER
        known = [value for value in line.values if value is not None]
        worst = (max(known) if lower else min(known)) if len(known) == len(line.values) else None
        rivals = [f"{name} {number(value)}" for name, value in line.rivals.items()]
        table.add_row(
            line.figure + " v" * lower,
            number(mean(line.values)),
            number(worst),
            "\n".join(rivals),
            line.target,
            styles[line.verdict],
        )
    return table


def as_json(judgement: Judgement) -> str:
    """Return the judgement as JSON: figures by seed, baselines, targets, shortages."""
    data = {
        "seeds": [trial.seed for trial in judgement.trials],
        "passed": judgement.passed,
        "shortages": list(judgement.shortages),
        "figures": {
            line.figure: {
                "values": list(line.values),
                "baselines": line.rivals,
                "target": line.target,
                "verdict": line.verdict,
            }
            for line in judgement.lines
        },
    }
    return json.dumps(data, indent=2)


def main() -> int:
    """Judge from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--scenario", default="scenarios/boutique.yaml")
    parser.add_argument("--stack", default=None)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    stderr = Console(stderr=True)
    judgement = judge(
        wanted.seeds,
        scenario=wanted.scenario,
        seconds=wanted.seconds,
        stack=wanted.stack,
        device=wanted.device,
        cache=wanted.cache,
        progress=lambda text: stderr.print(text, highlight=False),
    )
    console = Console()
    if wanted.json:
        print(as_json(judgement))
    else:
        console.print(judgement_table(judgement))
    for shortage in judgement.shortages:
        stderr.print(f"[bold red]{shortage}[/]")
    return 0 if judgement.passed else 1


if __name__ == "__main__":
    sys.exit(main())
