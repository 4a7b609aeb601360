"""The studies of flip detectors as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from retailsim.experiments.flip_figures import Measure, figures_of, groups_of
from retailsim.experiments.flip_study import FlipStudy
from retailsim.experiments.reader_study import ReaderStudy
from retailsim.report.table import number

COLUMNS = {
    "coverage": "covered",
    "balanced_accuracy": "windows",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "f1_many_reads": "f1, 6+ reads",
    "false_alarms_per_tag_hour": "false/tag h",
    "delay_median_s": "median delay s",
}


def flip_tables(study: FlipStudy) -> list[Table]:
    """Return figures by day, by shop, and f1 by reads per flip and by distance."""
    seeds = ", ".join(map(str, study.seeds))
    days = _table(f"flips, {study.seconds:g} s of seeds {seeds}: mean (least to most)", "day")
    for one in study.judged:
        figures = one.measures
        row = [_spread(figures[name]) for name in COLUMNS]
        days.add_row(f"{escape(one.scenario)}\n  {escape(one.detector)}", *row)
    shops = _table("by shop, all days and seeds together", "shop")
    for shop in study.shops:
        for detector in study.detectors:
            values = figures_of(study.of(detector, shop=shop))
            row = [number(values[name]) for name in COLUMNS]
            shops.add_row(f"{escape(shop)}\n  {escape(detector)}", *row)
    return [days, shops, _groups(study, "reads"), _groups(study, "distance")]


def _groups(study: FlipStudy, split: str) -> Table:
    words = {"reads": "reads during the flip", "distance": "distance to the nearest antenna"}[split]
    found = {detector: groups_of(study.of(detector))[split] for detector in study.detectors}
    table = Table(title=f"f1 by {words} (flips)", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("detector")
    for group in next(iter(found.values())):
        table.add_column(escape(group), justify="right")
    for detector, groups in found.items():
        cells = [f"{number(f['f1'])} ({f['flips']:.0f})" for f in groups.values()]
        table.add_row(escape(detector), *cells)
    return table


def reader_table(study: ReaderStudy) -> Table:
    """Return coverage and f1 of every setting and number of tags."""
    title = (
        f"{escape(study.detector)} on {escape(study.scenario)}, {study.seconds:g} s, "
        f"{len(study.seeds)} seeds: mean (least to most)"
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


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column(first)
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right")
    return table


def _spread(measure: Measure, *, sep: str = "\n") -> str:
    if measure.mean is None:
        return number(None)
    return f"{number(measure.mean)}{sep}({number(measure.least)} to {number(measure.most)})"
