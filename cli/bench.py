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
    """Measure how fast a bag is replayed, stage by stage, in fp32 and as fast as it goes.

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
        seeds=_numbers(seeds),
        seconds=seconds,
        cache=cache,
        progress=_say(),
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

    reports = bench_days(scenarios or (), seconds=seconds, seed=seed, video=video, progress=_say())
    if json:
        typer.echo(jsonlib.dumps([report.as_dict() for report in reports], indent=2))
    else:
        Console().print(days_table(reports))
    if not all(report.passed for report in reports):
        raise typer.Exit(1)


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
            populations=_numbers(tags),
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
            _numbers(tags),
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
            seeds=_numbers(seeds),
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
            populations=_numbers(tags),
            modes=[mode for mode in modes.split(",") if mode],
            sessions=_numbers(sessions) if sessions else (),
            antennas=_numbers(antennas) if antennas else (),
            seeds=_numbers(seeds),
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
        seeds=_numbers(seeds),
        seconds=seconds,
        untidy=untidy,
        progress=_say(),
    )
    if json:
        typer.echo(jsonlib.dumps([asdict(one) for one in found], indent=2))
        return
    Console().print(place_table(found))


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"'{text}': give whole numbers with commas between") from error


def _say() -> Callable[[str], None]:
    console = Console(stderr=True)
    return lambda text: console.print(text, highlight=False)
