"""The shops that ship: each can be, and each has what it is there for."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from retailsim.store.load import load_shop
from retailsim.store.plan import StorePlan
from retailsim.store.zones import zone_at

STORES = sorted(Path("scenarios/stores").glob("*.yaml"))


def store(name: str) -> StorePlan:
    return load_shop(f"scenarios/stores/{name}.yaml")


def kinds(plan: StorePlan) -> dict[str, int]:
    found = [fixture.kind for fixture in plan.fixtures]
    return {kind: found.count(kind) for kind in found}


def test_there_are_five_stores_so_that_no_figure_rests_on_one_shop() -> None:
    names = {path.stem for path in STORES}
    assert names >= {"boutique", "fast-fashion", "sports-shop", "concourse", "dense-rails"}


@pytest.mark.parametrize("path", STORES, ids=lambda path: path.stem)
def test_every_store_can_be_built_and_says_what_it_is(path: Path) -> None:
    plan = load_shop(path)
    assert plan.name == path.stem
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("path", STORES, ids=lambda path: path.stem)
def test_every_garment_hangs_in_a_zone_that_reports_can_name(path: Path) -> None:
    plan = load_shop(path)
    xyz = np.array([plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items]).reshape(-1, 3)
    assert not {"", "aisle"} & set(zone_at(plan, xyz[:, :2]))
    sold = {item.sku for item in plan.items}
    assert sold == {sku.id for sku in plan.catalogue}


def test_the_fast_fashion_floor_is_large_enough_to_strain_a_stack() -> None:
    plan = store("fast-fashion")
    assert plan.size_m == (30.0, 20.0)
    assert len(plan.cameras) == 8
    assert len(plan.readers) == 4
    assert all(4 <= len(reader.antennas) <= 8 for reader in plan.readers)
    assert len(plan.items) == len(plan.item_by_epc) == 1500
    assert len(plan.doors) == 2
    has = kinds(plan)
    assert has["till"] == 2
    assert 5 <= has["fitting_room"] <= 6
    assert {"rail", "table", "shelf", "mannequin", "column", "mirror"} <= set(has)


def test_the_fast_fashion_cameras_differ_in_resolution() -> None:
    sizes = {(c.width_px, c.height_px) for c in store("fast-fashion").cameras}
    assert sizes == {(640, 360), (1280, 720), (1920, 1080)}


@pytest.mark.parametrize("name", ["boutique", "fast-fashion", "sports-shop", "dense-rails"])
def test_every_door_is_watched_from_above_so_that_footfall_can_be_counted(name: str) -> None:
    plan = store(name)
    for door in plan.doors:
        middle = np.mean(door.segment_m, axis=0)
        gaps = [np.hypot(*(np.array(c.position_m)[:2] - middle)) for c in plan.cameras]
        assert min(gaps) < 1.0


def test_the_sports_shop_is_unlike_the_boutique_because_it_judges_what_is_trained_there() -> None:
    sports, boutique = store("sports-shop"), store("boutique")
    assert len(sports.items) == 320
    assert 1 <= len(sports.readers) <= 2
    assert sports.decor != boutique.decor
    assert "shelf" in kinds(sports)
    assert "shelf" not in kinds(boutique)
    angles = [
        {f.angle_deg % 90 for f in p.fixtures if f.kind == "rail"} for p in (sports, boutique)
    ]
    assert not angles[0] & angles[1]
    looks = [{(c.position_m, c.hfov_deg) for c in p.cameras} for p in (sports, boutique)]
    assert not looks[0] & looks[1]
    styles = [[s.style for s in p.catalogue] for p in (sports, boutique)]
    share = [style.count("sport") / len(style) for style in styles]
    assert share[0] > 0.4 > share[1]


def test_the_concourse_has_three_shop_fronts_and_a_screen_and_sells_nothing() -> None:
    plan = store("concourse")
    assert plan.size_m is not None
    fronts = [d for d in plan.doors if d.leads_to == "shop"]
    ends = [d for d in plan.doors if d.leads_to == "mall"]
    assert len(fronts) == 3
    assert all(y == plan.size_m[1] for d in fronts for _, y in d.segment_m)
    assert sorted({x for d in ends for x, _ in d.segment_m}) == [0.0, plan.size_m[0]]
    assert {"screen", "bench", "column", "plant"} <= set(kinds(plan))
    assert not plan.items
    assert not plan.readers
    assert "till" not in kinds(plan)


def test_a_camera_of_the_concourse_looks_at_who_stands_before_the_screen() -> None:
    plan = store("concourse")
    screen, camera = plan.fixture("screen-1"), plan.camera("screen")
    assert camera.position_m is not None
    assert camera.look_at_m is not None
    assert screen.opening_deg is not None
    assert np.hypot(*(np.array(camera.position_m)[:2] - screen.center_m)) < 0.5
    sees = np.subtract(camera.look_at_m, camera.position_m)[:2]
    shows = [np.cos(np.deg2rad(screen.opening_deg)), np.sin(np.deg2rad(screen.opening_deg))]
    assert sees @ shows / np.hypot(*sees) > 0.9


def test_the_dense_rail_corner_has_narrow_aisles_and_many_tags_on_one_reader() -> None:
    plan = store("dense-rails")
    rails = [f for f in plan.fixtures if f.kind == "rail"]
    assert len(rails) >= 12
    assert len(plan.items) == 400
    assert [len(reader.antennas) for reader in plan.readers] == [4]
    assert len(plan.cameras) == 2
    columns = sorted({f.center_m[0] for f in rails if f.angle_deg == 90})
    aisles = [b - a - rails[0].size_m[1] for a, b in pairwise(columns)]
    assert all(1.0 <= aisle <= 1.2 for aisle in aisles)
