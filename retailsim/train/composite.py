"""One training picture: people over clutter, things in front of them, exact boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.stack.detect.decode import PADDING_GREY
from retailsim.train.junk import paste, thing
from retailsim.train.layers import Layer
from retailsim.train.randomisers import ALL, Randomisers

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Rng = np.random.Generator

MIN_SHARE = 0.25  # the scorecard ignores people of whom less is visible (design, 6)
MIN_HEIGHT_PX = 13.0  # 24 px of a 640-px-wide frame are 15.6 px of a 416-px-wide input
HIDE, HIDE_IN_SCENE = 0.55, 0.25  # share of pictures with things in front: shops have their own


@dataclass(frozen=True)
class Sample:
    """A picture with its people.

    Attributes:
        image: BGR, uint8 (h, w, 3).
        boxes: x1, y1, x2, y2 of the visible pixels, float32 (n, 4).
        ignore: True for people too hidden or too small to be asked for, bool (n,).
        padding_px: rows above and below, and columns left and right, that letterboxing adds.
    """

    image: U8
    boxes: F32
    ignore: NDArray[np.bool_]
    padding_px: tuple[int, int] = (0, 0)

    def padded(self, image: U8) -> U8:
        """Paint the padding's grey over another version of the picture."""
        rows, columns = self.padding_px
        height, width = image.shape[:2]
        out = np.full_like(image, PADDING_GREY)
        inner = (slice(rows, height - rows), slice(columns, width - columns))
        out[inner] = image[inner]
        return out


def compose(
    rng: Rng,
    layer: Layer | None,
    backdrop: U8,
    size: tuple[int, int],
    *,
    randomisers: Randomisers = ALL,
) -> Sample:
    """Make a picture of `size` (width, height).

    Args:
        rng: draws placement, light, occluders.
        layer: people (or a whole scene); None for a picture without people.
        backdrop: BGR background of any size, used where the layer is not opaque.
        size: width and height of the result, pixels.
        randomisers: `lighting` and `occluders` act here.
    """
    canvas = _stretch(rng, backdrop, size)
    label = np.zeros((size[1], size[0]), np.uint8)
    area = np.zeros(0, np.float32)
    if layer is not None:
        warp, scale = _placement(rng, layer, size)
        near = cv2.warpAffine(layer.label, warp, size, flags=cv2.INTER_NEAREST)
        label = np.asarray(near, np.uint8)
        area = layer.full_area_px * scale**2
        canvas = _lay(rng, layer, canvas, label, warp, randomisers)
    if rng.random() < (HIDE_IN_SCENE if layer is not None and layer.opaque else HIDE):
        # Left out, things are still drawn, onto a copy: the padding keeps its draws.
        front = (canvas, label) if randomisers.occluders else (canvas.copy(), label.copy())
        _hide(rng, *front)
    padding = _padding(rng, size) if rng.random() < 0.3 else (0, 0)
    label = _cut_edges(label, padding)
    return Sample(canvas, *visible_boxes(label, area), padding)


def visible_boxes(label: U8, full_area_px: F32) -> tuple[F32, NDArray[np.bool_]]:
    """Return the boxes of the labels that are left and which of them to ignore."""
    boxes, ignore = [], []
    for k in range(len(full_area_px)):
        mask = label == k + 1
        count = int(np.count_nonzero(mask))
        if count < 6:
            continue
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        boxes.append((x, y, x + w, y + h))
        ignore.append(count < MIN_SHARE * full_area_px[k] or h < MIN_HEIGHT_PX)
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(ignore, bool)


def _stretch(rng: Rng, backdrop: U8, size: tuple[int, int]) -> U8:
    """Cut a random window out of the background."""
    height, width = backdrop.shape[:2]
    share = rng.uniform(0.45, 1.0)
    w, h = int(width * share), int(height * min(1.0, share * np.exp(rng.normal(0, 0.15))))
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    window = backdrop[y : y + h, x : x + w]
    return np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.uint8)


def _placement(rng: Rng, layer: Layer, size: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
    """Draw scale, shift and mirroring; returns the affine (2, 3) and its scale."""
    height, width = layer.label.shape
    fit = min(size[0] / width, size[1] / height)
    zoom = rng.uniform(-0.25, 0.3) if layer.opaque else rng.normal(0.0, 0.33)
    scale = fit * float(np.exp(zoom))
    slack = np.array(size) - np.array([width, height]) * scale
    shift = slack * rng.uniform(0, 1, 2)
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if rng.random() < 0.5:
        warp[0] = [-scale, 0, size[0] - shift[0]]
    return warp, scale


def _lay(
    rng: Rng,
    layer: Layer,
    canvas: U8,
    label: U8,
    warp: NDArray[np.float64],
    randomisers: Randomisers,
) -> U8:
    size = (canvas.shape[1], canvas.shape[0])
    if layer.opaque:
        grey = (PADDING_GREY,) * 3
        scene = cv2.warpAffine(layer.image, warp, size, flags=cv2.INTER_AREA, borderValue=grey)
        return np.asarray(scene, np.uint8)
    warped = cv2.warpAffine(layer.image, warp, size, borderMode=cv2.BORDER_REPLICATE)
    solid = np.where(layer.label > 0, 255, 0).astype(np.uint8)
    alpha = np.asarray(cv2.warpAffine(solid, warp, size), np.float32) / 255
    if rng.random() < 0.3:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 0.9)), np.float32)
    image, plain = np.asarray(warped, np.uint8), canvas
    if rng.random() < 0.6:
        canvas = _shadow(rng, canvas, label)
    lit = _relight(rng, image, canvas)
    image, canvas = lit if randomisers.lighting else (image, plain)
    mixed = image * alpha[..., None] + canvas * (1 - alpha[..., None])
    return np.asarray(mixed + 0.5, np.uint8)


def _relight(rng: Rng, people: U8, scene: U8) -> tuple[U8, U8]:
    """Make people as light or dark as the scene, or both dark, or leave them."""
    kind = rng.random()
    if kind < 0.1:
        gain = rng.uniform(0.25, 0.6, 2)
    elif kind < 0.5:
        gain = np.exp(rng.normal(0, 0.3, 2))
    else:
        return people, scene
    lit = (cv2.convertScaleAbs(p, alpha=g) for p, g in zip((people, scene), gain, strict=True))
    first, second = (np.asarray(picture, np.uint8) for picture in lit)
    return first, second


def _shadow(rng: Rng, canvas: U8, label: U8) -> U8:
    """Darken the ground at people's feet, and where their shadow falls."""
    dark = np.zeros(label.shape, np.uint8)
    lean = float(rng.uniform(-1.5, 1.5))
    for k in range(1, int(label.max()) + 1):
        x, y, w, h = cv2.boundingRect((label == k).astype(np.uint8))
        if w == 0:
            continue
        foot = (int(x + w / 2), int(y + h - w * 0.1))
        axes = (max(1, int(w * rng.uniform(0.4, 0.7))), max(1, int(w * rng.uniform(0.1, 0.25))))
        cv2.ellipse(dark, foot, axes, 0, 0, 360, 255, -1)
        if rng.random() < 0.4:
            tip = (int(foot[0] + lean * h * 0.5), int(foot[1] - h * rng.uniform(-0.25, 0.25)))
            cv2.line(dark, foot, tip, 180, max(1, int(w * 0.5)))
    soft = cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(1, 6)))
    light = 1 - soft.astype(np.float32) / 255 * rng.uniform(0.2, 0.7)
    return (canvas * light[..., None]).astype(np.uint8)


def _hide(rng: Rng, canvas: U8, label: U8) -> None:
    """Put things in front, most of them across somebody; the labels lose what is covered."""
    height, width = label.shape
    seen = np.argwhere(label > 0)
    for _ in range(int(rng.integers(1, 4))):
        size = int(np.exp(rng.uniform(np.log(14), np.log(height * 0.6))))
        y, x = rng.integers(0, height), rng.integers(0, width)
        if len(seen) and rng.random() < 0.7:
            y, x = seen[rng.integers(len(seen))]
        cut = thing(rng, size)
        top = int(y - size * rng.uniform(0.0, 0.6))
        label[paste(canvas, cut, int(x - cut.shape[1] * rng.uniform(0, 1)), top)] = 0


def _padding(rng: Rng, size: tuple[int, int]) -> tuple[int, int]:
    """Draw how many rows and columns letterboxing adds: those of 16:9, 4:3, or any."""
    kind = rng.random()
    if kind < 0.4:
        return (max(0, (size[1] - round(size[0] * 9 / 16)) // 2), 0)
    if kind < 0.7:
        return (0, max(0, (size[0] - round(size[1] * 4 / 3)) // 2))
    depth = int(rng.uniform(0.02, 0.2) * min(size))
    return (depth, 0) if kind < 0.85 else (0, depth)


def _cut_edges(label: U8, padding_px: tuple[int, int]) -> U8:
    rows, columns = padding_px
    height, width = label.shape
    out = np.zeros_like(label)
    inner = (slice(rows, height - rows), slice(columns, width - columns))
    out[inner] = label[inner]
    return out
