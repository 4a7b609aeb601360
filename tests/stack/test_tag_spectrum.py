"""Spectra of unevenly sampled signals and their divergence, against independent references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lombscargle
from scipy.spatial.distance import jensenshannon

from retailsim.stack.tagmotion.spectrum import (
    FREQUENCIES_HZ,
    jensen_shannon,
    lomb_scargle,
    shares,
)


def samples(seed, n=40):
    rng = np.random.default_rng(seed)
    return np.sort(rng.uniform(0, 8, n)), rng.normal(size=n)


def test_power_is_that_of_scipy_group_by_group():
    parts = [samples(seed) for seed in range(3)]
    time_s, value = (np.concatenate([p[i] for p in parts]) for i in (0, 1))
    power = lomb_scargle(time_s, value, np.repeat(np.arange(3), 40), 3)
    for row, (t, v) in enumerate(parts):
        expected = lombscargle(t, v - v.mean(), 2 * np.pi * FREQUENCIES_HZ)
        np.testing.assert_allclose(power[row], expected, rtol=1e-6)


def test_a_swing_is_found_at_its_frequency_however_uneven_the_reads():
    t, noise = samples(5)
    power = lomb_scargle(t, np.sin(2 * np.pi * 1.2 * t) + 0.1 * noise, np.zeros(40, int), 1)
    assert FREQUENCIES_HZ[power[0].argmax()] == pytest.approx(1.2)


def test_shuffled_times_lose_the_swing():
    t, noise = samples(5)
    value = np.sin(2 * np.pi * 1.2 * t) + 0.1 * noise
    shuffled = np.random.default_rng(0).permutation(t)
    group = np.zeros(40, int)
    in_order = shares(lomb_scargle(t, value, group, 1), 0.1)[0, 3]
    assert shares(lomb_scargle(shuffled, value, group, 1), 0.1)[0, 3] < 0.5 * in_order


histograms = arrays(float, (4, 9), elements=st.floats(1e-3, 10)).map(
    lambda a: a / a.sum(axis=1, keepdims=True)
)


@given(histograms, histograms)
def test_divergence_is_symmetric_bounded_and_that_of_scipy(p, q):
    found = jensen_shannon(p, q)
    np.testing.assert_allclose(found, jensen_shannon(q, p), atol=1e-12)
    np.testing.assert_allclose(found, jensenshannon(p, q, axis=1, base=2) ** 2, atol=1e-7)
    assert (found >= -1e-12).all()
    assert (found <= 1).all()


@given(histograms)
def test_equal_histograms_do_not_diverge(p):
    np.testing.assert_allclose(jensen_shannon(p, p), 0, atol=1e-12)
