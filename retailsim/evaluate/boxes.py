"""Boxes of truth and results, frame by frame, and which of them are judged at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.log import MessageLog
from retailsim.messages.truth import TruthBoxes

MIN_VISIBLE_SHARE = 0.25
MIN_HEIGHT_PX = 24.0
SAME_BOX_IOU = 0.5  # PASCAL VOC's bar for "the same object"

Boxes = NDArray[np.float32]
FrameKey = tuple[str, int]


def iou(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return intersection over union of boxes (n, 4) and (m, 4), shape (n, m).

    Boxes are x1, y1, x2, y2. Empty boxes overlap nothing.
    """
    ax1, ay1, ax2, ay2 = a.astype(np.float64).T[:, :, None]
    bx1, by1, bx2, by2 = b.astype(np.float64).T[:, None, :]
    wide = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0.0)
    high = np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0.0)
    shared = wide * high
    area_a = np.maximum(ax2 - ax1, 0.0) * np.maximum(ay2 - ay1, 0.0)
    area_b = np.maximum(bx2 - bx1, 0.0) * np.maximum(by2 - by1, 0.0)
    either = area_a + area_b - shared
    ratio: NDArray[np.float64] = shared / np.where(either > 0.0, either, 1.0)
    return ratio


def truth_by_frame(truth: MessageLog) -> dict[FrameKey, TruthBoxes]:
    """Return the labelled frames by (camera, time_ns)."""
    return {(boxes.camera, boxes.time_ns): boxes for boxes in truth.of(TruthBoxes)}


def counted(truth: TruthBoxes) -> NDArray[np.bool_]:
    """Say which true people are judged: at least a quarter visible and 24 px tall, bool (n,)."""
    tall = truth.visible_px[:, 3] - truth.visible_px[:, 1] >= MIN_HEIGHT_PX
    judged: NDArray[np.bool_] = tall & (truth.visible_share >= MIN_VISIBLE_SHARE)
    return judged


def judged(truth: TruthBoxes, boxes_px: Boxes) -> NDArray[np.bool_]:
    """Say which found boxes are judged, bool (n,).

    Left out is a box that best matches the visible box of an ignored person, one that matches
    nobody counted but the whole body of an ignored person (a detector may well guess what is
    hidden), and one under 24 px that matches nobody.
    """
    return _judged(truth, boxes_px, counted(truth), iou(boxes_px, truth.visible_px))


@dataclass(frozen=True)
class Compared:
    """What is judged in one frame.

    Attributes:
        true: which true people count, bool (n,).
        found: which found boxes count, bool (m,).
        iou: of those with those, float64 (true.sum(), found.sum()).
    """

    true: NDArray[np.bool_]
    found: NDArray[np.bool_]
    iou: NDArray[np.float64]


def compare_boxes(truth: TruthBoxes, boxes_px: Boxes) -> Compared:
    """Compare found boxes (m, 4) with a frame's truth."""
    keep = counted(truth)
    overlap = iou(boxes_px, truth.visible_px)
    kept = _judged(truth, boxes_px, keep, overlap)
    return Compared(keep, kept, overlap[kept][:, keep].T)


def _judged(
    truth: TruthBoxes, boxes_px: Boxes, keep: NDArray[np.bool_], overlap: NDArray[np.float64]
) -> NDArray[np.bool_]:
    on_counted = overlap[:, keep].max(axis=1, initial=0.0)
    matched = on_counted >= SAME_BOX_IOU
    ignored = ~matched & (boxes_px[:, 3] - boxes_px[:, 1] < MIN_HEIGHT_PX)
    if not keep.all():
        on_ignored = overlap[:, ~keep].max(axis=1, initial=0.0)
        on_hidden = iou(boxes_px, truth.full_px[~keep]).max(axis=1, initial=0.0)
        ignored |= (on_ignored >= SAME_BOX_IOU) & (on_ignored > on_counted)
        ignored |= ~matched & (on_hidden >= SAME_BOX_IOU)
    verdict: NDArray[np.bool_] = ~ignored
    return verdict


def match_people(truth: TruthBoxes, boxes_px: Boxes) -> NDArray[np.int64]:
    """Return who each found box shows, by the best visible box with IoU >= 0.5; -1 for nobody.

    Returns:
        int64 (n,); everyone in the truth may be matched, ignored people included.
    """
    if not len(boxes_px) or not len(truth.person_id):
        return np.full(len(boxes_px), -1, np.int64)
    overlap = iou(boxes_px, truth.visible_px)
    best = overlap.argmax(axis=1)
    good = overlap[np.arange(len(best)), best] >= SAME_BOX_IOU
    return np.where(good, truth.person_id[best], -1).astype(np.int64)


def seen_people(truth: Iterable[TruthBoxes]) -> set[int]:
    """Return everyone who is counted in at least one frame."""
    return {int(person) for boxes in truth for person in boxes.person_id[counted(boxes)]}
