"""`retail import`: make a session bag from videos, tag reads and hand-made labels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.progress import share_bar
from retailsim.errors import BagError
from retailsim.session import BagReader
from retailsim.session.importing import import_session
from retailsim.store.load import load_plan


def import_command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The bag folder to write, as in street.bag.")
    ],
    video: Annotated[
        list[str] | None,
        typer.Option(help="CAMERA=FILE, a video of any kind PyAV decodes. Repeatable."),
    ] = None,
    mot_truth: Annotated[
        list[str] | None,
        typer.Option(help="CAMERA=FILE, MOTChallenge ground truth of that video. Repeatable."),
    ] = None,
    rfid: Annotated[
        Path | None,
        typer.Option(
            help="CSV of tag reads (.gz too) with the columns timestamp [s], antenna, rssi [dBm], "
            "epc, phase_angle [1/4096 turn], channel_index, doppler_frequency [1/16 Hz]."
        ),
    ] = None,
    rfid_recording: Annotated[
        str | None, typer.Option(help="Take only this value of the CSV's column 'recording'.")
    ] = None,
    reader: Annotated[
        str | None, typer.Option(help="Id of the RFID reader. Default: the plan's first.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Store plan (YAML). Default: a bare list of the cameras.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace the output if it exists.")
    ] = False,
    start: Annotated[
        datetime | None,
        typer.Option(help="When the videos begin (UTC). Default: with the first tag read."),
    ] = None,
) -> None:
    """Make a session bag from recordings of the real world.

    Videos are encoded anew as H.264, close to the original; their frame times are kept.

    Examples:

        retail import --video cam0=street.mp4 -o street.bag

        retail import --video cam0=street.mp4 --mot-truth cam0=gt.txt -o street.bag

        retail import --video door=a.mkv --video till=b.mkv --rfid reads.csv.gz --plan shop.yaml
        -o monday.bag
    """
    begin = start.replace(tzinfo=start.tzinfo or UTC) if start else None
    with share_bar("importing") as progress:
        import_session(
            output,
            videos=_assignments(video or [], "--video"),
            mot_truth=_assignments(mot_truth or [], "--mot-truth"),
            rfid=rfid,
            rfid_recording=rfid_recording,
            plan=load_plan(plan) if plan else None,
            reader=reader,
            start_ns=round(begin.timestamp() * 1e9) if begin else None,
            overwrite=force,
            progress=progress,
        )
    summary = BagReader(output).summary()
    frames = sum(camera.frames for camera in summary.cameras)
    Console(stderr=True).print(
        f"{output}: {frames:,} frames of {len(summary.cameras)} cameras, "
        f"{summary.duration_s:.1f} s, {summary.size_bytes / 1e6:.2f} MB",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _assignments(texts: list[str], option: str) -> dict[str, Path]:
    """Split CAMERA=FILE; raises BagError for anything else."""
    found: dict[str, Path] = {}
    for text in texts:
        camera, sign, file = text.partition("=")
        if not (camera and sign and file):
            raise BagError(f"{option} {text}: expected CAMERA=FILE, as in cam0=street.mp4")
        if camera in found:
            raise BagError(f"{option} {text}: camera '{camera}' is given twice")
        found[camera] = Path(file)
    return found
