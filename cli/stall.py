"""What commands do about a stage that does not return."""

from __future__ import annotations

import os
from typing import NoReturn, TextIO

from rich.console import Console
from rich.markup import escape

STDERR = 2
CLEAR_LINE = "\r\x1b[2K"


def give_up(line: str) -> NoReturn:
    """Say that a stage does not return, and end: nothing else ends it.

    Nothing is left half-written by that: results are written after the last stage is done.
    """
    try:
        console = Console(file=_stderr_for_us_alone(), soft_wrap=True)
        if console.is_terminal:
            console.file.write(CLEAR_LINE)
            console.show_cursor()
        console.print(f"[bold red]error:[/] {escape(line)}")
        console.file.flush()
    finally:  # also where nobody hears it
        os._exit(2)


def _stderr_for_us_alone() -> TextIO:
    """Take stderr from everybody else: the thread that draws progress would write once more."""
    ours = os.fdopen(os.dup(STDERR), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDERR)
    return ours
