"""The benches' results as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from retailsim.experiments.baselines import Hardness
from retailsim.experiments.days import DayReport
from retailsim.experiments.inventory_bench import WINDOW_S, InventoryBench
from retailsim.experiments.place_bench import Located
from retailsim.experiments.radio_bench import RadioBench
from retailsim.experiments.reads_bench import ReadsBench, SessionRate, StageRate
from retailsim.experiments.simulate_bench import ScenarioSpeed, SimulateBench, Spread
from retailsim.report.table import number

STYLES = {
    "kept": "[green]kept[/]",
    "below": "[green]below[/]",
    "broken": "[bold red]broken[/]",
    "above": "[bold red]above: too easy[/]",
    "not measured": "[yellow]not measured[/]",
}


def speed_tables(bench: SimulateBench) -> list[Table]:
    """Return a table per scenario: what each part of the work takes."""
    return [_speed_table(one, bench) for one in bench.scenarios]


def _speed_table(one: ScenarioSpeed, bench: SimulateBench) -> Table:
    frames = f", {_spread(one.frames_per_s, 0)} frames/s" if one.frames_per_s else ""
    memory = " ".join(f"{mib:.0f}" for mib in one.memory_mib)
    table = Table(
        title=f"{escape(one.scenario)}: {_spread(one.realtime_factor, 2)} x real time{frames}",
        caption=(
            f"{bench.seconds:g} s, {bench.rounds} rounds, seed {bench.seed}: median (least to most)"
            f"\nbefore the first tick: {_spread(one.once_s, 1)} s"
            f"\na simulated second takes {_spread(one.ratio, 1)} x the reference workload"
            f"\nmemory after each tenth: {memory} MiB; most ever {one.peak_memory_mib:.0f} MiB"
            f"\nthe bag grows by {one.bag_mb_per_min:.3g} MB a minute"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("part (they overlap)")
    for heading in ("ms per simulated s", "share", "ms per frame"):
        table.add_column(heading, justify="right")
    for name, part in one.parts.items():
        per_frame = "" if part.ms_per_frame is None else f"{part.ms_per_frame:.2f}"
        table.add_row(name, _spread(part.ms_per_s, 1), f"{part.share:.0%}", per_frame)
    return table


def replay_table(precision: str, speed: dict[str, Any]) -> Table:
    """Return the stages of a replay, the busiest first."""
    title = f"{precision}: {speed['realtime_factor']:.2f} x real time, {speed['fps']:.0f} frames/s"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("stage", "ms per item", "share of the time"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for name, stage in sorted(speed["stages"].items(), key=lambda item: -item[1]["busy"]):
        table.add_row(name, number(stage["ms_per_item"]), f"{stage['busy']:.0%}")
    return table


def reads_tables(bench: ReadsBench) -> list[Table]:
    """Return a table per session: how many reads a second each tag stage takes."""
    return [_reads_table(one, bench.rounds) for one in bench.sessions]


def _reads_table(one: SessionRate, rounds: int) -> Table:
    table = Table(
        title=(
            f"{escape(one.source)}: {one.reads:,} reads in {one.seconds:.0f} s "
            f"({one.told_per_s:,.0f} a second) of {one.tags:,} tags by {one.antennas} antennas"
        ),
        caption=f"one core's time, {rounds} rounds: median (least to most)",
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("stage")
    for heading in ("reads per second", "us per read"):
        table.add_column(heading, justify="right")

    def row(name: str, rate: StageRate) -> None:
        table.add_row(name, _spread(rate.reads_per_s, 0), _spread(rate.us_per_read, 1))

    for role, rate in one.stages.items():
        row(role, rate)
    table.add_section()
    row("together", one.together)
    return table


def hardness_table(hardness: Hardness) -> Table:
    """Return every weak method on every day beside its ceiling."""
    seeds = ", ".join(str(seed) for seed in hardness.seeds)
    title = f"weak methods, {hardness.seconds:g} s of seeds {seeds}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("day", "weak method", "figure"):
        table.add_column(column)
    for column in ("by seed", "ceiling"):
        table.add_column(column, justify="right")
    table.add_column("")
    for weak in hardness.found:
        ceiling = weak.ceiling
        table.add_row(
            escape(weak.scenario),
            ceiling.name,
            f"{ceiling.family}.{ceiling.figure}",
            " ".join(number(value) for value in weak.values),
            f"{ceiling.most:.2f}",
            STYLES[weak.verdict],
        )
    return table


def days_table(reports: Sequence[DayReport]) -> Table:
    """Return every promise of every day beside what was held."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("day")
    table.add_column("promise")
    for column in ("promised", "held"):
        table.add_column(column, justify="right")
    table.add_column("")
    for report in reports:
        name = escape(report.scenario)
        if report.error is not None:
            table.add_row(name, f"[red]{escape(report.error)}[/]", "", "", STYLES["broken"])
        elif not report.checks:
            table.add_row(name, "[red]promises nothing[/]", "", "", STYLES["broken"])
        for check in report.checks:
            held = "" if check.held is None else f"{check.held:.3g}"
            bound = f"{check.sign} {check.bound:g}"
            table.add_row(name, check.measure, bound, held, STYLES[check.verdict])
            name = ""
        table.add_section()
    return table


def inventory_table(bench: InventoryBench) -> Table:
    """Return every mode and population: reads, slots, and what it takes to compute."""
    turns = f"{bench.antennas} antenna{'s' if bench.antennas > 1 else ''}"
    table = Table(
        title=f"session S{bench.session}, {bench.target} target, {turns}, {bench.region}",
        caption=(
            f"{bench.seconds:g} s each, seed {bench.seed}; covered: windows of {WINDOW_S:g} s "
            "with 3 reads or more\nempty, collided, lost: shares of all slots"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("mode")
    for heading in ("tags", "reads/s", "per tag", "covered", "empty", "collided", "lost", "ms/s"):
        table.add_column(heading, justify="right")
    for mode in dict.fromkeys(reading.mode for reading in bench.readings):
        for i, reading in enumerate(bench.of(mode)):
            table.add_row(
                mode.upper() if i == 0 else "",
                f"{reading.tags:,}",
                f"{reading.reads_per_s:.0f}",
                f"{reading.reads_per_tag_s:.3g}",
                *(f"{s:.0%}" for s in (reading.covered, reading.empty)),
                *(f"{s:.0%}" for s in (reading.collided, reading.lost)),
                f"{reading.cpu_ms_per_s:.1f}",
            )
        table.add_section()
    return table


def radio_table(bench: RadioBench) -> Table:
    """Return every population: speed, what it takes before, and what was read."""
    table = Table(
        title=f"{bench.antennas} antennas, {bench.people} people, time of one core",
        caption=(
            f"{bench.seconds:g} s, {bench.rounds} rounds in turn, seed {bench.seed}: "
            "median (least to most)\nonce: the first turn of all antennas; seen: tags read at all\n"
            "x ref.: a simulated second over a fixed workload"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    for heading in ("tags", "x real time", "once s", "x ref.", "reads/s", "seen"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in bench.populations:
        table.add_row(
            f"{one.tags:,}",
            _spread(one.realtime_factor, 1),
            f"{one.once_s.median:.2f}",
            f"{one.ratio.median:.1f}",
            f"{one.reads_per_s:.0f}",
            f"{one.tags_read:,}",
        )
    return table


def _spread(spread: Spread, digits: int) -> str:
    shown = f"{spread.median:,.{digits}f}"
    if spread.least == spread.most:
        return shown
    return f"{shown} ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"


def place_table(found: Sequence[Located]) -> Table:
    """Return a column per way to locate tags, a row per figure."""
    names = list(dict.fromkeys(name for one in found for name in one.figures))
    table = Table(title="where is a tag?", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("figure")
    for one in found:
        table.add_column(f"{escape(one.scenario)}\n{escape(one.method)}", justify="right")
    for name in names:
        table.add_row(name, *(number(one.figures.get(name)) for one in found))
    return table
