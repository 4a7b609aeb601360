"""`retail simulate`: play a scenario into a session bag, or look at what there is to play."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.progress import session_bar, share_bar
from retailsim import api


def simulate_command(
    scenario: Annotated[
        str | None,
        typer.Argument(help="Scenario YAML, or the name of a shipped one, e.g. boutique."),
    ] = None,
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
    radio: Annotated[
        bool, typer.Option("--radio/--no-radio", help="Record the RFID readers.")
    ] = True,
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Decisions and visits alone: a long day in seconds.")
    ] = False,
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
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--contact-sheet",
            metavar="PNG",
            help="Draw a sheet of pictures instead of a bag (with --output: as well).",
        ),
    ] = None,
    moments: Annotated[int, typer.Option(min=1, max=24, help="Rows of the contact sheet.")] = 3,
    list_: Annotated[
        bool, typer.Option("--list", help="List the shipped scenarios and what they are for.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --list: print JSON.")] = False,
) -> None:
    """Play a scenario into a session bag.

    The same scenario, seed and version give the same bytes. Drawing needs OpenGL; where there is
    no display, Debian's libegl1, libgl1 and libgl1-mesa-dri provide it. Without: --no-video.

    Examples:

        retail simulate --list

        retail simulate boutique

        retail simulate scenarios/boutique.yaml -o monday.bag --seed 7 --duration 60

        retail simulate boutique --contact-sheet boutique.png --moments 4
    """
    if list_:
        _list(json)
        return
    if scenario is None:
        raise typer.BadParameter("name a scenario; `retail simulate --list` shows the shipped ones")
    if sheet is not None:
        _draw(scenario, sheet, seed, duration, moments)
    if sheet is None or output is not None:
        _play(scenario, output, seed, duration, video, radio, coarse, masks, force)


def _list(json: bool) -> None:
    found = api.scenarios()
    if json:
        typer.echo(jsonlib.dumps([asdict(one) for one in found], indent=2))
        return
    table = Table(box=SIMPLE_HEAD)
    table.add_column("scenario", no_wrap=True)
    table.add_column("store", no_wrap=True)
    for heading in ("length", "people"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("purpose")
    for one in found:
        if one.error is not None:
            table.add_row(one.name, "", "", "", f"[red]{escape(one.error)}[/]")
            continue
        length = _length(one.duration_s or 0.0)
        table.add_row(one.name, one.store, length, str(one.people), escape(one.purpose or ""))
    Console().print(table)


def _length(seconds: float) -> str:
    """Say a length in the largest unit that gives at least 1."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:g} s"


def _draw(
    scenario: str, sheet: Path, seed: int | None, duration: float | None, moments: int
) -> None:
    with share_bar("playing and drawing") as advance:
        api.contact_sheet(
            scenario, sheet, seed=seed, duration_s=duration, moments=moments, progress=advance
        )
    Console(stderr=True).print(f"{sheet}", highlight=False, soft_wrap=True)


def _play(
    scenario: str,
    output: Path | None,
    seed: int | None,
    duration: float | None,
    video: bool,
    radio: bool,
    coarse: bool,
    masks: Path | None,
    force: bool,
) -> None:
    with session_bar("simulating", unit="x real time") as advance:
        made = api.simulate(
            scenario,
            output=output,
            seed=seed,
            duration_s=duration,
            video=video,
            radio=radio,
            coarse=coarse,
            masks=masks,
            overwrite=force,
            progress=lambda done, total, wall: advance(done, total, done / max(wall, 1e-9)),
        )
    taken = made.recording
    parts = ", ".join(f"{name} {s:.1f} s" for name, s in sorted(taken.part_s.items()))
    Console(stderr=True).print(
        f"{made.path}: {taken.duration_s:g} s, seed {made.seed}, simulated in "
        f"{taken.wall_s:.1f} s ({taken.duration_s / taken.wall_s:.2f}x real time: {parts})"
    )
