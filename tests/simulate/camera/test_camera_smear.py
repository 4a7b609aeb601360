"""Motion blur: moving bodies smear along their way, everything else stays sharp."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.camera.smear import LEAST_PX, line_kernel, smear, ways_px
from retailsim.store.projection import Projection

ROWS = np.arange(2)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright body (row 0) half behind a dark one (row 1), before grey."""
    picture = np.full((60, 100, 3), 120, np.uint8)
    ids, depth = np.zeros((60, 100), np.uint16), np.ones((60, 100), np.float32)
    for row, (left, right, shade, far) in enumerate([(30, 50, 250, 0.5), (44, 60, 10, 0.2)]):
        part = np.s_[15:45, left:right]
        picture[part], ids[part], depth[part] = shade, row + 1, far
    return picture, ids, depth


def test_who_stands_still_is_sharp():
    picture, ids, depth = scene()
    assert smear(picture, ids, depth, ROWS, np.zeros((2, 2))) is picture
    slow = np.full((2, 2), LEAST_PX / 2)
    assert smear(picture, ids, depth, ROWS, slow) is picture


def test_a_moving_body_spills_over_what_is_behind_it_alone():
    picture, ids, depth = scene()
    out = smear(picture, ids, depth, ROWS, np.array([[12.0, 0.0], [0.0, 0.0]]))
    assert (picture[30, 25] == 120).all()
    assert (out[30, 26:29] > 121).all()  # beside it
    assert (out[30, 20] == 120).all()  # as far as half its way, no farther
    assert (out[12, 30:44] == 120).all()  # not across its way
    assert (out[30, 44:60] == 10).all()  # the nearer body hides it as before


def test_light_is_kept():
    picture, ids, depth = scene()
    ids[ids == 2], depth[ids == 0] = 0, 1.0
    picture[ids == 0] = 120
    out = smear(picture, ids, depth, ROWS[:1], np.array([[0.0, 10.0]]))
    assert out.astype(float).sum() == pytest.approx(picture.astype(float).sum(), rel=2e-3)


@given(st.floats(-40, 40), st.floats(-40, 40))
def test_a_line_has_the_length_and_way_it_is_told(dx: float, dy: float):
    kernel = line_kernel(np.array([dx, dy]))
    half = len(kernel) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    assert kernel.sum() == pytest.approx(1, abs=1e-4)
    assert (kernel * x).sum() == pytest.approx(0, abs=1e-3)
    spread = (kernel * (x * dx + y * dy) ** 2).sum() / max(dx**2 + dy**2, 1e-9)
    # An even line has a twelfth of its squared length; sampling adds less than a pixel.
    assert spread == pytest.approx((dx**2 + dy**2) / 12, abs=0.5 + 0.04 * (dx**2 + dy**2) / 12)


def test_ways_grow_with_speed_exposure_and_nearness(corner, crowd_at):
    from dataclasses import replace

    people = crowd_at([(2.0, 2.0), (4.5, 4.2), (2.0, 2.0)])
    people = replace(people, speed_mps=np.array([1.0, 1.0, 0.0]), heading_rad=np.full(3, 2.5))
    view = Projection.of(corner.camera("high"))
    near, far, still = np.hypot(*ways_px(view, people, np.arange(3), 0.04).T)
    assert near > 1.5 * far > 0
    assert still == 0
    doubled = np.hypot(*ways_px(view, people, np.arange(1), 0.08).T)
    assert doubled == pytest.approx(2 * near, rel=0.02)
