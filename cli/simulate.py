"""`retail simulate`: play a scenario into a session bag."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.progress import session_bar
from retailsim import api


def simulate_command(
    scenario: Annotated[Path, typer.Argument(help="Scenario YAML, e.g. scenarios/boutique.yaml.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Bag to write. Default: NAME.bag.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all draws. Default: the scenario's.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds. Default: the scenario's.")
    ] = None,
    video: Annotated[
        bool, typer.Option("--video/--no-video", help="Draw and record the cameras.")
    ] = True,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write who is seen in every pixel: DIR/CAMERA/TIME_NS.png, 16 bits, "
            "the truth's person_id, 0 for nobody.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Play a scenario into a session bag.

    The same scenario, seed and version give the same bytes. Drawing needs OpenGL; where there is
    no display, Debian's libegl1, libgl1 and libgl1-mesa-dri provide it. Without: --no-video.

    Examples:

        retail simulate scenarios/boutique.yaml

        retail simulate scenarios/boutique.yaml -o monday.bag --seed 7 --duration 60
    """
    console = Console(stderr=True)
    with session_bar("simulating", unit="x real time") as advance:
        made = api.simulate(
            scenario,
            output=output,
            seed=seed,
            duration_s=duration,
            video=video,
            masks=masks,
            overwrite=force,
            progress=lambda done, total, wall: advance(done, total, done / max(wall, 1e-9)),
        )
    taken = made.recording
    parts = ", ".join(f"{name} {s:.1f} s" for name, s in sorted(taken.part_s.items()))
    console.print(
        f"{made.path}: {taken.duration_s:g} s, seed {made.seed}, simulated in "
        f"{taken.wall_s:.1f} s ({taken.duration_s / taken.wall_s:.2f}x real time: {parts})"
    )
