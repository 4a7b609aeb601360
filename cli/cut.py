"""`retail cut`: take a stretch out of a session bag."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.progress import share_bar
from retailsim.session import BagReader
from retailsim.session.cutting import cut_session


def cut_command(
    bag: Annotated[Path, typer.Argument(help="Session bag to cut from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The bag folder to write.")],
    start: Annotated[float, typer.Option(help="Begin, in seconds after the bag's begin.")],
    duration: Annotated[float, typer.Option(help="Length in seconds.")],
    camera: Annotated[
        list[str] | None, typer.Option(help="Camera to keep. Repeatable. Default: all.")
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=51,
            help="Encode all video anew at this x264 rate factor (higher is smaller). Default: "
            "copy it from its first key frame on.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace the output if it exists.")
    ] = False,
) -> None:
    """Cut a stretch out of a session bag into a bag that stands on its own.

    Video starts with a key frame, intervals of the truth are clipped to the stretch, and the
    zones of all tags are stated at its start.

    Examples:

        retail cut boutique.bag -o minute.bag --start 120 --duration 60

        retail cut boutique.bag -o small.bag --start 0 --duration 10 --camera door --crf 28
    """
    with share_bar("cutting") as progress:
        cut_session(
            bag,
            output,
            start_s=start,
            duration_s=duration,
            cameras=camera,
            crf=crf,
            overwrite=force,
            progress=progress,
        )
    summary = BagReader(output).summary()
    Console(stderr=True).print(
        f"{output}: {summary.duration_s:.1f} s, {summary.size_bytes / 1e6:.2f} MB",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
