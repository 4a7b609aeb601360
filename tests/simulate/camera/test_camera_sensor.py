"""The sensor: noise, vignette, and draws that are each camera's own."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.sensor import Sensor

GREY = np.full((120, 200, 3), 128, np.uint8)


def test_the_same_seed_and_camera_give_the_same_frames():
    a, b = (Sensor("door", 200, 120, seed=4) for _ in range(2))
    assert all((a.expose(GREY) == b.expose(GREY)).all() for _ in range(3))


def test_seed_camera_and_frame_change_the_noise():
    sensor = Sensor("door", 200, 120, seed=4)
    first, second = sensor.expose(GREY), sensor.expose(GREY)
    other = Sensor("back", 200, 120, seed=4).expose(GREY)
    later = Sensor("door", 200, 120, seed=5).expose(GREY)
    for image in (second, other, later):
        assert (image != first).mean() > 0.5


def test_noise_has_the_stated_size():
    sensor = Sensor("door", 200, 120, seed=4)
    stack = np.stack([sensor.expose(GREY) for _ in range(40)]).astype(float)
    assert 2.0 < stack.std(0).mean() < 3.2


def test_corners_are_darker_than_the_middle():
    sensor = Sensor("door", 200, 120, seed=4)
    mean = np.mean([sensor.expose(GREY) for _ in range(20)], axis=0)
    assert mean[:10, :10].mean() < 0.97 * mean[50:70, 90:110].mean()


def test_black_and_white_stay_in_range():
    sensor = Sensor("door", 200, 120, seed=4)
    assert sensor.expose(np.zeros_like(GREY)).max() < 20
    assert sensor.expose(np.full_like(GREY, 255)).min() > 150
