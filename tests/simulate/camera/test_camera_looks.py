"""What a stranger tells people apart by is in the pictures: clothes, patterns, hair, hats, bags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from retailsim.simulate.camera.figure import BAGS, HAIR_STYLES, HEADWEAR, PATTERNS, SHOES, TOPS
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.simulate.snapshot import Pose
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

pytestmark = pytest.mark.gl
SIZE = (128, 192)


@pytest.fixture(scope="module")
def shoot(gl, crowd_at):
    """Photograph bodies one by one, walking past at 2.2 m, about 180 px high."""
    studio = PeopleStudio(*SIZE, samples=0)
    camera = Camera(
        id="a",
        width_px=SIZE[0],
        height_px=SIZE[1],
        position_m=(0, -4.5, 1.5),
        look_at_m=(0, 0, 0.9),
        hfov_deg=20,
    )

    def take(body, pose=Pose.STAND, heading=-0.9):
        people = replace(crowd_at([(0, 0)], pose), body=(body,), heading_rad=np.array([heading]))
        return studio.render(people, Projection.of(camera))

    return take


def unlike(shots):
    """Return the least number of pixels by which any two shots differ."""
    images = [shot.bgr.astype(int) for shot in shots]
    return min(
        int((np.abs(a - b).max(-1) > 25).sum()) for i, a in enumerate(images) for b in images[:i]
    )


def test_every_garment_looks_different(shoot, shopper):
    clothes = [replace(shopper.clothes, top_kind=kind) for kind in TOPS]
    clothes += [replace(shopper.clothes, bottom_kind=kind) for kind in ("skirt", "shorts")]
    assert unlike([shoot(replace(shopper, clothes=c)) for c in clothes]) > 60


@pytest.mark.parametrize("part", ["top", "bottom"])
def test_every_pattern_is_seen(shoot, shopper, part):
    field, second = f"{part}_pattern", {f"{part}_colour2": (0.9, 0.9, 0.1)}
    plain = replace(shopper.clothes, top_pattern="plain", bottom_pattern="plain", **second)
    shots = [shoot(replace(shopper, clothes=replace(plain, **{field: name}))) for name in PATTERNS]
    assert unlike(shots) > 80


def test_a_jacket_worn_open_shows_what_is_under_it(shoot, shopper):
    jacket = replace(
        shopper.clothes, top_kind="jacket", top_pattern="plain", top_colour=(0.02, 0.02, 0.3)
    )
    closed, opened = (
        shoot(replace(shopper, clothes=replace(jacket, inner_colour=inner)))
        for inner in (None, (0.8, 0.7, 0.05))
    )

    def yellow(shot):
        blue, _, red = shot.bgr[60:110].astype(int).transpose(2, 0, 1)
        return (red > blue + 60).sum()

    assert yellow(opened) > yellow(closed) + 80


@pytest.mark.parametrize("part", ["hair", "headwear", "bag"])
def test_every_style_of_head_and_bag_is_seen(shoot, shopper, part):
    bright = replace(shopper, accent_colour=(0.6, 0.5, 0.05), bag_colour=(0.05, 0.5, 0.6))
    names = {"hair": HAIR_STYLES, "headwear": HEADWEAR, "bag": BAGS}[part]
    shots = [shoot(replace(bright, **{part: name}), heading=-0.6) for name in names]
    assert unlike(shots) > 20


def test_faces_have_glasses_and_beards(shoot, shopper):
    faces = [
        shoot(replace(shopper, glasses=glasses, beard=beard), heading=-1.4)
        for glasses in (False, True)
        for beard in (False, True)
    ]
    assert unlike(faces) > 8


def test_shoes_differ(shoot, shopper):
    bare = replace(shopper.clothes, bottom_kind="skirt", shoe_colour=(0.4, 0.02, 0.02))
    shots = [shoot(replace(shopper, clothes=replace(bare, shoe_kind=kind))) for kind in SHOES]
    assert unlike(shots) > 10


def test_garment_colours_appear(shoot, shopper):
    clothes = replace(
        shopper.clothes,
        top_colour=(0.6, 0.02, 0.02),
        top_pattern="plain",
        bottom_colour=(0.02, 0.02, 0.6),
    )
    image = shoot(replace(shopper, clothes=clothes)).bgr.astype(int)
    upper, lower = image[55:100], image[120:165]
    assert ((upper[..., 2] > upper[..., 0] + 60).sum()) > 300
    assert ((lower[..., 0] > lower[..., 2] + 60).sum()) > 300
    assert ((upper[..., 0] > upper[..., 2] + 60).sum()) < 30


@pytest.mark.parametrize("pose", [pose for pose in Pose if pose not in (Pose.WALK, Pose.STAND)])
def test_every_pose_is_seen(shoot, shopper, pose):
    assert unlike([shoot(shopper), shoot(shopper, pose)]) > 60


def test_the_same_body_looks_the_same(shoot, shopper):
    assert (shoot(shopper).bgr == shoot(shopper).bgr).all()
    assert unlike([shoot(shopper), shoot(replace(shopper, texture_seed=9))]) > 60


def test_a_pram_hides_its_pusher_and_is_nobody(gl, corner, crowd_at, snapshot_of, shopper):
    plan = corner.model_copy(update={"cameras": corner.cameras[1:]})  # looks along +y
    rig, ticks = CameraRig(plan, seed=5), iter(range(3))

    def view(pram, heading):
        people = replace(
            crowd_at([(3.0, 3.0)], Pose.PUSH),
            body=(replace(shopper, pram=pram),),
            heading_rad=np.array([heading]),
        )
        return rig.render(snapshot_of(people, next(ticks)))[0]

    without, towards, away = view(False, -np.pi / 2), view(True, -np.pi / 2), view(True, np.pi / 2)
    assert without.boxes.visible_share[0] > 0.95
    assert towards.boxes.visible_share[0] < without.boxes.visible_share[0] - 0.15
    assert away.boxes.visible_share[0] > 0.9
    np.testing.assert_array_equal(towards.boxes.full_px, without.boxes.full_px)
    new = np.abs(towards.frame.image.astype(int) - without.frame.image).max(-1) > 30
    assert (new & (towards.id == 0) & (without.id == 0)).sum() > 50


def test_garments_on_sale_wear_the_same_patterns(gl, corner, crowd_at, snapshot_of):
    def picture(pattern):
        looks = {"pattern": pattern, "colour2": "#f0e020", "kind": "tshirt"}
        skus = [sku.model_copy(update=looks) for sku in corner.catalogue]
        plan = corner.model_copy(update={"catalogue": skus, "cameras": corner.cameras[:1]})
        return CameraRig(plan, seed=5).render(snapshot_of(crowd_at([])))[0].frame.image.astype(int)

    pictures = [picture(name) for name in PATTERNS]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert (np.abs(one - other).max(-1) > 30).sum() > 40
