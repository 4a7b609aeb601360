"""`retail repair`: make a damaged bag whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retailsim.session.repairing import repair_session


def repair_command(
    bag: Annotated[Path, typer.Argument(help="Session bag that was cut or damaged.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the whole bag here. Default: in place of the damaged one."
        ),
    ] = None,
) -> None:
    """Make a bag whole that was cut by a power loss or a killed process.

    Keeps everything that can be read and says what is lost. A bag that was never finished lies
    beside its place as NAME.bag.partial-1.

    Examples:

        retail repair monday.bag

        retail repair monday.bag.partial-1 -o monday.bag
    """
    place, damage = repair_session(bag, output)
    verdict = f"{place}: whole again; {damage}" if damage else f"{place}: whole, nothing to repair"
    Console(stderr=True).print(verdict, highlight=False, soft_wrap=True, markup=False)
