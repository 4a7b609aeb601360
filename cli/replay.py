"""`retail replay`: run the stack over a session bag and score it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.options import DeviceOption, PrecisionOption, StallOption
from cli.progress import session_bar
from cli.stall import give_up
from retailsim import api

MOST_WORKERS = 64


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
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Run stages side by side in N processes, beside one that decodes; auto takes one "
            "per core that the command may use (affinity, a container's quota), and on a single "
            "core none. Each has one thread. Default: one stage after the other, in one process.",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Play at the pace of the recording's own clock, as its devices would send; drop "
            "the oldest frames where stages fall behind, and count them.",
        ),
    ] = False,
    restarts: Annotated[
        int,
        typer.Option(
            min=0,
            max=100,
            help="With --live and --workers: how often each process that died or is stuck is "
            "started anew. Its stages then begin without memory of what they saw.",
        ),
    ] = 3,
    stall: StallOption = 60.0,
) -> None:
    """Replay a session through the stack and score it against the bag's truth.

    Prints a table of accuracy and speed and writes scorecard.json, stack.yaml and one Parquet
    file per table into the output folder. A bag without truth is scored for speed alone.

    With --workers, results and digest stay the same, and speed includes the --baselines.

    With --live, results depend on the machine: frames may be dropped (tag reads and sales never).
    What was dropped or missed, and who was started anew, is printed and written to live.json.

    Examples:

        retail replay fixtures/boutique.bag

        retail replay monday.bag --json --output results/monday | jq .accuracy.detection

        retail replay monday.bag --stack mine.yaml --baselines --video out/

        retail replay monday.bag --workers auto

        retail replay monday.bag --live --workers 2 --restarts 1 --stall 10
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
            workers=_number_of(workers),
            stall_s=stall,
            on_stall=give_up,
            live=live,
            restarts=restarts,
            progress=advance,
        )
    for warning in replayed.warnings:
        console.print(f"[yellow]warning:[/] {warning}", highlight=False, soft_wrap=True)
    if json:
        typer.echo(replayed.scorecard.to_json())
    else:
        Console().print(api.scorecard_table(replayed.scorecard, baselines=replayed.baselines))
        if replayed.live:
            Console().print(replayed.live_line(), highlight=False, soft_wrap=True)
        console.print(f"results in {output}/", highlight=False)


def _number_of(workers: str | None) -> int | Literal["auto"] | None:
    """Read --workers."""
    if workers is None:
        return None
    if workers == "auto":
        return "auto"
    if not workers.isdecimal() or not 1 <= int(workers) <= MOST_WORKERS:
        raise typer.BadParameter(
            f"{workers!r} is not a number from 1 to {MOST_WORKERS}, nor auto",
            param_hint="'--workers'",
        )
    return int(workers)
