"""Arrivals follow the written rate."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.arrivals import arrival_times_s, rate_per_s
from retailsim.simulate.scenario import RatePoint
from retailsim.simulate.streams import stream

RUSH = [RatePoint(at_s=0, per_hour=0), RatePoint(at_s=3600, per_hour=3600)]


def test_counts_and_times_match_the_integral_of_the_rate() -> None:
    times = [arrival_times_s(RUSH, start_s=0, end_s=3600, rng=stream(s, "test")) for s in range(20)]
    counts = np.array([len(t) for t in times])
    assert abs(counts.mean() - 1800) < 4 * np.sqrt(1800 / 20)
    # Under a rising ramp the mean arrival comes after two thirds of the time.
    assert abs(np.concatenate(times).mean() - 2400) < 30


def test_the_rate_is_level_beyond_its_ends() -> None:
    np.testing.assert_allclose(rate_per_s(RUSH, np.array([-5.0, 1800.0, 9999.0])), [0, 0.5, 1])
    assert len(arrival_times_s([], start_s=0, end_s=1e6, rng=stream(1, "test"))) == 0


@given(seed=st.integers(0, 10_000), end_s=st.floats(1, 2000), longer_s=st.floats(0, 500))
def test_a_longer_day_begins_like_a_shorter_one(seed: int, end_s: float, longer_s: float) -> None:
    short = arrival_times_s(RUSH, start_s=-10, end_s=end_s, rng=stream(seed, "x"))
    long = arrival_times_s(RUSH, start_s=-10, end_s=end_s + longer_s, rng=stream(seed, "x"))
    assert (np.diff(long) > 0).all()
    np.testing.assert_array_equal(long[: len(short)], short)
    assert (long[len(short) :] >= end_s).all()
