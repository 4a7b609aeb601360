"""Automatic exposure: time first, then gain, and slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.camera.exposure import TARGET, AutoExposure, shared_out
from retailsim.simulate.faults import Flaws

AUTO = Flaws(auto_exposure=True)


def picture(linear: float) -> np.ndarray:
    """A picture of one brightness of linear light, in square-root coding."""
    return np.full((90, 160, 3), round(255 * linear**0.5), np.uint8)


def test_without_it_every_frame_is_exposed_alike():
    fixed = AutoExposure(Flaws(exposure_s=0.02))
    for linear in (0.01, 0.9):
        settings = fixed.follow(picture(linear), 0)
        assert (settings.shutter_s, settings.gain, settings.light) == (0.02, 1.0, 1.0)


@given(st.floats(1e-3, 1e3))
def test_time_comes_before_gain_and_both_end_somewhere(light: float):
    settings = shared_out(light, AUTO)
    assert settings.shutter_s <= AUTO.longest_exposure_s
    assert 1 <= settings.gain <= AUTO.most_gain
    assert settings.gain == 1 or settings.shutter_s == AUTO.longest_exposure_s
    assert settings.light == pytest.approx(settings.gain * settings.shutter_s / AUTO.exposure_s)


def test_the_first_frame_is_settled_and_dim_light_takes_time_and_gain():
    usual = AutoExposure(AUTO).follow(picture(TARGET), 0)
    assert usual.light == pytest.approx(1.0, rel=0.02)
    dim = AutoExposure(AUTO).follow(picture(TARGET / 20), 0)
    assert dim.light == pytest.approx(20, rel=0.1)
    assert dim.shutter_s == AUTO.longest_exposure_s
    assert dim.gain > 2


def test_it_follows_with_its_time_constant():
    eye = AutoExposure(AUTO)
    eye.follow(picture(TARGET), 0)
    light = [eye.follow(picture(TARGET / 4), t * 10**8).light for t in range(1, 61)]
    assert (np.diff(light) > 0).all()
    # After one time constant, 1 - 1/e of the way in stops.
    assert np.log2(light[9]) == pytest.approx(2 * (1 - np.exp(-1)), rel=0.05)
    assert light[-1] == pytest.approx(4, rel=0.03)
