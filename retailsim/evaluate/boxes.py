"""Boxes of truth and results, frame by frame, and which of them are judged at all."""

from __future__ import annotations

from collections.abc import Iterable

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
    one, other = a.astype(np.float64), b.astype(np.float64)
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    inter = np.clip(high - low, 0.0, None).prod(axis=2)
    union = _area(one)[:, None] + _area(other)[None, :] - inter
    share: NDArray[np.float64] = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
    return share


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    area: NDArray[np.float64] = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
    return area


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
    keep = counted(truth)
    if not len(boxes_px):
        return np.zeros(0, bool)
    on_counted = _best(iou(boxes_px, truth.visible_px[keep]))
    on_ignored = _best(iou(boxes_px, truth.visible_px[~keep]))
    on_hidden = _best(iou(boxes_px, truth.full_px[~keep]))
    matched = on_counted >= SAME_BOX_IOU
    ignored = (on_ignored >= SAME_BOX_IOU) & (on_ignored > on_counted)
    ignored |= ~matched & (on_hidden >= SAME_BOX_IOU)
    small = boxes_px[:, 3] - boxes_px[:, 1] < MIN_HEIGHT_PX
    ignored |= ~matched & small
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


def _best(overlap: NDArray[np.float64]) -> NDArray[np.float64]:
    best: NDArray[np.float64] = overlap.max(axis=1, initial=0.0)
    return best
