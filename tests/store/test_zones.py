"""Zones, obstacles and walkable floor of the boutique's plan."""

import numpy as np
import pytest

from retailsim.errors import ScenarioError
from retailsim.store.load import load_plan
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.slots import footprint_m
from retailsim.store.zones import ZoneMap, occupancy_grid, walkable_cells, zone_at


@pytest.fixture(scope="module")
def plan() -> StorePlan:
    return load_plan("scenarios/stores/boutique.yaml")


def test_points_find_their_zone_the_aisle_and_the_outside(plan: StorePlan) -> None:
    points = [[6.0, 1.0], [11.0, 1.0], [4.5, 7.0], [6.0, -0.1], [6.0, 9.1], [4.0, 8.0]]
    assert zone_at(plan, points).tolist() == ["entrance", "till", "aisle", "", "", "mirror"]
    assert zone_at(plan, [2.0, 3.0]).tolist() == ["middle-left"]


def test_zones_agree_with_a_polygon_library(plan: StorePlan) -> None:
    cv2 = pytest.importorskip("cv2")
    points = np.random.default_rng(1).uniform(0, [12, 9], (500, 2))
    for point, found in zip(points, ZoneMap(plan).at(points), strict=True):
        inside = [
            zone.id
            for zone in plan.zones
            if cv2.pointPolygonTest(np.array(zone.polygon_m, np.float32), tuple(point), False) > 0
        ]
        assert found == (inside[0] if inside else "aisle")


def test_stocked_garments_are_in_zones_of_the_plan(plan: StorePlan) -> None:
    xyz = np.array([plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items])
    assert not {"", "aisle"} & set(zone_at(plan, xyz[:, :2]))


def test_solid_furniture_is_inside_obstacles_and_fitting_rooms_are_not(plan: StorePlan) -> None:
    boxes = obstacles(plan)
    for fixture in plan.fixtures:
        clearance = clearance_m(boxes, [fixture.center_m])[0]
        if fixture.kind == "fitting_room":
            assert clearance > 0.6
            opening = np.array(fixture.center_m) - [0, fixture.size_m[1] / 2]
            assert clearance_m(boxes, [opening])[0] > 0.6
        else:
            assert clearance < 0
            corners = clearance_m(boxes, footprint_m(fixture, 0.3))
            np.testing.assert_array_less(corners, 0.3 * np.sqrt(2) + 1e-9)


def test_walls_stand_all_round_except_at_the_door(plan: StorePlan) -> None:
    around = [[-0.1, 4], [12.1, 4], [3, -0.1], [8, -0.1], [6, 9.1]]
    assert (clearance_m(obstacles(plan), around) < 0).all()
    assert clearance_m(obstacles(plan), [[6.0, -0.1]])[0] > 0.8


def test_a_wider_margin_blocks_more_floor(plan: StorePlan) -> None:
    narrow, wide = occupancy_grid(plan, 0.1, 0.0), occupancy_grid(plan, 0.1, 0.25)
    assert narrow.shape == (90, 120)
    assert wide[narrow].all()
    assert wide.sum() > narrow.sum()


def test_walkable_cells_are_the_free_floor(plan: StorePlan) -> None:
    cells = walkable_cells(plan, 1.0)
    assert cells.shape == (9, 12)
    assert cells[1, 6]  # the entrance
    assert cells[8, 0]  # a fitting room
    assert cells[3, 0]  # beside the rail along the left wall
    assert not cells[5, 4]  # a table fills this one


def test_a_plan_without_floor_has_no_cells() -> None:
    plan = StorePlan(name="street", cameras=[Camera(id="cam0")])
    with pytest.raises(ScenarioError, match="size_m"):
        walkable_cells(plan, 1.0)
