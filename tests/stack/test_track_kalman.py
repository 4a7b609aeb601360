"""The boxes' Kalman filter obeys the laws of one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.stack.track import kalman

NOISE = kalman.BoxNoise()
corner = st.floats(-500, 1500)
extent = st.floats(4, 800)
boxes = st.lists(st.tuples(corner, corner, extent, extent), min_size=1, max_size=6).map(
    lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows])
)
gaps_s = st.lists(st.floats(0.001, 3.0), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(boxes, gaps_s, st.integers(0, 2**31))
def test_covariances_stay_symmetric_and_positive(
    first: np.ndarray, gaps: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    states = kalman.start(first, NOISE)
    for gap_s in gaps:
        states = kalman.predict(states, gap_s, NOISE)
        if rng.random() < 0.7:
            moved = first + rng.normal(0, 20, (len(first), 1))
            states = kalman.update(states, moved, NOISE)
        assert np.array_equal(states.cov, np.swapaxes(states.cov, -1, -2)) or np.allclose(
            states.cov, np.swapaxes(states.cov, -1, -2), rtol=1e-12
        )
        assert np.linalg.eigvalsh(states.cov).min() > 0


@settings(max_examples=60, deadline=None)
@given(boxes, st.floats(0.01, 2.0), st.floats(0.01, 2.0))
def test_predicting_in_two_steps_moves_the_mean_as_one_step_does(
    first: np.ndarray, one_s: float, two_s: float
) -> None:
    states = kalman.predict(kalman.start(first, NOISE), 0.1, NOISE)
    states = kalman.update(states, first + 5.0, NOISE)
    apart = kalman.predict(kalman.predict(states, one_s, NOISE), two_s, NOISE)
    at_once = kalman.predict(states, one_s + two_s, NOISE)
    np.testing.assert_allclose(apart.mean, at_once.mean, rtol=1e-9, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(boxes)
def test_seeing_never_makes_less_sure_and_waiting_never_more(first: np.ndarray) -> None:
    states = kalman.start(first, NOISE)
    waited = kalman.predict(states, 0.5, NOISE)
    seen = kalman.update(waited, first, NOISE)
    assert (waited.cov[..., 0, 0] >= states.cov[..., 0, 0]).all()
    assert (seen.cov[..., 0, 0] <= waited.cov[..., 0, 0]).all()


def test_a_steady_walk_is_learnt_whatever_the_frame_rate() -> None:
    for rate_hz in (5, 10, 25):
        box = np.array([[100.0, 50.0, 160.0, 250.0]])
        states = kalman.start(box, NOISE)
        for i in range(1, 2 * rate_hz + 1):
            states = kalman.predict(states, 1 / rate_hz, NOISE)
            states = kalman.update(states, box + 80.0 * i / rate_hz * np.array([1, 0, 1, 0]), NOISE)
        ahead = kalman.predict(states, 1.0, NOISE).boxes_px()
        np.testing.assert_allclose(ahead[0, 0], 100 + 80 * 3, atol=8)


def test_no_tracks_is_a_state_too() -> None:
    states = kalman.predict(kalman.nothing(), 0.1, NOISE)
    assert kalman.update(states, np.zeros((0, 4)), NOISE).boxes_px().shape == (0, 4)
