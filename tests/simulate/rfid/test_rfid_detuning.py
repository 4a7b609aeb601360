"""Tags that hang close together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.detuning import (
    MOST_NEIGHBOURS,
    NOBODY,
    Coupling,
    neighbours,
    shift,
    uptake,
)


def on_a_rail(count, every_m):
    xyz = np.column_stack([every_m * np.arange(count), np.zeros(count), np.ones(count)])
    return xyz, np.tile([0.0, 1.0, 0.0], (count, 1))


def coupled(xyz, axis, present=None):
    made = Coupling(axis)
    made.update(xyz, np.ones(len(xyz), bool) if present is None else present)
    return made


@given(st.floats(0, 0.5), st.floats(-1, 1))
def test_neighbours_never_help(gap_m, alignment):
    assert abs(uptake(shift(np.array(gap_m), np.array(alignment)))) <= 1


def test_the_closer_the_garments_the_more_their_tags_lose():
    loss_db = [
        -20 * np.log10(abs(coupled(*on_a_rail(9, gap)).uptake[4]))
        for gap in (0.015, 0.025, 0.05, 0.1, 0.2)
    ]
    assert (np.diff(loss_db) < 0).all()
    assert 3 < loss_db[1] < 9
    assert loss_db[3] < 0.3
    assert loss_db[4] == 0


def test_a_tag_at_right_angles_does_not_couple():
    xyz, axis = on_a_rail(3, 0.02)
    axis[1] = [1.0, 0.0, 0.0]
    assert abs(coupled(xyz, axis).uptake[1]) == 1


def test_a_neighbour_that_moves_turns_the_phase():
    xyz, axis = on_a_rail(5, 0.03)
    made = coupled(xyz, axis)
    before = made.uptake.copy()
    moved = xyz.copy()
    moved[2, 1] += 0.05
    made.update(moved, np.ones(5, bool))
    assert abs(np.angle(made.uptake[1] / before[1])) > 0.05


@given(st.integers(0, 2**32 - 1))
def test_keeping_up_is_the_same_as_starting_anew(seed):
    rng = np.random.default_rng(seed)
    xyz, axis = rng.uniform(0, 0.4, (40, 3)), rng.normal(size=(40, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    kept = coupled(xyz, axis)
    for _ in range(3):
        some, present = rng.integers(0, 40, 3), rng.random(40) > 0.1
        xyz[some] = rng.uniform(0, 0.4, (3, 3))
        kept.update(xyz, present)
        fresh = coupled(xyz, axis, present)
        np.testing.assert_allclose(kept.uptake, fresh.uptake)
        assert (kept.near == fresh.near).all()


def test_what_is_carried_off_alone_is_kept_up_with_too():
    xyz, axis = on_a_rail(12, 0.03)
    kept = coupled(xyz, axis)
    for step in range(4):  # off the rail, through the room in twos, and back beside others
        xyz[[3, 9]] = (
            [[step, 2.0, 1.0], [step + 0.05, 2.0, 1.0]] if step < 3 else xyz[[0, 6]] + 0.02
        )
        kept.update(xyz, np.ones(12, bool))
        fresh = coupled(xyz, axis)
        np.testing.assert_allclose(kept.uptake, fresh.uptake)
        assert (kept.near == fresh.near).all()


def test_the_nearest_count_and_absent_ones_do_not():
    xyz, _ = on_a_rail(30, 0.01)
    present = np.ones(30, bool)
    present[16] = False
    near = neighbours(xyz, present, np.array([15, 0]))
    assert near.shape == (2, MOST_NEIGHBOURS)
    assert 16 not in near[0]
    assert set(near[0]) > {11, 12, 13, 14, 17, 18, 19}
    assert near[1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    lonely = neighbours(xyz * 100, present, np.array([3]))
    assert (lonely == NOBODY).all()
