"""Which boxes are worth a look, and how they are cut out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.stack.track.association import inside

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


def covered_share(boxes_px: F32) -> NDArray[np.float64]:
    """Return how much of each box the worst of the boxes in front of it covers, (n,).

    In a picture taken from above a person's height, who stands nearer ends lower: a box is in
    front of another when its lower edge is below the other's.
    """
    boxes = boxes_px.astype(np.float64)
    in_front = boxes[None, :, 3] > boxes[:, None, 3]
    share: NDArray[np.float64] = (inside(boxes, boxes) * in_front).max(axis=1, initial=0.0)
    return share


def cut(image: U8, box_px: Sequence[float] | F32, size_px: tuple[int, int]) -> U8 | None:
    """Cut a box out of a picture and resize it; None when less than 4 pixels are inside.

    Args:
        image: BGR, uint8 (h, w, 3).
        box_px: x1, y1, x2, y2; what is outside the picture is left out.
        size_px: width and height of the result.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(float(value)) for value in box_px)
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if x2 - x1 < 4 or y2 - y1 < 4:
        return None
    way = cv2.INTER_AREA if y2 - y1 > size_px[1] else cv2.INTER_LINEAR
    return cv2.resize(image[y1:y2, x1:x2], size_px, interpolation=way).view(np.uint8)


def stacked(crops: Sequence[U8], *, rgb: bool = True) -> U8:
    """Stack BGR crops of one size, uint8 (n, h, w, 3); in RGB or BGR."""
    if not rgb:
        return np.stack(crops)
    pictures = np.empty((len(crops), *crops[0].shape), np.uint8)
    for crop, place in zip(crops, pictures, strict=True):
        cv2.cvtColor(crop, cv2.COLOR_BGR2RGB, dst=place)
    return pictures
