"""What is wrong with a command line, in one line."""

from __future__ import annotations

from typing import Any, cast

import typer

# A wrong flag, value or command: of click or of typer's own copy of it, by typer's version.
UsageError = cast(type[Exception], typer.BadParameter.__base__)


def usage_line(error: Any) -> str:
    """Return what is wrong, what was perhaps meant and where to look it up, as one line.

    Args:
        error: a `UsageError`.

    Returns:
        The line; empty where the help was asked for by giving nothing at all: it is printed.
    """
    meant = sorted(getattr(error, "possibilities", None) or [])
    said = error.message if meant else error.format_message()
    text = " ".join(said.split()).rstrip(".")
    if not text:
        return ""
    if meant:
        text += f". Did you mean {', '.join(meant)}?"
    if error.ctx is None:
        return text
    return f"{text}{'' if text.endswith('?') else '.'} See `{error.ctx.command_path} --help`"
