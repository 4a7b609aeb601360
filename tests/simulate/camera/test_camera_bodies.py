"""Bodies: on the floor, of their height, hands where they reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate.camera.figure import TOPS, Material
from retailsim.simulate.camera.people import MESH, crowd_mesh
from retailsim.simulate.snapshot import Pose


@settings(max_examples=30, deadline=None)
@given(phase=st.floats(0, 50), speed=st.floats(0.3, 1.8), height=st.floats(1.45, 2.0))
def test_walkers_keep_a_foot_on_the_floor(crowd_at, shopper, phase, speed, height):
    people = crowd_at([(2.0, 3.0)], Pose.WALK)
    body = replace(shopper, height_m=height)
    people = replace(
        people, body=(body,), gait_phase=np.array([phase]), speed_mps=np.array([speed])
    )
    position = crowd_mesh(people).position[0]
    assert -0.04 < position[:, 2].min() < 0.03
    assert 0.93 * height < position[:, 2].max() < 1.03 * height


def test_people_stand_where_the_world_says(crowd_at):
    people = crowd_at([(1.0, 2.0), (4.0, -1.0)])
    centre = crowd_mesh(people).position.mean(1)
    assert np.abs(centre[:, :2] - people.xy_m).max() < 0.08


@pytest.mark.parametrize("pose", [Pose.REACH, Pose.HOLD])
def test_a_hand_goes_where_it_reaches(crowd_at, pose):
    people = crowd_at([(2.0, 2.0)], pose)
    goal = np.array([2.0 + 0.5, 2.1, 1.15])
    people = replace(people, reach_xyz_m=goal[None])
    hands = crowd_mesh(people).hands[0]
    assert np.linalg.norm(hands - goal, axis=1).min() < 0.09


def test_legs_swing_against_each_other(crowd_at):
    people = crowd_at([(0.0, 0.0)], Pose.WALK)
    apart = []
    for phase in np.linspace(0, 1, 9):
        mesh = crowd_mesh(replace(people, gait_phase=np.array([phase]), heading_rad=np.zeros(1)))
        shoes = mesh.position[0][mesh.material[0] == Material.SHOE]
        left, right = shoes[shoes[:, 1] > 0], shoes[shoes[:, 1] < 0]
        apart.append(left[:, 0].mean() - right[:, 0].mean())
    assert max(apart) > 0.3
    assert min(apart) < -0.3


@pytest.mark.parametrize("kind", sorted(TOPS))
@pytest.mark.parametrize("bottom", ["trousers", "skirt", "shorts"])
def test_every_outfit_has_sound_normals(crowd_at, shopper, kind, bottom):
    clothes = replace(shopper.clothes, top_kind=kind, bottom_kind=bottom)
    bodies = tuple(
        replace(shopper, clothes=clothes, hair=hair, bag=bag)
        for hair, bag in [
            ("short", "none"),
            ("long", "shoulder"),
            ("bald", "backpack"),
            ("hat", "none"),
        ]
    )
    people = replace(crowd_at([(i, 0.0) for i in range(4)], Pose.WALK), body=bodies)
    mesh = crowd_mesh(people)
    assert np.isfinite(mesh.position).all()
    assert np.isfinite(mesh.normal).all()
    assert np.linalg.norm(mesh.normal, axis=-1).mean() > 0.97


def test_faces_of_every_tube_look_outward(crowd_at):
    people = replace(crowd_at([(0.0, 0.0)], Pose.WALK), heading_rad=np.zeros(1))
    mesh = crowd_mesh(people)
    corners = mesh.position[0][MESH.triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = (face * mesh.normal[0][MESH.triangles].sum(1)).sum(1)
    area = np.linalg.norm(face, axis=1)
    assert (outward[area > 1e-4] > 0).mean() > 0.97


def test_a_longer_sleeve_covers_more_arm(crowd_at, shopper):
    def skin_share(kind):
        clothes = replace(shopper.clothes, top_kind=kind)
        people = replace(crowd_at([(0.0, 0.0)]), body=(replace(shopper, clothes=clothes),))
        mesh = crowd_mesh(people)
        arms = mesh.position[0][:, 2] > 0.75
        skin = arms & (mesh.material[0] == Material.SKIN)
        return np.ptp(mesh.position[0][skin & (np.abs(mesh.position[0][:, 1]) > 0.15)][:, 2])

    assert skin_share("tshirt") > skin_share("shirt") + 0.2


def test_nobody_at_all_is_a_crowd_too(crowd_at):
    assert crowd_mesh(crowd_at([])).position.shape == (0, MESH.vertices, 3)
