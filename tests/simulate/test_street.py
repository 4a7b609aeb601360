"""The ground outside doors: a street to the south, aprons elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.errors import ScenarioError
from retailsim.simulate.street import Street
from retailsim.store.load import parse_plan
from retailsim.store.plan import StorePlan

DOORS = {
    "south": "{id: south, segment_m: [[2, 0], [4, 0]], inside_m: [3, 1]}",
    "west": "{id: west, segment_m: [[0, 1], [0, 5]], inside_m: [1, 3], leads_to: mall}",
    "east": "{id: east, segment_m: [[10, 1], [10, 5]], inside_m: [9, 3], leads_to: mall}",
    "shop": "{id: shop, segment_m: [[5, 6], [7, 6]], inside_m: [6, 5], leads_to: shop}",
    "stray": "{id: stray, segment_m: [[5, 3], [7, 3]], inside_m: [6, 2], leads_to: shop}",
}


def plan_with(*doors: str) -> StorePlan:
    text = "\n".join(f"  - {DOORS[door]}" for door in doors)
    return parse_plan(f"name: hall\nsize_m: [10, 6]\ndoors:\n{text}\n", origin="hall")


def test_a_shop_on_a_street_has_a_pavement_with_two_ends() -> None:
    street = Street.before(plan_with("south"))
    rng = np.random.default_rng(1)
    ends = {street.end(rng) for _ in range(200)}
    assert {x for x, _ in ends} == {-2.0, 12.0}
    for end in ends:
        assert street.across(end, rng)[0] != end[0]
    assert not street.aprons


def test_people_come_and_go_by_the_ends_of_a_mall_and_not_through_its_shops() -> None:
    plan = plan_with("west", "east", "shop")
    street = Street.before(plan)
    rng = np.random.default_rng(1)
    ends = np.array([street.end(rng) for _ in range(200)])
    assert set(np.sign(ends[:, 0] - 5)) == {-1.0, 1.0}
    assert ((ends[:, 0] < 0) | (ends[:, 0] > 10)).all()
    assert street.walkable(plan, ends).all()
    assert [apron.door for apron in street.shops] == ["shop"]
    start = (float(ends[0, 0]), float(ends[0, 1]))
    assert np.sign(street.across(start, rng)[0] - 5) != np.sign(start[0] - 5)


def test_who_appears_looks_into_the_mall() -> None:
    plan = plan_with("west", "east")
    street = Street.before(plan)
    assert abs(street.heading_from((-2.0, 3.0), plan)) < 0.2
    assert abs(street.heading_from((12.0, 3.0), plan)) > 2.9


def test_bounds_hold_all_that_can_be_walked_on() -> None:
    plan = plan_with("south", "west", "shop")
    street = Street.before(plan)
    low, high = street.bounds_m(plan)
    x, y = np.meshgrid(np.linspace(-8, 18, 131), np.linspace(-8, 14, 111))
    points = np.stack([x, y], axis=-1).reshape(-1, 2)
    far = ((points < low) | (points > high)).any(axis=1)
    beside = far & (points[:, 1] < 0)  # the pavement has no end, but nobody walks beyond
    assert not street.walkable(plan, points[far & ~beside]).any()


@pytest.mark.parametrize(
    ("doors", "words"), [(("shop",), "no door to a street or a mall"), (("west", "stray"), "stray")]
)
def test_a_hall_nobody_can_enter_is_refused(doors: tuple[str, ...], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        Street.before(plan_with(*doors))
