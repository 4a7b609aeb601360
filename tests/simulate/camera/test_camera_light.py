"""The light of a scenario in the pictures: lamps, their colour, and the sun on the floor."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.lighting import Lighting, Sun
from retailsim.store.projection import Projection

pytestmark = pytest.mark.gl
SUNNY = Lighting(sun=Sun(azimuth_deg=180, elevation_deg=40, strength=4.0, speed=600.0))


def picture(plan, shot, lighting, tick=0):
    rig = CameraRig(plan, seed=5, lighting=lighting, start_ns=0)
    return rig.render(shot(tick))[0].frame.image.astype(int)


@pytest.fixture
def empty(crowd_at, snapshot_of):
    return lambda tick: snapshot_of(crowd_at([]), tick)


def test_the_usual_light_is_that_of_no_lighting_at_all(gl, corner, empty):
    bare = CameraRig(corner, seed=5).render(empty(0))[0].frame.image
    assert (bare == picture(corner, empty, Lighting())).all()


def test_fewer_lamps_make_it_darker(gl, corner, empty):
    levels = [picture(corner, empty, Lighting(lamps=lamps)).mean() for lamps in (0.1, 0.3, 1.0)]
    assert levels[0] + 15 < levels[1] < levels[2] - 15


def test_people_are_dim_too(gl, corner, crowd_at, snapshot_of):
    shot = snapshot_of(crowd_at([(3.0, 3.0)]))
    bright, dim = (
        CameraRig(corner, seed=5, lighting=Lighting(lamps=lamps)).render(shot)[0]
        for lamps in (1.0, 0.2)
    )
    body = bright.id == 1
    assert (dim.id == bright.id).all()
    assert dim.frame.image[body].mean() < 0.7 * bright.frame.image[body].mean()


def test_warm_lamps_are_redder(gl, corner, empty):
    warm, cool = (
        picture(corner, empty, Lighting(colour_temperature_k=kelvin)).mean((0, 1))
        for kelvin in (2700, 6500)
    )
    assert warm[2] / warm[0] > 1.3 * cool[2] / cool[0]


def test_the_sun_comes_through_the_door_and_moves(gl, corner, empty):
    rig = CameraRig(corner, seed=5, lighting=SUNNY, start_ns=0)
    grey = CameraRig(corner, seed=5)
    lit = []
    for tick in (0, 120):  # two hours for the sun
        patch = rig.render(empty(tick))[0].frame.image.astype(int)
        patch -= grey.render(empty(tick))[0].frame.image
        lit.append(patch.min(-1) > 15)
    assert all(mask.sum() > 300 for mask in lit)
    assert (lit[0] ^ lit[1]).sum() > 0.5 * lit[0].sum()


def test_the_patch_lies_where_rays_through_the_door_meet_the_floor(gl, corner, empty):
    patch = picture(corner, empty, SUNNY) - picture(corner, empty, Lighting())
    projection = Projection.of(corner.camera("high"))
    rise = np.tan(np.deg2rad(40))
    # From due south, a ray that came in 1 m high has reached the floor 1 m / tan 40 from the door.
    inside = projection.to_image([2.8, 1.0 / rise, 0.0]).astype(int)
    beside = projection.to_image([4.6, 1.6 / rise, 0.0]).astype(int)
    assert patch[inside[1], inside[0]].min() > 20
    assert abs(patch[beside[1], beside[0]]).max() < 12


def test_people_stand_in_the_sun_and_throw_shadows(gl, corner, crowd_at, snapshot_of):
    somebody = snapshot_of(crowd_at([(2.8, 1.0)]))
    sunny = CameraRig(corner, seed=5, lighting=SUNNY, start_ns=0).render(somebody)[0]
    grey = CameraRig(corner, seed=5).render(somebody)[0]
    empty = CameraRig(corner, seed=5, lighting=SUNNY, start_ns=0)
    bare = empty.render(snapshot_of(crowd_at([])))[0]
    gain = sunny.frame.image.astype(int) - grey.frame.image
    assert (sunny.id == grey.id).all()
    assert np.percentile(gain[sunny.id == 1].max(-1), 90) > 20
    shadow = (bare.frame.image.astype(int) - sunny.frame.image).mean(-1) > 25
    assert (shadow & (sunny.id == 0)).sum() > 100


def test_a_shop_whose_windows_look_away_from_the_sun_has_none(gl, corner, empty):
    north = Lighting(sun=Sun(azimuth_deg=0, elevation_deg=40, strength=4.0))
    assert (picture(corner, empty, north) == picture(corner, empty, Lighting())).all()


def test_clouds_take_some_of_it(gl, corner, empty):
    sun = Sun(azimuth_deg=180, elevation_deg=40, strength=4.0, clouds=1.0)
    rig = CameraRig(corner, seed=5, lighting=Lighting(sun=sun), start_ns=0)
    bright = [rig.render(empty(tick))[0].frame.image[90:].mean() for tick in range(0, 900, 60)]
    assert np.ptp(bright) > 2
