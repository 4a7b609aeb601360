"""What the cameras deliver: identities, boxes, shadows, the same bytes every time."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import moderngl
import numpy as np
import pytest

from retailsim.errors import DeviceError, ScenarioError
from retailsim.simulate.camera.knock import knocked
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.faults import CameraFlaws, Faults, Flaws, Knock
from retailsim.simulate.snapshot import Place, Pose, Swing
from retailsim.store.projection import Projection

pytestmark = pytest.mark.gl
PLACES = [(3.0, 3.0), (2.2, 2.2), (3.9, 3.6)]


@pytest.fixture
def rig(gl, corner):
    return CameraRig(corner, seed=5, depth=True)


def test_every_camera_delivers_in_plan_order(rig, crowd_at, snapshot_of):
    for tick in range(2):
        views = rig.render(snapshot_of(crowd_at(PLACES), tick))
        assert [view.frame.camera for view in views] == ["high", "side"]
        assert [view.frame.index for view in views] == [tick, tick]
        assert all(view.frame.image.shape == (180, 320, 3) for view in views)


def test_a_slower_camera_skips_ticks(gl, corner, crowd_at, snapshot_of):
    slow = corner.cameras[1].model_copy(update={"rate_hz": 5.0})
    rig = CameraRig(corner.model_copy(update={"cameras": [corner.cameras[0], slow]}), seed=5)
    due = [[v.frame.camera for v in rig.render(snapshot_of(crowd_at(PLACES), t))] for t in range(4)]
    assert due == [["high", "side"], ["high"], ["high", "side"], ["high"]]


def test_identities_are_those_of_the_people_drawn(rig, crowd_at, snapshot_of):
    nobody = rig.render(snapshot_of(crowd_at([])))[0]
    assert not nobody.id.any()
    assert len(nobody.boxes.person_id) == 0
    view = rig.render(snapshot_of(crowd_at(PLACES), 1))[0]
    assert set(np.unique(view.id)) == {0, 1, 2, 3}
    assert view.boxes.person_id.tolist() == [100, 101, 102]
    changed = np.abs(view.frame.image.astype(int) - nobody.frame.image).max(-1) > 40
    assert changed[view.id > 0].mean() > 0.5
    assert changed[view.id == 0].mean() < 0.1


def test_full_boxes_hold_visible_boxes(rig, crowd_at, snapshot_of):
    for view in rig.render(snapshot_of(crowd_at([*PLACES, (0.9, 0.8), (3.0, 0.7)]))):
        boxes = view.boxes
        assert (boxes.full_px[:, :2] <= boxes.visible_px[:, :2] + 1).all()
        assert (boxes.full_px[:, 2:] >= boxes.visible_px[:, 2:] - 1).all()
        assert (boxes.visible_px[:, :2] >= 0).all()
        assert (boxes.visible_px[:, 2:] <= [320, 180]).all()
        assert ((boxes.visible_share > 0) & (boxes.visible_share <= 1)).all()


def test_the_nearer_person_hides_the_farther(rig, crowd_at, snapshot_of):
    alone = rig.render(snapshot_of(crowd_at([(3.0, 4.0)])))[1]
    assert alone.boxes.visible_share[0] > 0.95
    both = rig.render(snapshot_of(crowd_at([(3.0, 4.0), (3.05, 2.4)]), 1))[1]
    share = dict(zip(both.boxes.person_id.tolist(), both.boxes.visible_share, strict=True))
    assert share[101] > 0.95
    assert share.get(100, 0.0) < 0.5
    assert np.nanmin(both.depth_m[both.id == 2]) < np.nanmin(alone.depth_m[alone.id == 1])


def test_a_body_cut_by_the_frame_is_partly_visible(rig, crowd_at, snapshot_of):
    boxes = rig.render(snapshot_of(crowd_at([(3.0, 1.15)])))[1].boxes
    assert boxes.visible_share[0] < 0.85
    assert boxes.full_px[0, 3] > 180


def test_feet_are_where_the_projection_says(rig, corner, crowd_at, snapshot_of):
    people = crowd_at([(3.0, 3.0), (2.2, 2.2)])
    view = rig.render(snapshot_of(people))[0]
    projection = Projection.of(corner.camera("high"))
    for row, xy in enumerate(people.xy_m):
        y, x = np.nonzero(view.id == row + 1)
        lowest = np.array([x[y > y.max() - 3].mean() + 0.5, y.max() + 1.0])
        top = projection.to_image([*xy, people.body[row].height_m])
        foot = projection.to_image([*xy, 0.0])
        # Toes reach up to a shoe's length before the ankles towards the camera.
        assert np.linalg.norm(lowest - foot) < 0.16 * np.linalg.norm(top - foot)
        assert abs(y.min() - top[1]) < 4


def test_pixels_of_a_body_lie_on_its_depth(rig, corner, crowd_at, snapshot_of):
    view = rig.render(snapshot_of(crowd_at([(3.0, 3.0)])))[0]
    projection = Projection.of(corner.camera("high"))
    depth = np.median(view.depth_m[view.id == 1])
    assert abs(depth - projection.to_camera([3.0, 3.0, 1.0])[2]) < 0.25


def test_people_throw_shadows_on_the_floor(rig, crowd_at, snapshot_of):
    bare = rig.render(snapshot_of(crowd_at([])))[0].frame.image.astype(int)
    view = rig.render(snapshot_of(crowd_at([(2.6, 2.4)]), 1))[0]
    darker = (bare - view.frame.image).mean(-1)
    near = np.zeros_like(view.id, bool)
    x1, y1, x2, y2 = view.boxes.full_px[0].astype(int)
    near[(y1 + y2) // 2 : y2 + 6, max(x1 - 25, 0) : x2 + 25] = True
    floor = near & (view.id == 0)
    assert (darker[floor] > 15).sum() > 40
    far = np.zeros_like(near)
    far[:40, :40] = True
    assert (darker[far] > 15).mean() < 0.01


def test_a_garment_taken_away_leaves_its_place(rig, crowd_at, snapshot_of):
    full = snapshot_of(crowd_at([]))
    before = rig.render(full)[0].frame.image.astype(int)
    place = full.garments.place.copy()
    place[:5] = Place.SOLD
    sold = replace(full, time_ns=10**8, garments=replace(full.garments, place=place))
    gone = rig.render(sold)[0].frame.image.astype(int)
    back = rig.render(replace(full, time_ns=2 * 10**8))[0].frame.image.astype(int)
    assert (np.abs(gone - before).max(-1) > 40).sum() > 150
    assert (np.abs(back - before).max(-1) > 40).sum() < 5


def test_a_flipped_garment_swings(rig, crowd_at, snapshot_of):
    still = snapshot_of(crowd_at([]), 5)
    swing = Swing(2, 0, 10**9, 2 * 10**9, (0.15, 0.0, 0.0), 1.0, 1.0, 0.5)
    before = rig.render(replace(still, time_ns=0))[0].frame.image.astype(int)
    moved = rig.render(replace(still, swings=(swing,)))[0].frame.image.astype(int)
    assert (np.abs(moved - before).max(-1) > 40).sum() > 20


def test_a_carried_garment_is_seen_at_the_hand(rig, corner, crowd_at, snapshot_of):
    people = crowd_at([(3.0, 2.5)], Pose.HOLD)
    people = replace(people, reach_xyz_m=np.array([[3.35, 2.4, 1.0]]))
    empty = snapshot_of(people)
    place, holder = empty.garments.place.copy(), empty.garments.holder.copy()
    tags = empty.garments.tag_xyz_m.copy()
    place[7], holder[7], tags[7] = Place.CARRIED, 0, people.reach_xyz_m[0]
    garments = replace(empty.garments, place=place, holder=holder, tag_xyz_m=tags)
    full = replace(empty, time_ns=10**8, garments=garments)
    hand = Projection.of(corner.camera("high")).to_image(people.reach_xyz_m[0])
    x, y = hand.astype(int)

    def blue_near_hand(snapshot):
        near = rig.render(snapshot)[0].frame.image[y - 6 : y + 20, x - 14 : x + 14].astype(int)
        return (near[..., 0] > near[..., 2] + 25).sum()

    before = blue_near_hand(empty)
    assert blue_near_hand(full) > before + 20


def test_nothing_but_the_truth_depends_on_labels(gl, corner, crowd_at, snapshot_of):
    people = crowd_at(PLACES)
    renamed = replace(people, body=tuple(replace(b, label=b.label * 7 + 1) for b in people.body))
    one, two = (CameraRig(corner, seed=5).render(snapshot_of(p)) for p in (people, renamed))
    for a, b in zip(one, two, strict=True):
        assert (a.frame.image == b.frame.image).all()
        assert (a.boxes.full_px == b.boxes.full_px).all()
        assert b.boxes.person_id.tolist() == [label * 7 + 1 for label in a.boxes.person_id]


def test_a_camera_sees_the_same_whoever_else_is_on_the_rig(gl, corner, crowd_at, snapshot_of):
    shot = snapshot_of(crowd_at(PLACES))
    both = CameraRig(corner, seed=5).render(shot)
    alone = CameraRig(corner.model_copy(update={"cameras": corner.cameras[1:]}), seed=5).render(
        shot
    )
    assert (both[1].frame.image == alone[0].frame.image).all()


def test_a_bent_camera_s_truth_lies_in_its_bent_picture(gl, corner, crowd_at, snapshot_of):
    bent = corner.cameras[0].model_copy(update={"distortion": (-0.2, 0.04)})
    plan = corner.model_copy(update={"cameras": [bent]})
    people = crowd_at([*PLACES, (5.2, 1.2)])
    view = CameraRig(plan, seed=5).render(snapshot_of(people))[0]
    plain = CameraRig(corner, seed=5).render(snapshot_of(people))[0]
    assert view.frame.image.shape == plain.frame.image.shape == (180, 320, 3)
    assert view.frame.image[[0, 0, -1, -1], [0, -1, 0, -1]].min() > 10  # no black corners
    boxes, projection = view.boxes, Projection.of(bent)
    assert (boxes.full_px[:, :2] <= boxes.visible_px[:, :2] + 1.5).all()
    assert (boxes.full_px[:, 2:] >= boxes.visible_px[:, 2:] - 1.5).all()
    for label, box in zip(boxes.person_id, boxes.visible_px, strict=True):
        row = label - 100
        top = projection.to_image([*people.xy_m[row], people.body[row].height_m])
        assert abs(box[1] - top[1]) < 5
    # Who is wholly visible stays so although the lens draws the edges together.
    share, before = (
        dict(zip(v.boxes.person_id.tolist(), v.boxes.visible_share.tolist(), strict=True))
        for v in (view, plain)
    )
    for label in before:
        assert share[label] == pytest.approx(before[label], abs=0.06)


def test_a_knocked_camera_draws_and_tells_where_it_really_looks(gl, corner, crowd_at, snapshot_of):
    knock = Knock(camera="high", at_s=0.2, yaw_deg=8, roll_deg=4, shift_m=(0.0, 0.05, -0.1))
    rig = CameraRig(corner, seed=5, faults=Faults(knocked=[knock]))
    straight = CameraRig(corner, seed=5)
    people = crowd_at([(3.0, 3.0)])
    shots = [snapshot_of(people, tick) for tick in range(4)]
    views, plain = ([r.render(s) for s in shots] for r in (rig, straight))
    same = [(a[0].frame.image == b[0].frame.image).all() for a, b in zip(views, plain, strict=True)]
    assert same == [True, True, False, False]
    assert (views[3][1].frame.image == plain[3][1].frame.image).all()  # the other camera
    projection = knocked(Projection.of(corner.camera("high")), knock)
    for v in (views[2][0], views[3][0]):
        top = projection.to_image([3.0, 3.0, 1.7])
        assert v.boxes.visible_px[0, 1] == pytest.approx(top[1], abs=4)
        assert v.boxes.visible_px[0, [0, 2]].mean() == pytest.approx(top[0], abs=8)
        y, x = np.nonzero(v.id == 1)
        assert [x.min(), y.min()] == v.boxes.visible_px[0, :2].astype(int).tolist()


def test_garments_go_and_come_in_a_knocked_camera_too(gl, corner, crowd_at, snapshot_of):
    faults = Faults(knocked=[Knock(camera="high", yaw_deg=-6)])
    rig = CameraRig(corner, seed=5, faults=faults)
    full = snapshot_of(crowd_at([]))
    before = rig.render(full)[0].frame.image.astype(int)
    place = full.garments.place.copy()
    place[:5] = Place.SOLD
    sold = replace(full, time_ns=10**8, garments=replace(full.garments, place=place))
    gone = rig.render(sold)[0].frame.image.astype(int)
    assert (np.abs(gone - before).max(-1) > 40).sum() > 150


def test_flaws_are_those_of_the_camera_they_name(gl, corner, crowd_at, snapshot_of):
    flaws = CameraFlaws(camera="side", blur_px=3.0)
    shot = snapshot_of(crowd_at(PLACES))
    plain, blurred = (
        CameraRig(corner, seed=5, faults=f).render(shot)
        for f in (Faults(), Faults(cameras=[flaws]))
    )
    assert (plain[0].frame.image == blurred[0].frame.image).all()
    assert not (plain[1].frame.image == blurred[1].frame.image).all()


def test_walkers_smear_when_the_shutter_is_open_long(gl, corner, crowd_at, snapshot_of):
    people = crowd_at([(2.6, 2.6)], Pose.WALK)
    people = replace(people, heading_rad=np.array([2.2]))
    slow, quick = (
        CameraRig(corner, seed=5, faults=Faults(flaws=Flaws(exposure_s=s))).render(
            snapshot_of(people)
        )[0]
        for s in (0.08, 0.002)
    )
    far = np.zeros_like(slow.id, bool)
    x1, y1, x2, y2 = slow.boxes.full_px[0].astype(int)
    far[max(y1 - 30, 0) : y2 + 30, max(x1 - 30, 0) : x2 + 30] = True
    changed = (slow.frame.image != quick.frame.image).any(-1)
    assert changed[slow.id == 1].mean() > 0.5
    assert not changed[~far].any()
    assert (slow.boxes.visible_px == quick.boxes.visible_px).all()


def test_joints_lie_on_their_own_body_in_the_delivered_picture(gl, corner, crowd_at, snapshot_of):
    bent = corner.cameras[0].model_copy(update={"distortion": (-0.2, 0.04)})
    plan = corner.model_copy(update={"cameras": [bent]})
    view = CameraRig(plan, seed=5).render(snapshot_of(crowd_at(PLACES)))[0]
    points, boxes = view.keypoints, view.boxes
    assert points.person_id.tolist() == boxes.person_id.tolist()
    assert points.xy_px.shape == (3, 17, 2)
    # Joints lie inside the body, hence inside the box of the whole body.
    low, high = boxes.full_px[:, None, :2], boxes.full_px[:, None, 2:]
    assert ((points.xy_px > low - 1.5) & (points.xy_px < high + 1.5)).all()
    wholly = boxes.visible_share > 0.95
    assert wholly.any()
    assert (points.visible[wholly] == 2).mean() > 0.9
    assert points.xy_px[:, 0, 1].max() < points.xy_px[:, 15:, 1].min()  # noses above ankles


def test_the_mask_names_people(rig, crowd_at, snapshot_of):
    view = rig.render(snapshot_of(crowd_at(PLACES)))[0]
    assert set(np.unique(view.mask)) == {0, *view.boxes.person_id.tolist()}
    assert ((view.mask == 101) == (view.id == 2)).all()
    empty = rig.render(snapshot_of(crowd_at([]), 1))[0]
    assert not empty.mask.any()


def digest_of_ticks() -> str:
    """Render a few ticks of the corner shop and hash all that comes out."""
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import PLAN  # type: ignore[import-not-found]

    from retailsim.simulate.lighting import Lighting, Sun
    from retailsim.simulate.scenario import load_scenario
    from retailsim.simulate.world import World
    from retailsim.store.load import load_plan, parse_plan

    more = """
  - {id: glass, kind: mirror, center_m: [3.0, 4.94], size_m: [0.9, 0.08], height_m: 1.9}
  - {id: doll, kind: mannequin, center_m: [4.2, 4.3], size_m: [0.5, 0.4], height_m: 1.85}
cameras:"""
    plan = parse_plan(PLAN.replace("\ncameras:", more, 1), origin="corner")
    world = World(
        load_scenario("scenarios/boutique.yaml"),
        load_plan("scenarios/stores/boutique.yaml"),
        seed=3,
    )
    sun = Sun(azimuth_deg=190, elevation_deg=35, speed=100.0, clouds=0.5)
    rig = CameraRig(plan, seed=3, lighting=Lighting(sun=sun))
    sha = hashlib.sha256()
    for tick, (snapshot, _) in enumerate(world.run(0.5)):
        count = len(plan.items)
        garments = replace(
            snapshot.garments,
            tag_xyz_m=np.array([plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items]),
            place=np.zeros(count, np.uint8),
            holder=np.full(count, -1),
        )
        for view in rig.render(replace(snapshot, garments=garments, swings=())):
            for part in (view.frame.image, view.id, view.boxes.full_px, view.boxes.visible_share):
                sha.update(part.tobytes())
        assert tick < 5
    return sha.hexdigest()


def test_two_processes_draw_the_same_bytes(gl, tmp_path):
    here = Path(__file__)
    digests = []
    for hash_seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, str(here)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        digests.append(done.stdout.strip())
    assert len(digests[0]) == 64
    assert digests[0] == digests[1]


def test_missing_opengl_is_said_in_one_line(monkeypatch, corner):
    def fail(**_: object) -> None:
        raise Exception("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(DeviceError) as caught:
        CameraRig(corner, seed=1)
    message = str(caught.value)
    assert "\n" not in message
    assert all(name in message for name in ("libegl1", "libgl1", "libgl1-mesa-dri"))


def test_a_plan_without_a_floor_cannot_be_drawn(gl, corner):
    bare = corner.model_copy(update={"size_m": None})
    with pytest.raises(ScenarioError, match="size_m"):
        CameraRig(bare, seed=1)


if __name__ == "__main__":
    print(digest_of_ticks())


def test_drawing_ahead_gives_the_views_of_drawing_one_by_one(gl, corner, crowd_at, snapshot_of):
    """Also where a camera is knocked while a picture is under way."""
    knock = Knock(camera="high", at_s=0.2, yaw_deg=8)
    shots = [
        snapshot_of(crowd_at([(x + 0.2 * tick, y) for x, y in PLACES]), tick) for tick in range(4)
    ]
    with CameraRig(corner, seed=5, faults=Faults(knocked=[knock])) as rig:
        singly = [view for shot in shots for view in rig.render(shot)]
    with CameraRig(corner, seed=5, faults=Faults(knocked=[knock])) as rig:
        ahead = [view for shot in shots for view in rig.advance(shot)] + rig.finish()
    assert len(singly) == len(ahead) == 8
    for one, other in zip(singly, ahead, strict=True):
        assert (one.frame.camera, one.frame.time_ns) == (other.frame.camera, other.frame.time_ns)
        assert (one.frame.image == other.frame.image).all()
        assert (one.id == other.id).all()
        assert (one.boxes.visible_px == other.boxes.visible_px).all()
        assert (one.boxes.visible_share == other.boxes.visible_share).all()


def test_a_closed_rig_gives_its_memory_back(gl, corner, crowd_at, snapshot_of):
    """Kept open, every rig of this plan holds some 40 MiB."""

    def play() -> None:
        with CameraRig(corner, seed=5) as rig:
            rig.render(snapshot_of(crowd_at(PLACES), 0))

    for _ in range(2):
        play()
    before = resident_bytes()
    for _ in range(4):
        play()
    assert resident_bytes() - before < 60 * 2**20


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
