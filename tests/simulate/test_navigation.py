"""Ways through the shop: how long, whether any, and how much memory they take."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate import navigation
from retailsim.simulate.motion import TICK_S, Mover, step
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.places import find_places
from retailsim.simulate.street import Street
from retailsim.store.load import load_plan, parse_plan
from retailsim.store.obstacles import clearance_m

PLAN = load_plan("scenarios/stores/boutique.yaml")
NAVIGATOR = Navigator(PLAN, Street.before(PLAN))
# A closet in the corner that three rails shut off, and a till that the way goes round.
CLOSET = """
name: closet
size_m: [8.0, 6.0]
zones:
  - {id: entrance, kind: entrance, polygon_m: [[0.0, 0.0], [8.0, 0.0], [8.0, 1.5], [0.0, 1.5]]}
doors:
  - {id: main, segment_m: [[1.0, 0.0], [2.5, 0.0]], inside_m: [1.7, 1.0]}
fixtures:
  - {id: shelf-1, kind: rail, center_m: [6.0, 3.5], size_m: [3.0, 0.4], height_m: 2, angle_deg: 90}
  - {id: shelf-2, kind: rail, center_m: [7.0, 2.0], size_m: [2.2, 0.4], height_m: 1.5}
  - {id: shelf-3, kind: rail, center_m: [6.0, 5.4], size_m: [1.2, 0.4], height_m: 2, angle_deg: 90}
  - {id: till-1, kind: till, center_m: [2.5, 3.0], size_m: [3.0, 0.6], height_m: 1.0}
"""
inside = st.tuples(st.floats(0.3, 11.7), st.floats(0.3, 8.7)).filter(
    lambda xy: clearance_m(NAVIGATOR.boxes, [xy])[0] > 0.3
)


def closet() -> Navigator:
    plan = parse_plan(CLOSET, origin="closet.yaml")
    return Navigator(plan, Street.before(plan))


def test_all_places_of_the_boutique_are_reachable_and_its_furniture_is_not() -> None:
    places = find_places(PLAN)
    groups = (*places.beside.values(), *places.queues.values(), *places.behind.values())
    spots = [spot for group in groups for spot in group]
    spots += [*places.rooms.values(), *places.mirrors.values()]
    assert len(spots) > 100
    assert [spot for spot in spots if not NAVIGATOR.reachable(spot)] == []
    tables = [f.center_m for f in PLAN.fixtures if f.kind == "table"]
    assert [spot for spot in tables if NAVIGATOR.reachable(spot)] == []


def test_a_shut_off_corner_is_not_reachable() -> None:
    navigator = closet()
    assert navigator.reachable((4.0, 4.5))
    assert not navigator.reachable((7.2, 4.5))
    assert navigator.way_m((4.0, 4.5), (7.2, 4.5)) == math.inf


def test_the_way_is_as_long_as_somebody_walks() -> None:
    navigator = closet()
    for start, goal in (((2.5, 2.0), (2.5, 4.0)), ((-1.0, -1.0), (4.0, 5.0))):
        walker = Mover(np.array(start), 0.0, 1.7, 1.0)
        walker.walk_to(navigator.field(goal), lambda: None)
        walked = 0.0
        while walker.walking and walked < 30:
            step([walker], navigator)
            walked += walker.speed_now_mps * TICK_S
        assert not walker.walking
        assert 0.98 * walked < navigator.way_m(start, goal) < 1.12 * walked


@settings(max_examples=20, deadline=None)
@given(a=inside, b=inside)
def test_ways_are_as_long_there_as_back_and_never_shorter_than_straight(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    there = NAVIGATOR.way_m(a, b)
    assert math.hypot(a[0] - b[0], a[1] - b[1]) <= there < 25
    fresh = Navigator(PLAN, Street.before(PLAN))
    assert fresh.way_m(b, a) == there


def test_fields_lead_to_their_goal_from_everywhere() -> None:
    field = NAVIGATOR.field((4.1, 7.9))
    for start in ((-1.5, -2.0), (11.0, 4.5), (1.0, 8.0), (10.6, 0.4)):
        cell = NAVIGATOR.cell(start)
        ways = [float(field.way_m[cell])]
        while field.aim[cell] != cell[0] * field.aim.shape[1] + cell[1]:
            cell = divmod(int(field.aim[cell]), field.aim.shape[1])
            ways.append(float(field.way_m[cell]))
        assert ways == sorted(ways, reverse=True)
        assert math.dist(NAVIGATOR.center(cell), field.goal_m) < 0.2


def test_memory_does_not_grow_with_the_number_of_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    navigator = Navigator(PLAN, Street.before(PLAN))
    goals = [(2.0 + 0.5 * k, 2.2) for k in range(8)]
    first = navigator.field(goals[0])
    monkeypatch.setattr(navigation, "KEPT_BYTES", 3 * first.nbytes)
    for goal in goals:
        navigator.field(goal)
        assert navigator.field(goal) is navigator.field(goal)
    assert len(navigator._fields) == 3
    again = navigator.field(goals[0])
    assert again is not first
    np.testing.assert_array_equal(again.aim, first.aim)
    np.testing.assert_array_equal(again.way_m, first.way_m)


def test_one_sees_along_the_aisle_and_not_through_the_table() -> None:
    assert NAVIGATOR.in_sight((2.0, 1.5), (10.0, 1.9))
    assert not NAVIGATOR.in_sight((4.8, 2.4), (4.8, 4.0))
