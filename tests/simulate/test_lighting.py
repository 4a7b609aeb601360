"""Where the sun is, what colour lamps have, how clouds pass."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from retailsim.simulate.lighting import (
    LAMPS_K,
    Lighting,
    Sun,
    cloud_cover,
    lamp_colour,
    solar_position_deg,
    sun_now,
)

HOUR_NS = 3600 * 10**9


def at(*when: int) -> int:
    return round(datetime(*when, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize("latitude", [30.0, 48.8, 60.0])
@pytest.mark.parametrize(("day", "declination"), [((2026, 6, 21), 23.44), ((2026, 12, 21), -23.44)])
def test_at_a_solstice_noon_the_sun_stands_as_high_as_the_tropic_says(latitude, day, declination):
    heights = [
        solar_position_deg(at(*day, 11, minute), latitude_deg=latitude, longitude_deg=0.0)[1]
        for minute in range(60)
    ] + [
        solar_position_deg(at(*day, 12, minute), latitude_deg=latitude, longitude_deg=0.0)[1]
        for minute in range(60)
    ]
    assert max(heights) == pytest.approx(90 - latitude + declination, abs=0.1)


def test_the_sun_rises_in_the_east_and_sets_in_the_west():
    place = {"latitude_deg": 48.8, "longitude_deg": 9.2}
    morning, evening = (solar_position_deg(at(2026, 3, 20, h), **place) for h in (6, 17))
    assert morning[0] == pytest.approx(90, abs=10)
    assert evening[0] == pytest.approx(270, abs=10)
    assert abs(morning[1]) < 8
    assert abs(evening[1]) < 8


def test_an_hour_to_the_east_is_an_hour_later():
    here = solar_position_deg(at(2026, 5, 2, 10), latitude_deg=40.0, longitude_deg=0.0)
    there = solar_position_deg(at(2026, 5, 2, 9), latitude_deg=40.0, longitude_deg=15.0)
    assert here == pytest.approx(there, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(
    time_s=st.integers(0, 4 * 10**9),
    latitude=st.floats(-89, 89),
    longitude=st.floats(-180, 180),
    north=st.floats(0, 360),
)
def test_the_way_to_the_sun_is_a_unit_vector_upwards(time_s, latitude, longitude, north):
    lighting = Lighting(sun=Sun(), latitude_deg=latitude, longitude_deg=longitude, north_deg=north)
    sun = sun_now(lighting, start_ns=time_s * 10**9, time_ns=time_s * 10**9, seed=1)
    if sun is not None:
        assert np.linalg.norm(sun.direction) == pytest.approx(1.0)
        assert sun.direction[2] > 0


def test_a_southern_sun_comes_from_below_on_the_plan_and_turns_with_north():
    sun = Sun(azimuth_deg=180, elevation_deg=30)
    up = sun_now(Lighting(sun=sun), start_ns=0, time_ns=0, seed=1)
    left = sun_now(Lighting(sun=sun, north_deg=180), start_ns=0, time_ns=0, seed=1)
    assert up.direction == pytest.approx((0.0, -np.sqrt(0.75), 0.5))
    assert left.direction == pytest.approx((np.sqrt(0.75), 0.0, 0.5), abs=1e-9)


def test_speed_makes_a_short_scenario_long_for_the_sun():
    fast = Lighting(sun=Sun(speed=60.0))
    slow = Lighting(sun=Sun())
    start = at(2026, 3, 14, 9)
    minute = sun_now(fast, start_ns=start, time_ns=start + HOUR_NS // 60, seed=1)
    hour = sun_now(slow, start_ns=start, time_ns=start + HOUR_NS, seed=1)
    assert minute.direction == pytest.approx(hour.direction, abs=1e-6)


def test_a_sun_that_does_not_move_stays():
    lighting = Lighting(sun=Sun(moves=False, speed=600.0))
    start = at(2026, 3, 14, 9)
    now = [sun_now(lighting, start_ns=start, time_ns=start + k * HOUR_NS, seed=1) for k in (0, 1)]
    assert now[0].direction == now[1].direction


def test_there_is_no_sun_by_default_and_none_at_night():
    midnight = at(2026, 3, 14, 0)
    assert sun_now(Lighting(), start_ns=0, time_ns=0, seed=1) is None
    assert sun_now(Lighting(sun=Sun()), start_ns=midnight, time_ns=midnight, seed=1) is None


def test_half_a_position_is_refused():
    with pytest.raises(ValidationError, match="elevation_deg"):
        Sun(azimuth_deg=100.0)


@settings(max_examples=60, deadline=None)
@given(passed_s=st.floats(0, 86_400), seed=st.integers(0, 2**40))
def test_clouds_hide_between_nothing_and_all(passed_s, seed):
    assert 0.0 <= cloud_cover(passed_s, seed=seed) <= 1.0
    assert cloud_cover(passed_s, seed=seed) == cloud_cover(passed_s, seed=seed)


def test_clouds_come_and_go_and_dim_the_sun():
    lighting = Lighting(sun=Sun(azimuth_deg=180, elevation_deg=40, strength=2.0, clouds=0.9))
    times = range(0, 300 * 10**9, 10**9)
    level = [sun_now(lighting, start_ns=0, time_ns=t, seed=4).strength for t in times]
    assert min(level) < 0.5
    assert max(level) > 1.5
    assert np.abs(np.diff(level)).max() < 0.5  # a second's change is no jump


@settings(max_examples=40, deadline=None)
@given(temperature=st.floats(2000, 10_000))
def test_lamps_of_any_colour_are_equally_bright(temperature):
    colour = lamp_colour(temperature)
    assert (colour > 0).all()
    assert colour @ [0.2126, 0.7152, 0.0722] == pytest.approx(1.0)


def test_cool_lamps_are_bluer_than_warm_ones():
    share = [lamp_colour(k)[2] / lamp_colour(k)[0] for k in (2000, 2700, LAMPS_K, 5000, 6500)]
    assert share == sorted(share)
    assert lamp_colour(LAMPS_K) == pytest.approx([1, 1, 1])
