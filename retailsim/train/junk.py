"""Things that stand about and are not people, as cut-outs (BGRA): poles, coats, torsos, cars.

Some are person-like on purpose (headless torsos, coats on hangers, slim upright shapes): the net
must learn that these are not people, and that they may hide one.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.train.clutter import colour, panel, shade

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
Rng = np.random.Generator


def _cut(rng: Rng, height: int, width: int, *outlines: F64) -> U8:
    """Fill outlines (unit square, x right, y down) with a random covering; returns BGRA."""
    mask = np.zeros((height, width), np.uint8)
    scale = np.array([width - 1, height - 1])
    polygons = [(outline * scale).astype(np.int32) for outline in outlines]
    for polygon in polygons:
        cv2.fillPoly(mask, [polygon], 255, cv2.LINE_AA)
    if rng.random() < 0.6:
        body = shade(rng, np.full((height, width, 3), colour(rng), np.uint8))
    else:
        body = panel(rng, height, width)
    return np.dstack([body, mask])


def _round(cx: float, cy: float, rx: float, ry: float, count: int = 24) -> F64:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([cx + rx * np.cos(turn), cy + ry * np.sin(turn)], 1)


def _mirrored(*half: tuple[float, float]) -> F64:
    right = np.array(half)
    left = right[::-1] * [-1, 1]
    return np.concatenate([right, left]) * [0.5, 1] + [0.5, 0]


def pole(rng: Rng, size: int) -> U8:
    """A post, lamp, pillar or bollard, some with a round top."""
    width = max(3, int(size * rng.uniform(0.03, 0.3)))
    shapes = [_mirrored((0.6, 0.0), (rng.uniform(0.5, 1.0), 1.0))]
    if rng.random() < 0.4:
        shapes.append(_round(0.5, 0.06, 0.5, 0.06))
    return _cut(rng, size, width, *shapes)


def coat(rng: Rng, size: int) -> U8:
    """A garment on a hanger: shoulders, sleeves or none, a hem, no head and no legs."""
    width = max(4, int(size * rng.uniform(0.35, 0.8)))
    hem = rng.uniform(0.5, 1.0)
    shapes = [_mirrored((0.12, 0.05), (0.7, 0.13), (rng.uniform(0.5, 0.8), 0.5), (hem, 1.0))]
    if rng.random() < 0.6:
        end = rng.uniform(0.4, 0.9)
        shapes.append(_mirrored((0.6, 0.1), (0.75, 0.14), (1.0, end), (0.8, end), (0.6, 0.3)))
    return _cut(rng, size, width, *shapes)


def torso(rng: Rng, size: int) -> U8:
    """A headless shop mannequin: a torso on a rod with a foot."""
    width = max(4, int(size * rng.uniform(0.3, 0.5)))
    neck, waist, end = 0.04, rng.uniform(0.22, 0.32), rng.uniform(0.45, 0.6)
    body = _mirrored((0.2, neck), (0.8, 0.1), (0.75, 0.2), (0.5, waist), (0.75, end))
    rod = _mirrored((0.08, end), (0.08, 0.96))
    foot = _round(0.5, 0.97, rng.uniform(0.2, 0.5), 0.03)
    return _cut(rng, size, width, body, rod, foot)


def car(rng: Rng, size: int) -> U8:
    """A car or van from the side, or a barrow: a body with dark wheels."""
    width = max(8, int(size * rng.uniform(1.5, 3)))
    roof = rng.uniform(0.05, 0.4)
    body = np.array([[0, 0.5], [0.2, roof], [0.75, roof], [0.98, 0.5], [1, 0.85], [0, 0.85]])
    cut = _cut(rng, size, width, body)
    for at in (0.2, 0.8):
        centre, radius = (int(width * at), int(size * 0.85)), max(1, int(size * 0.15))
        cv2.circle(cut, centre, radius, (20, 20, 20, 255), -1, cv2.LINE_AA)
    glass = np.array([[0.25, 0.48], [0.3, roof + 0.06], [0.7, roof + 0.06], [0.8, 0.48]])
    cv2.fillPoly(cut, [(glass * [width, size]).astype(np.int32)], (*colour(rng), 255))
    return cut


def box(rng: Rng, size: int) -> U8:
    """A cuboid seen from a corner: counter, carton, bin, cupboard."""
    width = max(4, int(size * np.exp(rng.normal(0, 0.6))))
    edge, top = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.3)
    left = np.array([[0, top], [edge, top * 1.5], [edge, 1], [0, 0.9]])
    right = np.array([[edge, top * 1.5], [1, top], [1, 0.9], [edge, 1]])
    lid = np.array([[0, top], [1 - edge, 0], [1, top], [edge, top * 1.5]])
    cut = _cut(rng, size, width, left)
    for face in (right, lid):
        other = _cut(rng, size, width, face)
        cut = np.where(other[..., 3:] > 127, other, cut)
    return cut


def bush(rng: Rng, size: int) -> U8:
    """A tree, potted plant or heap: a lumpy crown, with or without a stem."""
    width = max(4, int(size * rng.uniform(0.4, 1.2)))
    crown = rng.uniform(0.4, 1.0)
    shapes = [
        _round(rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.9) * crown, 0.2, 0.15 * crown)
        for _ in range(int(rng.integers(4, 14)))
    ]
    if crown < 0.8:
        shapes.append(_mirrored((0.1, crown * 0.7), (0.14, 1.0)))
    return _cut(rng, size, width, *shapes)


def rail(rng: Rng, size: int) -> U8:
    """A fence, rail, trolley or table frame: thin bars that hide little of what is behind."""
    width = max(8, int(size * rng.uniform(0.8, 2.5)))
    bars = [
        np.array([[x, 0.05], [x + 0.015, 0.05], [x + 0.015, 1], [x, 1]])
        for x in np.linspace(0, 0.98, int(rng.integers(2, 14)))
    ]
    beam = np.array([[0, 0.02], [1, 0.02], [1, 0.02 + rng.uniform(0.03, 0.15)], [0, 0.1]])
    return _cut(rng, size, width, beam, *bars)


def lump(rng: Rng, size: int) -> U8:
    """A random smooth outline filled with anything."""
    width = max(4, int(size * np.exp(rng.normal(-0.3, 0.5))))
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = np.full(40, 0.35)
    for wave in range(1, 5):
        radius = radius + rng.normal(0, 0.05) * np.sin(wave * turn + rng.uniform(0, 6.3))
    outline = np.stack([0.5 + radius * np.cos(turn), 0.5 + radius * np.sin(turn)], 1)
    return _cut(rng, size, width, np.clip(outline, 0, 1))


MAKERS: tuple[Callable[[Rng, int], U8], ...] = (
    pole, pole, coat, coat, torso, car, box, box, bush, rail, lump, lump
)  # fmt: skip


def thing(rng: Rng, size: int) -> U8:
    """Return a random cut-out `size` pixels tall, BGRA uint8 (size, width, 4)."""
    return MAKERS[int(rng.integers(len(MAKERS)))](rng, size)


def paste(canvas: U8, cut: U8, left: int, top: int) -> NDArray[np.bool_]:
    """Lay a cut-out over a BGR canvas in place; returns where it covers it, bool (h, w)."""
    height, width = canvas.shape[:2]
    covered = np.zeros((height, width), bool)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + cut.shape[1], width), min(top + cut.shape[0], height)
    if x1 <= x0 or y1 <= y0:
        return covered
    part = cut[y0 - top : y1 - top, x0 - left : x1 - left]
    alpha = part[..., 3:].astype(np.float32) / 255
    under = canvas[y0:y1, x0:x1]
    under[:] = (part[..., :3] * alpha + under * (1 - alpha) + 0.5).astype(np.uint8)
    covered[y0:y1, x0:x1] = part[..., 3] > 127
    return covered
