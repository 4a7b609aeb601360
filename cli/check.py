"""`retail check`: the regression gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.options import StallOption
from cli.stall import give_up
from retailsim import api


def check_command(
    fixtures: Annotated[
        Path, typer.Argument(help="Folder of NAME.bag + NAME.expected.json, or one bag.")
    ] = Path("fixtures"),
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite the expected scorecards instead.")
    ] = False,
    stack: Annotated[
        Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped stack.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print every compared figure, not only what moved.")
    ] = False,
    stall: StallOption = 60.0,
) -> None:
    """Replay every fixture and compare it with its expected scorecard.

    Exits 1 when a figure moved by more than its written tolerance, naming it. After an intended
    change run it with --update and say in the commit why the figures moved.

    Examples:

        retail check

        retail check fixtures/ --stack mine.yaml --all

        retail check fixtures/boutique.bag --update
    """
    progress = Console(stderr=True)
    with progress.status("checking") as status:
        result = api.check(
            fixtures,
            stack=stack,
            update=update,
            progress=lambda name: status.update(f"replaying {name}"),
            stall_s=stall,
            on_stall=give_up,
        )
    console = Console()
    for fixture in result.fixtures:
        if result.updated:
            console.print(f"{fixture.name}: expected scorecard rewritten")
        else:
            console.print(api.gate_table(fixture.name, fixture.deltas, everything=everything))
            console.print(_verdict(fixture.name, fixture.passed, api.failed_paths(fixture.deltas)))
    if not result.passed:
        raise typer.Exit(1)


def _verdict(name: str, passed: bool, failed: list[str]) -> str:
    if passed:
        return f"[green]{name}: passed[/]"
    return f"[bold red]{name}: failed[/]: {', '.join(failed)}"
