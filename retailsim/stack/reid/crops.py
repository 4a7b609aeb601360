"""Which boxes are worth a look, and how they are cut out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


def covered_share(boxes_px: F32) -> NDArray[np.float64]:
    """Return how much of each box the worst of the boxes in front of it covers, (n,).

    In a picture taken from above a person's height, who stands nearer ends lower: a box is in
    front of another when its lower edge is below the other's.
    """
    boxes = boxes_px.astype(np.float64)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = np.clip(boxes[:, 2:] - boxes[:, :2], 1e-6, None).prod(axis=1)
    in_front = boxes[None, :, 3] > boxes[:, None, 3]
    share: NDArray[np.float64] = (shared * in_front / area[:, None]).max(axis=1, initial=0.0)
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


def to_input(crops: Sequence[U8], *, rgb: bool = True) -> F32:
    """Stack BGR crops of one size to planes in [0, 1], float32 (n, 3, h, w); RGB or BGR.

    The numbers are those of OpenCV's `blobFromImages`, which takes four times as long for more
    than one picture.
    """
    pictures = np.stack(crops)[..., ::-1] if rgb else np.stack(crops)
    height, width = pictures.shape[1:3]
    planes = np.empty((len(crops), 3, height, width), np.float32)
    np.multiply(pictures.transpose(0, 3, 1, 2), np.float32(1 / 255), out=planes, dtype=np.float32)
    return planes
