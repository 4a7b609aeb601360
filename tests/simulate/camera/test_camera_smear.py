"""Motion blur: moving bodies smear along their way, everything else stays sharp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.camera.smear import LEAST_PX, Motion, line_kernel, motion_of, smear
from retailsim.store.projection import Projection


def moving(*ways_px: tuple[float, float]) -> Motion:
    """The people of the scene moving so, each nearer than the one before."""
    rows = np.arange(len(ways_px))
    boxes = np.array([(30, 15, 50, 45), (44, 15, 60, 45)], np.float32)
    return Motion(rows, np.array(ways_px), -rows.astype(float), boxes[rows])


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A bright body (row 0) half behind a dark one (row 1), before grey."""
    picture = np.full((60, 100, 3), 120, np.uint8)
    ids = np.zeros((60, 100), np.uint16)
    for row, (left, right, shade) in enumerate([(30, 50, 250), (44, 60, 10)]):
        part = np.s_[15:45, left:right]
        picture[part], ids[part] = shade, row + 1
    return picture, ids


def test_who_stands_still_is_sharp():
    picture, ids = scene()
    assert smear(picture, ids, moving((0, 0), (0, 0))) is picture
    assert smear(picture, ids, moving((0, 0), (LEAST_PX / 2, LEAST_PX / 2))) is picture


def test_a_moving_body_spills_over_what_is_behind_it_alone():
    picture, ids = scene()
    out = smear(picture, ids, moving((12.0, 0.0), (0.0, 0.0)))
    assert (picture[30, 25] == 120).all()
    assert (out[30, 26:29] > 121).all()  # beside it
    assert (out[30, 20] == 120).all()  # as far as half its way, no farther
    assert (out[12, 30:44] == 120).all()  # not across its way
    assert (out[30, 44:60] == 10).all()  # the nearer body hides it as before


def test_light_is_kept():
    picture, ids = scene()
    picture[ids == 2], ids[ids == 2] = 120, 0
    out = smear(picture, ids, moving((0.0, 10.0)))
    assert not (out == picture).all()
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
    people = crowd_at([(2.0, 2.0), (4.5, 4.2), (2.0, 2.0)])
    people = replace(people, speed_mps=np.array([1.0, 1.0, 0.0]), heading_rad=np.full(3, 2.5))
    view = Projection.of(corner.camera("high"))
    boxes = np.zeros((3, 4), np.float32)
    motion = motion_of(view, people, boxes, np.arange(3), 0.04)
    near, far, still = np.hypot(*motion.way_px.T)
    assert near > 1.5 * far > 0
    assert still == 0
    assert motion.far_m[0] < motion.far_m[1]
    longer = motion_of(view, people, boxes, np.arange(1), 0.08)
    assert np.hypot(*longer.way_px.T) == pytest.approx(2 * near, rel=0.02)
