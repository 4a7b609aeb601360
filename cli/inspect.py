"""`retail inspect`: what a recording holds."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from retailsim.session import BagReader, Summary


def inspect_command(
    bag: Annotated[
        Path, typer.Argument(help="Session bag: a folder, an .mcap file or a ROS 1 .bag file.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List what a recording holds: cameras, topics, counts, duration, damage.

    Recordings made by others (ROS 1 bags, ROS 2 MCAP files) are listed too.

    Examples:

        retail inspect fixtures/boutique.bag

        retail inspect monday.bag --json | jq '.topics[] | {name, count}'
    """
    summary = BagReader(bag).summary()
    if json:
        typer.echo(jsonlib.dumps(_as_json(summary), indent=2))
        return
    console = Console()
    _print_head(console, summary)
    if summary.cameras:
        console.print(_camera_table(summary))
    console.print(_topic_table(summary))
    if summary.damage:
        console.print(f"[yellow]{escape(str(summary.damage))}[/]; `retail repair` makes it whole")


def _as_json(summary: Summary) -> dict[str, object]:
    return {**asdict(summary), "path": str(summary.path)}


def _print_head(console: Console, summary: Summary) -> None:
    begin = "empty"
    if summary.start_ns is not None:
        begin = datetime.fromtimestamp(summary.start_ns / 1e9, UTC).isoformat(" ", "seconds")
    plan = f"plan '{summary.plan}'" if summary.plan else "no store plan"
    console.print(
        f"[bold]{escape(str(summary.path))}[/]  {summary.kind}, {plan}, {begin}, "
        f"{summary.duration_s:.1f} s, {summary.size_bytes / 1e6:.2f} MB",
        highlight=False,
        soft_wrap=True,
    )


def _camera_table(summary: Summary) -> Table:
    table = Table("camera", "image", title_justify="left")
    for heading in ("frames/s", "frames"):
        table.add_column(heading, justify="right")
    for camera in summary.cameras:
        size = f"{camera.width_px} x {camera.height_px}"
        table.add_row(camera.id, size, f"{camera.rate_hz:g}", f"{camera.frames:,}")
    return table


def _topic_table(summary: Summary) -> Table:
    table = Table("topic", "message")
    table.add_column("count", justify="right")
    for topic in summary.topics:
        table.add_row(escape(topic.name), escape(topic.schema), f"{topic.count:,}")
    return table
