"""Where a shopper goes and what they touch: every term of the choice has its say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.choice import (
    Sight,
    choose,
    fixture_charges,
    garment_charges,
    inclusive,
    values,
)
from retailsim.simulate.scenario import Choice
from retailsim.store.load import parse_plan

PLAN = """
name: sights
size_m: [10.0, 8.0]
doors: [{id: main, segment_m: [[1.0, 0.0], [2.5, 0.0]], inside_m: [1.8, 1.0]}]
fixtures:
  - {id: near, kind: table, center_m: [5.0, 2.0], size_m: [1.2, 0.8], height_m: 0.8}
  - {id: screened, kind: table, center_m: [5.0, 6.5], size_m: [1.2, 0.8], height_m: 0.8}
  - {id: aside, kind: table, center_m: [1.5, 6.5], size_m: [1.2, 0.8], height_m: 0.8}
  - {id: partition, kind: wall, center_m: [5.0, 4.5], size_m: [3.0, 0.2], height_m: 2.2}
  - {id: low, kind: table, center_m: [3.2, 4.0], size_m: [0.6, 0.6], height_m: 0.8}
"""
FIXTURES = ("near", "screened", "aside")
HERE = np.array([5.0, 0.6])


@pytest.fixture(scope="module")
def sight() -> Sight:
    return Sight.of(parse_plan(PLAN, origin="sights"), FIXTURES)


def charges(sight: Sight, **changes: object) -> np.ndarray:
    given_ = {
        "xy_m": HERE,
        "heading_rad": np.pi / 2,
        "seen": np.zeros(3, bool),
        "people": np.zeros(3, np.int64),
        "w": Choice(),
        **changes,
    }
    return fixture_charges(sight, **given_)  # type: ignore[arg-type]


def test_a_partition_hides_what_is_behind_it_and_a_table_hides_nothing(sight: Sight) -> None:
    assert sight.visible(HERE).tolist() == [True, False, True]
    assert sight.visible(np.array([5.0, 5.5])).tolist() == [False, True, True]


def test_every_charge_is_paid_by_the_fixture_it_is_for(sight: Sight) -> None:
    base, w = charges(sight), Choice()
    seen = charges(sight, seen=np.array([False, False, True]))
    np.testing.assert_allclose(seen - base, [0, 0, w.seen_before])
    crowded = charges(sight, people=np.array([0, 3, 0]))
    np.testing.assert_allclose(crowded - base, [0, 3 * w.crowding, 0])
    turned = charges(sight, heading_rad=-np.pi / 2)
    np.testing.assert_allclose(turned - base, w.behind)
    clear = charges(sight, w=Choice(out_of_sight=0.0))
    np.testing.assert_allclose(base - clear, [0, w.out_of_sight, 0])
    way = charges(sight, w=Choice(way_per_m=0.0))
    np.testing.assert_allclose((base - way)[0], w.way_per_m * 1.4)


def test_dear_garments_lose_and_wanted_ones_win() -> None:
    utility, log_price = np.zeros(3), np.log([20.0, 40.0, 80.0])
    plain = values(utility, log_price, np.zeros(3, bool), None, Choice())
    np.testing.assert_array_equal(plain, 0)
    budget = values(utility, log_price, np.zeros(3, bool), 40.0, Choice())
    np.testing.assert_allclose(budget, [0, 0, -1.5 * np.log(2)])
    wanted = values(utility, log_price, np.array([False, True, False]), None, Choice())
    assert wanted.argmax() == 1


@given(
    value=st.lists(st.floats(-20, 20), min_size=1, max_size=12),
    copies=st.integers(1, 5),
)
def test_a_full_rail_is_no_better_than_a_half_empty_one_of_the_same(
    value: list[float], copies: int
) -> None:
    one = inclusive(np.array(value), np.zeros(len(value), np.int64), 1)
    many = inclusive(np.array(value * copies), np.zeros(len(value) * copies, np.int64), 1)
    np.testing.assert_allclose(one, many, atol=1e-9)
    assert min(value) - 1e-9 <= one[0] <= max(value) + 1e-9


def test_an_empty_fixture_is_never_chosen() -> None:
    worth = inclusive(np.array([0.0, 5.0]), np.array([0, 2]), 3)
    assert worth[1] == -np.inf
    rng = np.random.default_rng(0)
    assert 1 not in {choose(worth, rng) for _ in range(300)}


def test_nearer_garments_of_a_fixture_are_reached_for_first() -> None:
    home = np.array([[0.5, 0, 1], [1.0, 0, 1], [9.0, 0, 1], [12.0, 0, 1]])
    charge = garment_charges(home, np.zeros(2))
    assert charge[0] < charge[1] < charge[2] == charge[3]


@given(utility=st.lists(st.floats(-50, 50), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_choosing_always_names_an_alternative(utility: list[float], seed: int) -> None:
    assert 0 <= choose(np.array(utility), np.random.default_rng(seed)) < len(utility)
