"""Rerun opens a bag folder as it is: entities, frames, and video it can decode."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, HeatMap, Identities, People
from retailsim.session.results import write_results
from tests.session.sessions import PLAN, START_NS, TICK_NS, write_session

rr = pytest.importorskip("rerun")
chunk = pytest.importorskip("rerun.chunk")

TICKS = 25
MESSAGES_OF_AN_EMPTY_RECORDING = 3


def _rows(path: Path, scratch: Path) -> dict[str, Counter[str]]:
    """Open a bag folder in Rerun; entity -> component column -> rows that move in time."""
    recording = rr.RecordingStream("retailsim-test")
    memory = recording.memory_recording()
    recording.log_file_from_path(str(path))
    _wait_until_settled(recording, memory)
    file = scratch / "opened.rrd"
    file.write_bytes(memory.drain_as_bytes())
    rows: dict[str, Counter[str]] = {}
    for part in chunk.RrdReader(str(file)).stream():
        if not part.is_static:
            names = part.to_record_batch().schema.names
            rows.setdefault(str(part.entity_path), Counter()).update(
                dict.fromkeys(names, part.num_rows)
            )
    return rows


def _wait_until_settled(recording: Any, memory: Any) -> None:
    """Loading goes on in the background: it is over when nothing has come for a while."""
    counts = [0]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.25)
        recording.flush()
        counts.append(memory.num_msgs())
        if counts[-1] > MESSAGES_OF_AN_EMPTY_RECORDING and len(set(counts[-5:])) == 1:
            return
    pytest.fail(f"Rerun has not loaded the bag in a minute: {counts}")


def test_a_session_opens_with_all_entities_and_frames(tmp_path: Path) -> None:
    bag = write_session(tmp_path / "corner.bag", TICKS)
    rows = _rows(bag, tmp_path)
    for camera in ("left", "right"):
        video = rows[f"/camera/{camera}/video"]
        assert video["VideoStream:sample"] == TICKS
        assert rows[f"/camera/{camera}/calibration"]["Pinhole:image_from_camera"] == 1
        assert max(rows[f"/truth/camera/{camera}/boxes"].values()) == TICKS
    assert rows["/tf"]["Transform3D:translation"] == 2
    assert max(rows["/rfid/reader-1/reads"].values()) == TICKS
    assert max(rows["/pos/sales"].values()) == 1
    assert max(rows["/mirror/tryon"].values()) == 1


def test_results_are_drawn(tmp_path: Path) -> None:
    log = MessageLog()
    box = np.array([[10, 20, 30, 50]], np.float32)
    one = np.array([3])
    for tick in range(5):
        now = START_NS + tick * TICK_NS
        log.append(Identities(now, np.array(["left"]), one, one, box), emitted_ns=now)
        log.append(People(now, one, np.ones((1, 2)), one > 0), emitted_ns=now)
    log.append(Crossing(START_NS, "main", 3, "in"), emitted_ns=START_NS)
    log.append(HeatMap(START_NS, 0.5, np.ones((3, 4))), emitted_ns=START_NS)
    write_results(tmp_path / "results.bag", PLAN, log)
    rows = _rows(tmp_path / "results.bag", tmp_path)
    for entity in ("/stack/camera/left/person_boxes/points", "/stack/people/points"):
        assert rows[entity]["Points3D:positions"] == 5
        assert rows[entity]["Points3D:colors"] == 5
    assert rows["/stack/heat_map/image"]["Image:buffer"] == 1
    assert rows["/stack/events"]["TextLog:text"] == 1
    assert max(rows["/stack/identities"].values()) == 5
