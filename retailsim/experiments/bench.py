"""Where the time goes: simulate a stretch of a scenario and replay it, several times.

    python -m retailsim.experiments.bench [--scenario scenarios/boutique.yaml] [--seconds 20]
        [--rounds 3] [--json]

Machines are noisy: figures are medians over rounds, simulation and replay taken in turn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from retailsim import api
from retailsim.stack.stage import Precision

SEED = 42
PRECISIONS: tuple[Precision, ...] = ("fp32", "auto")


def run(scenario: str, *, seconds: float, rounds: int) -> dict[str, Any]:
    """Time simulation and replay; returns medians over rounds.

    Returns:
        {"simulate": {"realtime_factor", "part_s": {...}},
         "replay": {precision: {"realtime_factor", "fps", "ratio", "stages": {...}}}}
    """
    simulated: list[dict[str, Any]] = []
    replayed: dict[str, list[dict[str, Any]]] = {"fp32": [], "auto": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            bag = Path(folder) / "bench.bag"
            made = api.simulate(
                scenario, output=bag, seed=SEED, duration_s=seconds, overwrite=True
            ).recording
            factor = made.duration_s / made.wall_s
            simulated.append({"realtime_factor": factor, "part_s": made.part_s})
            for precision in PRECISIONS:
                card = api.replay(bag, precision=precision).scorecard
                replayed[precision].append(card.speed.model_dump())
    return {
        "scenario": scenario,
        "seconds": seconds,
        "rounds": rounds,
        "simulate": _medians(simulated),
        "replay": {precision: _medians(cards) for precision, cards in replayed.items()},
    }


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the median of every number over runs of the same shape."""
    merged: dict[str, Any] = {}
    for key, value in runs[0].items():
        values = [r[key] for r in runs if key in r and r[key] is not None]
        if isinstance(value, dict):
            merged[key] = _medians(values)
        else:
            merged[key] = median(values) if values else None
    return merged


def _print(figures: dict[str, Any]) -> None:
    console = Console()
    made = figures["simulate"]
    table = Table(title=f"simulate: {made['realtime_factor']:.2f}x real time")
    table.add_column("part")
    table.add_column("s per simulated s", justify="right")
    for part, seconds in sorted(made["part_s"].items(), key=lambda item: -item[1]):
        table.add_row(part, f"{seconds / figures['seconds']:.3f}")
    console.print(table)
    for precision, speed in figures["replay"].items():
        factor, fps = speed["realtime_factor"], speed["fps"]
        table = Table(title=f"replay {precision}: {factor:.2f}x real time, {fps:.0f} frames/s")
        for column in ("stage", "ms per item", "share of the time"):
            table.add_column(column, justify="left" if column == "stage" else "right")
        for name, stage in sorted(speed["stages"].items(), key=lambda item: -item[1]["busy"]):
            per_item = stage["ms_per_item"]
            shown = "-" if per_item is None else f"{per_item:.3f}"
            table.add_row(name, shown, f"{stage['busy']:.0%}")
        console.print(table)


def main() -> None:
    """Parse the command line, run and print."""
    parser = argparse.ArgumentParser(description="Time simulation and replay, stage by stage.")
    parser.add_argument("--scenario", default="scenarios/boutique.yaml")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = run(arguments.scenario, seconds=arguments.seconds, rounds=arguments.rounds)
    print(json.dumps(figures, indent=2)) if arguments.json else _print(figures)


if __name__ == "__main__":
    main()
