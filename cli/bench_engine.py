"""`retail bench` for the engine: `transport`, `pipeline` and `density`.

What the commands need is imported when they run.
"""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.bench import Json, Rounds, numbers_of, say_what
from cli.options import DeviceOption, PrecisionOption
from cli.progress import session_bar, share_bar

StackOption = Annotated[
    Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped stack.")
]


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


def bench_pipeline_command(
    bag: Annotated[Path, typer.Argument(help="Session bag.")] = Path("fixtures/boutique.bag"),
    stack: StackOption = None,
    seconds: Annotated[
        float | None,
        typer.Option(metavar="S", min=0.1, help="Only the bag's first S seconds. Default: all."),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Numbers of processes that run stages. Default: 2 to one more than there are "
            "cores.",
        ),
    ] = None,
    rounds: Rounds = 3,
    precision: PrecisionOption = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Measure a replay with its stages one after the other and side by side.

    Serially with one thread, two, four and so on up to one for each core, and by several numbers of
    workers (`retail replay --workers`), in turn. Prints frames per second, processor time, who had
    which share of every core and of the GPU, and the critical path: the busiest process, for which
    all others wait, and what its stages take. Exits 1 where results are not the same.

    Examples:

        retail bench pipeline

        retail bench pipeline monday.bag --seconds 30 --rounds 5 --precision fp32

        retail bench pipeline --workers 2,4 --json | jq '{gain, same, best_pipelined}'
    """
    from retailsim.experiments.engine_tables import pipeline_tables
    from retailsim.experiments.pipeline_bench import bench_pipeline

    with share_bar("replaying") as advance:
        bench = bench_pipeline(
            bag,
            stack=stack,
            seconds=seconds,
            rounds=rounds,
            workers=numbers_of(workers) if workers else None,
            precision=precision,
            device=device,
            progress=advance,
        )
    if json:
        typer.echo(jsonlib.dumps(asdict(bench), indent=2))
    else:
        console = Console()
        for table in pipeline_tables(bench):
            console.print(table)
        same = f"all the same, digest {bench.digest}" if bench.same else "[bold red]not the same[/]"
        console.print(f"results: {same}\n{bench.device}", highlight=False, soft_wrap=True)
    if not bench.same:
        raise typer.Exit(1)


def bench_density_command(
    bag: Annotated[
        Path | None,
        typer.Option(
            "--bag", help="Footage. Default: a minute of the boutique, simulated once and kept."
        ),
    ] = None,
    stack: StackOption = None,
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="HZ", help="Frames per second of each stream. Default: the footage's."
        ),
    ] = None,
    start: Annotated[
        int, typer.Option("--start", min=1, metavar="N", help="How many streams to try first.")
    ] = 4,
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="N", help="Try no more than so many.")
    ] = 1024,
    rounds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Trials of each number; most of them decide.")
    ] = 1,
    window: Annotated[
        float, typer.Option(metavar="S", min=0.5, help="Length of each of the two windows.")
    ] = 20.0,
    warm_up: Annotated[float, typer.Option(metavar="S", min=0, help="Before the first.")] = 10.0,
    precision: PrecisionOption = None,
    device: DeviceOption = "auto",
    cache: Annotated[Path, typer.Option("--cache", help="Where simulated footage is kept.")] = Path(
        ".cache/bench"
    ),
    json: Json = False,
) -> None:
    """Measure how many cameras this machine serves live, with the whole stack on every frame.

    Plays footage at its own pace, over and over, to as many shops of up to four cameras as it
    takes, each in a process of its own that decodes it and runs all stages. A number of streams
    holds when in two windows in a row each of them gets 95 % of its rate, and 95 % of its frames
    within a second of their capture; a stream that got more than its source sends is not believed.
    Doubles the number until it does not hold, then halves the gap, and tells of every trial.

    Examples:

        retail bench density

        retail bench density --bag monday.bag --rate 5 --start 16 --rounds 3

        retail bench density --device cuda --start 64 --json | jq '{device, streams}'
    """
    from retailsim.experiments.density_bench import bench_density, boutique
    from retailsim.experiments.density_trial import Timing
    from retailsim.experiments.engine_tables import density_table, trial_line, tried_line

    say = say_what()
    if bag is None:
        with session_bar("simulating", unit="x real time") as advance:
            bag = boutique(cache, progress=lambda s, of_s, w: advance(s, of_s, s / max(w, 1e-9)))
    bench = bench_density(
        bag,
        stack=stack,
        rate_hz=rate,
        start=start,
        most=most,
        rounds=rounds,
        timing=Timing(warm_up_s=warm_up, window_s=window),
        precision=precision,
        device=device,
        on_trial=lambda trial: say(trial_line(trial)),
    )
    if json:
        typer.echo(jsonlib.dumps(asdict(bench), indent=2))
        return
    console = Console()
    console.print(density_table(bench))
    for tried in bench.tried if rounds > 1 else ():
        console.print(tried_line(tried))
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
