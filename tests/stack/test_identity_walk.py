"""The floor filter obeys the laws of one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.stack.identity import walk
from retailsim.stack.identity.person import ACROSS_M, sight_cov

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


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.floats(0.02, 8.0), st.integers(0, 2**31))
def test_many_walks_at_once_are_each_filtered_by_kalman_s_equations(
    count: int, dt_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    roots = rng.normal(0, 0.4, (count, 4, 4))
    begin = [
        walk.Walk(rng.normal(0, 4, 2), rng.normal(0, 1, 2), root @ root.T + 0.01 * np.eye(4))
        for root in roots
    ]
    alone = [walk.predict(one, dt_s) for one in begin]
    for one, together in zip(alone, walk.predict_all(begin, dt_s), strict=True):
        np.testing.assert_allclose(together.xy_m, one.xy_m, atol=1e-12)
        np.testing.assert_allclose(together.cov, one.cov, atol=1e-12)
    places, sigmas_m = rng.normal(0, 4, (count, 2)), rng.uniform(0.1, 1.0, count)
    covs = sight_cov(places, sigmas_m, np.zeros(2))
    see = np.eye(2, 4)
    for i, after in enumerate(walk.update_all(begin, places, covs)):
        state, cov = np.concatenate([begin[i].xy_m, begin[i].velocity_mps]), begin[i].cov
        gain = cov @ see.T @ np.linalg.inv(see @ cov @ see.T + covs[i])
        state = state + gain @ (places[i] - see @ state)
        np.testing.assert_allclose(np.concatenate([after.xy_m, after.velocity_mps]), state)
        np.testing.assert_allclose(after.cov, (np.eye(4) - gain @ see) @ cov, atol=1e-9)


@given(st.integers(1, 5), st.integers(0, 2**31))
def test_sights_have_the_same_covariance_alone_and_together(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, sigmas_m, eye_m = rng.normal(0, 3, (count, 2)), rng.uniform(0, 1, count), np.ones(2)
    together = sight_cov(places, sigmas_m, eye_m)
    for i in range(count):
        alone = sight_cov(places[i], float(sigmas_m[i]), eye_m)
        np.testing.assert_array_equal(together[i], alone)
        ray = (places[i] - eye_m) / np.linalg.norm(places[i] - eye_m)
        across = np.array([-ray[1], ray[0]]) @ alone @ [-ray[1], ray[0]]
        near = np.linalg.norm(places[i] - eye_m) < 1.0
        wanted = sigmas_m[i] if near else min(sigmas_m[i], ACROSS_M)
        np.testing.assert_allclose(across, wanted**2, atol=1e-12)
