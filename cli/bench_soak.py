"""`retail bench kills` and `retail bench memory`: what a replay holds out, and for how long."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from rich.console import Console

from cli.bench import Json
from cli.progress import share_bar

Bag = Annotated[Path, typer.Argument(help="Session bag to replay.")]
Stack = Annotated[
    Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped one.")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that run stages.")]
FIXTURE = Path("fixtures/boutique.bag")


def bench_kills_command(
    bag: Bag = FIXTURE,
    rounds: Annotated[int, typer.Option(min=1, help="How often a process is killed.")] = 50,
    workers: Workers = 2,
    seconds: Annotated[float, typer.Option(min=0.5, help="Footage replayed in a round.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 1,
    stack: Stack = None,
    json: Json = False,
) -> None:
    """Kill processes of a replay at random times, and look for what is left of it.

    In each round the parent, a worker or the reader of the bag gets SIGKILL, in turn. No process
    may be left then, nothing in shared memory, no half-written result; earlier results stay as they
    were, and nothing hangs. Exits 1 where that is not so.

    Examples:

        retail bench kills

        retail bench kills --rounds 8 --workers 3 --seed 7
    """
    from retailsim.experiments.soak_kills import Round, kill_rounds, replays, two_stretches
    from retailsim.resources import find

    console = Console(stderr=True, soft_wrap=True, highlight=False)

    def tell(done: Round) -> None:
        how = f"{done.victim} killed at {done.at_s:.2f} s" if done.victim else "nobody killed"
        kept = "earlier results intact" if done.code else "new results whole"
        what = "; ".join(done.faults) or f"nothing left, {kept}"
        end = f"exit {done.code}"
        console.print(f"{done.number:3d}  {how}, {end}, over at {done.wall_s:.2f} s: {what}")

    with TemporaryDirectory(prefix="retailsim-soak-") as work:
        done = kill_rounds(
            two_stretches(find(bag), Path(work), seconds=seconds),
            Path(work),
            command=replays(workers=workers, stack=stack.resolve() if stack else None),
            workers=workers,
            rounds=rounds,
            seed=seed,
            say=tell,
        )
    faulty = [one for one in done if one.faults]
    killed = sum(bool(one.victim) for one in done)
    if json:
        typer.echo(jsonlib.dumps([asdict(one) for one in done], indent=2))
    else:
        typer.echo(f"{len(done)} rounds, {killed} kills (seed {seed}): {len(faulty)} with faults")
    if faulty:
        raise typer.Exit(1)


def bench_memory_command(
    bag: Bag = FIXTURE,
    minutes: Annotated[float, typer.Option(min=0.1, help="Of footage, the bag in laps.")] = 60.0,
    mode: Annotated[
        Literal["serial", "pipeline", "both"], typer.Option(help="How stages run.")
    ] = "both",
    workers: Workers = 2,
    most: Annotated[
        float,
        typer.Option(min=0, help="Largest slope of a process, MB per hour of footage."),
    ] = 40.0,
    stack: Stack = None,
    json: Json = False,
) -> None:
    """Play a bag again and again through the same stages, and print how their memory grows.

    The resident memory of each process is noted once a second; the first fifth is warm-up. What
    stages say is dropped at once; how much a replay would have kept of it for its score is printed.
    Exits 1 where a slope is above the bound; that is meant for ten minutes and more, for in shorter
    runs memory still settles.

    Examples:

        retail bench memory

        retail bench memory --minutes 10 --mode pipeline --workers 3
    """
    from rich.table import Table

    from retailsim.experiments.soak_memory import Mode, soak_memory
    from retailsim.resources import find

    modes: list[Mode] = ["serial", "pipeline"] if mode == "both" else [mode]
    runs = []
    for one in modes:
        with share_bar(f"replaying, {one}") as advance:
            runs.append(
                soak_memory(
                    find(bag),
                    stack=stack,
                    seconds=60 * minutes,
                    mode=one,
                    workers=workers,
                    progress=advance,
                )
            )
    if json:
        typer.echo(jsonlib.dumps([asdict(run) for run in runs], indent=2))
    else:
        for run in runs:
            table = Table(
                "process", "after warm-up", "at the end", "slope, MB per hour",
                title=f"{run.mode}: {run.footage_s / 60:.1f} min of footage in "
                f"{run.wall_s / 60:.1f} min",
            )  # fmt: skip
            for growth in run.processes:
                slope = f"{growth.slope_mb_per_hour:+.1f}"
                table.add_row(
                    growth.process, f"{growth.begin_mb:.1f} MB", f"{growth.end_mb:.1f} MB", slope
                )
            Console().print(table)
            kept = f"{run.kept_mb_per_hour:.0f} MB per hour of footage"
            typer.echo(f"beside that, a replay keeps results and tag reads for its score: {kept}")
        typer.echo(f"bound: {most:g} MB per hour")
    if any(run.steepest_mb_per_hour > most for run in runs):
        raise typer.Exit(1)
