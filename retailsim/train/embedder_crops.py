"""From a rendered person before nothing to the crop some camera's detector might have cut."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.train.backgrounds import background

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Rng = np.random.Generator
CROP_PX = (64, 128)


@dataclass(frozen=True)
class CameraLook:
    """How one camera differs from another; constant over its pictures.

    Attributes:
        gain: factor per channel (B, G, R): exposure and white balance.
        gamma: of its display curve.
        black: lift of its black level, share of full range.
        blur_px: standard deviation of its blur, pixels of a crop.
        noise: standard deviation, levels of 255.
        jpeg: quality of its compression, 100 for none.
    """

    gain: tuple[float, float, float]
    gamma: float
    black: float
    blur_px: float
    noise: float
    jpeg: int

    @classmethod
    def draw(cls, rng: Rng) -> CameraLook:
        """Draw a camera."""
        gain = np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.06, 3))
        return cls(
            gain=(float(gain[0]), float(gain[1]), float(gain[2])),
            gamma=float(np.exp(rng.normal(0, 0.12))),
            black=float(rng.uniform(0, 0.08)),
            blur_px=float(rng.uniform(0.3, 1.4)) if rng.random() < 0.5 else 0.0,
            noise=float(rng.uniform(0, 9)),
            jpeg=int(rng.integers(30, 95)) if rng.random() < 0.5 else 100,
        )

    def apply(self, rng: Rng, image: U8, grain: F32) -> U8:
        """Return a crop as this camera delivers it; `grain` is a field of normal noise."""
        ramp = np.linspace(0, 1, 256)[:, None]
        curve = self.black + (1 - self.black) * (ramp * self.gain) ** self.gamma
        table = np.clip(curve * 255, 0, 255).astype(np.uint8)[:, None, :]
        out = cv2.LUT(image, table).astype(np.uint8)
        if self.blur_px > 0.2:
            out = cv2.GaussianBlur(out, (0, 0), self.blur_px).astype(np.uint8)
        if self.noise > 0.5:
            out = np.clip(out + self.noise * _window(rng, grain, out.shape[:2]), 0, 255)
            out = out.astype(np.uint8)
        if self.jpeg < 100:
            packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])[1]
            out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        return out


@dataclass(frozen=True)
class Scenery:
    """What crops are filled and disturbed with.

    Attributes:
        pictures: cluttered scenes to take backgrounds and things in front from.
        grain: normal noise, float32 (256, 256, 3).
    """

    pictures: tuple[U8, ...]
    grain: F32

    @classmethod
    def draw(cls, rng: Rng, count: int) -> Scenery:
        """Draw `count` scenes."""
        grain = rng.standard_normal((256, 256, 3), np.float32)
        return cls(tuple(background(rng, 320, 240) for _ in range(count)), grain)


def dress_crop(rng: Rng, bgra: U8, scenery: Scenery, look: CameraLook) -> U8:
    """Return a training crop, BGR uint8 (128, 64, 3).

    The box is jittered, at times cut short below (furniture hides the legs and the detector
    knows it), the background filled, something put in front, and the camera applied.

    Args:
        rng: all draws.
        bgra: one crop of a `Bank`, with margin.
        scenery: for backgrounds, things in front and noise.
        look: of the camera that saw it.
    """
    person = _jitter(rng, bgra)
    behind = _patch(rng, scenery, CROP_PX)
    through = np.repeat(255 - person[..., 3:], 3, axis=2)
    filled = cv2.add(person[..., :3], cv2.multiply(behind, through, scale=1 / 255))
    crop = np.asarray(filled, np.uint8)
    if rng.random() < 0.25:
        _hide(rng, crop, scenery)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return look.apply(rng, np.ascontiguousarray(crop), scenery.grain)


def _window(rng: Rng, field: F32, size: tuple[int, int]) -> F32:
    y = int(rng.integers(field.shape[0] - size[0] + 1))
    x = int(rng.integers(field.shape[1] - size[1] + 1))
    return field[y : y + size[0], x : x + size[1]]


def _patch(rng: Rng, scenery: Scenery, size: tuple[int, int]) -> U8:
    scene = scenery.pictures[int(rng.integers(len(scenery.pictures)))]
    height, width = scene.shape[:2]
    w, h = int(rng.integers(30, 120)), int(rng.integers(60, 200))
    x, y = int(rng.integers(width - w)), int(rng.integers(height - h))
    return cv2.resize(scene[y : y + h, x : x + w], size).astype(np.uint8)


def _hide(rng: Rng, crop: U8, scenery: Scenery) -> None:
    """Put a piece of something in front, from below or from a side."""
    height, width = crop.shape[:2]
    if rng.random() < 0.6:
        rows = int(height * rng.uniform(0.12, 0.38))
        crop[height - rows :] = _patch(rng, scenery, (width, rows))
        return
    columns = int(width * rng.uniform(0.12, 0.36))
    left = 0 if rng.random() < 0.5 else width - columns
    crop[:, left : left + columns] = _patch(rng, scenery, (columns, height))


def _jitter(rng: Rng, image: U8) -> U8:
    """Take the box out of its margin as a detector would: a little off, at times cut short."""
    height, width = image.shape[:2]
    inner = np.array([0.1, 0.1, 0.9, 0.9]) * [width, height, width, height]
    off = rng.normal(0, 0.03, 4) * [width, height, width, height]
    x1, y1, x2, y2 = np.clip(inner + off, 0, [width - 24, height - 48, width, height])
    if rng.random() < 0.15:
        y2 = y1 + (y2 - y1) * rng.uniform(0.55, 0.9)
    x1, y1, x2, y2 = (round(v) for v in (x1, y1, x2, y2))
    return cv2.resize(image[y1:y2, x1:x2], CROP_PX).astype(np.uint8)
