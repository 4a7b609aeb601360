"""Weidmann's relation, and the density that a walker feels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.crowding import (
    LEAST_SHARE,
    SPREAD_M,
    crowd_ahead,
    pace_share,
    room_around,
    weidmann_share,
)


def test_weidmanns_speeds_are_those_of_his_table() -> None:
    speed = 1.34 * weidmann_share([0.1, 1.0, 2.0, 3.0, 5.4, 8.0])
    np.testing.assert_allclose(speed, [1.34, 1.06, 0.61, 0.33, 0.0, 0.0], atol=0.005)


@given(st.floats(0.0, 10.0), st.floats(0.0, 10.0))
def test_more_people_never_make_anyone_faster(one: float, other: float) -> None:
    low, high = sorted((one, other))
    share = pace_share(np.array([low, high]))
    assert 1 >= share[0] >= share[1] >= LEAST_SHARE


def test_an_even_crowd_has_the_density_it_has() -> None:
    x, y = np.meshgrid(np.arange(-8, 8, 0.8), np.arange(-8, 8, 0.8))
    crowd = np.stack([x.ravel(), y.ravel()], axis=-1)
    density = crowd_ahead(np.array([[0.0, 0.0], [0.3, 0.1]]), crowd, np.ones(2))
    np.testing.assert_allclose(density, 1 / 0.8**2, rtol=0.02)


def test_who_stands_behind_hardly_counts_and_a_lone_walker_is_free() -> None:
    here, ahead, behind = [0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]
    point = np.array([[0.8, 0.0]])
    alone = crowd_ahead(point, np.array([here]), np.ones(1))
    followed = crowd_ahead(point, np.array([here, behind]), np.ones(1))
    blocked = crowd_ahead(point, np.array([here, ahead]), np.ones(1))
    assert pace_share(alone) > 0.99
    assert followed - alone < 0.05 * (blocked - alone)


def test_the_same_people_are_denser_where_walls_leave_less_floor() -> None:
    floor = np.zeros((200, 60), bool)
    floor[:, 20:40] = True  # a corridor of 1 m
    room = room_around(floor, 0.05)
    inside = 0.5 / (SPREAD_M * math.sqrt(2))
    assert room[100, 29] == pytest.approx(math.erf(inside), 0.05)
    assert room[100, 20] < room[100, 29]
