"""Frames with known boxes, and how well a detector's stage does on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError
from retailsim.evaluate.boxes import SAME_BOX_IOU, compare_boxes
from retailsim.evaluate.detection import score_detection
from retailsim.evaluate.figures import Figures, f1, share
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.session.footage import probe
from retailsim.session.mot import load_mot
from retailsim.session.reader import BagReader
from retailsim.stack.stage import Stage
from retailsim.store.plan import Camera, StorePlan

CAMERA = "cam0"


@dataclass(frozen=True)
class Clip:
    """Frames and their truth, in order of time.

    Attributes:
        plan: at least the cameras.
        batches: the frames of each instant.
        truth: one per labelled frame.
    """

    plan: StorePlan
    batches: tuple[FrameBatch, ...]
    truth: tuple[TruthBoxes, ...]

    def between(self, first: int, last: int) -> Clip:
        """Return the instants `first` to `last`, counted from 1, both included."""
        kept = self.batches[first - 1 : last]
        times = {batch.time_ns for batch in kept}
        return Clip(self.plan, kept, tuple(t for t in self.truth if t.time_ns in times))


def video_clip(video: str | Path, truth: str | Path) -> Clip:
    """Read a video with boxes in MOTChallenge form; raises BagError when either is not that."""
    footage, labels = probe(video), load_mot(truth)
    plan = StorePlan(
        name=Path(video).stem,
        cameras=[Camera(id=CAMERA, width_px=footage.width_px, height_px=footage.height_px)],
    )
    batches, boxes = [], []
    for index, (time_ns, image) in enumerate(footage.images()):
        batches.append(FrameBatch(time_ns, (Frame(time_ns, CAMERA, index, image),)))
        boxes.append(labels.boxes(CAMERA, index, time_ns))
    if labels.last_frame > len(batches):
        raise BagError(f"{truth}: labels frame {labels.last_frame} of {len(batches)}")
    return Clip(plan, tuple(batches), tuple(boxes))


def bag_clip(bag: str | Path, *, every: int) -> Clip:
    """Read every so many-th instant of a session bag; raises BagError when it has no truth."""
    reader = BagReader(bag)
    seen = (m for m in reader.messages() if isinstance(m, FrameBatch))
    batches = tuple(islice(seen, 0, None, every))
    frames = {(frame.camera, frame.time_ns) for batch in batches for frame in batch.frames}
    boxes = (m for m in reader.truth() if isinstance(m, TruthBoxes))
    truth = tuple(m for m in boxes if (m.camera, m.time_ns) in frames)
    if not truth:
        raise BagError(f"{bag}: holds no labelled frames")
    return Clip(reader.plan, batches, truth)


def detect(stage: Stage, clip: Clip) -> tuple[Detections, ...]:
    """Return what a detector's stage says of every frame."""
    said = (message for batch in clip.batches for message in stage.process(batch))
    return tuple(message for message in said if isinstance(message, Detections))


def average_precision(clip: Clip, found: Sequence[Detections]) -> Figures:
    """Return `ap50` and `ap` of what was found in the clip's frames."""
    return score_detection(MessageLog(clip.truth), MessageLog(within(clip, found)))


def within(clip: Clip, found: Sequence[Detections]) -> list[Detections]:
    """Return what was found in the clip's frames alone."""
    times = {batch.time_ns for batch in clip.batches}
    return [m for m in found if m.time_ns in times]


@dataclass(frozen=True)
class Ranked:
    """All judged boxes of a clip, best score first.

    Attributes:
        score: float64 (m,), falling.
        hit: whether the box shows somebody no better one shows, bool (m,).
        people: how many true boxes there are to find.
    """

    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    people: int

    def at(self, threshold: float) -> Figures:
        """Return `precision`, `recall` and `f1` of the boxes that score at least so much."""
        hits = int(self.hit[self.score >= threshold].sum())
        told = int((self.score >= threshold).sum())
        return {
            "precision": share(hits, told),
            "recall": share(hits, self.people),
            "f1": f1(hits, told - hits, self.people - hits),
        }

    def best_threshold(self) -> float:
        """Return the score of the last box to report for the highest F1; 1 without any box."""
        if not len(self.score):
            return 1.0
        hits = np.cumsum(self.hit)
        quality = 2 * hits / (np.arange(1, len(hits) + 1) + max(self.people, 1))
        # Boxes of one score are reported together or not at all.
        last = np.append(np.diff(self.score) != 0, True)
        return float(self.score[np.where(last, quality, -1.0).argmax()])


def rank(clip: Clip, found: Sequence[Detections]) -> Ranked:
    """Match boxes to people frame by frame, best score first (IoU at least 0.5)."""
    by_frame = {(m.camera, m.time_ns): m for m in found}
    scores: list[float] = []
    hits: list[bool] = []
    people = 0
    for labels in clip.truth:
        told = by_frame.get((labels.camera, labels.time_ns))
        boxes = np.zeros((0, 4), np.float32) if told is None else told.boxes_px
        compared = compare_boxes(labels, boxes)
        people += int(compared.true.sum())
        if told is not None:
            score = told.score[compared.found].astype(np.float64)
            order = np.argsort(-score, kind="stable")
            scores += score[order].tolist()
            hits += _hits(compared.iou[:, order])
    score, hit = np.array(scores, np.float64), np.array(hits, bool)
    order = np.argsort(-score, kind="stable")
    return Ranked(score[order], hit[order], people)


def _hits(iou: NDArray[np.float64]) -> list[bool]:
    """Give each box in turn its best person still free; iou is (people, boxes)."""
    free = iou.copy()
    hits = []
    for box in range(free.shape[1]):
        person = int(free[:, box].argmax()) if len(free) else -1
        good = person >= 0 and free[person, box] >= SAME_BOX_IOU
        if good:
            free[person] = 0.0
        hits.append(bool(good))
    return hits
