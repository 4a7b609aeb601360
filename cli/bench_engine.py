"""`retail bench` for the engine: `transport`."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from cli.bench import Json, Rounds
from cli.progress import share_bar


def bench_transport_command(
    sizes: Annotated[
        list[str] | None,
        typer.Argument(metavar="WxH", help="Sizes of frames. Default: 640x360 1920x1080."),
    ] = None,
    rounds: Rounds = 5,
    frames: Annotated[
        int, typer.Option(min=1, max=1000, help="Of each size and way, in each round.")
    ] = 24,
    json: Json = False,
) -> None:
    """Measure what it costs to hand a frame to another process, and to each further one.

    Through a pipe with pickle, a pipe with bare bytes, a queue, and the engine's ring in shared
    memory, in turn; each with and without reading every byte, and beside the time of a copy in
    memory. A further reader of the ring is timed by what it costs both sides; 'woken' adds the time
    to wake it up.

    Examples:

        retail bench transport

        retail bench transport 1280x720 --rounds 9

        retail bench transport --json | jq '.sizes[].gains'
    """
    from retailsim.experiments.engine_tables import transport_tables
    from retailsim.experiments.transport_bench import SIZES, bench_transport

    wanted = [size_of(text) for text in sizes] if sizes else SIZES
    with share_bar("handing over") as advance:
        bench = bench_transport(wanted, rounds=rounds, frames=frames, progress=advance)
    if json:
        typer.echo(jsonlib.dumps(asdict(bench), indent=2))
        return
    console = Console()
    for table in transport_tables(bench):
        console.print(table)
    console.print(f"{bench.device}", highlight=False)


def size_of(text: str) -> tuple[int, int]:
    """Return the numbers of '640x360'; raises BadParameter for anything else."""
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': give width x height, as in 640x360") from error
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise typer.BadParameter(f"'{text}': sides must be from 1 to 16384")
    return width, height
