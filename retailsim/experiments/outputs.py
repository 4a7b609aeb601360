"""What a replay leaves on disk: scorecard, stack, tables, videos, a bag of results."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from retailsim.engine.config import StackSpec
from retailsim.errors import BagError
from retailsim.experiments.replay import Replayed
from retailsim.messages.sensors import FrameBatch
from retailsim.report.tables import write_tables
from retailsim.report.video import write_videos
from retailsim.session import BagReader
from retailsim.session.results import write_results


def writable_folder(folder: Path) -> None:
    """Make the folder if need be; raises BagError when nothing can be written there.

    Asked before a replay starts, so that minutes of work are not lost at its end.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BagError(f"{folder}: cannot be written: {error.strerror or error}") from error


def write_outputs(
    replayed: Replayed,
    spec: StackSpec,
    bag: Path,
    *,
    output: Path | None,
    video: Path | None,
    results_bag: bool,
) -> None:
    """Write what was asked for; every file appears whole under its name or not at all.

    Raises:
        BagError: a file cannot be written.
    """
    try:
        if output is not None:
            _write(output / "scorecard.json", replayed.scorecard.to_json() + "\n")
            text = yaml.safe_dump(spec.resolved(), sort_keys=False)
            _write(output / "stack.yaml", text)
            _write_live(replayed, output)
            write_tables(replayed.run.results, replayed.plan, output)
            if results_bag:
                target = output / "results.bag"
                _replace(
                    target, lambda path: write_results(path, replayed.plan, replayed.run.results)
                )
        if video is not None:
            frames = (m for m in BagReader(bag).messages() if isinstance(m, FrameBatch))
            write_videos(video, frames, replayed.run.results, replayed.plan)
    except OSError as error:
        where = error.filename or output or video
        raise BagError(f"{where}: cannot be written: {error.strerror or error}") from error


def _write_live(replayed: Replayed, output: Path) -> None:
    """Write what a live replay dropped; take an earlier one's away."""
    target = output / "live.json"
    if replayed.live is None:
        target.unlink(missing_ok=True)
        return
    live, latency = replayed.live, replayed.scorecard.speed.latency_ms
    record = {
        "served": live.run.frames,
        "dropped": dict(live.dropped),
        "restarts": list(live.restarts),
        "latency_ms": latency.model_dump(),
    }
    _write(target, json.dumps(record, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _replace(target: Path, write: Callable[[Path], None]) -> None:
    if target.exists():
        shutil.rmtree(target)
    write(target)
