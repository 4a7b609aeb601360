"""`retail train footpoint`: train the network that sees where people stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retailsim import api


def train_footpoint_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder to write.")] = Path(
        "foot-point"
    ),
    shops: Annotated[int, typer.Option(min=2, help="Shops to render.")] = 60,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 64 crops each.")] = 4500,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="End the schedule after this time.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws, below 900000.")] = 71,
) -> None:
    """Train the network that sees where people stand and write a model folder.

    Renders random shops, trains on the CPU (in bfloat16 where it has AMX) and measures on shops
    held out.

    Examples:

        retail train footpoint -o models/foot-point

        retail train footpoint --shops 2 --steps 20 -o /tmp/trial
    """
    console = Console(stderr=True)
    metrics = api.train_footpoint(
        output=output,
        shops=shops,
        steps=steps,
        minutes=minutes,
        seed=seed,
        say=lambda line: console.print(line, highlight=False),
    )
    console.print(f"{output}: median error {metrics['median_m']:.3f} m on shops held out")
