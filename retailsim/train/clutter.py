"""What clutter is made of: textures and flat pictures of things that are not people.

Every function takes a generator and a size and returns BGR uint8 (height, width, 3). Sizes,
colours and counts are drawn widely on purpose: endless variety of what is not a person is what
lets a detector trained on rendered people work on real pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Rng = np.random.Generator
Painter = Callable[[Rng, int, int], U8]
FONTS = tuple(range(8))  # OpenCV's Hershey fonts


def colour(rng: Rng) -> tuple[int, int, int]:
    """Draw a BGR colour; half of them nearly grey, as most of the built world is."""
    value = rng.uniform(10, 245)
    tint = rng.normal(0, 10 if rng.random() < 0.5 else 60, 3)
    b, g, r = np.clip(value + tint, 0, 255).astype(int)
    return int(b), int(g), int(r)


def plain(rng: Rng, height: int, width: int) -> U8:
    """One colour with a soft gradient."""
    corners = np.array([[colour(rng)] * 2] * 2, np.float32)
    corners += rng.normal(0, rng.uniform(3, 40), (2, 2, 3))
    smooth = cv2.resize(corners.astype(np.float32), (width, height))
    return np.clip(smooth, 0, 255).astype(np.uint8)


def noise(rng: Rng, height: int, width: int) -> U8:
    """Noise of several scales, coloured or grey, soft or cut into blobs."""
    total = np.zeros((height, width, 3), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        cells = int(np.exp(rng.uniform(np.log(3), np.log(90))))
        stretch = np.exp(rng.normal(0, 0.7))
        shape = (max(2, int(cells * height / width * stretch)), cells)
        channels = 3 if rng.random() < 0.4 else 1
        coarse = rng.normal(0, rng.uniform(10, 70), (*shape, channels)).astype(np.float32)
        if channels == 1:
            coarse = np.repeat(coarse, 3, axis=2) * rng.uniform(0.5, 1.2, 3).astype(np.float32)
        way = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST
        total += cv2.resize(coarse, (width, height), interpolation=way)
    if rng.random() < 0.35:
        ink = total.mean(axis=2) > rng.normal(0, 15)
        total = np.where(ink[..., None], colour(rng), colour(rng)) + total * 0.3
    else:
        total += colour(rng)
    return np.clip(total, 0, 255).astype(np.uint8)


def stripes(rng: Rng, height: int, width: int) -> U8:
    """Parallel bands of two or three colours: blinds, planks, railings, corrugation."""
    period = rng.uniform(3, 60)
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    phase = (x * np.cos(angle) + y * np.sin(angle)) / period + rng.random()
    palette = np.array([colour(rng) for _ in range(int(rng.integers(2, 4)))], np.float32)
    share = rng.uniform(0.2, 0.8)
    which = np.where(phase % 1 < share, 0, 1 + np.floor(phase).astype(int) % (len(palette) - 1))
    return shade(rng, palette[which].astype(np.uint8))


def tiles(rng: Rng, height: int, width: int) -> U8:
    """Tiles, bricks or paving with joints and uneven colour."""
    th, tw = int(rng.integers(6, 60)), int(rng.integers(6, 80))
    rows, columns = height // th + 2, width // tw + 2
    body = np.array(colour(rng)) + rng.normal(0, rng.uniform(2, 30), (rows, columns, 1))
    body = body + rng.normal(0, 4, (rows, columns, 3))
    y, x = np.mgrid[:height, :width]
    row = y // th
    shift = (row % 2) * (tw // 2) if rng.random() < 0.5 else 0
    picture = np.clip(body, 0, 255)[row, (x + shift) // tw]
    joint = (y % th < rng.integers(1, 3)) | ((x + shift) % tw < rng.integers(1, 3))
    picture[joint] = colour(rng)
    return shade(rng, picture.astype(np.uint8))


def shade(rng: Rng, picture: U8) -> U8:
    """Lay an uneven light and a little grain over a picture."""
    height, width = picture.shape[:2]
    light = cv2.resize(rng.uniform(0.7, 1.2, (3, 3)).astype(np.float32), (width, height))
    grain = rng.normal(0, rng.uniform(0, 8), (height, width)).astype(np.float32)
    lit: U8 = np.clip(picture * light[..., None] + grain[..., None], 0, 255).astype(np.uint8)
    return lit


def shelf(rng: Rng, height: int, width: int) -> U8:
    """Shelf boards full of packets, bottles and folded things, with price strips."""
    picture = np.full((height, width, 3), colour(rng), np.uint8)
    top = 0
    while top < height:
        row = int(rng.integers(14, 70))
        left = 0
        while left < width:
            item = int(rng.integers(4, 40))
            tall = int(row * rng.uniform(0.4, 0.95))
            low, ink = top + row - 3, colour(rng)
            for _ in range(int(rng.integers(1, 6))):
                cv2.rectangle(picture, (left, low - tall), (left + item - 1, low), ink, -1)
                if rng.random() < 0.4:
                    middle = (left + item // 2, low - tall // 2)
                    cv2.ellipse(picture, middle, (item // 3, tall // 4), 0, 0, 360, colour(rng), -1)
                left += item + int(rng.integers(0, 3))
            left += int(rng.integers(0, 20))
        cv2.rectangle(picture, (0, top + row - 3), (width, top + row), colour(rng), -1)
        top += row
    return shade(rng, picture)


def rack(rng: Rng, height: int, width: int) -> U8:
    """Garments hanging side by side from a rail, seen edge-on or turned."""
    picture = shade(rng, np.full((height, width, 3), colour(rng), np.uint8))
    rail = int(height * rng.uniform(0.05, 0.3))
    left = int(-rng.integers(0, 20))
    step = rng.uniform(4, 26)
    while left < width:
        span, ink = int(step * rng.uniform(0.7, 2.5)), np.array(colour(rng), float)
        hem = rail + int((height - rail) * rng.uniform(0.4, 0.95))
        sag = int(rng.integers(0, 12))
        outline = [(left + span // 3, rail), (left + span, rail + sag + 4), (left + span, hem)]
        outline += [(left - span // 6, hem + int(rng.integers(-6, 6))), (left, rail + sag + 4)]
        cv2.fillPoly(picture, [np.array(outline, np.int32)], ink.tolist())
        for _ in range(int(rng.integers(1, 5))):
            fold = int(left + span * rng.random())
            dark = np.clip(ink * rng.uniform(0.5, 1.3), 0, 255).tolist()
            cv2.line(picture, (fold, rail + sag + 5), (fold, hem), dark, int(rng.integers(1, 4)))
        left += max(3, int(step * rng.uniform(0.5, 1.4)))
    cv2.line(picture, (0, rail), (width, rail), colour(rng), int(rng.integers(1, 5)))
    return picture


def facade(rng: Rng, height: int, width: int) -> U8:
    """A house front: rows of windows and doors, frames, signs."""
    picture = tiles(rng, height, width) if rng.random() < 0.5 else plain(rng, height, width)
    sx, sy = int(rng.integers(18, 90)), int(rng.integers(22, 110))
    fx, fy = rng.uniform(0.35, 0.8, 2)
    glass, frame = colour(rng), colour(rng)
    for top in range(int(rng.integers(0, sy)), height, sy):
        for left in range(int(rng.integers(0, sx // 2)), width, sx):
            far = (left + int(sx * fx), top + int(sy * fy))
            pane = glass if rng.random() < 0.7 else colour(rng)
            cv2.rectangle(picture, (left, top), far, pane, -1)
            cv2.rectangle(picture, (left, top), far, frame, int(rng.integers(1, 4)))
            if rng.random() < 0.5:
                middle = left + int(sx * fx / 2)
                cv2.line(picture, (middle, top), (middle, far[1]), frame, 1)
    return shade(rng, picture)


def text(rng: Rng, height: int, width: int) -> U8:
    """A sign, poster or page full of writing."""
    picture = plain(rng, height, width)
    ink = colour(rng)
    y = int(rng.integers(5, 30))
    while y < height:
        size = float(np.exp(rng.uniform(np.log(0.3), np.log(3))))
        letters = "".join(chr(c) for c in rng.integers(33, 122, int(rng.integers(3, 30))))
        at, font = (int(rng.integers(-20, width // 2 + 1)), y), int(rng.choice(FONTS))
        cv2.putText(picture, letters, at, font, size, ink, int(rng.integers(1, 5)), cv2.LINE_AA)
        y += int(30 * size * rng.uniform(0.8, 1.8)) + 2
        if rng.random() < 0.3:
            ink = colour(rng)
    return picture


def leaves(rng: Rng, height: int, width: int) -> U8:
    """Overlapping random shapes of falling size (a dead-leaves picture)."""
    picture = plain(rng, height, width)
    count = int(rng.integers(15, 160))
    for size in np.sort(np.exp(rng.uniform(np.log(3), np.log(max(height, 8)), count)))[::-1]:
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        kind, ink = rng.random(), colour(rng)
        axes = (
            max(1, int(size * rng.uniform(0.2, 0.6))),
            max(1, int(size * rng.uniform(0.2, 0.6))),
        )
        if kind < 0.4:
            cv2.ellipse(picture, at, axes, float(rng.uniform(0, 180)), 0, 360, ink, -1, cv2.LINE_AA)
        elif kind < 0.8:
            corners = cv2.boxPoints((at, (axes[0] * 2.0, axes[1] * 2.0), float(rng.uniform(0, 90))))
            cv2.fillPoly(picture, [corners.astype(np.int32)], ink, cv2.LINE_AA)
        else:
            shape = rng.normal(at, size / 3, (int(rng.integers(3, 7)), 2)).astype(np.int32)
            cv2.fillPoly(picture, [shape], ink, cv2.LINE_AA)
    return shade(rng, picture)


def foliage(rng: Rng, height: int, width: int) -> U8:
    """Bushes and tree crowns: many small blobs of related colours."""
    base = np.array(colour(rng), float)
    picture = np.full((height, width, 3), base, np.uint8)
    for _ in range(int(rng.integers(80, 400))):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        ink = np.clip(base * rng.uniform(0.4, 1.7) + rng.normal(0, 10, 3), 0, 255).tolist()
        axes = (int(rng.integers(1, 12)), int(rng.integers(1, 8)))
        cv2.ellipse(picture, at, axes, float(rng.uniform(0, 180)), 0, 360, ink, -1)
    return shade(rng, picture)


SURFACES: tuple[Painter, ...] = (plain, noise, stripes, tiles)
PANELS: tuple[Painter, ...] = (
    shelf, rack, facade, text, leaves, foliage, noise, stripes, tiles, plain, shelf, rack, leaves
)  # fmt: skip


def surface(rng: Rng, height: int, width: int) -> U8:
    """A picture of a floor or wall covering."""
    return SURFACES[int(rng.integers(len(SURFACES)))](rng, height, width)


def panel(rng: Rng, height: int, width: int) -> U8:
    """A picture of anything flat."""
    return PANELS[int(rng.integers(len(PANELS)))](rng, height, width)
