"""Bodies: on the floor, of their height, hands where they reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate.appearance import Profile, draw_body, draw_clothes
from retailsim.simulate.camera.figure import HEADWEAR, TOPS, Material
from retailsim.simulate.camera.people import MESH, crowd_mesh
from retailsim.simulate.snapshot import GESTURES, Manner, Pose
from retailsim.simulate.streams import stream
from retailsim.simulate.wild import wild_manner

HAT_M = 0.045  # headwear and hair rise above the crown by no more


@st.composite
def bodies(draw):
    """A person of any kind, headwear and all."""
    presentation = draw(st.sampled_from(["feminine", "masculine"]))
    profile = Profile(presentation, draw(st.floats(3, 88)))
    rng = stream(draw(st.integers(0, 10**6)), "anybody")
    body = draw_body(rng, label=1, clothes=draw_clothes(rng, profile=profile), profile=profile)
    wildness = draw(st.sampled_from([0.0, 1.0]))
    return replace(body, manner=wild_manner(body, wildness, seed=draw(st.integers(0, 10**6))))


@st.composite
def moments(draw):
    """A pose with speed, phase and where the hand is, (ahead, aside, height) or nowhere."""
    pose = draw(st.sampled_from(list(Pose)))
    walks = pose in (Pose.WALK, Pose.HOLD, Pose.PUSH, Pose.ARMFUL)
    speed = draw(st.floats(0, 1.8)) if walks else 0.0
    reach = (draw(st.floats(0.1, 0.7)), draw(st.floats(-0.4, 0.4)), draw(st.floats(0.2, 1.9)))
    return pose, speed, draw(st.floats(0, 50)), draw(st.sampled_from([reach, (np.nan,) * 3]))


def alone(crowd_at, body, moment):
    """One person at the origin facing +x."""
    pose, speed, phase, reach = moment
    return replace(
        crowd_at([(0.0, 0.0)], pose),
        body=(body,),
        heading_rad=np.zeros(1),
        speed_mps=np.array([speed]),
        gait_phase=np.array([phase]),
        reach_xyz_m=np.array([reach]),
    )


@settings(max_examples=60, deadline=None)
@given(body=bodies(), moment=moments())
def test_feet_stand_on_the_floor_in_every_pose(crowd_at, body, moment):
    mesh = crowd_mesh(alone(crowd_at, body, moment))
    assert np.isfinite(mesh.position).all()
    assert np.isfinite(mesh.normal).all()
    assert np.isfinite(mesh.keypoints).all()
    lowest = mesh.position[0][mesh.material[0] == Material.SHOE][:, 2].min()
    assert -0.035 < lowest < 0.03
    assert mesh.position[0][:, 2].min() > -0.035


@settings(max_examples=60, deadline=None)
@given(body=bodies())
def test_people_have_their_height(crowd_at, body):
    young = replace(body, age_years=min(body.age_years, 60.0))  # the old stoop
    top = crowd_mesh(alone(crowd_at, young, (Pose.STAND, 0, 0, (np.nan,) * 3))).position[..., 2]
    upright = np.cos(body.manner.lean_rad)
    assert 0.97 * upright * body.height_m < top.max() < 1.03 * body.height_m + HAT_M


@settings(max_examples=30, deadline=None)
@given(body=bodies(), phase=st.floats(0, 50), speed=st.floats(0.3, 1.8))
def test_walkers_rise_and_fall_by_little(crowd_at, body, phase, speed):
    top = crowd_mesh(alone(crowd_at, body, (Pose.WALK, speed, phase, (np.nan,) * 3))).position
    assert 0.90 * body.height_m < top[..., 2].max() < 1.03 * body.height_m + HAT_M


@settings(max_examples=60, deadline=None)
@given(body=bodies(), moment=moments())
def test_keypoints_are_those_of_the_drawn_body(crowd_at, body, moment):
    mesh = crowd_mesh(alone(crowd_at, body, moment))
    points, skin = mesh.keypoints[0], mesh.position[0]
    assert mesh.keypoints.dtype == np.float32
    assert points.shape == (17, 3)
    gap = np.sqrt(((points[:, None] - skin[None]) ** 2).sum(-1)).min(1)
    size = body.height_m / 1.75
    assert gap[:5].max() < 0.035  # nose, eyes and ears lie on the skin
    # Joints lie no deeper than flesh and cloth; knees hang free in a skirt, as wide as it is cut.
    knees = [13, 14] if body.clothes.bottom_kind == "skirt" else []
    assert np.delete(gap, knees)[5:].max() < 0.15 * size * body.build
    assert gap[knees].max(initial=0) < 0.18 * size
    for left, right in ((1, 2), (3, 4), (5, 6), (11, 12)):
        assert points[left, 1] > points[right, 1]
    assert points[[13, 14], 2].max() < points[[11, 12], 2].min() + 0.02
    assert points[[15, 16], 2].max() < points[[13, 14], 2].min() + 0.05


def test_keypoints_move_with_the_person(crowd_at):
    people = crowd_at([(0.0, 0.0)])
    at_rest = crowd_mesh(replace(people, heading_rad=np.zeros(1))).keypoints[0]
    turned = crowd_mesh(
        replace(people, heading_rad=np.array([np.pi / 2]), xy_m=np.array([[3.0, 4.0]]))
    ).keypoints[0]
    there = np.stack([3 - at_rest[:, 1], 4 + at_rest[:, 0], at_rest[:, 2]], 1)
    np.testing.assert_allclose(turned, there, atol=1e-5)
    assert at_rest[0, 0] > at_rest[1, 0] > at_rest[3, 0]  # the nose is ahead of eyes and ears


@settings(max_examples=20, deadline=None)
@given(body=bodies(), moment=moments())
def test_the_same_body_has_the_same_mesh_whoever_stands_by(crowd_at, shopper, body, moment):
    one = crowd_mesh(alone(crowd_at, body, moment))
    pair = crowd_at([(0.0, 0.0), (3.0, 1.0)], moment[0])
    both = replace(
        pair,
        body=(body, shopper),
        heading_rad=np.zeros(2),
        speed_mps=np.full(2, moment[1]),
        gait_phase=np.full(2, moment[2]),
        reach_xyz_m=np.tile(moment[3], (2, 1)),
    )
    np.testing.assert_array_equal(crowd_mesh(both).position[0], one.position[0])


def test_people_stand_where_the_world_says(crowd_at):
    people = crowd_at([(1.0, 2.0), (4.0, -1.0)])
    centre = crowd_mesh(people).position.mean(1)
    assert np.abs(centre[:, :2] - people.xy_m).max() < 0.08


@pytest.mark.parametrize("pose", [Pose.REACH, Pose.HOLD, Pose.FLIP])
def test_a_hand_goes_where_it_reaches(crowd_at, pose):
    people = crowd_at([(2.0, 2.0)], pose)
    goal = np.array([2.0 + 0.5, 2.1, 1.15])
    people = replace(people, reach_xyz_m=goal[None])
    hands = crowd_mesh(people).hands[0]
    assert np.linalg.norm(hands - goal, axis=1).min() < 0.09


@pytest.mark.parametrize("pose", [Pose.FLIP, Pose.TRY, Pose.ARMFUL, Pose.PUSH, Pose.FOLD])
def test_both_hands_are_ahead_where_both_work(crowd_at, shopper, pose):
    hands = crowd_mesh(alone(crowd_at, shopper, (pose, 0, 0, (np.nan,) * 3))).hands[0]
    assert hands[:, 0].min() > 0.15
    assert hands[0, 1] > hands[1, 1]
    assert hands[:, 2].min() > 0.7


def test_bending_lowers_the_head_and_bends_the_knees(crowd_at, shopper):
    upright, bent = (
        crowd_mesh(alone(crowd_at, shopper, (pose, 0, 0, (np.nan,) * 3))).keypoints[0]
        for pose in (Pose.STAND, Pose.BEND)
    )
    assert bent[0, 2] < upright[0, 2] - 0.2
    assert bent[[11, 12], 2].mean() < upright[[11, 12], 2].mean() - 0.05


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


@settings(max_examples=30, deadline=None)
@given(body=bodies(), phase=st.floats(0, 2), speed=st.floats(0.4, 1.6))
def test_a_gait_has_no_jumps(crowd_at, body, phase, speed):
    a, b = (
        crowd_mesh(alone(crowd_at, body, (Pose.WALK, speed, p, (np.nan,) * 3))).keypoints[0]
        for p in (phase, phase + 0.01)
    )
    assert np.abs(a - b).max() < 0.05


def wrists(crowd_at, shopper, manner, pose=Pose.STAND):
    """Keypoints of both wrists in body axes."""
    body = replace(shopper, manner=manner)
    return crowd_mesh(alone(crowd_at, body, (pose, 0, 0, (np.nan,) * 3))).keypoints[0][[9, 10]]


@pytest.mark.parametrize("gesture", GESTURES[1:])
def test_an_idle_gesture_moves_the_hands_of_who_stands_and_of_nobody_else(
    crowd_at, shopper, gesture
):
    manner = Manner(gesture=gesture)
    moved = wrists(crowd_at, shopper, manner) - wrists(crowd_at, shopper, Manner())
    assert np.linalg.norm(moved, axis=1).max() > 0.12
    for pose in (Pose.WALK, Pose.FLIP, Pose.TRY, Pose.ARMFUL):
        usual = wrists(crowd_at, shopper, Manner(), pose)
        np.testing.assert_array_equal(wrists(crowd_at, shopper, manner, pose), usual)


def test_folded_arms_cross_and_hands_on_hips_do_not(crowd_at, shopper):
    left, right = wrists(crowd_at, shopper, Manner(gesture="folded"))
    assert left[1] < right[1]
    left, right = wrists(crowd_at, shopper, Manner(gesture="hips"))
    assert left[1] > 0.1 > -0.1 > right[1]


@pytest.mark.parametrize(
    ("manner", "grows"),
    [
        (Manner(stride=1.1), lambda p: np.abs(p[15, 0] - p[16, 0])),
        (Manner(arm_swing=2.0), lambda p: np.abs(p[9, 0] - p[10, 0])),
        (Manner(lean_rad=0.2), lambda p: p[0, 0]),
        (Manner(elbow_rad=0.8), lambda p: p[9, 2]),
    ],
)
def test_each_part_of_a_manner_changes_how_somebody_walks(crowd_at, shopper, manner, grows):
    walks = (Pose.WALK, 1.2, 0.0, (np.nan,) * 3)
    usual, other = (
        crowd_mesh(alone(crowd_at, replace(shopper, manner=how), walks)).keypoints[0]
        for how in (Manner(), manner)
    )
    assert grows(other) > grows(usual) + 0.02


def test_children_have_larger_heads_and_shorter_legs_for_their_height(crowd_at, shopper):
    def shares(age):
        body = replace(shopper, age_years=age, height_m=1.2, texture_seed=3)
        mesh = crowd_mesh(alone(crowd_at, body, (Pose.STAND, 0, 0, (np.nan,) * 3)))
        face = mesh.position[0][mesh.material[0] == Material.FACE]
        return np.ptp(face[:, 2]), mesh.keypoints[0, 11, 2]

    child, adult = shares(6.0), shares(30.0)
    assert child[0] > 1.2 * adult[0]
    assert child[1] < 0.95 * adult[1]


def test_presentation_shapes_shoulders_and_hips(crowd_at, shopper):
    def widths(presentation):
        body = replace(shopper, presentation=presentation)
        mesh = crowd_mesh(alone(crowd_at, body, (Pose.STAND, 0, 0, (np.nan,) * 3)))
        return np.abs(mesh.keypoints[0, 5] - mesh.keypoints[0, 6])[1]

    assert widths("masculine") > 1.05 * widths("feminine")


def test_a_pram_goes_before_its_pusher_and_is_not_of_the_body(crowd_at, shopper):
    moment = (Pose.PUSH, 1.0, 0.2, (np.nan,) * 3)
    alone_mesh = crowd_mesh(alone(crowd_at, shopper, moment))
    mesh = crowd_mesh(alone(crowd_at, replace(shopper, pram=True), moment))
    np.testing.assert_array_equal(mesh.position, alone_mesh.position)
    assert not len(alone_mesh.props.position)
    pram = mesh.props.position
    assert pram[:, 0].min() > 0.3
    assert -0.01 < pram[:, 2].min() < 0.02
    low, high = mesh.bounds[0]
    assert high[0] == pram[:, 0].max()
    assert low[0] == mesh.position[0, :, 0].min()
    assert set(mesh.props.owner) == {0}
    assert mesh.props.triangles.max() == len(pram) - 1


def test_an_armful_is_a_pile_on_the_forearms(crowd_at, shopper):
    mesh = crowd_mesh(alone(crowd_at, shopper, (Pose.ARMFUL, 0, 0, (np.nan,) * 3)))
    pile, hands = mesh.props.position, mesh.hands[0]
    assert set(mesh.props.material) == {Material.PILE}
    assert abs(pile[:, 2].min() - hands[:, 2].mean()) < 0.06
    assert np.abs(pile[:, :2].mean(0) - hands[:, :2].mean(0)).max() < 0.12


@pytest.mark.parametrize("kind", sorted(TOPS))
@pytest.mark.parametrize("bottom", ["trousers", "skirt", "shorts"])
def test_every_outfit_has_sound_normals(crowd_at, shopper, kind, bottom):
    clothes = replace(shopper.clothes, top_kind=kind, bottom_kind=bottom, shoe_kind="boot")
    looks = [
        ("short", "none", "cap"),
        ("long", "shoulder", "headscarf"),
        ("bald", "backpack", "none"),
        ("bun", "tote", "hat"),
        ("ponytail", "carrier", "none"),
        ("curly", "none", "beanie"),
    ]
    people = replace(
        crowd_at([(i, 0.0) for i in range(len(looks))], Pose.WALK),
        body=tuple(
            replace(shopper, clothes=clothes, hair=hair, bag=bag, headwear=worn)
            for hair, bag, worn in looks
        ),
    )
    mesh = crowd_mesh(people)
    assert np.isfinite(mesh.position).all()
    assert np.isfinite(mesh.normal).all()
    assert np.linalg.norm(mesh.normal, axis=-1).mean() > 0.94


@pytest.mark.parametrize("hair", ["short", "long", "bun", "ponytail"])
@pytest.mark.parametrize("headwear", HEADWEAR)
def test_faces_of_every_tube_look_outward(crowd_at, shopper, hair, headwear):
    body = replace(shopper, hair=hair, headwear=headwear, bag="tote")
    mesh = crowd_mesh(alone(crowd_at, body, (Pose.WALK, 1.0, 0.1, (np.nan,) * 3)))
    corners = mesh.position[0][MESH.triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = (face * mesh.normal[0][MESH.triangles].sum(1)).sum(1)
    area = np.linalg.norm(face, axis=1)
    assert (outward[area > 1e-4] > 0).mean() > 0.96


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
    mesh = crowd_mesh(crowd_at([]))
    assert mesh.position.shape == (0, MESH.vertices, 3)
    assert mesh.keypoints.shape == (0, 17, 3)
    assert mesh.bounds.shape == (0, 2, 3)
