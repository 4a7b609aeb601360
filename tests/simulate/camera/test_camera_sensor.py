"""The sensor: noise, vignette, flaws, and draws that are each camera's own."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.exposure import Exposure
from retailsim.simulate.camera.sensor import Sensor
from retailsim.simulate.faults import Flaws

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


def noise(image_of) -> float:
    return float(np.stack([image_of() for _ in range(40)]).astype(float).std(0).mean())


def test_a_blurred_camera_loses_edges_and_a_dirty_one_contrast_here_and_there():
    board = np.tile(np.kron([[30, 220], [220, 30]], np.ones((8, 8))), (8, 13))[:120, :200]
    board = np.repeat(board[..., None], 3, 2).astype(np.uint8)
    plain, blurred, dirty = (
        Sensor("door", 200, 120, seed=4, flaws=Flaws(noise_levels=0, vignette=0, **extra)).expose(
            board
        )
        for extra in ({}, {"blur_px": 4.0}, {"dirt": 1.0})
    )
    assert blurred.std() < 0.6 * plain.std()
    contrast = dirty.astype(float) - plain
    lost = np.abs(contrast).max(-1) > 20
    assert 0.05 < lost.mean() < 0.95


def test_flaws_of_zero_leave_the_picture_as_it_is():
    ramp = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None], (120, 200, 3))
    none = Flaws(exposure_spread=0, white_balance_spread=0, vignette=0, blur_px=0, noise_levels=0)
    assert (Sensor("door", 200, 120, seed=4, flaws=none).expose(ramp.copy()) == ramp).all()


def test_flicker_lays_bands_over_the_picture_that_wander():
    flaws = Flaws(noise_levels=0, vignette=0, flicker=0.4)
    sensor = Sensor("door", 200, 120, seed=4, flaws=flaws)
    one, two = (sensor.expose(GREY, time_ns=t * 10**9).mean((1, 2)) for t in (0, 70))
    assert np.ptp(one) > 15
    assert np.abs(one - two).max() > 5


def test_a_shutter_open_for_a_whole_ripple_sees_no_flicker():
    flaws = Flaws(noise_levels=0, vignette=0, flicker=0.4, exposure_s=0.01)
    rows = Sensor("door", 200, 120, seed=4, flaws=flaws).expose(GREY).mean((1, 2))
    assert np.ptp(rows) < 2


def test_amplified_light_is_noisy_light():
    sensor = Sensor("door", 200, 120, seed=4)
    quiet = noise(lambda: sensor.expose(GREY))
    loud = noise(lambda: sensor.expose(GREY, Exposure(0.04, gain=4.0, light=1.0)))
    assert loud / quiet == pytest.approx(2.0, rel=0.1)


def test_flaws_change_what_they_say_and_no_other_draw():
    # Dirt has draws of its own: where there is none, the noise is the same.
    clean = Sensor("door", 200, 120, seed=4).expose(GREY).astype(int)
    dirty = Sensor("door", 200, 120, seed=4, flaws=Flaws(dirt=0.6)).expose(GREY)
    assert 0.02 < (clean == dirty).mean() < 0.98
