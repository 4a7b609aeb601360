"""The studio: people before nothing, for any camera."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

pytestmark = pytest.mark.gl


@pytest.fixture
def eye_level() -> Projection:
    camera = Camera(
        id="a",
        width_px=256,
        height_px=160,
        position_m=(0, -5, 1.5),
        look_at_m=(0, 0, 0.9),
        hfov_deg=60,
    )
    return Projection.of(camera)


def test_people_are_cut_out(gl, crowd_at, eye_level):
    shot = PeopleStudio(256, 160).render(crowd_at([(-1, 0), (1, 0)]), eye_level)
    assert set(np.unique(shot.id)) == {0, 1, 2}
    assert (shot.alpha[shot.id > 0] > 60).all()
    assert (shot.bgr[shot.alpha == 0] == 0).all()
    assert 4.0 < shot.depth_m[shot.id > 0].min() < 5.5
    for row in range(2):
        y, x = np.nonzero(shot.id == row + 1)
        box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert np.abs(shot.full_px[row] - box).max() < 2


def test_light_can_be_chosen(gl, crowd_at, eye_level):
    studio = PeopleStudio(256, 160)
    people = crowd_at([(0, 0)])
    dim, bright = (studio.render(people, eye_level, light=Light(exposure=e)) for e in (0.4, 2.0))
    assert bright.bgr.mean() > 1.5 * dim.bgr.mean()


def test_an_empty_stage_is_transparent(gl, crowd_at, eye_level):
    shot = PeopleStudio(256, 160).render(crowd_at([]), eye_level)
    assert not shot.alpha.any()
    assert not shot.id.any()


def test_studio_and_rig_do_not_disturb_each_other(gl, corner, crowd_at, snapshot_of, eye_level):
    people = crowd_at([(0, 0)])
    studio = PeopleStudio(256, 160)
    first = studio.render(people, eye_level)
    rig = CameraRig(corner, seed=1)
    rig.render(snapshot_of(crowd_at([(3, 3)])))
    again = studio.render(people, eye_level)
    assert (first.bgr == again.bgr).all()
    assert len(rig.render(snapshot_of(crowd_at([(3, 3)]), 1))) == 2
