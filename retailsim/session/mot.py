"""Hand-made boxes in the text form of the MOTChallenge.

Columns (motchallenge.net): frame from 1, id, left, top, width, height, confidence. In the 2015
form of ten columns world coordinates follow; in the later form of nine, class and visible share.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError
from retailsim.messages.truth import TruthBoxes

MAX_BYTES = 256_000_000
_PEDESTRIAN = 1
_COLUMNS = 7
_COLUMNS_WITH_CLASS = 9


@dataclass(frozen=True)
class MotTruth:
    """The boxes of one video, sorted by frame.

    Attributes:
        frame: from 1, int64 (n,).
        person_id: int64 (n,).
        boxes_px: x1, y1, x2, y2, float32 (n, 4).
        visible_share: 1 where the file does not say, float32 (n,).
    """

    path: Path
    frame: NDArray[np.int64]
    person_id: NDArray[np.int64]
    boxes_px: NDArray[np.float32]
    visible_share: NDArray[np.float32]

    @property
    def last_frame(self) -> int:
        """Number of the last frame with a box, 0 without any."""
        return int(self.frame[-1]) if len(self.frame) else 0

    def boxes(self, camera: str, index: int, time_ns: int) -> TruthBoxes:
        """Return the truth of the frame `index`, counted from 0; none is an answer too."""
        begin, end = np.searchsorted(self.frame, [index + 1, index + 2])
        boxes = self.boxes_px[begin:end]
        return TruthBoxes(
            time_ns,
            camera,
            self.person_id[begin:end],
            boxes,
            boxes.copy(),
            self.visible_share[begin:end],
        )


def load_mot(path: str | Path) -> MotTruth:
    """Read MOT ground truth, leaving out rows of confidence 0 and classes other than people.

    Raises:
        BagError: the file is missing or a line is not in that form; names the line.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BagError(f"{path}: larger than {MAX_BYTES // 10**6} MB, not MOT truth")
        with open(file, encoding="utf-8", newline="") as lines:
            rows = [
                values
                for number, row in enumerate(csv.reader(lines), start=1)
                if row and (values := _values(row, f"{path}:{number}")) is not None
            ]
    except OSError as error:
        raise BagError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BagError(f"{path}: not MOT truth, which is text: {error}") from error
    table = np.array(rows, dtype=np.float64).reshape(-1, _COLUMNS)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    left, top, width, height = table[:, 2:6].T
    return MotTruth(
        path=file,
        frame=table[:, 0].astype(np.int64),
        person_id=table[:, 1].astype(np.int64),
        boxes_px=np.stack([left, top, left + width, top + height], axis=1).astype(np.float32),
        visible_share=table[:, 6].astype(np.float32),
    )


def _values(row: Sequence[str], place: str) -> tuple[float, ...] | None:
    """Return frame, id, left, top, width, height, visible share; None for a row to be ignored."""
    if len(row) < _COLUMNS:
        raise BagError(
            f"{place}: not MOT truth: {len(row)} columns, expected frame, id, left, top, width, "
            "height, confidence"
        )
    try:
        numbers = [float(cell) for cell in row]
    except ValueError as error:
        raise BagError(f"{place}: not MOT truth: {error}") from error
    frame, person, _, _, width, height, confidence = numbers[:_COLUMNS]
    if not np.isfinite(numbers[:_COLUMNS]).all():
        raise BagError(f"{place}: not MOT truth: a value is not finite")
    if confidence == 0:
        return None
    if frame < 1 or frame != int(frame) or person != int(person):
        raise BagError(f"{place}: not MOT truth: frame and id must be whole, frames from 1")
    if width <= 0 or height <= 0:
        raise BagError(f"{place}: not MOT truth: a box of {width:g} x {height:g} pixels")
    if len(row) == _COLUMNS_WITH_CLASS:
        if numbers[7] != _PEDESTRIAN:
            return None
        return (*numbers[:6], numbers[8])
    return (*numbers[:6], 1.0)
