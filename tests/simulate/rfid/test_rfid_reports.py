"""What a reader makes of a read: noise, grids and ambiguities, against the measured tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.reports import (
    DOPPLER_SIGMA_HZ,
    NOISE_RSSI_DBM,
    REVISIT_SIGMA_RAD,
    phase_sigma_rad,
    report_doppler,
    report_phase,
    report_rssi,
)

# RSSI dBm, sigma of phase in rad, sigma of Doppler in Hz, share of dwells with pi flips.
MEASURED = [
    (-35, 0.009, 4.0, 0.0),
    (-47, 0.016, 6.5, 0.0),
    (-52, 0.028, 12.0, 0.007),
    (-57, 0.050, 20.0, 0.02),
    (-62, 0.082, 36.0, 0.11),
    (-67, 0.113, 63.0, 0.33),
]
N = 20_000


@pytest.mark.parametrize(("dbm", "phase_rad", "doppler_hz", "flips"), MEASURED)
def test_noise_is_within_a_quarter_of_the_measured_table(dbm, phase_rad, doppler_hz, flips):
    rng, rssi = np.random.default_rng(3), np.full(N, float(dbm))
    counts = report_phase(np.full(N, 1.0), rssi, np.ones(N), rng).astype(float)
    assert np.std(counts * 2 * np.pi / 4096) == pytest.approx(phase_rad, rel=0.25)
    doppler = report_doppler(np.full(N, 10.0), rssi, rng) / 16
    assert np.std(doppler) == pytest.approx(doppler_hz, rel=0.25)
    assert np.mean(doppler) == pytest.approx(10.0, abs=4 * doppler_hz / np.sqrt(N))


@given(st.floats(-90, -20), st.floats(0.1, 20))
def test_weaker_replies_have_more_noise(dbm, weaker_db):
    strong, weak = phase_sigma_rad(np.array([dbm, dbm - weaker_db]))
    assert weak >= strong > 0


def test_phase_is_periodic_in_4096_counts():
    rssi, never = np.full(50, -35.0), np.ones(50)
    phase = np.linspace(0, 6, 50)
    a = report_phase(phase, rssi, never, np.random.default_rng(1))
    b = report_phase(phase + 6 * np.pi, rssi, never, np.random.default_rng(1))
    assert (a == b).all()


def test_weak_tags_flip_by_half_a_turn():
    n = 4000
    draw = np.linspace(0, 1, n)
    for dbm, share in zip(NOISE_RSSI_DBM, (0.33, 0.11, 0.02, 0.007, 0, 0), strict=True):
        got = report_phase(np.zeros(n), np.full(n, dbm), draw, np.random.default_rng(2))
        flipped = (np.abs(got.astype(int) - 2048) < 700).mean()
        assert flipped == pytest.approx(share / 2, abs=0.015)


def test_flips_come_in_some_dwells_and_not_in_others():
    rng, rssi = np.random.default_rng(4), np.full(400, -62.0)
    dwells = rng.random(200)
    flipped = []
    for draw in dwells:
        got = report_phase(np.zeros(400), rssi, np.full(400, draw), rng).astype(int)
        flipped.append((np.abs(got - 2048) < 700).mean())
    flipped = np.array(flipped)
    assert ((flipped == 0) | ((flipped > 0.35) & (flipped < 0.65))).all()
    assert (flipped > 0).mean() == pytest.approx(0.11, abs=0.06)


def test_phase_is_on_a_grid_of_1024_and_doubling_it_removes_the_flips():
    rng = np.random.default_rng(5)
    phase = rng.uniform(0, 2 * np.pi, N)
    got = report_phase(phase, np.full(N, -40.0), np.zeros(N), rng)
    assert (got % 4 == 0).all()
    assert got.max() < 4096
    off = np.angle(np.exp(2j * (got * 2 * np.pi / 4096 - phase)))
    assert np.abs(off).max() < 0.12


def test_rssi_is_in_half_decibels_around_the_truth():
    rng, rssi = np.random.default_rng(6), np.full(N, -55.3)
    got = report_rssi(rssi, rng)
    assert (got % 50 == 0).all()
    assert got.mean() / 100 == pytest.approx(-55.3, abs=0.02)
    assert len(set(got.tolist())) > 2


def test_channels_are_found_again_as_measured():
    """Median change of the offset on the next visit: 0.03 rad."""
    visits = np.random.default_rng(7).normal(0, REVISIT_SIGMA_RAD, (2, N))
    assert np.median(np.abs(visits[1] - visits[0])) == pytest.approx(0.03, rel=0.05)
    assert len(NOISE_RSSI_DBM) == len(DOPPLER_SIGMA_HZ)
