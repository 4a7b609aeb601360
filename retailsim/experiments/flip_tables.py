"""The studies of flip detectors as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from retailsim.experiments.flip_figures import Measure, figures_of, groups_of
from retailsim.experiments.flip_study import FlipStudy
from retailsim.experiments.reader_study import ReaderStudy

LONGEST_NAME = 13
COLUMNS = {
    "coverage": "cover",
    "balanced_accuracy": "windows",
    "precision": "prec",
    "recall": "recall",
    "f1": "f1",
    "f1_many_reads": "f1 6+",
    "false_alarms_per_tag_hour": "false/h",
    "delay_median_s": "delay s",
}
LEGEND = (
    "cover: flips with 3 reads; the rest is over those. windows: balanced accuracy;\n"
    "f1 6+: with 6 reads or more; false/h: alarms per tag and hour; delay: median"
)


def flip_tables(study: FlipStudy) -> list[Table]:
    """Return figures by day, by shop, and f1 by reads per flip and by distance."""
    seeds = ", ".join(map(str, study.seeds))
    days = _table(f"flips, {study.seconds:g} s of seeds {seeds}: mean ± half the range", LEGEND)
    for day in dict.fromkeys(one.scenario for one in study.judged):
        days.add_row(f"[bold]{escape(day)}[/]")
        for one in study.judged:
            if one.scenario == day:
                days.add_row(_name(one.detector), *(_spread(one.measures[n]) for n in COLUMNS))
    rises = study.rises
    said = [f"{shop}: {'yes' if rises[shop] else 'no'}" for shop in study.shops]
    caption = f"each better than the one before it, by windows? {', '.join(map(escape, said))}"
    shops = _table("by shop, all days and seeds together", caption)
    for shop in study.shops:
        shops.add_row(f"[bold]{escape(shop)}[/]")
        for detector in study.detectors:
            values = figures_of(study.of(detector, shop=shop))
            shops.add_row(_name(detector), *(_short(values[n]) for n in COLUMNS))
    return [days, shops, _groups(study, "reads"), _groups(study, "distance")]


def _groups(study: FlipStudy, split: str) -> Table:
    words = {"reads": "reads during the flip", "distance": "distance to the nearest antenna"}[split]
    found = {detector: groups_of(study.of(detector))[split] for detector in study.detectors}
    table = Table(title=f"f1 by {words} (flips)", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("detector")
    for group in next(iter(found.values())):
        table.add_column(escape(group), justify="right")
    for detector, groups in found.items():
        cells = [f"{_short(f['f1'])} ({f['flips']:.0f})" for f in groups.values()]
        table.add_row(escape(detector), *cells)
    return table


def reader_table(study: ReaderStudy) -> Table:
    """Return coverage and f1 of every setting and number of tags."""
    title = (
        f"{escape(study.detector)} on {escape(study.scenario)}, {study.seconds:g} s, "
        f"{len(study.seeds)} seeds: mean ± half the range"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("varied", "setting"):
        table.add_column(column)
    for column in ("tags", "covered", "f1", "false/tag h"):
        table.add_column(column, justify="right")
    names = ("coverage", "f1", "false_alarms_per_tag_hour")
    for varied, curves in study.panels.items():
        for label, points in curves.items():
            for point in points:
                figures = point.measures
                row = [_spread(figures[name], sep=" ") for name in names]
                table.add_row(varied, label, str(point.tags), *row)
    return table


def _table(title: str, caption: str) -> Table:
    table = Table(
        title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
    )  # fmt: skip
    table.add_column("detector", no_wrap=True)
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _name(detector: str) -> str:
    return " " + escape(detector if len(detector) <= LONGEST_NAME else f"…{detector[-12:]}")


def _spread(measure: Measure, *, sep: str = "\n") -> str:
    """Return the mean and half the range over seeds."""
    if measure.mean is None or measure.least is None or measure.most is None:
        return "-"
    return f"{_short(measure.mean)}{sep}[dim]±{_short((measure.most - measure.least) / 2)}[/]"


def _short(value: float | None) -> str:
    """Return a figure in at most four characters, '-' for null."""
    if value is None:
        return "-"
    return f"{value:.2f}".removeprefix("0") if abs(value) < 0.995 else f"{value:.3g}"
