"""`retail train embedder`: train the person embedder on simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retailsim import api


def train_embedder_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder to write.")] = Path(
        "person-embedder"
    ),
    identities: Annotated[int, typer.Option(min=48, help="People to render.")] = 2400,
    views: Annotated[int, typer.Option(min=2, help="Cameras that see each of them.")] = 12,
    steps: Annotated[int, typer.Option(min=1, help="Steps of 64 crops each.")] = 12_000,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="End the schedule after this time.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws, below 900000.")] = 11,
) -> None:
    """Train the person embedder on simulated people and write a model folder.

    Renders the people, trains on the CPU (in bfloat16 where it has AMX), measures on people
    held out and writes a checkpoint every 500 steps.

    Examples:

        retail train embedder -o models/person-embedder

        retail train embedder --identities 60 --views 4 --steps 20 -o /tmp/trial
    """
    console = Console(stderr=True)
    metrics = api.train_embedder(
        output=output,
        identities=identities,
        views=views,
        steps=steps,
        minutes=minutes,
        seed=seed,
        say=lambda line: console.print(line, highlight=False),
    )
    console.print(f"{output}: rank-1 {metrics['rank1']:.3f} on people held out")
