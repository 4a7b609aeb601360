"""`retail train detector`: train the person detector on simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retailsim import api


def train_detector_command(
    data: Annotated[
        Path, typer.Option("--data", help="Folder of the data set and the checkpoint.")
    ] = Path("detector-data"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder to write.")] = Path(
        "person-detector"
    ),
    people: Annotated[int, typer.Option(min=1, help="Renderings of people to make.")] = 5000,
    scenes: Annotated[int, typer.Option(min=0, help="Rendered shops to make.")] = 4320,
    backgrounds: Annotated[int, typer.Option(min=1, help="Cluttered backgrounds to make.")] = 2500,
    samples: Annotated[int, typer.Option(min=1, help="Pictures to learn from in all.")] = 100_000,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="End the schedule after this time.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all draws, below 900000.")] = 1,
    start_from: Annotated[
        str | None,
        typer.Option(
            "--start-from",
            help="Model folder to begin with; of another shape, what fits. Default: the teacher.",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", help="A model's config.yaml: a network of another shape."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Model folder of a trained detector to learn from, too."),
    ] = None,
) -> None:
    """Train the person detector on simulated people and write a model folder.

    Makes the data set (what is in --data already stays), trains on the CPU (in bfloat16 where it
    has AMX), measures on held-out pictures. Interrupted, it goes on from its checkpoint when called
    again.

    Examples:

        retail train detector --minutes 50 -o models/person-detector

        retail train detector --settings lighter.yaml --teacher person-detector -o lighter

        retail train detector --settings lighter.yaml --start-from one --teacher other -o lighter

        retail train detector --people 50 --scenes 0 --backgrounds 50 --samples 200 -o trial
    """
    console = Console(stderr=True)
    metrics = api.train_detector(
        data=data,
        output=output,
        people=people,
        scenes=scenes,
        backgrounds=backgrounds,
        samples=samples,
        minutes=minutes,
        seed=seed,
        start_from=start_from,
        settings=settings,
        teacher=teacher,
        say=lambda line: console.print(line, highlight=False),
    )
    ap50 = metrics["held_out_ap50"]
    console.print(f"{output}: AP50 {'-' if ap50 is None else f'{ap50:.3f}'} on held-out pictures")
