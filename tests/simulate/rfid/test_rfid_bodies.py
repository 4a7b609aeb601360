"""People in the way of waves, and beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.bodies import BODY_LOSS_CAP_DB, Bodies, lit, scattered, shadow_factor
from retailsim.simulate.rfid.channel import friis, turn
from retailsim.simulate.rfid.elements import Isotropic
from retailsim.simulate.rfid.legs import LegMap, Legs, shadow_db

F = 915e6
UP = np.array([0.0, 0.0, 2.5])


def lost_db(start, end, x, y, height=1.8):
    one = Legs.between(np.array([0]), np.array([start], float), np.array([end], float))
    return float(shadow_db(one, np.array([[x], [y]]), np.array([height]))[0])


def test_a_body_in_the_line_of_sight_takes_8_to_20_db_and_fades_smoothly():
    loss = np.array([lost_db(UP, [4, 0, 1], 3.0, y) for y in np.linspace(0, 1.5, 60)])
    assert 8 <= loss[0] <= BODY_LOSS_CAP_DB
    assert loss[-1] < 0.01
    assert (np.diff(loss) <= 0).all()
    assert np.abs(np.diff(loss)).max() < 1.5


def test_a_body_the_path_passes_over_takes_nothing():
    assert lost_db([0, 0, 2.9], [4, 0, 1], 0.3, 0.0, 1.7) < 0.1


def test_a_row_of_bodies_takes_no_more_than_comes_round_them():
    assert shadow_factor(np.array([60.0]))[0] == pytest.approx(10 ** (-BODY_LOSS_CAP_DB / 20))


@given(st.integers(0, 2**32 - 1))
def test_the_map_forgets_no_leg_that_a_body_weakens(seed):
    rng = np.random.default_rng(seed)
    start, end = rng.uniform([0, 0, 0], [8, 6, 3], (2, 200, 3))
    every = Legs.between(np.arange(200), start, end)
    people = Bodies(rng.uniform([0, 0], [8, 6], (3, 2)), rng.uniform(1.5, 2.0, 3))
    key, found = LegMap(every).lost_db(people)
    told = np.bincount(key, found, 200)
    true = sum(
        shadow_db(every, np.repeat(xy[:, None], 200, 1), np.full(200, height))
        for xy, height in zip(people.xy_m, people.height_m, strict=True)
    )
    np.testing.assert_allclose(told, true, atol=0.2)


def over(xy, moment=(0, 0, -1)):
    bodies = Bodies(np.array(xy, float).reshape(-1, 2), np.full(np.size(xy) // 2, 1.8))
    tag = np.array([[3.0, 0.0, 1.0]])
    found = scattered(lit(UP, Isotropic("V"), bodies), tag, np.array([moment]) + 0j)
    return friis(F) * (found.gain * turn(found.length_m, F)).sum()


def test_a_body_beside_the_path_turns_the_phase_a_little():
    direct = friis(F) / np.hypot(3, 1.5) * (3 / np.hypot(3, 1.5))
    shares = [abs(over([[2.0, y]])) / direct for y in np.linspace(0.7, 1.4, 20)]
    assert 0.02 < np.mean(shares) < 0.4


def test_the_farther_a_body_the_less_comes_over_it_and_at_last_nothing():
    size = [abs(over([[3.0, y]])) for y in (0.5, 1.0, 2.0, 3.0, 3.6)]
    assert (np.diff(size) < 0).all()
    assert size[-1] == 0


def test_the_way_over_a_body_is_the_shortest_one():
    bodies = Bodies(np.array([[2.0, 1.0]]), np.array([1.8]))
    tag = np.array([[3.0, 0.0, 1.0]])
    found = scattered(lit(UP, Isotropic("V"), bodies), tag, np.ones((1, 3)) + 0j)
    heights = np.linspace(0.1, 1.8, 500)
    ways = np.hypot(np.hypot(2, 1), UP[2] - heights) + np.hypot(np.hypot(1, 1), heights - 1.0)
    assert found.length_m[0] == pytest.approx(ways.min(), abs=1e-4)
