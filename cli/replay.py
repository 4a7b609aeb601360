"""`retail replay`: run the stack over a session bag and score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.options import DeviceOption, PrecisionOption
from cli.progress import session_bar
from retailsim import api


def replay_command(
    bag: Annotated[Path, typer.Argument(help="Session bag (folder, .mcap or ROS 1 .bag).")],
    json: Annotated[
        bool, typer.Option("--json", help="Print the scorecard as one JSON object.")
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for scorecard and tables.")
    ] = Path("results"),
    video: Annotated[
        Path | None, typer.Option("--video", help="Folder for annotated videos, one per camera.")
    ] = None,
    stack: Annotated[
        Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped stack.")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also run and score a trivial rival of each stage.")
    ] = False,
    precision: PrecisionOption = None,
    device: DeviceOption = "auto",
    results_bag: Annotated[
        bool, typer.Option("--results-bag", help="Also write results.bag for Rerun or Foxglove.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Run stages side by side in N processes, beside one that decodes. Default: one "
            "stage after the other, in one process.",
        ),
    ] = None,
    stall: Annotated[
        float,
        typer.Option(min=1, help="Seconds without progress after which a stage counts as stuck."),
    ] = 60.0,
) -> None:
    """Replay a session through the stack and score it against the bag's truth.

    Prints a table of accuracy and speed and writes scorecard.json, stack.yaml and one Parquet
    file per table into the output folder. A bag without truth is scored for speed alone.

    With --workers, results and digest stay the same, and speed includes the --baselines.

    Examples:

        retail replay fixtures/boutique.bag

        retail replay monday.bag --json --output results/monday | jq .accuracy.detection

        retail replay monday.bag --stack mine.yaml --baselines --video out/

        retail replay monday.bag --workers 6
    """
    console = Console(stderr=True)
    with session_bar("replaying", unit="frames/s", quiet=json) as advance:
        replayed = api.replay(
            bag,
            stack=stack,
            baselines=baselines,
            output=output,
            video=video,
            precision=precision,
            device=device,
            results_bag=results_bag,
            workers=workers,
            stall_s=stall,
            progress=advance,
        )
    for warning in replayed.warnings:
        console.print(f"[yellow]warning:[/] {warning}", highlight=False, soft_wrap=True)
    if json:
        typer.echo(replayed.scorecard.to_json())
    else:
        Console().print(api.scorecard_table(replayed.scorecard, baselines=replayed.baselines))
        console.print(f"results in {output}/", highlight=False)
