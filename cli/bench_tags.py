"""`retail bench` for tags: `inventory`, `radio`, `reads`, `flips`, `readers` and `place`.

Each prints one table, or with `--json` one object, of figures that the module of the same name in
`retailsim.experiments` works out.
"""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.bench import Json, Rounds, numbers_of, say_what
from cli.progress import share_bar


def bench_inventory_command(
    modes: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODE", help="fm0, m2, m4, m8. Default: all."),
    ] = None,
    tags: Annotated[
        str, typer.Option(metavar="N,N,...", help="Numbers of tags, with commas between.")
    ] = "1,2,5,10,20,50,100,200,350,600,1000,1500",
    seconds: Annotated[
        float, typer.Option(metavar="S", min=2, max=3600, help="Simulated time of each.")
    ] = 20.0,
    session: Annotated[int, typer.Option(min=0, max=3, help="Gen2 session.")] = 2,
    target: Annotated[str, typer.Option(help="single, dual or suppression.")] = "dual",
    antennas: Annotated[int, typer.Option(min=1, max=32, help="They take turns.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 42,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="PNG", help="Also draw it.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how often each tag is read as there are more of them, slot by slot.

    All tags are well within reach of all antennas: what is shown is the air interface alone.
    Covered is a tag's window of 2 s with at least 3 reads.

    Examples:

        retail bench inventory

        retail bench inventory fm0 m4 --session 0 --plot rates.png

        retail bench inventory m2 --tags 240,1500 --antennas 8 --json
    """
    from retailsim.experiments.bench_tables import inventory_table
    from retailsim.experiments.inventory_bench import bench_inventory, plot_inventory
    from retailsim.experiments.pictures import check_suffix

    if plot is not None:
        check_suffix(plot)
    with share_bar("taking stock") as advance:
        bench = bench_inventory(
            modes or None,
            populations=numbers_of(tags),
            seconds=seconds,
            seed=seed,
            session=session,
            target=target,
            antennas=antennas,
            progress=advance,
        )
    if plot is not None:
        plot_inventory(bench, plot)
    if json:
        typer.echo(jsonlib.dumps(bench.as_dict(), indent=2))
        return
    Console().print(inventory_table(bench))


def bench_radio_command(
    tags: Annotated[
        str, typer.Option(metavar="N,N,...", help="Numbers of tags, with commas between.")
    ] = "1000",
    antennas: Annotated[
        int, typer.Option(min=1, max=8, help="Of the one reader; they take turns.")
    ] = 8,
    people: Annotated[int, typer.Option(min=0, max=100, help="In the shop.")] = 10,
    seconds: Annotated[
        float, typer.Option(metavar="S", min=0.1, max=3600, help="Simulated time of each round.")
    ] = 30.0,
    rounds: Rounds = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 42,
    json: Json = False,
) -> None:
    """Measure how fast the radio is simulated, in time of one core.

    The boutique with so many tags and one reader, people walking and standing, garments carried,
    and one taken by the hand every second. Prints simulated seconds per second, what the first turn
    of all antennas takes before that, and speed over a fixed reference workload; numbers of tags
    are played in turn, and figures are medians with their spread.

    Examples:

        retail bench radio

        retail bench radio --tags 240,1000,1500 --antennas 4 --rounds 5

        retail bench radio --people 0 --seconds 10 --json | jq '.populations[].realtime_factor'
    """
    from retailsim.experiments.bench_tables import radio_table
    from retailsim.experiments.radio_bench import bench_radio

    with share_bar("reading tags") as advance:
        bench = bench_radio(
            numbers_of(tags),
            antennas=antennas,
            people=people,
            seconds=seconds,
            rounds=rounds,
            seed=seed,
            progress=advance,
        )
    if json:
        typer.echo(jsonlib.dumps(bench.as_dict(), indent=2))
        return
    Console().print(radio_table(bench))


def bench_reads_command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Bag, or scenario YAML or name. Default: boutique."),
    ] = None,
    stack: Annotated[
        Path | None, typer.Option("--stack", help="Stack YAML. Default: the shipped stack.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="S", help="Length of sessions that are simulated.")
    ] = 60.0,
    rounds: Rounds = 5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 42,
    json: Json = False,
) -> None:
    """Measure how many tag reads a second the tag stages take on one core.

    Runs the stages that work on reads, those alone, several times over the reads of a bag or of a
    day simulated without cameras. Prints reads per second of each stage's own time, medians with
    the least and the most: the faster, the more readers one core can follow.

    Examples:

        retail bench reads

        retail bench reads monday.bag dense-rails --rounds 9

        retail bench reads fast-fashion --stack mine.yaml --seconds 30 --json
    """
    from retailsim.experiments.bench_tables import reads_tables
    from retailsim.experiments.reads_bench import bench_reads

    with share_bar("reading") as advance:
        bench = bench_reads(
            sources or ("boutique",),
            stack=stack,
            seconds=seconds,
            rounds=rounds,
            seed=seed,
            progress=advance,
        )
    if json:
        typer.echo(jsonlib.dumps(asdict(bench), indent=2))
        return
    console = Console()
    for table in reads_tables(bench):
        console.print(table)
    console.print(f"{bench.device}", highlight=False)


def bench_flips_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Default: boutique and five days full of motion that is no flip.",
        ),
    ] = None,
    detector: Annotated[
        list[str] | None,
        typer.Option(
            "--detector",
            help="raw, spectrum, shipped, a model folder, a stack YAML or module:Class; may be "
            "given several times. Default: the first three.",
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="N,N,...", help="Seeds, with commas between.")
    ] = "900001,900002,900003",
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of each session.")] = 300.0,
    cache: Annotated[
        Path, typer.Option("--cache", help="Where sessions and judgements are kept.")
    ] = Path(".cache/flips"),
    json: Json = False,
) -> None:
    """Judge detectors of touched garments on the same tag reads, day by day.

    Coverage is the share of flips with three reads; all else is over those: balanced accuracy of
    windows of 2 s, precision, recall and f1 of events, false alarms, delay; f1 also by reads per
    flip and by distance. Days are played without cameras; what was done once is kept, so that an
    interrupted study goes on where it was.

    Examples:

        retail bench flips

        retail bench flips second-shop --detector spectrum --detector my_detector:Mine

        retail bench flips boutique armfuls --seconds 120 --json | jq '.shops'
    """
    from retailsim.experiments.flip_detectors import DEFAULT
    from retailsim.experiments.flip_study import DAYS, study_flips
    from retailsim.experiments.flip_tables import flip_tables

    with share_bar("judging flips") as advance:
        study = study_flips(
            scenarios or DAYS,
            detectors=detector or DEFAULT,
            seeds=numbers_of(seeds),
            seconds=seconds,
            cache=cache,
            progress=advance,
        )
    if json:
        typer.echo(jsonlib.dumps(study.as_dict(), indent=2))
        return
    for table in flip_tables(study):
        Console().print(table)


def bench_readers_command(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="Scenario YAML or name.")
    ] = "saturday-rush",
    detector: Annotated[
        str, typer.Option("--detector", help="As for `retail bench flips`.")
    ] = "shipped",
    tags: Annotated[
        str, typer.Option(metavar="N,N,...", help="Numbers of tags before the one reader.")
    ] = "30,60,120,240,480,1000,1500",
    modes: Annotated[
        str, typer.Option(metavar="M,M,...", help="Reader modes; '' for none.")
    ] = "fm0,m2,m4,m8",
    sessions: Annotated[
        str, typer.Option(metavar="N,N,...", help="Gen2 sessions; '' for none.")
    ] = "0,1,2,3",
    antennas: Annotated[
        str, typer.Option(metavar="N,N,...", help="Numbers of antennas; '' for none.")
    ] = "1,2,4,8",
    seeds: Annotated[
        str, typer.Option(metavar="N,N,...", help="Seeds, with commas between.")
    ] = "900001,900002,900003",
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of each session.")] = 180.0,
    cache: Annotated[
        Path, typer.Option("--cache", help="Where sessions and judgements are kept.")
    ] = Path(".cache/flips"),
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="PNG", help="Also draw it.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how many flips are covered and found as there are more tags before a reader.

    The shop's stock is made larger and smaller, all its antennas hang on one reader. Modes and
    sessions are tried with all antennas, antennas in FM0; session 2 and FM0 where not varied.

    Examples:

        retail bench readers --plot readers.png

        retail bench readers boutique --tags 60,240 --modes fm0,m4 --sessions "" --antennas ""
    """
    from retailsim.experiments.flip_tables import reader_table
    from retailsim.experiments.pictures import check_suffix
    from retailsim.experiments.reader_study import plot_readers, study_readers

    if plot is not None:
        check_suffix(plot)
    with share_bar("counting tags") as advance:
        study = study_readers(
            scenario,
            detector=detector,
            populations=numbers_of(tags),
            modes=[mode for mode in modes.split(",") if mode],
            sessions=numbers_of(sessions) if sessions else (),
            antennas=numbers_of(antennas) if antennas else (),
            seeds=numbers_of(seeds),
            seconds=seconds,
            cache=cache,
            progress=advance,
        )
    if plot is not None:
        plot_readers(study, plot)
    if json:
        typer.echo(jsonlib.dumps(study.as_dict(), indent=2))
        return
    Console().print(reader_table(study))


def bench_place_command(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", help="Default: boutique, dense-rails, second-shop."),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="N,N,...", help="Seeds, with commas between.")
    ] = "21,22,23",
    seconds: Annotated[float, typer.Option(metavar="S", help="Length of each session.")] = 420.0,
    untidy: Annotated[
        bool, typer.Option("--untidy", help="Let many more garments be misplaced.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure how well tags are located and misplaced garments found, from reads alone.

    Plays world and radio without cameras and runs the shipped locator beside 'planogram never
    changes' and 'loudest antenna'. Errors are in metres: of all garments, of those away from home,
    of those at rest at a wrong fixture. Means over seeds; garments misplaced and found are summed.

    Examples:

        retail bench place

        retail bench place dense-rails --untidy --seeds 21 --seconds 300

        retail bench place --json | jq '.[] | {scenario, method, figures}'
    """
    from retailsim.experiments.bench_tables import place_table
    from retailsim.experiments.place_bench import DAYS, bench_place

    found = bench_place(
        scenarios or DAYS,
        seeds=numbers_of(seeds),
        seconds=seconds,
        untidy=untidy,
        progress=say_what(),
    )
    if json:
        typer.echo(jsonlib.dumps([asdict(one) for one in found], indent=2))
        return
    Console().print(place_table(found))
