"""The `retail` command: registers one module per subcommand and turns errors into exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from cli.bench import (
    bench_baselines_command,
    bench_days_command,
    bench_replay_command,
    bench_simulate_command,
)
from cli.bench_engine import (
    bench_density_command,
    bench_pipeline_command,
    bench_transport_command,
)
from cli.bench_soak import bench_kills_command, bench_memory_command
from cli.bench_tags import (
    bench_flips_command,
    bench_inventory_command,
    bench_place_command,
    bench_radio_command,
    bench_readers_command,
    bench_reads_command,
)
from cli.check import check_command
from cli.compare import compare_command
from cli.cut import cut_command
from cli.import_ import import_command
from cli.inspect import inspect_command
from cli.repair import repair_command
from cli.replay import replay_command
from cli.schema import schema_command
from cli.simulate import simulate_command
from cli.train import train_detector_command
from cli.train_embedder import train_embedder_command
from cli.train_footpoint import train_footpoint_command
from cli.train_int8 import train_int8_command
from cli.usage import UsageError, usage_line
from retailsim.errors import RetailError
from retailsim.version import __version__

app = typer.Typer(
    name="retail",
    help="A test bench for smart-shop perception: simulate, record, replay and score a shop.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
train = typer.Typer(help="Train the shipped networks on simulated people.", no_args_is_help=True)
bench = typer.Typer(help="Measure speed, hardness and promises kept.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"retailsim {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Simulate, record, replay and score one shop."""


app.command("simulate")(simulate_command)
app.command("replay")(replay_command)
app.command("check")(check_command)
app.command("compare")(compare_command)
app.command("inspect")(inspect_command)
app.command("import")(import_command)
app.command("cut")(cut_command)
app.command("repair")(repair_command)
app.command("schema")(schema_command)
train.command("detector")(train_detector_command)
train.command("embedder")(train_embedder_command)
train.command("footpoint")(train_footpoint_command)
train.command("int8")(train_int8_command)
app.add_typer(train, name="train")
bench.command("simulate")(bench_simulate_command)
bench.command("replay")(bench_replay_command)
bench.command("reads")(bench_reads_command)
bench.command("baselines")(bench_baselines_command)
bench.command("days")(bench_days_command)
bench.command("inventory")(bench_inventory_command)
bench.command("radio")(bench_radio_command)
bench.command("flips")(bench_flips_command)
bench.command("readers")(bench_readers_command)
bench.command("place")(bench_place_command)
bench.command("transport")(bench_transport_command)
bench.command("pipeline")(bench_pipeline_command)
bench.command("density")(bench_density_command)
bench.command("kills")(bench_kills_command)
bench.command("memory")(bench_memory_command)
app.add_typer(bench, name="bench")


def main() -> None:
    """Run the command line; exits 2 on bad input, 1 on a failed check, 0 otherwise."""
    try:
        sys.exit(app(standalone_mode=False))
    except UsageError as error:
        _refuse(usage_line(error))
    except RetailError as error:
        _refuse(str(error))
    except BrokenPipeError:
        sys.exit(0)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


def _refuse(text: str) -> NoReturn:
    """Say in one line what is wrong, also where a library's message has several, and exit."""
    line = ": ".join(part.strip(" :") for part in text.splitlines() if part.strip(" :"))
    if line:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {escape(line)}")
    sys.exit(2)
