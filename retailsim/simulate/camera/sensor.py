"""What a camera does to light: lens blur, dirt, vignette, exposure, white balance, flicker, noise.

Frames are coded with a square-root curve, under which photon noise has the same size at every
brightness (Anscombe 1948), so that one tile of normal noise with a random offset per frame does.
Under that curve light times a factor is the picture times its root, and so is the noise of
amplified light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.exposure import AutoExposure, Exposure
from retailsim.simulate.camera.glass import smudges
from retailsim.simulate.faults import Flaws
from retailsim.simulate.streams import stream

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
# A tile larger than the frame by primes lets neighbouring frames share no noise pattern.
MARGIN_PX = (97, 61)
MAP_ONE = 128.0
SMALL_BLUR_PX = 0.8  # as far as a kernel of three pixels goes
DIRT_SHADE, DIRT_VEIL = 0.7, 90.0  # light that thick dirt takes; haze it adds, levels (assumed)
READOUT_S = 0.025  # from the first row to the last of a rolling shutter (assumed)
# ENTSO-E keeps the grid within 0.05 Hz of 50 Hz; were it exact, 10 frames/s would see no wave.
MAINS_SPREAD_HZ = 0.02
GAIN_STEPS_PER_OCTAVE = 4


class Sensor:
    """The optics and electronics of one camera; its draws depend on seed and camera id alone."""

    def __init__(
        self,
        camera_id: str,
        width_px: int,
        height_px: int,
        *,
        seed: int,
        flaws: Flaws = Flaws(),
    ) -> None:
        make = stream(seed, "camera", camera_id, "make")
        self._draws = stream(seed, "camera", camera_id, "noise")
        self._flaws, self._size = flaws, (width_px, height_px)
        gain = _gain(width_px, height_px, make, flaws)
        self._blur_px = flaws.blur_px * float(make.uniform(0.8, 1.2))
        self._tile = _noise_tile(width_px + MARGIN_PX[0], height_px + MARGIN_PX[1], make)
        self._amplified = 1.0
        self._above, self._below = self._noise(1.0)
        self._veil: U8 | None = None
        if flaws.dirt:
            thick = flaws.dirt * smudges(
                width_px, height_px, stream(seed, "camera", camera_id, "dirt")
            )
            gain *= 1 - DIRT_SHADE * thick[..., None]
            self._veil = np.repeat(np.rint(DIRT_VEIL * thick).astype(np.uint8)[..., None], 3, 2)
        self._gain = np.clip(np.rint(gain * MAP_ONE), 0, 255).astype(np.uint8)
        self._flicker = _Flicker(height_px, flaws, seed) if flaws.flicker else None
        self._automatic = AutoExposure(flaws)

    def meter(self, bgr: U8, time_ns: int) -> Exposure:
        """Return the exposure of the next frame, which shows `bgr`; call once a frame."""
        return self._automatic.follow(bgr, time_ns)

    def expose(self, bgr: U8, exposure: Exposure | None = None, time_ns: int = 0) -> U8:
        """Return the picture as the camera delivers it, uint8 (h, w, 3); call once a frame."""
        exposure = exposure or Exposure(self._flaws.exposure_s)
        width, height = self._size
        x = int(self._draws.integers(MARGIN_PX[0]))
        y = int(self._draws.integers(MARGIN_PX[1]))
        window = np.s_[y : y + height, x : x + width]
        scale = float(np.sqrt(exposure.light)) / MAP_ONE
        image = np.asarray(cv2.multiply(self._blurred(bgr), self._gain, scale=scale), np.uint8)
        if self._veil is not None:
            cv2.add(image, self._veil, dst=image)
        if self._flicker is not None:
            image = self._flicker.over(image, exposure.shutter_s, time_ns)
        self._amplify(exposure.gain)
        cv2.add(image, self._above[window], dst=image)
        cv2.subtract(image, self._below[window], dst=image)
        return image

    def _blurred(self, bgr: U8) -> U8:
        if not self._blur_px:
            return bgr
        kernel = (3, 3) if self._blur_px < SMALL_BLUR_PX else (0, 0)
        return np.asarray(cv2.GaussianBlur(bgr, kernel, self._blur_px), np.uint8)

    def _amplify(self, gain: float) -> None:
        """Make the noise tile anew when the gain has changed by more than a step."""
        steps = np.round(GAIN_STEPS_PER_OCTAVE * np.log2(gain))
        amplified = float(2 ** (steps / GAIN_STEPS_PER_OCTAVE))
        if amplified != self._amplified:
            self._amplified = amplified
            self._above, self._below = self._noise(amplified)

    def _noise(self, gain: float) -> tuple[U8, U8]:
        tile = np.rint(self._tile * (self._flaws.noise_levels * np.sqrt(gain)))
        return np.clip(tile, 0, 255).astype(np.uint8), np.clip(-tile, 0, 255).astype(np.uint8)


class _Flicker:
    """Light that pulses at twice the mains frequency, seen row by row."""

    def __init__(self, height_px: int, flaws: Flaws, seed: int) -> None:
        grid = stream(seed, "mains")  # one for the whole shop
        self._ripple_hz = 2 * (flaws.mains_hz + float(grid.normal(0, MAINS_SPREAD_HZ)))
        self._phase = float(grid.uniform(0, 1))
        self._row_s = np.arange(height_px) / height_px * READOUT_S
        self._depth = flaws.flicker

    def over(self, image: U8, shutter_s: float, time_ns: int) -> U8:
        """Return the picture under the lamps of that moment; the shutter averages the ripple."""
        seen = self._depth * np.sinc(self._ripple_hz * shutter_s)
        seconds = time_ns % 86_400_000_000_000 * 1e-9
        wave = np.cos(2 * np.pi * (self._phase + self._ripple_hz * (seconds + self._row_s)))
        rows = np.rint(MAP_ONE * np.sqrt(1 + seen * wave)).astype(np.uint8)
        sheet = np.ascontiguousarray(np.broadcast_to(rows[:, None, None], image.shape))
        return np.asarray(cv2.multiply(image, sheet, scale=1 / MAP_ONE), np.uint8)


def _gain(width: int, height: int, make: np.random.Generator, flaws: Flaws) -> NDArray[np.float64]:
    """Return exposure, white balance and vignette as one factor, (h, w, 3)."""
    exposure = make.uniform(1 - flaws.exposure_spread, 1 + flaws.exposure_spread)
    warmth, tint = make.normal(0, flaws.white_balance_spread, 2)
    balance = np.array([1 - warmth, 1 + 0.5 * tint, 1 + warmth])
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width / 2, y - height / 2) / np.hypot(width / 2, height / 2)
    corner = flaws.vignette * make.uniform(2 / 3, 4 / 3)
    vignette = np.maximum(1 - corner * radius**2.5, 0.0)
    gain: NDArray[np.float64] = vignette[..., None] * balance * exposure
    return gain


def _noise_tile(width: int, height: int, make: np.random.Generator) -> F32:
    """Return noise of deviation 1, a little smoothed as demosaicing does, (h, w, 3)."""
    white = make.standard_normal((height, width, 3), np.float32)
    grey = make.standard_normal((height, width, 1), np.float32)
    mixed = cv2.GaussianBlur(0.6 * white + 0.8 * grey, (3, 3), 0.55)
    return np.asarray(mixed / mixed.std(), np.float32)
