"""The contact sheet of a scenario: cameras beside each other, moments below each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from textwrap import wrap

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.experiments.pictures import SUFFIXES
from retailsim.simulate.moments import Moment, look, spread_s
from retailsim.simulate.scenario import Scenario
from retailsim.store.plan import Camera, StorePlan

U8 = NDArray[np.uint8]
MOST_PX = (2560, 4000)  # width and height of a sheet
MOST_MOMENTS = 24
GAP_PX = 6
PAPER, INK, EMPTY = (24, 24, 24), (240, 240, 240), (60, 60, 60)
FONT = cv2.FONT_HERSHEY_SIMPLEX
LABEL_SCALE, HEAD_SCALE = 0.45, 0.6
HEAD_LINE_PX = 26


def draw_sheet(
    scenario: Scenario,
    plan: StorePlan,
    *,
    seed: int,
    duration_s: float,
    moments: int = 3,
    progress: Callable[[float], None] | None = None,
) -> U8:
    """Play a scenario and return its contact sheet, BGR, uint8 (h, w, 3), at most `MOST_PX`.

    Raises:
        ScenarioError: moments out of range, no calibrated camera, a world that cannot be played.
        DeviceError: there is no OpenGL.
    """
    if not 1 <= moments <= MOST_MOMENTS:
        raise ScenarioError(f"moments must be from 1 to {MOST_MOMENTS}, not {moments}")
    at_s = spread_s(duration_s, moments)
    looks = list(look(scenario, plan, seed=seed, at_s=at_s, progress=progress))
    cameras = [camera for camera in plan.cameras if camera.calibrated]
    size = cell_px(cameras, moments)
    rows = [_row(moment, cameras, scenario, size) for moment in looks]
    cells = np.concatenate(rows)
    words = f"{scenario.name}: {scenario.purpose}"
    facts = f"store {plan.name}, {_clock(scenario, 0)} + {duration_s:g} s, seed {seed}"
    return np.concatenate([_head([words, facts], cells.shape[1]), cells])


def check_name(path: Path) -> None:
    """Raise ScenarioError unless a path is named like a picture."""
    if path.suffix.lower() not in SUFFIXES:
        raise ScenarioError(
            f"{path}: a contact sheet is a picture; name it {' or '.join(SUFFIXES)}"
        )


def cell_px(cameras: Sequence[Camera], moments: int) -> tuple[int, int]:
    """Return width and height of a cell: every picture fits, none is enlarged."""
    width = min(max(c.width_px for c in cameras), (MOST_PX[0] - GAP_PX) // len(cameras) - GAP_PX)
    tallest = max(c.height_px / c.width_px for c in cameras)
    height = round(width * tallest)
    most = (MOST_PX[1] - 6 * HEAD_LINE_PX) // moments - GAP_PX
    if height > most:
        width, height = max(1, round(most / tallest)), most
    return width, height


def _row(
    moment: Moment, cameras: Sequence[Camera], scenario: Scenario, size: tuple[int, int]
) -> U8:
    seen = {view.frame.camera: view.frame.image for view in moment.views}
    gap = np.full((size[1], GAP_PX, 3), PAPER, np.uint8)
    parts = [gap]
    for camera in cameras:
        label = f"{camera.id}  {_clock(scenario, moment.at_s)}"
        parts += [_cell(seen.get(camera.id), label, size), gap]
    row = np.concatenate(parts, 1)
    return np.concatenate([row, np.full((GAP_PX, row.shape[1], 3), PAPER, np.uint8)])


def _cell(image: U8 | None, label: str, size: tuple[int, int]) -> U8:
    """Return one picture, shrunk to fit, on an empty cell with its label below left."""
    cell = np.full((size[1], size[0], 3), EMPTY, np.uint8)
    if image is None:
        label += "  no picture"
    else:
        share = min(size[0] / image.shape[1], size[1] / image.shape[0], 1.0)
        width, height = round(image.shape[1] * share), round(image.shape[0] * share)
        x, y = (size[0] - width) // 2, (size[1] - height) // 2
        cell[y : y + height, x : x + width] = cv2.resize(
            image, (width, height), interpolation=cv2.INTER_AREA
        )
    (width, height), below = cv2.getTextSize(label, FONT, LABEL_SCALE, 1)
    top = size[1] - height - below - 6
    cell[top:, : width + 10] = cell[top:, : width + 10] // 4
    cv2.putText(cell, label, (5, size[1] - below - 3), FONT, LABEL_SCALE, INK, 1, cv2.LINE_AA)
    return cell


def _head(lines: Sequence[str], width: int) -> U8:
    """Return the lines as a header of a given width, broken where they are too long."""
    ascii_lines = [line.encode("ascii", "replace").decode() for line in lines]
    letter = cv2.getTextSize("n" * 100, FONT, HEAD_SCALE, 1)[0][0] / 100
    fit = max(10, int((width - 2 * GAP_PX) / letter))
    broken = [piece for line in ascii_lines for piece in wrap(line, fit)][:5]
    head = np.full((len(broken) * HEAD_LINE_PX + GAP_PX, width, 3), PAPER, np.uint8)
    for i, line in enumerate(broken):
        at = (GAP_PX, (i + 1) * HEAD_LINE_PX - 7)
        cv2.putText(head, line, at, FONT, HEAD_SCALE, INK, 1, cv2.LINE_AA)
    return head


def _clock(scenario: Scenario, at_s: float) -> str:
    return f"{scenario.start_time + timedelta(seconds=at_s):%H:%M:%S}"
