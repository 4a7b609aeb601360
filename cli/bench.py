"""`retail bench`: how fast, how hard, and whether every day holds what it promises.

What the commands need is imported when they run: torch and OpenGL take seconds to load.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.progress import share_bar

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often; figures are medians.")]


def bench_simulate_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", help="Scenario YAML or name. Default: boutique."),
    ] = None,
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of each session.")] = 20.0,
    rounds: Rounds = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 42,
    video: Annotated[bool, typer.Option("--video/--no-video", help="Draw the cameras.")] = True,
    radio: Annotated[bool, typer.Option("--radio/--no-radio", help="Read the tags.")] = True,
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Decisions and visits alone, without walking.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure how fast a scenario is simulated, and where the time goes.

    Simulates every scenario several times, in turn, into bags that are thrown away; prints medians
    and spread of each part, speed over a fixed reference workload, and the memory held after each
    tenth of the session: it should not grow with the day.

    Examples:

        retail bench simulate

        retail bench simulate boutique saturday-rush --seconds 10 --rounds 5

        retail bench simulate boutique --no-video --no-radio --seconds 900 --rounds 1 --json

        retail bench simulate boutique --coarse --seconds 43200 --rounds 1
    """
    from retailsim.experiments.bench_tables import speed_tables
    from retailsim.experiments.simulate_bench import bench_simulate

    with share_bar("simulating") as advance:
        bench = bench_simulate(
            scenarios or ("boutique",),
            seconds=seconds,
            rounds=rounds,
            seed=seed,
            video=video,
            radio=radio,
            coarse=coarse,
            progress=advance,
        )
    if json:
        typer.echo(jsonlib.dumps(asdict(bench), indent=2))
        return
    console = Console()
    for table in speed_tables(bench):
        console.print(table)
    drawn = f"; drawn by {bench.renderer}" if bench.renderer else ""
    console.print(f"{bench.device}{drawn}", highlight=False)


def bench_replay_command(
    bag: Annotated[Path, typer.Argument(help="Session bag.")] = Path("fixtures/boutique.bag"),
    stack: Annotated[
        Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped stack.")
    ] = None,
    rounds: Rounds = 3,
    json: Json = False,
) -> None:
    """Measure how fast a bag is replayed, stage by stage, in each precision: fp32, int8, auto.

    Examples:

        retail bench replay

        retail bench replay monday.bag --stack mine.yaml --rounds 5 --json
    """
    from retailsim.experiments.bench_tables import replay_table
    from retailsim.experiments.replay_bench import bench_replay

    with share_bar("replaying") as advance:
        found = bench_replay(bag, stack=stack, rounds=rounds, progress=advance)
    if json:
        typer.echo(jsonlib.dumps(found, indent=2))
        return
    console = Console()
    for precision, speed in found["replay"].items():
        console.print(replay_table(precision, speed))
    console.print(f"{found['device']}", highlight=False)


def bench_baselines_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Days that should be hard. Default: uniforms and saturday-rush.",
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="N,N,...", help="Seeds, with commas between.")
    ] = "900001,900002",
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of each session.")] = 120.0,
    cache: Annotated[
        Path, typer.Option("--cache", help="Where simulated sessions are kept.")
    ] = Path(".cache/judge"),
    json: Json = False,
) -> None:
    """Check that the world is hard for weak methods; exits 1 when one does too well.

    Plays days that claim to be hard and runs background subtraction as detector, colour histograms
    as re-identification (on the tracklets of the shipped detector and tracker) and 'RSSI changed by
    3 dB' as flip detector. Each has a ceiling; a method above it says the world is too easy.

    Examples:

        retail bench baselines

        retail bench baselines uniforms --seeds 1,2,3 --seconds 60

        retail bench baselines --json | jq '.found[] | {scenario, verdict, highest}'
    """
    from retailsim.experiments.baselines import DAYS, bench_baselines
    from retailsim.experiments.bench_tables import hardness_table

    hardness = bench_baselines(
        scenarios or DAYS,
        seeds=numbers_of(seeds),
        seconds=seconds,
        cache=cache,
        progress=say_what(),
    )
    if json:
        typer.echo(jsonlib.dumps(hardness.as_dict(), indent=2))
    else:
        Console().print(hardness_table(hardness))
    if not hardness.passed:
        raise typer.Exit(1)


def bench_days_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", help="Default: all that are shipped."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="S", help="How long to play each, at most.")
    ] = 300.0,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all draws. Default: each scenario's.")
    ] = None,
    video: Annotated[
        bool,
        typer.Option("--video/--no-video", help="Also check what frames and pictures promise."),
    ] = True,
    json: Json = False,
) -> None:
    """Check that every day holds what it promises; exits 1 when one does not.

    A scenario's `promises` say what it contains: people at once, sales, garments put in the wrong
    place, dropped frames, darkness. Each is played as cheaply as its promises allow: video is
    simulated only for those of frames, and pictures are drawn only for those of light and cameras.

    Examples:

        retail bench days

        retail bench days saturday-rush uniforms --seconds 120

        retail bench days --no-video --json
    """
    from retailsim.experiments.bench_tables import days_table
    from retailsim.experiments.days import bench_days

    reports = bench_days(
        scenarios or (), seconds=seconds, seed=seed, video=video, progress=say_what()
    )
    if json:
        typer.echo(jsonlib.dumps([report.as_dict() for report in reports], indent=2))
    else:
        Console().print(days_table(reports))
    if not all(report.passed for report in reports):
        raise typer.Exit(1)


def numbers_of(text: str) -> list[int]:
    """Return the numbers of '1,2,3'; raises BadParameter naming what is none."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': give whole numbers with commas between") from error


def say_what() -> Callable[[str], None]:
    """Return what tells progress line by line beside the results."""
    console = Console(stderr=True)
    return lambda text: console.print(text, highlight=False)
