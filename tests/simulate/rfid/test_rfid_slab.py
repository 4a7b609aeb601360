"""Slabs against closed forms and the conservation of energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.slab import AIR, CONCRETE, METAL, Slabs, reflection, transmission

F = 915e6
ONE = np.array([0])


def slab(permittivity, thickness_m):
    return Slabs(np.array([permittivity], complex), np.array([thickness_m]), F)


cosines = st.floats(0.01, 1.0)
thicknesses = st.floats(0.0, 1.0)


@given(cosines, st.floats(1.0, 80.0), st.floats(0.0, 100.0), thicknesses)
def test_a_passive_slab_gives_no_more_than_it_gets(cos, relative, loss, thickness_m):
    wall = slab(relative - 1j * loss, thickness_m)
    back, on = reflection(np.array([cos]), wall, ONE), transmission(np.array([cos]), wall, ONE)
    for reflected, passed in zip(back, on, strict=True):
        assert abs(reflected[0]) ** 2 + abs(passed[0]) ** 2 <= 1 + 1e-9


@given(cosines, st.floats(1.0, 20.0), thicknesses)
def test_without_loss_nothing_gets_lost(cos, relative, thickness_m):
    wall = slab(relative, thickness_m)
    back, on = reflection(np.array([cos]), wall, ONE), transmission(np.array([cos]), wall, ONE)
    for reflected, passed in zip(back, on, strict=True):
        assert abs(reflected[0]) ** 2 + abs(passed[0]) ** 2 == pytest.approx(1)


@given(st.floats(1.0, 20.0), st.floats(0.0, 5.0), thicknesses)
def test_straight_on_both_polarisations_are_the_same(relative, loss, thickness_m):
    across, along = reflection(np.ones(1), slab(relative - 1j * loss, thickness_m), ONE)
    np.testing.assert_allclose(across, along, atol=1e-12)


def test_a_thick_slab_is_a_half_space():
    permittivity, cos = CONCRETE.permittivity(F), 0.6
    across, along = reflection(np.array([cos]), slab(permittivity, 100.0), ONE)
    root = np.sqrt(permittivity - (1 - cos**2))
    assert across[0] == pytest.approx((cos - root) / (cos + root), abs=1e-6)
    steep = permittivity * cos
    assert along[0] == pytest.approx(-(steep - root) / (steep + root), abs=1e-6)


def test_metal_turns_the_field_round_and_lets_nothing_through():
    wall = slab(METAL.permittivity(F), 0.001)
    for value in reflection(np.array([0.7]), wall, ONE):
        assert value[0] == pytest.approx(-1, abs=1e-3)
    for value in transmission(np.array([0.7]), wall, ONE):
        assert abs(value[0]) < 1e-9


def test_air_is_not_there():
    wall = slab(AIR.permittivity(F), 0.2)
    for value in reflection(np.array([0.3]), wall, ONE):
        assert abs(value[0]) < 1e-12


def test_half_a_wave_thick_is_transparent_and_a_quarter_reflects_most():
    quarter = 299792458 / F / 4 / np.sqrt(4.0)
    values = [abs(reflection(np.ones(1), slab(4.0, n * quarter), ONE)[0][0]) for n in (1, 2, 3, 4)]
    np.testing.assert_allclose(values, [0.6, 0, 0.6, 0], atol=1e-9)  # (n^2 - 1) / (n^2 + 1), n = 2
