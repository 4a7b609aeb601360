"""From the network's maps to boxes: decoding, suppression, letterboxing. Pure functions.

Box terms of the cell in column i, row j of a map with stride s (YOLOX, arXiv 2107.08430):
centre = ((i + 0.5 + t0) s, (j + 0.5 + t1) s), width = s exp(t2), height = s exp(t3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from retailsim.stack.detect.network import STRIDES_PX

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
MAX_LOG_SIZE = 6.0  # exp(6) strides of 16 px is 6455 px: beyond any input, below overflow
PADDING_GREY = 114


@dataclass(frozen=True)
class Letterbox:
    """How a frame was fitted into the network's input: x_input = x_frame * scale + offset."""

    scale: float
    offset_px: tuple[float, float]
    frame_px: tuple[int, int]

    @classmethod
    def fit(cls, frame_px: tuple[int, int], input_px: tuple[int, int]) -> Letterbox:
        """Return the largest centred fit of a frame (width, height) in an input of that size."""
        scale = min(input_px[0] / frame_px[0], input_px[1] / frame_px[1])
        width, height = round(frame_px[0] * scale), round(frame_px[1] * scale)
        return cls(scale, ((input_px[0] - width) // 2, (input_px[1] - height) // 2), frame_px)

    def paint(self, image: U8, boxed: U8) -> None:
        """Put the BGR image (h, w, 3) in its place in an input (h, w, 3) of padding."""
        width, height = (round(side * self.scale) for side in self.frame_px)
        x, y = (int(v) for v in self.offset_px)
        if (width, height) != self.frame_px:
            shrink = cv2.INTER_AREA if self.scale < 0.5 else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, (width, height), interpolation=shrink), np.uint8)
        boxed[y : y + height, x : x + width] = image

    def to_frame(self, boxes: F32) -> F32:
        """Map boxes (n, 4) of the input back to the frame, clipped to it."""
        offset = np.tile(self.offset_px, 2)
        limit = np.tile(self.frame_px, 2)
        clipped: F32 = np.clip((boxes - offset) / self.scale, 0, limit).astype(np.float32)
        return clipped


def decode(maps: Sequence[F32], threshold: float) -> list[tuple[F32, F32]]:
    """Return boxes (k, 4) and scores (k,) of each image's cells at or above a threshold.

    Args:
        maps: one (n, 5, h, w) map per stride: score logit and four box terms of n images.
        threshold: least score kept.
    """
    images, boxes, scores = [], [], []
    least = logit(threshold)
    for stride, level in zip(STRIDES_PX, maps, strict=True):
        image, row, column = np.nonzero(level[:, 0] >= least)
        terms = level[image, :, row, column].T
        centre = (np.stack([column, row]) + 0.5 + terms[1:3]) * stride
        half = np.exp(np.minimum(terms[3:5], MAX_LOG_SIZE)) * (stride / 2)
        images.append(image)
        boxes.append(np.concatenate([centre - half, centre + half]).T.astype(np.float32))
        scores.append((1 / (1 + np.exp(-terms[0]))).astype(np.float32))
    owner, box, score = (np.concatenate(parts) for parts in (images, boxes, scores))
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(maps[0])))[:-1]
    return list(zip(np.split(box[order], ends), np.split(score[order], ends), strict=True))


def suppress(boxes: F32, scores: F32, max_iou: float, limit: int = 300) -> NDArray[np.int64]:
    """Return the indices that greedy non-maximum suppression keeps, best score first.

    Equal scores are ordered by their box, so the result does not depend on the order of input.
    What is no box, for it has no area or is not finite, is dropped, and beats no other.

    Args:
        boxes: float32 (n, 4).
        scores: float32 (n,).
        max_iou: a box that overlaps a kept one by more is dropped.
        limit: only this many best boxes are looked at.
    """
    size = boxes[:, 2:] - boxes[:, :2]
    sound = np.flatnonzero(np.isfinite(boxes).all(axis=1) & (size > 0).all(axis=1))
    boxes, scores, size = boxes[sound], scores[sound], size[sound]
    order = np.lexsort((*boxes.T[::-1], -scores))[:limit]
    corner_size = np.concatenate([boxes[:, :2], size], axis=1)[order].astype(np.float64)
    alike = np.ones(len(order))  # of equal scores OpenCV keeps the order it is given
    kept = cv2.dnn.NMSBoxes(corner_size, alike, 0.5, max_iou)  # type: ignore[arg-type]
    return sound[order[np.asarray(kept, np.int64).reshape(-1)]]
