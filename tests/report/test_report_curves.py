"""Line plots: points lie where the axes say."""

from __future__ import annotations

import numpy as np

from retailsim.report.curves import (
    COLOURS,
    MARGIN_PX,
    PANEL_PX,
    Curve,
    Panel,
    draw_panel,
    draw_panels,
)


def panel(*curves, **more):
    return Panel("t", "x", "y", curves, (1, 10, 100), (0, 5, 10), log_x=True, **more)


def pixels(image, colour):
    """Rows and columns that are of a colour, nearly."""
    near = np.abs(image.astype(int) - colour).max(axis=2) < 30
    left, top, bottom, right = MARGIN_PX
    inside = np.zeros_like(near)
    inside[top - 6 : PANEL_PX[1] - bottom + 6, left - 6 : PANEL_PX[0] - right + 6] = True
    return np.argwhere(near & inside)


def test_a_flat_line_is_at_its_height_from_end_to_end():
    found = pixels(draw_panel(panel(Curve("a", [1, 100], [5, 5]))), COLOURS[0])
    left, top, bottom, right = MARGIN_PX
    middle = (top + PANEL_PX[1] - bottom) / 2
    assert abs(found[:, 0].mean() - middle) < 1.5
    assert found[:, 1].min() <= left + 1
    assert found[:, 1].max() >= PANEL_PX[0] - right - 1


def test_ten_is_half_way_from_one_to_a_hundred_on_a_logarithmic_axis():
    found = pixels(draw_panel(panel(Curve("a", [10, 10], [0, 10]))), COLOURS[0])
    left, _, _, right = MARGIN_PX
    assert abs(found[:, 1].mean() - (left + PANEL_PX[0] - right) / 2) < 1.5


def test_what_lies_outside_stays_on_the_frame():
    found = pixels(draw_panel(panel(Curve("a", [0.01, 1e6], [-50, 5000]))), COLOURS[0])
    assert len(found) > 100
    assert found[:, 1].max() <= PANEL_PX[0]


def test_every_curve_has_a_colour_and_dashes_share_it():
    lines = [Curve("a", [1, 100], [2, 2]), Curve("", [1, 100], [4, 4], dashed=True)]
    image = draw_panel(panel(*lines, Curve("b", [1, 100], [8, 8])))
    first, second = pixels(image, COLOURS[0]), pixels(image, COLOURS[1])
    assert len(set(first[:, 0] // 20)) >= 2  # the line and, further up, its dashes
    assert second[:, 0].max() < first[:, 0].min()


def test_panels_stand_side_by_side_and_come_out_the_same():
    both = [panel(Curve("a", [1, 100], [2, 9])), panel(Curve("a", [1, 100], [9, 2]))]
    image = draw_panels(both)
    assert image.shape == (PANEL_PX[1], 2 * PANEL_PX[0], 3)
    assert (image == draw_panels(both)).all()
