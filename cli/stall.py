"""What commands do about a stage that does not return."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from rich.console import Console
from rich.markup import escape


def give_up(line: str) -> NoReturn:
    """Say that a stage does not return, and end: nothing else ends it.

    Nothing is left half-written by that: results are written after the last stage is done.
    """
    console = Console(stderr=True, soft_wrap=True)
    console.show_cursor()
    console.print(f"[bold red]error:[/] {escape(line)}")
    sys.stderr.flush()
    os._exit(2)
