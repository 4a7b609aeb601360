"""Tags that turn and tilt, and what an antenna makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.channel import Surroundings, one_way, source
from retailsim.simulate.rfid.elements import Patch, dipole
from retailsim.simulate.rfid.tags import turned
from retailsim.simulate.snapshot import TURN_RADIUS_M, Swing, swing_offset_m, swing_turn_rad

ANGLES = st.floats(-3.0, 3.0)
BELOW = np.array([[2.0, 2.0, 0.9]])


def channel(axis, turn_rad):
    moment = dipole(np.array([axis]), np.array([[0.0, 0.0, 0.0]]))
    above = source(np.array([2.0, 2.0, 2.9]), Patch((0.0, 0.0, -1.0), 8.5, 70.0), Surroundings())
    return one_way(above, BELOW, turned(moment, np.array([turn_rad])), 915e6)[0]


@given(ANGLES)
def test_under_a_circular_antenna_a_turn_is_a_phase_and_changes_no_strength(turn_rad):
    still, now = channel((1.0, 0.0, 0.0), 0.0), channel((1.0, 0.0, 0.0), turn_rad)
    assert abs(now) == pytest.approx(abs(still), rel=1e-6)
    # right-hand circular, seen from above: the phase goes with the turn
    assert np.angle(now / still * np.exp(-1j * turn_rad)) == pytest.approx(0, abs=1e-5)


@given(ANGLES)
def test_turning_keeps_lengths_and_the_vertical(turn_rad):
    moment = np.array([[0.3 + 0.1j, -0.5, 0.8j]])
    about = turned(moment, np.array([turn_rad]))
    assert np.linalg.norm(about) == pytest.approx(np.linalg.norm(moment))
    assert about[0, 2] == moment[0, 2]


def test_a_garment_turns_as_it_swings_and_not_outside_its_swing():
    swing = Swing(3, 0, 10**9, 3 * 10**9, (0.03, 0.04, 0.01), 1.0, 0.2, 0.5)
    time_ns = np.arange(-(10**9), 4 * 10**9, 10**7)
    turn, offset = swing_turn_rad(swing, time_ns), swing_offset_m(swing, time_ns)
    assert np.allclose(turn * TURN_RADIUS_M, offset[:, 0] / 0.03 * 0.05)
    outside = (time_ns < 0) | (time_ns > 3 * 10**9)
    assert not turn[outside].any()
    assert turn[~outside].any()
