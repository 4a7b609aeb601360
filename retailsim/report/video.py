"""Annotated video: one MP4 per camera with the boxes and numbers of the replay's people."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Detections, Identities, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.store.plan import StorePlan

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
TIME_BASE = Fraction(1, 90_000)


def write_videos(
    folder: Path, frames: Iterable[FrameBatch], results: MessageLog, plan: StorePlan
) -> list[Path]:
    """Write `CAMERA.mp4` for every camera that has frames; returns the files' paths.

    Args:
        folder: made if it is not there.
        frames: all of the session, in order of time.
        results: boxes come from `Identities` where there are any, else from `Tracks` (with
            their numbers), else from `Detections` (with their scores).
        plan: its cameras' rates are a hint for the codec; times are the frames' own.

    Raises:
        BagError: the folder cannot be written.
    """
    boxes = _boxes(results)
    rates = {camera.id: camera.rate_hz for camera in plan.cameras}
    files: dict[str, _Mp4] = {}
    with ExitStack() as stack:
        for batch in frames:
            for frame in batch.frames:
                if frame.camera not in files:
                    path = folder / f"{frame.camera}.mp4"
                    rate_hz = rates.get(frame.camera, 10.0)
                    files[frame.camera] = stack.enter_context(_Mp4(path, frame, rate_hz))
                found = boxes.get((frame.camera, frame.time_ns), [])
                files[frame.camera].write(frame.time_ns, annotate(frame.image, found))
    return [file.path for _, file in sorted(files.items())]


def annotate(image: Image, boxes: Iterable[tuple[Boxes, int, str]]) -> Image:
    """Return a copy of a BGR image with labelled boxes.

    Args:
        image: uint8 (h, w, 3).
        boxes: (x1, y1, x2, y2), number that picks the colour, label.
    """
    drawn = image.copy()
    for box, number, label in boxes:
        x1, y1, x2, y2 = (round(float(v)) for v in box)
        colour = _colour(number)
        cv2.rectangle(drawn, (x1, y1), (x2, y2), colour, 2)
        (width, height), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
        top = max(y1, height + 6)
        cv2.rectangle(drawn, (x1, top - height - 6), (x1 + width + 4, top), colour, -1)
        cv2.putText(
            drawn,
            label,
            (x1 + 2, top - 4),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (0, 0, 0),
            1,
            cv2.LINE_AA,
        )
    return drawn


def _colour(number: int) -> tuple[int, int, int]:
    """Return a bright BGR colour; neighbouring numbers get very different ones."""
    hue = number * 67 % 180  # steps of the golden angle on OpenCV's circle of 180
    pixel = cv2.cvtColor(np.array([[[hue, 170, 255]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def _boxes(results: MessageLog) -> dict[tuple[str, int], list[tuple[Boxes, int, str]]]:
    """Return labelled boxes by (camera, time_ns)."""
    table: dict[tuple[str, int], list[tuple[Boxes, int, str]]] = {}
    if results.of(Identities):
        for m in results.of(Identities):
            for camera, person, box in zip(m.camera, m.person, m.boxes_px, strict=True):
                row = (box, int(person), str(person))
                table.setdefault((str(camera), m.time_ns), []).append(row)
    elif results.of(Tracks):
        for t in results.of(Tracks):
            rows = zip(t.boxes_px, t.track_id, strict=True)
            table[t.camera, t.time_ns] = [(box, int(i), f"t{i}") for box, i in rows]
    else:
        for d in results.of(Detections):
            scored = zip(d.boxes_px, d.score, strict=True)
            table[d.camera, d.time_ns] = [(box, 0, f"{score:.2f}") for box, score in scored]
    return table


class _Mp4:
    """One H.264 file, written beside its place and renamed when it is whole."""

    def __init__(self, path: Path, first: Frame, rate_hz: float) -> None:
        self.path = path
        self._part = path.with_name(f".{path.stem}.part.mp4")
        self._begin_ns = first.time_ns
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container: Any = av.open(str(self._part), "w")
        except OSError as error:
            raise BagError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._stream = self._container.add_stream(
            "libx264", rate=Fraction(rate_hz).limit_denominator(1001)
        )
        height, width = first.image.shape[:2]
        self._stream.width, self._stream.height = width - width % 2, height - height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = TIME_BASE
        self._stream.codec_context.time_base = TIME_BASE
        self._stream.codec_context.thread_count = 1
        self._stream.options = {"preset": "veryfast", "crf": "23"}

    def write(self, time_ns: int, image: Image) -> None:
        """Append one image; times must rise."""
        even = np.ascontiguousarray(image[: self._stream.height, : self._stream.width])
        frame = av.VideoFrame.from_ndarray(even, format="bgr24")
        frame.pts = round((time_ns - self._begin_ns) * 90_000 / 10**9)
        frame.time_base = TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> _Mp4:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode())
        self._container.close()
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
