"""Lens distortion: Brown's polynomial where it holds, and a way back from everywhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retailsim.store.lens import LEAST_SLOPE, Lens

COEFFICIENT = st.floats(-0.6, 0.6, allow_subnormal=False)
PLACE = st.floats(-4.0, 4.0, allow_subnormal=False)


@given(COEFFICIENT, COEFFICIENT, PLACE, PLACE)
@example(-0.5, 0.3, 1.0, 0.0)
@example(0.6, -0.6, 3.9, -3.9)
def test_what_is_bent_can_be_straightened(k1: float, k2: float, x: float, y: float) -> None:
    lens = Lens(k1, k2)
    assert lens.undistort(lens.distort([x, y])) == pytest.approx([x, y], abs=1e-9)
    assert lens.distort(lens.undistort([x, y])) == pytest.approx([x, y], abs=1e-9)


@given(COEFFICIENT, COEFFICIENT)
def test_the_farther_out_the_farther_out(k1: float, k2: float) -> None:
    radius = np.linspace(0, 5, 400)
    bent = Lens(k1, k2).distort(np.stack([radius, 0 * radius], -1))[:, 0]
    # Nothing outside the view is folded back into it.
    assert (np.diff(bent) >= LEAST_SLOPE * np.diff(radius) * (1 - 1e-9)).all()


def test_near_the_axis_it_is_opencv_s_model() -> None:
    points = np.random.default_rng(1).uniform(-0.6, 0.6, (50, 2))
    lens = Lens(-0.31, 0.09)
    rays = np.column_stack([points, np.ones(50)])
    theirs, _ = cv2.projectPoints(
        rays, np.zeros(3), np.zeros(3), np.eye(3), np.array([-0.31, 0.09, 0, 0])
    )
    assert lens.distort(points) == pytest.approx(theirs[:, 0], abs=1e-12)


def test_a_straight_lens_changes_nothing_and_a_barrel_draws_corners_in() -> None:
    points = np.array([[0.7, 0.4], [-0.9, 0.1], [0.0, 0.0]])
    assert (Lens().distort(points) == points).all()
    bent = Lens(-0.2, 0.05).distort(points)
    assert (np.abs(bent[:2]) < np.abs(points[:2])).all()
    assert (bent[2] == 0).all()


def test_unknown_points_stay_unknown_and_spoil_no_others() -> None:
    bent = Lens(-0.3, 0.1).undistort([[np.nan, np.nan], [0.5, 0.0]])
    assert np.isnan(bent[0]).all()
    assert Lens(-0.3, 0.1).distort(bent[1]) == pytest.approx([0.5, 0.0], abs=1e-12)
