"""What commands do about a stage that does not return."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

CLEAR_LINE = "\r\x1b[2K"


def give_up(line: str) -> NoReturn:
    """Say that a stage does not return, and end: nothing else ends it.

    Nothing is left half-written by that: results are written after the last stage is done.
    """
    # Past what a progress line puts in the place of sys.stderr.
    console = Console(file=sys.__stderr__, soft_wrap=True)
    if console.is_terminal:
        console.file.write(CLEAR_LINE)
        console.show_cursor()
    console.print(f"[bold red]error:[/] {escape(line)}")
    console.file.flush()
    os._exit(2)
