"""A shop that cannot be is refused with the object's name and position."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import ScenarioError
from retailsim.store.checks import check_plan, overlap_m
from retailsim.store.load import load_shop
from retailsim.store.obstacles import clearance_m, fixture_boxes
from retailsim.store.plan import Camera, Fixture, StorePlan
from retailsim.store.slots import footprint_m

KIOSK = """
name: kiosk
size_m: [7.0, 6.0]
height_m: 3.0
zones:
  - {id: entrance, kind: entrance, polygon_m: [[2.0, 0.0], [5.0, 0.0], [5.0, 1.5], [2.0, 1.5]]}
  - {id: left, kind: display, polygon_m: [[0.0, 1.5], [2.0, 1.5], [2.0, 6.0], [0.0, 6.0]]}
doors:
  - {id: main, segment_m: [[2.7, 0.0], [4.3, 0.0]], inside_m: [3.5, 1.0]}
windows:
  - {id: pane, segment_m: [[0.5, 0.0], [2.0, 0.0]]}
fixtures:
  - {id: rail, kind: rail, center_m: [0.4, 3.0], size_m: [1.6, 0.5], height_m: 1.5, angle_deg: 90}
  - {id: table, kind: table, center_m: [3.4, 3.4], size_m: [1.2, 0.8], height_m: 0.8}
  - {id: shelf, kind: shelf, center_m: [6.75, 4], size_m: [1.6, 0.4], height_m: 1.6, angle_deg: 90}
  - {id: room, kind: fitting_room, center_m: [0.8, 5.25], size_m: [1.4, 1.4], height_m: 2.1}
  - {id: mirror, kind: mirror, center_m: [2.6, 5.95], size_m: [0.9, 0.08], height_m: 1.9}
  - {id: till, kind: till, center_m: [5.7, 1.3], size_m: [1.4, 0.6], height_m: 1.0}
  - {id: post, kind: column, center_m: [5.0, 4.9], size_m: [0.4, 0.4], height_m: 3.0}
  - {id: screen, kind: screen, center_m: [3.7, 5.95], size_m: [1.2, 0.1], height_m: 2.2}
cameras:
  - {id: eye, position_m: [0.2, 0.2, 2.8], look_at_m: [3.5, 3.0, 0.0], hfov_deg: 90}
readers:
  - {id: radio, antennas: [{port: 2, position_m: [1.5, 3.0, 2.8], look_at_m: [1.0, 3.0, 0.8]}]}
catalogue:
  - {id: red, name: red shirt, kind: shirt, colour: "#b3212b", style: casual, price_eur: 30}
stock:
  - {fixture: rail, sku: red, count: 6}
  - {fixture: table, sku: red, count: 6}
  - {fixture: shelf, sku: red, count: 6}
"""


def kiosk() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(KIOSK)
    return data


def kiosk_with(field: str, object_id: str, **changes: Any) -> StorePlan:
    """The kiosk with one object changed, or added where there is none of that name."""
    data = kiosk()
    rows = data[field]
    row = next((row for row in rows if row.get("id") == object_id), None)
    if row is None:
        rows.append({"id": object_id})
        row = rows[-1]
    row.update(changes)
    return StorePlan.model_validate(data)


def refusal(plan: StorePlan) -> str:
    with pytest.raises(ScenarioError) as error:
        check_plan(plan)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_shop_that_can_be_is_let_in() -> None:
    check_plan(StorePlan.model_validate(kiosk()))


def test_a_recording_s_plan_without_floor_is_let_in() -> None:
    check_plan(StorePlan(name="street", cameras=[Camera(id="cam0")]))


def test_furniture_in_furniture() -> None:
    text = refusal(kiosk_with("fixtures", "table", center_m=[1.0, 3.0]))
    assert (
        "table 'table' at (1.00, 3.00) m overlaps rail 'rail' at (0.40, 3.00) m by 0.25 m" in text
    )


def test_furniture_turned_into_furniture() -> None:
    straight = {"center_m": [4.6, 4.25], "size_m": [1.2, 0.8]}
    check_plan(kiosk_with("fixtures", "table", **straight))
    text = refusal(kiosk_with("fixtures", "table", angle_deg=45, **straight))
    assert "column 'post' at (5.00, 4.90) m overlaps table 'table' at (4.60, 4.25) m" in text


def test_a_mirror_may_hang_on_a_column_but_not_stand_in_it() -> None:
    hung = {"kind": "mirror", "size_m": [0.4, 0.06], "height_m": 2.0}
    check_plan(kiosk_with("fixtures", "small", center_m=[5.0, 4.68], **hung))
    text = refusal(kiosk_with("fixtures", "small", center_m=[5.0, 4.85], **hung))
    assert "mirror 'small' at (5.00, 4.85) m overlaps column 'post'" in text


def test_furniture_off_the_floor_or_through_the_ceiling() -> None:
    text = refusal(kiosk_with("fixtures", "rail", center_m=[0.1, 3.0]))
    assert "rail 'rail' at (0.10, 3.00) m stands 0.15 m outside the floor" in text
    text = refusal(kiosk_with("fixtures", "post", height_m=3.4))
    assert "column 'post' at (5.00, 4.90) m is 3.4 m high, above the ceiling" in text


@pytest.mark.parametrize(
    ("position_m", "where"),
    [
        ([-0.1, 2.0, 2.8], "(-0.10, 2.00, 2.80) m is inside a wall"),
        ([3.0, 7.0, 2.8], "(3.00, 7.00, 2.80) m is outside the building"),
        ([3.0, 3.0, 3.1], "(3.00, 3.00, 3.10) m is above the ceiling"),
        ([5.0, 4.9, 2.8], "(5.00, 4.90, 2.80) m is inside column 'post' at (5.00, 4.90) m"),
    ],
)
def test_a_camera_inside_a_wall(position_m: list[float], where: str) -> None:
    assert f"camera 'eye' at {where}" in refusal(
        kiosk_with("cameras", "eye", position_m=position_m)
    )


def test_a_camera_over_a_table_is_not_in_it() -> None:
    check_plan(kiosk_with("cameras", "eye", position_m=[3.4, 3.4, 2.8]))


@pytest.mark.parametrize(
    ("position_m", "where"),
    [
        ([8.0, 3.0, 2.8], "(8.00, 3.00, 2.80) m is outside the building"),
        ([3.0, 3.0, 3.2], "(3.00, 3.00, 3.20) m is above the ceiling"),
    ],
)
def test_an_antenna_outside_the_shop(position_m: list[float], where: str) -> None:
    antennas = [{"port": 2, "position_m": position_m, "look_at_m": [3, 3, 0]}]
    text = refusal(kiosk_with("readers", "radio", antennas=antennas))
    assert f"antenna 2 of reader 'radio' at {where}" in text


def test_an_antenna_that_looks_nowhere() -> None:
    here = [3, 3, 2.5]
    antennas = [{"port": 2, "position_m": here, "look_at_m": here}]
    text = refusal(kiosk_with("readers", "radio", antennas=antennas))
    assert "antenna 2 of reader 'radio' at (3.00, 3.00, 2.50) m looks at itself" in text


def test_two_antennas_on_one_port() -> None:
    antenna = {"port": 2, "position_m": [3, 3, 2.5], "look_at_m": [3, 3, 0]}
    with pytest.raises(ValueError, match="port used twice: 2"):
        kiosk_with("readers", "radio", antennas=[antenna, antenna])


def test_a_zone_that_nobody_can_reach() -> None:
    wall = {"kind": "wall", "center_m": [3.5, 4.3], "size_m": [7.0, 0.1], "height_m": 3.0}
    data = kiosk()
    data["fixtures"] = [{"id": "partition", **wall}]
    data["stock"] = []
    data["zones"].append(
        {"id": "back", "kind": "display", "polygon_m": [[3, 4.4], [7, 4.4], [7, 6], [3, 6]]}
    )
    text = refusal(StorePlan.model_validate(data))
    assert "zone 'back' around (5.00, 5.20) m cannot be reached from a door" in text
    data["fixtures"][0].update(center_m=[3.0, 4.3], size_m=[6.0, 0.1])  # a gap of 1 m
    check_plan(StorePlan.model_validate(data))


def test_zones_that_overlap_or_lie_off_the_floor() -> None:
    square = [[1.5, 2.0], [3.0, 2.0], [3.0, 3.0], [1.5, 3.0]]
    text = refusal(kiosk_with("zones", "more", kind="display", polygon_m=square))
    assert "zone 'more' overlaps zone 'left' by 0.50 m2 at (1.75, 2.50) m" in text
    beyond = [[5.0, 3.0], [7.5, 3.0], [7.0, 5.0]]
    text = refusal(kiosk_with("zones", "more", kind="display", polygon_m=beyond))
    assert "zone 'more' lies off the floor at (7.50, 3.00) m" in text


def test_a_rail_with_no_room_beside_it() -> None:
    wall = {"kind": "wall", "center_m": [1.2, 3.0], "size_m": [0.1, 2.0], "height_m": 3.0}
    text = refusal(kiosk_with("fixtures", "partition", **wall))
    assert "rail 'rail' at (0.40, 3.00) m has no room to stand beside it" in text


def test_a_shelf_with_a_bench_before_it() -> None:
    data = kiosk()
    bench = {"kind": "bench", "center_m": [6.05, 4.0], "size_m": [0.4, 1.6], "height_m": 0.5}
    data["fixtures"].append({"id": "seat", **bench})
    # Nobody fits in the 0.3 m between the two.
    text = refusal(StorePlan.model_validate(data))
    assert "shelf 'shelf' at (6.75, 4.00) m has no room to stand beside it" in text


@pytest.mark.parametrize(
    ("thing", "where"),
    [
        ("rail", "rail 'rail' at (0.40, 3.00) m"),
        ("room", "fitting room 'room' at (0.80, 5.25) m"),
        ("mirror", "mirror 'mirror' at (2.60, 5.95) m"),
    ],
)
def test_furniture_that_nobody_can_get_to(thing: str, where: str) -> None:
    data = kiosk()
    row = next(f for f in data["fixtures"] if f["id"] == thing)
    partition = {"kind": "wall", "size_m": [7.0, 0.1], "height_m": 3.0, "center_m": [3.5, 1.9]}
    data["fixtures"] = [{"id": "partition", **partition}, row]
    data["stock"] = [s for s in data["stock"] if s["fixture"] == thing]
    data["zones"] = []
    assert f"{where} cannot be reached from a door" in refusal(StorePlan.model_validate(data))


def test_a_till_needs_room_behind_it() -> None:
    text = refusal(kiosk_with("fixtures", "till", center_m=[5.7, 0.4]))
    assert "till 'till' at (5.70, 0.40) m has no room to stand on both sides" in text


def test_a_screen_needs_people_before_it() -> None:
    text = refusal(kiosk_with("fixtures", "screen", opening_deg=90))
    assert "screen 'screen' at (3.70, 5.95) m has no room to stand before it" in text
    check_plan(kiosk_with("fixtures", "screen", opening_deg=270))


def test_goods_on_what_holds_none() -> None:
    data = kiosk()
    data["stock"].append({"fixture": "post", "sku": "red", "count": 2})
    text = refusal(StorePlan.model_validate(data))
    assert "column 'post' at (5.00, 4.90) m cannot hold 2 garments" in text


def test_a_rail_with_more_garments_than_go_on_it() -> None:
    data = kiosk()
    data["stock"][0]["count"] = 106
    check_plan(StorePlan.model_validate(data))
    data["stock"][0]["count"] = 107  # 1.6 m of bar, 1.5 cm each
    text = refusal(StorePlan.model_validate(data))
    assert "rail 'rail' at (0.40, 3.00) m has no room for 107 garments; stock at most 106" in text


@pytest.mark.parametrize("field", ["doors", "windows"])
def test_openings_that_are_not_on_a_side_of_the_floor(field: str) -> None:
    more = {"inside_m": [3.5, 3.0]} if field == "doors" else {}
    text = refusal(kiosk_with(field, "odd", segment_m=[[3.0, 2.0], [4.0, 2.0]], **more))
    assert f"{field[:-1]} 'odd' at (3.50, 2.00) m is not on a side of the floor" in text


def test_doors_may_be_in_any_side() -> None:
    segment = [[7.0, 2.2], [7.0, 3.0]]
    check_plan(kiosk_with("doors", "east", segment_m=segment, inside_m=[6.5, 2.6]))
    text = refusal(kiosk_with("doors", "east", segment_m=segment, inside_m=[7.5, 2.6]))
    assert "door 'east' at (7.00, 2.60) m: inside_m (7.50, 2.60) m is off the floor" in text


def test_a_blocked_door() -> None:
    crate = {"kind": "table", "center_m": [3.5, 0.4], "size_m": [2.4, 0.8], "height_m": 0.8}
    text = refusal(kiosk_with("fixtures", "crate", **crate))
    assert "door 'main' at (3.50, 0.00) m is blocked" in text


def test_a_window_in_a_doorway_or_above_the_ceiling() -> None:
    text = refusal(kiosk_with("windows", "pane", segment_m=[[0.5, 0.0], [3.0, 0.0]]))
    assert "window 'pane' at (1.75, 0.00) m and door 'main' share 0.30 m of wall" in text
    text = refusal(kiosk_with("windows", "pane", top_m=3.5))
    assert "window 'pane' at (1.25, 0.00) m reaches from 0.4 to 3.5 m" in text


def test_a_floor_as_large_as_a_town_is_refused_before_memory_is_taken() -> None:
    data = kiosk()
    data["size_m"] = [1e6, 1e6]
    assert "larger than 50000" in refusal(StorePlan.model_validate(data))


def test_a_place_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        kiosk_with("fixtures", "rail", center_m=[float("nan"), 3.0])


def test_the_refusal_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.yaml"
    path.write_text(KIOSK.replace("center_m: [3.4, 3.4]", "center_m: [0.9, 3.4]"))
    line = 1 + next(i for i, row in enumerate(KIOSK.splitlines()) if "id: table" in row)
    with pytest.raises(ScenarioError, match=rf"kiosk.yaml:{line}: table 'table' at \(0.90, 3.40\)"):
        load_shop(path)


rectangles = st.builds(
    lambda x, y, w, d, a: Fixture(
        id="f", kind="table", center_m=(x, y), size_m=(w, d), height_m=1.0, angle_deg=a
    ),
    *[st.floats(0, 4)] * 2,
    *[st.floats(0.2, 2)] * 2,
    st.floats(0, 360),
)


@given(rectangles, rectangles)
def test_rectangles_apart_share_no_point_and_those_that_overlap_do(
    one: Fixture, other: Fixture
) -> None:
    depth = overlap_m(one, other)
    assert depth == pytest.approx(overlap_m(other, one))
    grid = np.linspace(-0.5, 0.5, 41)
    u, v = np.meshgrid(grid, grid)
    corners = footprint_m(one)
    points = (
        np.array(one.center_m)
        + u.reshape(-1, 1) * (corners[1] - corners[0])
        + v.reshape(-1, 1) * (corners[3] - corners[0])
    )
    nearest = clearance_m(fixture_boxes(other), points).min()
    if depth < 0:
        assert nearest > -1e-6
    if depth > 0.1:  # more than the grid's step
        assert nearest < 0.05
