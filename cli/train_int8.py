"""`retail train int8`: make int8 twins of the stack's networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retailsim import api


def train_int8_command(
    bags: Annotated[
        list[Path],
        typer.Argument(metavar="BAG", help="Sessions to take the networks' inputs from."),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Whose twin to make, name or folder; of all that are fed if none."
        ),
    ] = None,
    stack: Annotated[Path | None, typer.Option(help="Stack YAML; the shipped one if none.")] = None,
    items: Annotated[
        int,
        typer.Option(min=1, max=3000, help="Inputs of each network to keep; they stay in memory."),
    ] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the draws, below 900000.")] = 1,
) -> None:
    """Make int8 twins of the stack's networks, for CPUs that are fast at int8.

    Replays the sessions in float32, keeps an even share of what every network is fed, and writes
    int8.zip into each model folder, beside the weights. Sessions kept for judging are refused.
    Needs NNCF: pip install 'nncf>=3'.

    Examples:

        retail simulate boutique --seed 11 --duration 25 -o calm.bag

        retail train int8 calm.bag

        retail train int8 calm.bag rush.bag --model person-detector
    """
    console = Console(stderr=True)
    written = api.make_int8(
        bags,
        models=models or (),
        stack=stack,
        items=items,
        seed=seed,
        say=lambda line: console.print(line, highlight=False),
    )
    for path in written:
        console.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", highlight=False)
