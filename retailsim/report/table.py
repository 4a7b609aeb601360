"""Scorecards and gate results as tables for the terminal, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from retailsim.evaluate.gate import Delta
from retailsim.evaluate.scorecard import FAMILIES, Scorecard, Speed

Baselines = Mapping[str, Mapping[str, Mapping[str, float | int | None]]]

# Figures of which less is better; coverage, truth and shuffled are what they are.
LOWER_IS_BETTER = frozenset(
    {"unique_error", "false_alarms_per_tag_hour", "delay_s", "ece", "mae_s", "l1"}
)
STYLES = {
    "ok": "green",
    "new": "cyan",
    "not compared": "dim",
    "regression": "bold red",
    "lost": "bold red",
    "vacuous": "bold red",
}


def scorecard_table(card: Scorecard, *, baselines: Baselines | None = None) -> RenderableType:
    """Return a scorecard: what was replayed, accuracy (rivals beside it) and time per stage."""
    return Group(_heading(card), accuracy_table(card, baselines or {}), speed_table(card.speed), "")


def accuracy_table(card: Scorecard, baselines: Baselines) -> Table:
    """Return the accuracy block; figures that cannot be computed show as a dash.

    Families that are null from end to end share one row at the bottom.
    """
    table = _table("[bold]accuracy[/] (v: less is better)")
    for name in ("family", "figure"):
        table.add_column(name, no_wrap=True)
    table.add_column("stack", justify="right", style="bold", no_wrap=True)
    if baselines:
        table.add_column("baselines")
    empty = [f for f in FAMILIES if all(v is None for v in card.accuracy[f].values())]
    for family, names in FAMILIES.items():
        if family in empty:
            continue
        for i, name in enumerate(names):
            row = [family if i == 0 else "", _label(name), number(card.accuracy[family][name])]
            rivals = [
                f"{escape(rival)} {number(figures.get(name))}"
                for rival, figures in sorted(baselines.get(family, {}).items())
                if figures.get(name) is not None
            ]
            table.add_row(*row, *(["\n".join(rivals)] if baselines else []))
    if empty:
        table.caption = f"nothing to compute for: {', '.join(empty)}"
        table.caption_justify = "left"
    return table


def speed_table(speed: Speed) -> Table:
    """Return the time per stage, the busiest first."""
    table = _table(_pace(speed))
    table.add_column("stage", no_wrap=True)
    for name in ("ms per item", "items", "share of time"):
        table.add_column(name, justify="right", no_wrap=True)
    order = sorted(speed.stages.items(), key=lambda item: (-(item[1].busy or 0.0), item[0]))
    for name, stage in order:
        busy = "-" if stage.busy is None else f"{stage.busy:.1%}"
        table.add_row(name, number(stage.ms_per_item), f"{stage.items:,}", busy)
    return table


def gate_table(name: str, deltas: Sequence[Delta], *, everything: bool = False) -> Table:
    """Return what a fixture's replay changed: failures first, then figures that moved.

    The speed ratio is always there; stages' times, which always move a little, only if too slow.

    Args:
        name: of the fixture.
        deltas: of `evaluate.gate.compare`.
        everything: also show figures that did not move.
    """
    failed = [d for d in deltas if d.failed]
    fine = [d for d in deltas if not d.failed]
    moved = [d for d in fine if d.expected != d.actual and not d.path.startswith("speed.stages.")]
    rest = [d for d in fine if d not in moved]
    shown = [*failed, *moved, *(rest if everything else [])]
    verdict = f"[bold red]{len(failed)} failed[/]" if failed else "[green]as expected[/]"
    title = f"[bold]{escape(name)}[/]: {len(deltas)} figures, {len(moved)} moved, {verdict}"
    table = _table(title)
    table.show_header = bool(shown)
    table.add_column("figure", overflow="fold")
    for column in ("expected", "actual", "change", "allowed"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for delta in shown:
        table.add_row(
            delta.path.removeprefix("accuracy."),
            number(delta.expected),
            number(delta.actual),
            _change(delta),
            _allowed(delta),
            Text(delta.verdict, style=STYLES[delta.verdict]),
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False)


def number(value: float | int | None) -> str:
    """Return a figure with three digits after the point, counts whole, '-' for null."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def _heading(card: Scorecard) -> Text:
    origin = f"scenario {card.scenario}, seed {card.seed}" if card.scenario else "no scenario"
    counted = card.counts
    return Text(
        f"{card.session} ({origin}) on {card.device}, {card.precision}, {card.mode}\n"
        f"{counted.frames:,} frames, {counted.tag_reads:,} tag reads, {counted.sales} sales in; "
        f"{counted.people} people, {counted.crossings} crossings, {counted.flips} flips, "
        f"{counted.interactions} interactions found\n"
        f"digest {card.digest[:16]}"
    )


def _pace(speed: Speed) -> str:
    fast = f"{number(speed.fps)} frames/s, {number(speed.realtime_factor)}x real time"
    late = f"latency p50 {number(speed.latency_ms.p50)} ms, p95 {number(speed.latency_ms.p95)} ms"
    ratio = f"{number(speed.ratio)}x the reference workload ({number(speed.reference_ms)} ms)"
    return f"[bold]speed[/]: {fast}, {late}\na frame takes {ratio}"


def _label(name: str) -> str:
    return f"{name} v" if name in LOWER_IS_BETTER else name


def _change(delta: Delta) -> str:
    if delta.expected is None or delta.actual is None or delta.verdict == "vacuous":
        return ""
    return f"{delta.actual - delta.expected:+.3f}"


def _allowed(delta: Delta) -> str:
    if delta.low is None and delta.high is None:
        return ""
    if delta.high is None:
        return f">= {number(delta.low)}"
    if delta.low is None:
        return f"<= {number(delta.high)}"
    return f"{number(delta.low)} .. {number(delta.high)}"
