"""Cameras with and without lens distortion: to the picture and back to the floor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

LENSES = st.sampled_from([(0.0, 0.0), (-0.12, 0.0), (-0.3, 0.1), (0.15, -0.02)])


def camera(distortion: tuple[float, float] = (0.0, 0.0)) -> Camera:
    return Camera(
        id="high",
        position_m=(0.5, 0.5, 2.9),
        look_at_m=(4.0, 3.0, 0.4),
        hfov_deg=85,
        distortion=distortion,
    )


@given(LENSES, st.floats(2.0, 8.0), st.floats(1.5, 7.0), st.sampled_from([0.0, 1.0, 1.7]))
def test_floor_to_picture_and_back(lens: tuple[float, float], x: float, y: float, z: float) -> None:
    projection = Projection.of(camera(lens))
    pixels = projection.to_image([x, y, z])
    assert projection.to_plane(pixels, z) == pytest.approx([x, y], abs=1e-6)


@given(LENSES, st.floats(0, 640), st.floats(0, 360))
def test_rays_come_back_to_their_pixel(lens: tuple[float, float], x: float, y: float) -> None:
    projection = Projection.of(camera(lens))
    ray = projection.rays([x, y])
    world = projection.position_m + 3.0 * ray @ projection.rotation
    assert projection.to_image(world) == pytest.approx([x, y], abs=1e-6)


def test_the_middle_stays_and_the_corners_move() -> None:
    plain, barrel = Projection.of(camera()), Projection.of(camera((-0.15, 0.02)))
    assert barrel.to_image([4.0, 3.0, 0.4]) == pytest.approx([320, 180])
    assert plain.to_image([4.0, 3.0, 0.4]) == pytest.approx([320, 180])
    far = np.array([1.6, 4.2, 0.0])
    offset = [np.abs(p.to_image(far) - [320, 180]) for p in (plain, barrel)]
    assert (offset[1] < offset[0]).all()


def test_behind_the_camera_there_is_no_pixel() -> None:
    for lens in ((0.0, 0.0), (-0.3, 0.1)):
        assert np.isnan(Projection.of(camera(lens)).to_image([-5.0, -5.0, 2.0])).all()
