"""Where joints of people are in a picture, and whether they are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.store.projection import Projection

F32 = NDArray[np.float32]
STEP_PX = 0.125  # coordinates are rounded to this, which halves their size in a bag
NEAR_PX = 1  # a joint this near to a pixel of its body is seen: outlines are drawn in whole pixels
OUTSIDE, HIDDEN, SEEN = 0, 1, 2


def joints_px(
    projection: Projection,
    keypoints_m: F32,
    ids: NDArray[np.uint16],
    rows: NDArray[np.intp],
) -> tuple[F32, NDArray[np.uint8]]:
    """Return where some people's joints are in the picture, and whether they are seen.

    A joint counts as seen where its own body is, even if it is on the far side of it: COCO's
    annotators mark those by guess, and what a camera can tell of them is the same.

    Args:
        projection: the camera, its lens included.
        keypoints_m: everyone's 17 joints in the world, float32 (n, 17, 3).
        ids: row + 1 of the person seen in every pixel, 0 for none, (h, w).
        rows: people who are wanted, (k,).

    Returns:
        Pixels, also outside the picture, NaN behind the camera, float32 (k, 17, 2); and 0 outside
        the picture, 1 hidden, 2 seen, uint8 (k, 17).
    """
    pixels = projection.to_image(keypoints_m[rows])
    pixels = np.round(pixels / STEP_PX) * STEP_PX
    height, width = ids.shape
    with np.errstate(invalid="ignore"):
        inside = ((pixels >= 0) & (pixels < [width, height])).all(axis=-1)
    visible = np.where(inside, HIDDEN, OUTSIDE).astype(np.uint8)
    person, joint = np.nonzero(inside)
    x, y = pixels[person, joint].astype(np.intp).T
    own = np.asarray(rows)[person] + 1
    seen = np.zeros(len(own), bool)
    for dx in range(-NEAR_PX, NEAR_PX + 1):
        for dy in range(-NEAR_PX, NEAR_PX + 1):
            at = np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)
            seen |= ids[at] == own
    visible[person[seen], joint[seen]] = SEEN
    return pixels.astype(np.float32), visible
