"""The floor filter obeys the laws of one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.stack.identity import walk
from retailsim.stack.identity.person import sight_cov

sigmas = st.floats(0.03, 2.0)
gaps_s = st.lists(st.floats(0.01, 20.0), min_size=1, max_size=10)


@settings(max_examples=60, deadline=None)
@given(sigmas, gaps_s, st.integers(0, 2**31))
def test_covariance_stays_symmetric_and_positive_and_bounded(
    sigma_m: float, gaps: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    here = walk.start(np.zeros(2), sigma_m**2 * np.eye(2))
    for gap_s in gaps:
        here = walk.predict(here, gap_s)
        assert here.cov[0, 0] <= walk.WIDEST_M**2 + 1e-9
        if rng.random() < 0.7:
            place = rng.normal(0, 3, 2)
            here = walk.update(here, place, sight_cov(place, sigma_m, rng.normal(0, 5, 2)))
        np.testing.assert_allclose(here.cov, here.cov.T, atol=1e-12)
        assert np.linalg.eigvalsh(here.cov).min() > 0


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_two_steps_are_one_longer_step(one_s: float, two_s: float) -> None:
    begin = walk.Walk(np.ones(2), np.array([1.0, -0.5]), np.diag([0.1, 0.2, 0.3, 0.3]))
    apart = walk.predict(walk.predict(begin, one_s), two_s)
    at_once = walk.predict(begin, one_s + two_s)
    np.testing.assert_allclose(apart.cov, at_once.cov, atol=1e-9)
    np.testing.assert_allclose(apart.xy_m, at_once.xy_m, atol=1e-9)


def test_lines_of_sight_from_two_sides_meet_in_the_right_place() -> None:
    """Both cameras misjudge the distance by half a metre; crossing them repairs it."""
    truth, eyes = np.array([6.0, 8.0]), (np.array([0.0, 0.0]), np.array([12.0, 0.0]))
    here = walk.start(truth + [1.0, -1.0], 4.0 * np.eye(2))
    for eye in eyes:
        ray = (truth - eye) / np.linalg.norm(truth - eye)
        seen = truth - 0.5 * ray
        here = walk.update(here, seen, sight_cov(seen, 0.4, eye))
    assert np.hypot(*(here.xy_m - truth)) < 0.35
    blind = walk.start(truth + [1.0, -1.0], 4.0 * np.eye(2))
    for eye in eyes:
        seen = truth - 0.5 * (truth - eye) / np.linalg.norm(truth - eye)
        blind = walk.update(blind, seen, sight_cov(seen, 0.4, None))
    assert np.hypot(*(blind.xy_m - truth)) > np.hypot(*(here.xy_m - truth))


def test_the_variance_of_a_sight_is_shared_out_not_changed() -> None:
    cov = sight_cov(np.array([4.0, 3.0]), 0.4, np.zeros(2))
    assert np.isclose(np.trace(cov), 2 * 0.4**2)
    values, vectors = np.linalg.eigh(cov)
    assert abs(vectors[:, np.argmax(values)] @ [0.8, 0.6]) > 0.999
