"""What people did where, measured on made-up sessions."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.messages.log import MessageLog
from retailsim.messages.truth import (
    TruthBoxes,
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
)
from retailsim.simulate.deeds import (
    armfuls_past_antennas,
    half_hidden_share,
    passed_by,
    screen_group,
    shop_visits,
    tags_beside_handled,
)
from retailsim.store.load import load_plan
from retailsim.store.plan import Reader, StorePlan

CLERK, FAR_M = 90, (6.5, 5.5)


def at(time_ns: int, person: int, xy_m: tuple[float, float], *, staff: bool) -> TruthPeople:
    one = np.ones(1)
    return TruthPeople(time_ns, np.array([person]), np.array([xy_m]), 0 * one, one == staff)


@pytest.fixture(scope="module")
def with_antenna(small_plan: StorePlan) -> StorePlan:
    antenna = {"port": 1, "position_m": (1.0, 1.0, 2.8), "look_at_m": (1.0, 1.0, 0.0)}
    reader = Reader.model_validate({"id": "r", "antennas": [antenna]})
    return small_plan.model_copy(update={"readers": [reader]})


def walk_by(person: int, *, tags: int, staff: bool = True) -> MessageLog:
    """Somebody comes to the antenna at 2 and at 4, with tags in their arms up to 3."""
    places = [FAR_M, FAR_M, (1.0, 2.0), FAR_M, (1.5, 1.0), FAR_M]
    log = MessageLog(at(t, person, xy, staff=staff) for t, xy in enumerate(places))
    log.extend(TruthCarry(1, 3, person, f"{k}") for k in range(tags))
    return log


def test_only_armfuls_of_staff_near_an_antenna_count(with_antenna: StorePlan) -> None:
    assert armfuls_past_antennas(walk_by(CLERK, tags=8), with_antenna) == 1
    assert armfuls_past_antennas(walk_by(CLERK, tags=7), with_antenna) == 0
    assert armfuls_past_antennas(walk_by(1, tags=8, staff=False), with_antenna) == 0


def test_without_antennas_or_anybody_nothing_passes(
    small_plan: StorePlan, with_antenna: StorePlan
) -> None:
    assert armfuls_past_antennas(walk_by(CLERK, tags=8), small_plan) == 0
    assert armfuls_past_antennas(MessageLog(), with_antenna) == 0


def test_tags_beside_a_handled_garment_are_those_within_reach_of_the_hand(
    small_plan: StorePlan,
) -> None:
    rail = [item.epc for item in small_plan.items if item.fixture == "rail-1"]
    ends, middle = rail[0], rail[len(rail) // 2]

    def beside(*epcs: str) -> float:
        done = (TruthInteraction(1, 2, 1, epc, "flip") for epc in epcs)
        return tags_beside_handled(MessageLog(done), small_plan)

    assert 0 < beside(ends) < beside(middle) < len(rail)
    assert beside(ends, middle) == pytest.approx((beside(ends) + beside(middle)) / 2)
    assert beside() == beside("unknown") == 0


def test_who_leaves_without_going_in_passed_by(small_plan: StorePlan) -> None:
    log = MessageLog(at(0, person, (3.0, -1.0), staff=False) for person in (1, 2, 3))
    log.extend([at(0, CLERK, FAR_M, staff=True), TruthCrossing(1, "main", 2, "in")])
    log.extend([at(5, 3, (3.0, -1.0), staff=False)])  # the third is still there
    assert passed_by(log, small_plan) == 1


def test_in_a_mall_passes_by_who_enters_no_shop() -> None:
    mall = load_plan("scenarios/stores/concourse.yaml")
    shop = next(door.id for door in mall.doors if door.leads_to == "shop")
    way = next(door.id for door in mall.doors if door.leads_to != "shop")
    log = MessageLog(at(0, person, (3.0, 3.0), staff=False) for person in (1, 2))
    log.extend([TruthCrossing(1, way, 1, "in"), TruthCrossing(1, way, 2, "in")])
    log.extend([TruthCrossing(2, shop, 2, "out"), TruthCrossing(3, shop, 2, "in")])
    log.extend([at(9, 7, (3.0, 3.0), staff=False)])
    assert passed_by(log, mall) == 1
    assert shop_visits(log, mall) == 1


def test_a_group_looks_at_one_screen_at_the_same_time() -> None:
    mall = load_plan("scenarios/stores/concourse.yaml")
    screen = next(fixture.id for fixture in mall.fixtures if fixture.kind == "screen")
    looks = [(0, 5, screen), (4, 9, screen), (5, 7, screen), (4, 5, "mirror")]
    log = MessageLog(TruthLook(start, end, i, what) for i, (start, end, what) in enumerate(looks))
    assert screen_group(log, mall) == 2
    assert screen_group(MessageLog(), mall) == 0


def test_half_hidden_is_less_than_half_seen() -> None:
    boxes = np.zeros((4, 4), np.float32)
    shares = np.array([0.1, 0.49, 0.5, 1.0], np.float32)
    log = MessageLog([TruthBoxes(0, "door", np.arange(4), boxes, boxes, shares)])
    assert half_hidden_share(log) == 0.5
    assert half_hidden_share(MessageLog()) == 0.0
