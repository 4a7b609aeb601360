"""A camera that was bumped into looks elsewhere, in the sense its fault says."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.knock import knocked
from retailsim.simulate.faults import Knock
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

VIEW = Projection.of(Camera(id="c", position_m=(0, 0, 2.0), look_at_m=(0, 4, 2.0), hfov_deg=80))
AHEAD = np.array([0.0, 4.0, 2.0])
MIDDLE = np.array([320.0, 180.0])


def seen(xyz_m: np.ndarray, **knock: object) -> np.ndarray:
    return knocked(VIEW, Knock(camera="c", **knock)).to_image(xyz_m) - MIDDLE


def test_a_knock_of_nothing_changes_nothing():
    assert seen(AHEAD) == pytest.approx([0, 0])


def test_turned_left_the_scene_goes_right_and_turned_up_it_goes_down():
    x, y = seen(AHEAD, yaw_deg=5)
    assert (x, y) == (pytest.approx(VIEW.matrix[0, 0] * np.tan(np.deg2rad(5))), pytest.approx(0))
    x, y = seen(AHEAD, pitch_deg=5)
    assert (x, y) == (pytest.approx(0), pytest.approx(VIEW.matrix[0, 0] * np.tan(np.deg2rad(5))))


def test_rolled_clockwise_what_is_above_goes_left():
    x, y = seen(AHEAD + [0, 0, 1], roll_deg=90)
    assert x < -50
    assert y == pytest.approx(0, abs=1e-6)


def test_a_shift_moves_the_eye_and_turns_nothing():
    moved = knocked(VIEW, Knock(camera="c", shift_m=(0.3, 0.0, -0.2)))
    assert moved.position_m == pytest.approx([0.3, 0, 1.8])
    assert (moved.rotation == VIEW.rotation).all()


def test_the_rotation_stays_one():
    turned = knocked(VIEW, Knock(camera="c", yaw_deg=20, pitch_deg=-10, roll_deg=33)).rotation
    assert turned @ turned.T == pytest.approx(np.eye(3))
    assert np.linalg.det(turned) == pytest.approx(1)
