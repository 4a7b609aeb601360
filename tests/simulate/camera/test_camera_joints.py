"""Joints in the picture: where they are, and who is in the way."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.joints import joints_px
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

AHEAD = Camera(
    id="ahead",
    width_px=200,
    height_px=100,
    position_m=(0.0, 0.0, 1.0),
    look_at_m=(0.0, 5.0, 1.0),
    hfov_deg=90,
)
VIEW = Projection.of(AHEAD)


def joints(*places: tuple[float, float, float]) -> np.ndarray:
    """One person whose first joints are at given places, the rest behind the camera."""
    out = np.full((1, 17, 3), (0.0, -3.0, 1.0), np.float32)
    out[0, : len(places)] = places
    return out


def test_seen_hidden_outside_and_behind():
    body = joints((0, 5, 1), (1, 5, 1), (2, 5, 1), (9, 5, 1))
    ids = np.zeros((100, 200), np.uint16)
    ids[40:60, 90:110] = 1  # their own pixels around the first joint
    ids[40:60, 130:150] = 2  # somebody else's around the third
    xy, visible = joints_px(VIEW, body, ids, np.array([0]))
    assert visible[0, :5].tolist() == [2, 1, 1, 0, 0]
    assert xy[0, :4] == pytest.approx(np.array([[100, 50], [120, 50], [140, 50], [280, 50]]))
    assert np.isnan(xy[0, 4:]).all()


def test_a_joint_just_beside_its_own_outline_is_seen():
    ids = np.zeros((100, 200), np.uint16)
    ids[40:60, 101:110] = 1
    _, visible = joints_px(VIEW, joints((0, 5, 1), (-0.1, 5, 1)), ids, np.array([0]))
    assert visible[0, :2].tolist() == [2, 1]


def test_rows_choose_people_and_pixels_come_in_eighths():
    bodies = np.concatenate([joints((0, 5, 1)), joints((0.333, 5, 1))])
    ids = np.zeros((100, 200), np.uint16)
    ids[50, 106] = 2
    xy, visible = joints_px(VIEW, bodies, ids, np.array([1]))
    assert xy.shape == (1, 17, 2)
    assert visible[0, 0] == 2
    assert (xy[0, 0] * 8 % 1 == 0).all()


def test_a_joint_on_the_last_pixel_is_inside_and_none_is_a_valid_crowd():
    ids = np.ones((100, 200), np.uint16)
    _, visible = joints_px(VIEW, joints((4.999, 5, 1), (5.0, 5, 1)), ids, np.array([0]))
    # Rounding to eighths may carry a joint over the border, never an index over the array.
    assert visible[0, 1] == 0
    none = joints_px(VIEW, np.zeros((0, 17, 3), np.float32), ids, np.zeros(0, np.intp))
    assert none[0].shape == (0, 17, 2)
    assert none[1].shape == (0, 17)
