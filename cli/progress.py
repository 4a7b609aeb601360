"""The commands' progress bars, on stderr and gone when the work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

EVERY_SHARE = 0.002


@contextmanager
def share_bar(title: str) -> Iterator[Callable[[float], None]]:
    """Show a bar; yields a function to be told the share done, from 0 to 1."""
    with _progress(TextColumn("{task.percentage:>3.0f} %")) as bar:
        task = bar.add_task(title, total=1.0)
        shown = 0.0

        def advance(share: float) -> None:
            nonlocal shown
            if share - shown >= EVERY_SHARE or share >= 1:
                shown = share
                bar.update(task, completed=share)

        yield advance


@contextmanager
def session_bar(title: str, *, unit: str, quiet: bool = False) -> Iterator[SessionProgress]:
    """Show seconds of a session and a rate; yields a function to be told both.

    Args:
        title: what is being done.
        unit: what the rate counts, as in 'frames/s'.
        quiet: show nothing.
    """
    columns = (
        TextColumn("{task.completed:.0f}/{task.total:.0f} s"),
        TextColumn(f"{{task.fields[rate]:.1f}} {unit}"),
    )
    with _progress(*columns, quiet=quiet) as bar:
        task = bar.add_task(title, total=0.0, rate=0.0)

        def advance(done_s: float, total_s: float, rate: float) -> None:
            bar.update(task, completed=done_s, total=total_s, rate=rate)

        yield advance


SessionProgress = Callable[[float, float, float], None]


def _progress(*columns: ProgressColumn, quiet: bool = False) -> Progress:
    console = Console(stderr=True)
    shown = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
    # Elsewhere than on a terminal rich would only leave an empty line.
    hidden = quiet or not console.is_terminal
    return Progress(*shown, console=console, transient=True, disable=hidden)
