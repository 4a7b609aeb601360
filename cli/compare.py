"""`retail compare`: what another stack changes."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.options import DeviceOption, PrecisionOption, StallOption
from cli.progress import share_bar
from cli.stall import give_up


def compare_command(
    bags: Annotated[
        list[Path], typer.Argument(metavar="BAG...", help="Session bags (folder, .mcap, .bag).")
    ],
    stack: Annotated[
        list[str],
        typer.Option(
            "--stack",
            help="Stack YAML, or 'default' for the shipped one; at least twice. "
            "The first is the reference.",
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for the full report; done replays there are kept."
        ),
    ] = None,
    events: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many differing events to print.")
    ] = 10,
    everything: Annotated[
        bool, typer.Option("--all", help="Print every figure, not only those that differ.")
    ] = False,
    precision: PrecisionOption = None,
    device: DeviceOption = "auto",
    stall: StallOption = 60.0,
) -> None:
    """Replay bags with several stacks and print what changes against the first.

    Accuracy and speed side by side, with paired differences and their 95 % intervals over bags
    (more bags, narrower intervals; one bag has none), and the events on which the stacks differ:
    interactions, flips, crossings. With -o, comparison.json and report.md hold everything, and a
    comparison that is broken off goes on where it was.

    Examples:

        retail compare --stack default --stack mine.yaml monday.bag tuesday.bag

        retail compare --stack a.yaml --stack b.yaml days/*.bag -o a-or-b --events 50

        retail compare --stack default --stack mine.yaml monday.bag --json | jq .against.mine
    """
    from retailsim.experiments.compare import compare
    from retailsim.experiments.compare_tables import (
        events_table,
        figures_table,
        tallies_table,
        write_report,
    )

    with share_bar("comparing") as advance:
        found = compare(
            stack,
            bags,
            output=output,
            precision=precision,
            device=device,
            progress=advance,
            stall_s=stall,
            on_stall=give_up,
        )
    aside = Console(stderr=True)
    for warning in found.warnings:
        aside.print(f"[yellow]warning:[/] {warning}", highlight=False, soft_wrap=True)
    if output is not None:
        write_report(found, output)
    if json:
        typer.echo(jsonlib.dumps(found.as_dict(events=events), indent=2))
        return
    console = Console()
    for one in found.against:
        console.print(figures_table(found, one, everything=everything))
        console.print(tallies_table(found, one))
        if one.differences and events:
            console.print(events_table(found, one, most=events))
    if output is not None:
        aside.print(f"report in {output}/", highlight=False)
