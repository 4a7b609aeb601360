"""The one-way channel against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.channel import (
    BODY_LOSS_CAP_DB,
    CONCRETE,
    Bodies,
    Room,
    add_up,
    mirrored,
    one_way,
    rays,
    reflection,
    shadow,
)
from retailsim.store.regions import LIGHT_MPS

F = 915e6
DOWN = np.array([0.0, 0.0, -1.0])
FREE, BOX = Room(None), Room((8.0, 6.0, 3.0))


def isotropic(position, room=FREE):
    return mirrored(np.array(position, float), DOWN, room, 1.0, np.nan)


def test_free_space_is_friis():
    distance = np.array([1.0, 2.0, 8.0])
    tags = np.column_stack([distance, np.zeros(3), np.zeros(3)])
    h = one_way(isotropic([0, 0, 0]), tags, None, None, F)
    np.testing.assert_allclose(np.abs(h), LIGHT_MPS / F / (4 * np.pi * distance))
    turn = np.exp(-2j * np.pi * F * distance / LIGHT_MPS)
    np.testing.assert_allclose(h / np.abs(h), turn, atol=1e-9)


def test_floor_bounce_is_the_two_ray_closed_form():
    up, over, apart = 2.5, 1.0, 4.0
    source = isotropic([0, 0, up], Room((1e9, 1e9, 1e9)))
    rows = source.axis[[0, 5]]  # line of sight and floor alone
    assert rows.tolist() == [-1, 2]
    amplitude, length = rays(source, np.array([[apart, 0.0, over]]), None)
    h = add_up(amplitude[:, [0, 5]], length[:, [0, 5]], F)[0]
    direct, bounced = np.hypot(apart, up - over), np.hypot(apart, up + over)
    sine = (up + over) / bounced
    root = np.sqrt(CONCRETE - (1 - sine**2))
    gamma = (
        (sine - root) / (sine + root) - (CONCRETE * sine - root) / (CONCRETE * sine + root)
    ) / 2
    k = 2 * np.pi * F / LIGHT_MPS
    expected = np.exp(-1j * k * direct) / direct + gamma * np.exp(-1j * k * bounced) / bounced
    np.testing.assert_allclose(h, LIGHT_MPS / F / (4 * np.pi) * expected, rtol=1e-9)


inside = st.tuples(st.floats(0.1, 7.9), st.floats(0.1, 5.9), st.floats(0.1, 2.9))


@given(inside, inside)
def test_both_directions_have_the_same_channel(a, b):
    if np.linalg.norm(np.subtract(a, b)) < 0.05:
        return
    there = one_way(isotropic(a, BOX), np.array([b]), None, None, F)
    back = one_way(isotropic(b, BOX), np.array([a]), None, None, F)
    np.testing.assert_allclose(there, back, rtol=1e-6)


def test_a_wall_reflects_less_than_everything_and_most_of_a_metal_sheet():
    angles = np.cos(np.linspace(0, 1.5, 20))
    assert (np.abs(reflection(angles, np.array(CONCRETE))) < 1).all()
    metal = reflection(np.array([1.0]), np.array(1 - 1e9j))
    assert abs(metal[0] + 1) < 1e-3  # the field at a conductor is turned round


def test_a_body_in_the_line_of_sight_takes_8_to_20_db_and_fades_smoothly():
    source = isotropic([0, 0, 2.5])
    tag = np.array([[4.0, 0.0, 1.0]])
    aside = np.linspace(0, 1.5, 60)
    loss = np.array(
        [
            -20 * np.log10(shadow(source, tag, Bodies(np.array([[3.0, y]]), np.array([1.8]))))
            for y in aside
        ]
    )[:, 0, 0]
    assert 8 <= loss[0] <= BODY_LOSS_CAP_DB
    assert loss[-1] < 0.01
    assert (np.diff(loss) <= 0).all()
    assert np.abs(np.diff(loss)).max() < 1.5


def test_a_body_the_path_passes_over_takes_nothing():
    source = isotropic([0, 0, 2.9])
    under = Bodies(np.array([[0.3, 0.0]]), np.array([1.7]))
    assert shadow(source, np.array([[4.0, 0.0, 1.0]]), under)[0, 0] > 0.99


def test_a_body_beside_the_path_is_seen_in_the_phase():
    source, tag = isotropic([0, 0, 2.5]), np.array([[3.0, 0.0, 1.0]])
    turns = [
        np.angle(one_way(source, tag, None, Bodies(np.array([[2.0, y]]), np.array([1.7])), F))[0]
        for y in np.linspace(0.9, 1.4, 20)
    ]
    assert 0.02 < np.ptp(np.unwrap(turns)) < 1.0


@pytest.mark.parametrize("room", [FREE, BOX])
def test_rows_do_not_depend_on_their_neighbours(room):
    source, tags = isotropic([1, 1, 2.5], room), np.random.default_rng(1).uniform(0.2, 2, (5, 3))
    people = Bodies(np.array([[1.5, 1.5]]), np.array([1.7]))
    together = one_way(source, tags, None, people, F)
    alone = [one_way(source, tags[i : i + 1], None, people, F)[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
