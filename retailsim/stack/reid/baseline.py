"""The appearance to beat: colour histograms of the upper and the lower body."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.stack.reid.crops import F32, U8
from retailsim.stack.reid.embedder import AppearanceStage, unit

# Rows of the crop that show the trunk and the legs, columns that show little background
# (standing person filling the box; assumed).
PARTS = ((0.15, 0.5), (0.5, 0.92))
COLUMNS = (0.2, 0.8)


class ColourHistogram(AppearanceStage):
    """HSV histograms, 8 x 4 x 4 bins per half, square-rooted: their product is the
    Bhattacharyya coefficient (as in the classic re-identification baselines)."""

    on_device = False

    def embed(self, crops: Sequence[U8]) -> F32:
        """Return unit vectors of 256 bins."""
        return unit(np.stack([histogram(crop) for crop in crops]))


def histogram(crop: U8) -> NDArray[np.float64]:
    """Return the square-rooted histograms of both halves of a BGR crop, shape (256,)."""
    height, width = crop.shape[:2]
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
    left, right = (int(share * width) for share in COLUMNS)
    halves = []
    for top, bottom in PARTS:
        part = hsv[int(top * height) : int(bottom * height), left:right]
        bins = cv2.calcHist([part], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256])
        halves.append(np.sqrt(bins.ravel() / max(float(bins.sum()), 1.0)))
    joined: NDArray[np.float64] = np.concatenate(halves).astype(np.float64)
    return joined
