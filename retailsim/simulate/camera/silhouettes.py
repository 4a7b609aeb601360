"""How much of a picture a body would fill were nothing in front and the picture endless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.mesh import F32

TILE_PX = 64
PER_LINE = 8
PAGE = PER_LINE * PER_LINE
_PAGE_PX = TILE_PX * PER_LINE


@dataclass(frozen=True)
class Subject:
    """The bodies whose size in one camera's picture is asked for.

    Attributes:
        clip: the camera's world-to-clip matrix.
        size_px: the picture's width and height.
        box_px: full boxes of `rows`, (r, 4).
        rows: people, (r,).
    """

    clip: F32
    size_px: tuple[int, int]
    box_px: F32
    rows: NDArray[np.intp]


class Silhouettes:
    """Draws every body blown up to one tile of a page and counts its pixels there."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._pages: list[Any] = []
        self._subjects: Sequence[Subject] = ()

    def draw(self, crowd: Crowd, subjects: Sequence[Subject]) -> None:
        """Start drawing; `read` waits for it."""
        self._subjects = subjects
        count = 0
        for subject in subjects:
            size = np.array(subject.size_px)
            for box, row in zip(subject.box_px.astype(float), subject.rows, strict=True):
                page, at = divmod(count, PAGE)
                if at == 0:
                    self._begin(page)
                x, y = at % PER_LINE * TILE_PX, at // PER_LINE * TILE_PX
                self._pages[page].viewport = (x, y, TILE_PX, TILE_PX)
                crowd.draw_silhouette(_zoom(box, size) @ subject.clip, int(row))
                count += 1

    def read(self) -> list[NDArray[np.float64]]:
        """Return the pixels of every row of every subject of the last `draw`."""
        count = sum(len(subject.rows) for subject in self._subjects)
        pages = [self._filled(page) for page in range(-(-count // PAGE))]
        share = np.concatenate([*pages, np.zeros(0)])[:count]
        out, start = [], 0
        for subject in self._subjects:
            box = subject.box_px.astype(float)
            area = np.maximum(box[:, 2:] - box[:, :2], 1.0).prod(1)
            out.append(share[start : start + len(box)] * area)
            start += len(box)
        return out

    def _begin(self, page: int) -> None:
        context = self._context
        if page == len(self._pages):
            texture = context.texture((_PAGE_PX, _PAGE_PX), 1)
            self._pages.append(context.framebuffer([texture]))
        self._pages[page].use()
        self._pages[page].viewport = (0, 0, _PAGE_PX, _PAGE_PX)
        self._pages[page].clear()
        context.enable_only(context.CULL_FACE)
        context.front_face = "cw"

    def _filled(self, page: int) -> NDArray[np.float64]:
        data = self._pages[page].read((0, 0, _PAGE_PX, _PAGE_PX), components=1, alignment=1)
        tiles = np.frombuffer(data, np.uint8).reshape(PER_LINE, TILE_PX, PER_LINE, TILE_PX)
        filled: NDArray[np.float64] = np.count_nonzero(tiles, axis=(1, 3)) / TILE_PX**2
        return filled.reshape(-1)


def _zoom(box_px: NDArray[np.float64], size_px: NDArray[np.int_]) -> F32:
    """Return the clip-space matrix that blows a box of the picture up to the whole viewport."""
    out = np.eye(4)
    low, high = 2 * box_px[:2] / size_px - 1, 2 * box_px[2:] / size_px - 1
    span = np.maximum(high - low, 1e-6)
    out[[0, 1], [0, 1]], out[:2, 3] = 2 / span, -(low + high) / span
    return out.astype(np.float32)
