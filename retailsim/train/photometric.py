"""What cameras do to pictures: exposure, gamma, colour cast, blur, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Rng = np.random.Generator


def disturb(rng: Rng, image: U8) -> U8:
    """Return the BGR image (h, w, 3) as some camera might have delivered it."""
    if rng.random() < 0.85:
        image = _develop(rng, image)
    if rng.random() < 0.35:
        image = _saturate(rng, image)
    if rng.random() < 0.25:
        image = _coarsen(rng, image)
    if rng.random() < 0.3:
        image = _blur(rng, image)
    if rng.random() < 0.5:
        image = _grain(rng, image)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 90))]
        packed = cv2.imencode(".jpg", image, quality)[1]
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return image


def _develop(rng: Rng, image: U8) -> U8:
    """Exposure, gamma, black level and colour cast in one table per channel."""
    ramp = np.linspace(0, 1, 256)[:, None]
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.08, 3))
    curve = (ramp * gain) ** np.exp(rng.normal(0, 0.22))
    low, high = rng.uniform(0, 0.18), rng.uniform(0.75, 1.0)
    if rng.random() < 0.5:
        curve = low + curve * (high - low)
    table = np.clip(curve * 255, 0, 255).astype(np.uint8)[:, None, :]
    return cv2.LUT(image, table).astype(np.uint8)


def _saturate(rng: Rng, image: U8) -> U8:
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    share = 0.0 if rng.random() < 0.3 else float(rng.uniform(0.1, 1.6))
    return cv2.addWeighted(image, share, grey, 1 - share, 0).astype(np.uint8)


def _coarsen(rng: Rng, image: U8) -> U8:
    """Lose detail as a smaller or up-scaled picture does."""
    height, width = image.shape[:2]
    share = rng.uniform(0.35, 0.9)
    small = cv2.resize(image, (int(width * share), int(height * share)))
    way = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    return cv2.resize(small, (width, height), interpolation=way).astype(np.uint8)


def _blur(rng: Rng, image: U8) -> U8:
    kind = rng.random()
    if kind < 0.5:
        return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.5))).astype(np.uint8)
    if kind < 0.75:  # sharpening halos of cheap cameras
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        amount = float(rng.uniform(0.3, 1.5))
        return cv2.addWeighted(image, 1 + amount, soft, -amount, 0).astype(np.uint8)
    length = int(rng.integers(2, 7))
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.6:
        kernel[length // 2] = 1 / length
    else:
        np.fill_diagonal(kernel, 1 / length)
    return cv2.filter2D(image, -1, kernel).astype(np.uint8)


def _grain(rng: Rng, image: U8) -> U8:
    """Sensor noise: grey or coloured, single pixels or clumps."""
    height, width = image.shape[:2]
    clump = int(rng.integers(1, 3))
    channels = 1 if rng.random() < 0.5 else 3
    shape = (height // clump + 1, width // clump + 1, channels)
    # Sums of bytes are near enough to a normal distribution and much cheaper to draw.
    coins = np.frombuffer(rng.bytes(2 * int(np.prod(shape))), np.uint8).reshape(2, *shape)
    noise = (coins.astype(np.float32).sum(axis=0) - 255) / 104
    if clump > 1:
        noise = np.repeat(np.repeat(noise, clump, 0), clump, 1)
    noise = noise[:height, :width].reshape(height, width, channels) * rng.uniform(1, 3.4) ** 2
    noisy: U8 = np.clip(image + noise, 0, 255).astype(np.uint8)
    return noisy
