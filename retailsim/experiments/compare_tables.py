"""A comparison of stacks for the terminal, readable at 80 columns, and as a report on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from retailsim.errors import BagError
from retailsim.experiments.compare import Against, Comparison
from retailsim.experiments.compare_events import Difference, Event
from retailsim.experiments.compare_figures import CONFIDENCE, Paired, moved
from retailsim.experiments.runs import write_json
from retailsim.report.table import number

STYLES = {"better": "[green]better[/]", "worse": "[bold red]worse[/]", "": ""}
REAL = {True: "true", False: "false", None: "-"}
JSON_FILE, REPORT_FILE = "comparison.json", "report.md"
Cells = tuple[str, ...]


def figures_table(found: Comparison, one: Against, *, everything: bool = False) -> Table:
    """Return both stacks' figures, the difference and its interval.

    Args:
        found: the comparison.
        one: which other stack.
        everything: also show figures that do not differ, and every stage's time.
    """
    shown = shown_figures(one, everything=everything)
    table = Table(
        title=f"[bold]{escape(found.reference)} and {escape(one.name)}[/]: means of "
        f"{_bags(found.bags)}",
        caption=escape(caption(found, one, shown)),
        title_justify="left",
        caption_justify="left",
        title_style="",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("figure", overflow="fold")
    for heading in (found.reference, one.name, "change"):
        table.add_column(escape(heading), justify="right", overflow="fold")
    table.add_column(f"{CONFIDENCE:.0%} interval", justify="right", no_wrap=True)
    table.add_column("")
    for name, figure in shown.items():
        table.add_row(escape(name), *_cells(figure, len(found.bags)), STYLES[figure.verdict])
    return table


def shown_figures(one: Against, *, everything: bool) -> dict[str, Paired]:
    """Return the figures worth a line: those that moved, of stages' times those clear of 0."""
    if everything:
        return one.figures
    return {
        name: figure
        for name, figure in moved(one.figures).items()
        if not name.startswith("speed.stages.") or figure.verdict or figure.difference is None
    }


def caption(found: Comparison, one: Against, shown: dict[str, Paired]) -> str:
    """Say what the table leaves out and what the interval is."""
    still = sum(figure.difference == 0 for figure in one.figures.values())
    lines = [f"{still} figures are the same"] if len(shown) < len(one.figures) else []
    if len(found.bags) < 2:
        lines.append("one bag: no interval, so no telling a change from chance; give more bags")
    else:
        lines.append("interval: paired t over bags; better, worse: it is clear of 0")
        if any(0 < figure.bags < len(found.bags) for figure in shown.values()):
            lines.append("(of n): only n bags have the figure with both stacks")
    resumed = sum(o.resumed for by_bag in found.outcomes.values() for o in by_bag.values())
    if resumed:
        lines.append(f"{resumed} replays were done before; their speed is of then")
    return "\n".join(lines)


def _cells(figure: Paired, bags: int) -> Cells:
    """Return both means, the change and its interval, or on how few bags it could be taken."""
    span = "" if figure.low is None else f"{_signed(figure.low)} .. {_signed(figure.high)}"
    if 0 < figure.bags < bags:
        span = f"{span} (of {figure.bags})".strip()
    return number(figure.first), number(figure.second), _signed(figure.difference), span


def _signed(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:+.3f}" if abs(value) < 100 else f"{value:+,.1f}"


def tallies_table(found: Comparison, one: Against) -> Table:
    """Return how many events both stacks have and how many only one has."""
    table = Table(
        title=f"[bold]events of {escape(found.reference)} and {escape(one.name)}[/]",
        title_justify="left",
        title_style="",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("events")
    for heading in tally_headings(found, one):
        table.add_column(escape(heading), justify="right")
    for kind, cells in tally_rows(one):
        table.add_row(f"{kind}s", *cells)
    return table


def tally_headings(found: Comparison, one: Against) -> Cells:
    """Return what the columns of `tally_rows` are."""
    return "both", "other person", f"{found.reference} only", f"{one.name} only"


def tally_rows(one: Against) -> Iterator[tuple[str, Cells]]:
    """Yield every kind of event with its numbers."""
    for kind, count in one.tallies.items():
        other = str(count.other_person) if kind == "interaction" else "-"
        alone = (_alone(count.first, count.first_real), _alone(count.second, count.second_real))
        yield kind, (str(count.shared), other, *alone)


def _alone(count: int, real: int | None) -> str:
    return str(count) if real is None or not count else f"{count} ({real} true)"


def events_table(found: Comparison, one: Against, *, most: int) -> Table:
    """Return the first events in which the stacks differ."""
    rest = len(one.differences) - most
    table = Table(
        caption=f"and {rest:,} more; --events N shows N of them" if rest > 0 else None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    several = len(found.bags) > 1
    for heading in (*(["bag"] if several else []), "time (UTC)", "event", "garment or door"):
        table.add_column(heading, overflow="fold")
    for heading in (found.reference, one.name):
        table.add_column(escape(heading), overflow="fold")
    for difference in one.differences[:most]:
        cells = difference_cells(difference)
        table.add_row(*(escape(cell) for cell in (cells if several else cells[1:])))
    return table


def difference_cells(difference: Difference) -> Cells:
    """Return bag, time, kind, garment or door, and what each stack says."""
    event = difference.event
    when = datetime.fromtimestamp(event.time_ns * 1e-9, UTC).strftime("%H:%M:%S.%f")[:-5]
    said = (_said(difference.first), _said(difference.second))
    return difference.bag, when, event.kind, event.subject, *said


def _said(event: Event | None) -> str:
    """Say what a stack says of an event: nothing, or whom it names and whether it is true."""
    if event is None:
        return "-"
    who = f"person {event.person}" if event.person else ""
    who = "nobody" if event.kind == "interaction" and not event.person else who
    judged = "" if event.real is None else REAL[event.real]
    return ", ".join(part for part in (who, judged) if part) or "found"


def write_report(found: Comparison, folder: Path) -> list[Path]:
    """Write comparison.json (everything) and report.md; raises BagError when that fails."""
    text, data = report(found), found.as_dict()
    path, partial = folder / REPORT_FILE, folder / f".{REPORT_FILE}.partial"
    try:
        write_json(folder / JSON_FILE, data)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        where = error.filename or folder
        raise BagError(f"{where}: cannot be written: {error.strerror or error}") from error
    return [folder / JSON_FILE, path]


def report(found: Comparison) -> str:
    """Return the whole comparison as Markdown."""
    lines = [f"# {', '.join(found.outcomes)} on {_bags(found.bags)}", ""]
    for stack, by_bag in found.outcomes.items():
        card = next(iter(by_bag.values())).scorecard
        lines.append(
            f"- {_md(stack)}: stack {card.provenance.stack[:16]}, {card.precision}, {card.device}"
        )
    for one in found.against:
        note = caption(found, one, one.figures).replace("\n", "; ")
        lines += ["", f"## {_md(found.reference)} and {_md(one.name)}", "", note, ""]
        headings = ("figure", found.reference, one.name, "change", f"{CONFIDENCE:.0%} interval")
        rows = [(n, *_cells(f, len(found.bags)), f.verdict) for n, f in one.figures.items()]
        lines += _markdown((*headings, "verdict"), rows)
        lines += ["", "### Events", ""]
        rows = [(f"{kind}s", *cells) for kind, cells in tally_rows(one)]
        lines += _markdown(("events", *tally_headings(found, one)), rows)
        if one.differences:
            columns = ("bag", "time (UTC)", "event", "garment or door", found.reference, one.name)
            lines += ["", *_markdown(columns, [difference_cells(d) for d in one.differences])]
    return "\n".join(lines) + "\n"


def _markdown(headings: Cells, rows: Sequence[Cells]) -> list[str]:
    table = [headings, ("---",) * len(headings), *rows]
    return ["| " + " | ".join(map(_md, row)) + " |" for row in table]


def _md(text: str) -> str:
    return text.replace("|", "\\|")


def _bags(names: Sequence[str]) -> str:
    return f"{len(names)} bags" if len(names) > 3 else ", ".join(names)
