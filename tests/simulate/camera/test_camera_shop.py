"""The standing shop: every kind of furniture is seen, and nothing of it is a person."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.furniture import furniture_mesh
from retailsim.simulate.camera.mirrors import panes
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.surfaces import Mesh
from retailsim.simulate.lighting import Lighting
from retailsim.simulate.snapshot import Garments, Snapshot
from retailsim.store.plan import Decor, Fixture, Sku, Stock, StorePlan, Window
from retailsim.store.projection import Projection

pytestmark = pytest.mark.gl
MIDDLE = (3.0, 2.8)
SIZES = {
    "shelf": ((1.2, 0.4), 1.8), "mannequin": ((0.5, 0.4), 1.85), "column": ((0.5, 0.5), 3.0),
    "bench": ((1.4, 0.5), 0.45), "screen": ((0.9, 0.2), 2.0), "mirror": ((0.9, 0.08), 1.9),
    "plant": ((0.5, 0.5), 1.4), "till": ((1.4, 0.6), 1.0), "wall": ((1.5, 0.1), 2.0),
}  # fmt: skip


def furnished(plan: StorePlan, **changes: object) -> StorePlan:
    # A bare copy would keep the list of items that the plan has worked out before.
    return StorePlan.model_validate(plan.model_copy(update=changes).model_dump())


def add(plan: StorePlan, kind: str, center_m=MIDDLE, angle_deg: float = 0.0) -> StorePlan:
    size, height = SIZES[kind]
    fixture = Fixture(
        id="new", kind=kind, center_m=center_m, size_m=size, height_m=height, angle_deg=angle_deg
    )
    return furnished(plan, fixtures=[*plan.fixtures, fixture])


def shot(plan: StorePlan, people, tick: int = 0) -> Snapshot:
    tags = np.array([plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items]).reshape(-1, 3)
    count = len(tags)
    garments = Garments(tags, np.zeros(count, np.uint8), np.full(count, -1))
    return Snapshot(tick * 10**8, people, garments, ())


def views(plan: StorePlan, people, **how):
    return CameraRig(plan, seed=5, **how).render(shot(plan, people))


def changed(a, b, levels: int = 30) -> np.ndarray:
    return np.abs(a.frame.image.astype(int) - b.frame.image).max(-1) > levels


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_every_kind_of_furniture_is_seen_and_is_nobody(gl, corner, crowd_at, kind):
    nobody = crowd_at([])
    before, after = views(corner, nobody)[0], views(add(corner, kind), nobody)[0]
    assert changed(before, after).sum() > 150
    assert not after.id.any()
    assert len(after.boxes.person_id) == 0


def test_a_mannequin_hides_people_and_is_none_of_them(gl, corner, crowd_at):
    plan, people = add(corner, "mannequin", (3.0, 2.0)), crowd_at([(3.0, 3.6)])
    alone, hidden = views(corner, people)[1], views(plan, people)[1]
    assert hidden.boxes.person_id.tolist() == alone.boxes.person_id.tolist() == [100]
    assert hidden.boxes.visible_share[0] < alone.boxes.visible_share[0] - 0.2


def test_mannequins_differ_by_their_names(gl, corner, crowd_at):
    plan = add(corner, "mannequin")
    other = furnished(
        plan, fixtures=[*corner.fixtures, plan.fixtures[-1].model_copy(update={"id": "twin"})]
    )
    assert changed(views(plan, crowd_at([]))[1], views(other, crowd_at([]))[1]).sum() > 50


def test_goods_lie_on_shelves(gl, corner, crowd_at):
    plan = add(corner, "shelf", (3.0, 4.7))
    sku = Sku(id="loud", name="loud", kind="knit", colour="#d81fd8", style="basic", price_eur=1)
    stocked = furnished(
        plan,
        catalogue=[*plan.catalogue, sku],
        stock=[*plan.stock, Stock(fixture="new", sku="loud", count=18)],
    )
    image = views(stocked, crowd_at([]))[1].frame.image.astype(int)
    magenta = (np.minimum(image[..., 0], image[..., 2]) - image[..., 1]) > 60
    rows = np.flatnonzero(magenta.any(1))
    assert magenta.sum() > 60
    assert np.ptp(rows) > 15  # on more than one board


def test_a_mirror_shows_who_stands_before_it_and_says_nobody(gl, corner, crowd_at):
    plan = add(corner, "mirror", (3.0, 4.9))
    empty = views(plan, crowd_at([]))[0]
    seen = views(plan, crowd_at([(3.0, 3.9)]))[0]
    x, y = glass_px(plan)
    glass = np.zeros(seen.id.shape, bool)
    glass[y[0] : y[1], x[0] : x[1]] = True
    image = glass & (seen.id == 0) & changed(empty, seen)
    assert image.sum() > 40
    assert seen.boxes.person_id.tolist() == [100]


def test_a_mirror_shows_nobody_who_stands_behind_it(gl, corner, crowd_at):
    plan = add(corner, "mirror", (3.0, 2.6), angle_deg=180.0)
    front = CameraRig(plan, seed=5)
    empty = front.render(shot(plan, crowd_at([])))[1]
    behind = front.render(shot(plan, crowd_at([(3.0, 4.2)]), 1))[1]
    x, y = glass_px(plan, camera="side")
    inner = np.s_[y[0] + 3 : y[1] - 3, x[0] + 3 : x[1] - 3]
    assert not (changed(empty, behind) & (behind.id == 0))[inner].any()


def glass_px(plan: StorePlan, camera: str = "high"):
    corners = Projection.of(plan.camera(camera)).to_image(panes(plan)[0].corners)
    low, high = corners.min(0).astype(int), corners.max(0).astype(int)
    return (max(low[0], 0), high[0]), (max(low[1], 0), high[1])


def test_floors_and_walls_look_as_the_plan_says(gl, corner, crowd_at):
    nobody = crowd_at([])
    images = {}
    for floor in ("planks", "tiles", "stone", "carpet", "concrete"):
        plan = furnished(corner, decor=Decor(floor=floor))
        images[floor] = views(plan, nobody)[0]
    names = list(images)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert changed(images[one], images[other], 8).mean() > 0.1, (one, other)
    painted = views(furnished(corner, decor=Decor(wall_colour="#801010")), nobody)[1]
    image = painted.frame.image.astype(int)
    assert ((image[..., 2] - image[..., 1]) > 40).mean() > 0.1


def test_a_window_lets_look_out_and_light_in(gl, corner, crowd_at):
    nobody = crowd_at([])
    window = Window(id="west", segment_m=((0.0, 1.0), (0.0, 4.0)), sill_m=0.5, top_m=2.4)
    glazed = furnished(corner, windows=[window])
    cameras = [c.model_copy(update={"look_at_m": (0.0, 2.6, 1.2)}) for c in corner.cameras[1:]]
    inward = furnished(glazed, cameras=cameras)
    wall = views(furnished(corner, cameras=cameras), nobody)[0]
    street = views(inward, nobody)[0]
    assert changed(wall, street).mean() > 0.05
    dull, bright = (
        views(glazed, nobody, lighting=lighting)[1].frame.image.mean()
        for lighting in (Lighting(daylight=0.0), Lighting(daylight=3.0))
    )
    assert bright > dull + 5


def test_all_furniture_but_mannequins_is_made_of_plain_meshes(corner):
    for kind in SIZES:
        only = furnished(corner, fixtures=add(corner, kind).fixtures[-1:], stock=[])
        mesh = furniture_mesh(only)
        assert isinstance(mesh, Mesh)
        assert (mesh.count > 0) == (kind != "mannequin")
