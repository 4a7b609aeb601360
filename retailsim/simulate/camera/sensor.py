"""What a camera does to light: lens blur, vignette, exposure, white balance, noise.

Frames are coded with a square-root curve, under which photon noise has the same size at every
brightness (Anscombe 1948), so that one tile of normal noise with a random offset per frame does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.streams import stream

U8 = NDArray[np.uint8]
# A tile larger than the frame by primes lets neighbouring frames share no noise pattern.
MARGIN_PX = (97, 61)
NOISE_LEVELS = 2.6  # deviation in 8-bit levels of a small sensor in shop light (assumed)
MAP_ONE = 128.0


class Sensor:
    """The optics and electronics of one camera; its draws depend on seed and camera id alone."""

    def __init__(self, camera_id: str, width_px: int, height_px: int, *, seed: int) -> None:
        make = stream(seed, "camera", camera_id, "make")
        self._draws = stream(seed, "camera", camera_id, "noise")
        self._gain = _gain_map(width_px, height_px, make)
        self._blur_px = float(make.uniform(0.40, 0.60))
        tile = _noise_tile(width_px + MARGIN_PX[0], height_px + MARGIN_PX[1], make)
        self._above = np.clip(tile, 0, 255).astype(np.uint8)
        self._below = np.clip(-tile, 0, 255).astype(np.uint8)
        self._size = (width_px, height_px)

    def expose(self, bgr: U8) -> U8:
        """Return the picture as the camera delivers it, uint8 (h, w, 3); call once a frame."""
        width, height = self._size
        x = int(self._draws.integers(MARGIN_PX[0]))
        y = int(self._draws.integers(MARGIN_PX[1]))
        window = np.s_[y : y + height, x : x + width]
        image = cv2.GaussianBlur(bgr, (3, 3), self._blur_px)
        image = cv2.multiply(image, self._gain, scale=1 / MAP_ONE)
        image = cv2.add(image, self._above[window])
        return np.asarray(cv2.subtract(image, self._below[window]), np.uint8)


def _gain_map(width: int, height: int, make: np.random.Generator) -> U8:
    """Return exposure, white balance and vignette as one factor, 128 = 1, uint8 (h, w, 3)."""
    exposure = make.uniform(0.92, 1.08)
    warmth, tint = make.normal(0, 0.03, 2)
    balance = np.array([1 - warmth, 1 + 0.5 * tint, 1 + warmth])
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width / 2, y - height / 2) / np.hypot(width / 2, height / 2)
    vignette = 1 - make.uniform(0.10, 0.20) * radius**2.5
    gain = vignette[..., None] * balance * exposure * MAP_ONE
    return np.asarray(np.clip(np.rint(gain), 0, 255), np.uint8)


def _noise_tile(width: int, height: int, make: np.random.Generator) -> NDArray[np.float32]:
    """Return noise in 8-bit levels, a little smoothed as demosaicing does, (h, w, 3)."""
    white = make.standard_normal((height, width, 3), np.float32)
    grey = make.standard_normal((height, width, 1), np.float32)
    mixed = cv2.GaussianBlur(0.6 * white + 0.8 * grey, (3, 3), 0.55)
    return np.asarray(np.rint(mixed * (NOISE_LEVELS / mixed.std())), np.float32)
