"""Line plots on logarithmic axes as pictures: panels beside each other, drawn with OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]

PANEL_PX = (760, 560)
MARGIN_PX = (92, 56, 64, 34)  # left, top, bottom, right
SMOOTH = 2  # everything is drawn so many times larger, then shrunk
PAPER, INK, GRID, FRAME = (255, 255, 255), (40, 40, 40), (226, 226, 226), (120, 120, 120)
# BGR of Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ((178, 114, 0), (0, 94, 213), (115, 158, 0), (167, 121, 204), (0, 159, 230))
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Curve:
    """One line of a plot.

    Attributes:
        label: stands in the legend.
        x, y: points, positive on logarithmic axes.
        dashed: a line to compare with: dashed, thin, without dots or an entry in the legend.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One plot.

    Attributes:
        title, x_label, y_label: ASCII.
        curves: each takes the next colour; a dashed one has that of the line before it.
        log_x, log_y: logarithmic axes; others begin at 0.
        ticks_x, ticks_y: where numbers stand; the axes reach from the first to the last.
    """

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    ticks_x: Sequence[float]
    ticks_y: Sequence[float]
    log_x: bool = False
    log_y: bool = False


def draw_panels(panels: Sequence[Panel]) -> U8:
    """Return the panels side by side, BGR, uint8 (h, w, 3)."""
    return np.concatenate([draw_panel(panel) for panel in panels], axis=1)


def draw_grid(rows: Sequence[Sequence[Panel]]) -> U8:
    """Return rows of equally many panels below each other, BGR, uint8 (h, w, 3)."""
    return np.concatenate([draw_panels(row) for row in rows])


def draw_panel(panel: Panel) -> U8:
    """Return one plot, BGR, uint8 (h, w, 3)."""
    width, height = PANEL_PX[0] * SMOOTH, PANEL_PX[1] * SMOOTH
    image = np.full((height, width, 3), PAPER, np.uint8)
    place = _Place(panel)
    _draw_axes(image, panel, place)
    colour = -1
    for curve in panel.curves:
        colour += not curve.dashed
        _draw_curve(image, curve, place, COLOURS[max(colour, 0) % len(COLOURS)])
    _draw_legend(image, panel)
    small: U8 = cv2.resize(image, PANEL_PX, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return small


class _Place:
    """Where points of a panel lie in its picture."""

    def __init__(self, panel: Panel) -> None:
        left, top, bottom, right = (m * SMOOTH for m in MARGIN_PX)
        self.box = left, top, PANEL_PX[0] * SMOOTH - right, PANEL_PX[1] * SMOOTH - bottom
        self._x, self._y = panel.ticks_x, panel.ticks_y
        self._log_x, self._log_y = panel.log_x, panel.log_y

    def px(self, x: Sequence[float], y: Sequence[float]) -> NDArray[np.int32]:
        """Return pixels (n, 2) of points; what lies outside is moved to the frame."""
        left, top, right, bottom = self.box
        across = _share(np.asarray(x, float), self._x, log=self._log_x)
        up = _share(np.asarray(y, float), self._y, log=self._log_y)
        points = [left + across * (right - left), bottom - up * (bottom - top)]
        return np.round(np.column_stack(points)).astype(np.int32)


def _share(value: F64, ticks: Sequence[float], *, log: bool) -> F64:
    ends = np.array([ticks[0], ticks[-1]], float)
    if log:
        value, ends = np.log(np.maximum(value, ends[0])), np.log(ends)
    share: F64 = np.clip((value - ends[0]) / (ends[1] - ends[0]), 0, 1)
    return share


def _draw_axes(image: U8, panel: Panel, place: _Place) -> None:
    left, top, right, bottom = place.box
    for tick in panel.ticks_x:
        x = int(place.px([tick], [panel.ticks_y[0]])[0, 0])
        cv2.line(image, (x, top), (x, bottom), GRID, SMOOTH)
        _write(image, f"{tick:g}", (x, bottom + 22 * SMOOTH), centre=True)
    for tick in panel.ticks_y:
        y = int(place.px([panel.ticks_x[0]], [tick])[0, 1])
        cv2.line(image, (left, y), (right, y), GRID, SMOOTH)
        _write(image, f"{tick:g}", (left - 8 * SMOOTH, y + 5 * SMOOTH), right=True)
    cv2.rectangle(image, (left, top), (right, bottom), FRAME, SMOOTH)
    _write(image, panel.title, (left, top - 18 * SMOOTH), size=0.62)
    _write(image, panel.x_label, ((left + right) // 2, bottom + 48 * SMOOTH), centre=True)
    turned = np.full((24 * SMOOTH, bottom - top, 3), PAPER, np.uint8)
    _write(turned, panel.y_label, ((bottom - top) // 2, 17 * SMOOTH), centre=True)
    image[top:bottom, 6 * SMOOTH : 30 * SMOOTH] = np.rot90(turned)


def _draw_curve(image: U8, curve: Curve, place: _Place, colour: tuple[int, int, int]) -> None:
    if not len(curve.x):
        return
    points = place.px(curve.x, curve.y)
    if curve.dashed:
        for begin, end in pairwise(points.astype(float)):
            _dash(image, begin, end, colour)
        return
    cv2.polylines(image, [points.reshape(-1, 1, 2)], False, colour, 2 * SMOOTH, cv2.LINE_AA)
    for x, y in points.tolist():
        cv2.circle(image, (x, y), 4 * SMOOTH, colour, -1, cv2.LINE_AA)


def _dash(image: U8, begin: F64, end: F64, colour: tuple[int, int, int]) -> None:
    length = float(np.hypot(*(end - begin)))
    for at in np.arange(0, length, 12 * SMOOTH):
        ends = [begin + (end - begin) * min(a, length) / length for a in (at, at + 6 * SMOOTH)]
        (x0, y0), (x1, y1) = np.round(ends).astype(int).tolist()
        cv2.line(image, (x0, y0), (x1, y1), colour, SMOOTH, cv2.LINE_AA)


def _draw_legend(image: U8, panel: Panel) -> None:
    """Write labels beside the title, from the right, where they hide no line."""
    labels = [curve.label for curve in panel.curves if not curve.dashed]
    if len(labels) < 2:
        return
    x, y = (PANEL_PX[0] - MARGIN_PX[3]) * SMOOTH, (MARGIN_PX[1] - 18) * SMOOTH
    for i, label in reversed(list(enumerate(labels))):
        width = cv2.getTextSize(label, FONT, 0.5 * SMOOTH, SMOOTH)[0][0]
        _write(image, label, (x - width, y))
        x -= width + 6 * SMOOTH
        ends = (x - 22 * SMOOTH, y - 5 * SMOOTH), (x, y - 5 * SMOOTH)
        cv2.line(image, *ends, COLOURS[i % len(COLOURS)], 3 * SMOOTH, cv2.LINE_AA)
        x -= 38 * SMOOTH


def _write(
    image: U8,
    text: str,
    at: tuple[int, int],
    *,
    size: float = 0.5,
    centre: bool = False,
    right: bool = False,
) -> None:
    width = cv2.getTextSize(text, FONT, size * SMOOTH, SMOOTH)[0][0]
    x = at[0] - (width // 2 if centre else width if right else 0)
    cv2.putText(image, text, (x, at[1]), FONT, size * SMOOTH, INK, SMOOTH, cv2.LINE_AA)
