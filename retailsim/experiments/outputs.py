"""What a replay leaves on disk: scorecard, stack, tables, videos, a bag of results."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from retailsim.engine.config import StackSpec
from retailsim.engine.live import LiveRun
from retailsim.errors import BagError
from retailsim.experiments.replay import Replayed
from retailsim.experiments.staging import settle, staged
from retailsim.messages.sensors import FrameBatch
from retailsim.report.tables import write_tables
from retailsim.report.video import write_videos
from retailsim.session import BagReader
from retailsim.session.container import check_target
from retailsim.session.results import write_results

LIVE_FILE = "live.json"


def writable_folder(folder: Path) -> None:
    """Make the folder if need be; raises BagError when nothing can be written there.

    Asked before a replay starts, so that minutes of work are not lost at its end. Results that a
    killed replay had begun to replace are put back.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            settle(folder)
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
    """Write what was asked for: all of it appears under its names, or nothing.

    Older results stay as they are when something fails, or when the process is killed; an older
    results.bag, or video, stays where no new one was asked for.

    Raises:
        BagError: a file cannot be written.
    """
    folders: dict[Path, list[str]] = {}
    if video is not None:
        folders[video] = []
    if output is not None:
        folders[output] = [LIVE_FILE]  # also where it is the folder of the videos
    try:
        with staged(folders) as hidden:
            if output is not None:
                _write_results(replayed, spec, output, hidden[output], bag=results_bag)
            if video is not None:
                frames = (m for m in BagReader(bag).messages() if isinstance(m, FrameBatch))
                write_videos(hidden[video], frames, replayed.run.results, replayed.plan)
    except OSError as error:
        where = output or video
        reason = os.strerror(error.errno) if error.errno else str(error)
        if isinstance(error.filename, str):
            reason = f"{Path(error.filename).name}: {reason}"
        raise BagError(f"{where}: results cannot be written: {reason}") from error


def _write_results(
    replayed: Replayed, spec: StackSpec, output: Path, hidden: Path, *, bag: bool
) -> None:
    """Write what belongs into the output folder into its hidden one."""
    results = replayed.run.results
    write_tables(results, replayed.plan, hidden)
    if bag:
        check_target(output / "results.bag")
        write_results(hidden / "results.bag", replayed.plan, results)
    _write(hidden / "scorecard.json", replayed.scorecard.to_json())
    _write(hidden / "stack.yaml", yaml.safe_dump(spec.resolved(), sort_keys=False).rstrip())
    if replayed.live is not None:
        _write(hidden / LIVE_FILE, json.dumps(_of_live(replayed, replayed.live), indent=2))


def _of_live(replayed: Replayed, live: LiveRun) -> dict[str, Any]:
    """Return what a live replay dropped."""
    return {
        "served": live.run.frames,
        "dropped": dict(live.dropped),
        "missed_ticks": dict(live.missed_ticks),
        "restarts": list(live.restarts),
        "latency_ms": replayed.scorecard.speed.latency_ms.model_dump(),
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
