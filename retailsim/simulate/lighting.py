"""How light the shop is over the day: lamps, daylight, and the sun on the floor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from retailsim.simulate.streams import stream
from retailsim.store.plan import PlanModel

LAMPS_K = 4000.0  # the colour of shop lamps to which cameras are balanced (assumed)
TURN_DEG_PER_S = 15.0 / 3600.0
LEAST_ELEVATION_DEG = 3.0  # a lower sun stands behind the houses (assumed)
_CLOUD_PERIODS_S = np.array([97.0, 61.0, 29.0])
_CLOUD_SHARES = np.array([0.5, 0.3, 0.2])


class Sun(PlanModel):
    """Direct sunlight through windows and open doors.

    Without azimuth and elevation the sun is where it is at the scenario's time and place.
    """

    azimuth_deg: float | None = Field(
        default=None, ge=0, lt=360, description="at the start, clockwise from north"
    )
    elevation_deg: float | None = Field(default=None, ge=0, le=90, description="at the start")
    moves: bool = True
    speed: float = Field(
        default=1.0, gt=0, le=600, description="how many times faster than real it moves"
    )
    strength: float = Field(
        default=2.5, ge=0, le=20, description="light on what faces it over that of the lamps"
    )
    clouds: float = Field(
        default=0.0, ge=0, le=1, description="share that passing clouds take at most"
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Sun:
        if (self.azimuth_deg is None) != (self.elevation_deg is None):
            raise ValueError("give azimuth_deg and elevation_deg together, or neither")
        return self


class Lighting(PlanModel):
    """The light of a scenario; the defaults are a shop by its lamps on a grey day."""

    lamps: float = Field(default=1.0, ge=0, le=2, description="level of the lamps, 1 = full")
    colour_temperature_k: float = Field(
        default=LAMPS_K, ge=2000, le=10_000, description="of the lamps"
    )
    daylight: float = Field(
        default=1.0, ge=0, le=10, description="outdoors over an overcast noon's light"
    )
    sun: Sun | None = None
    latitude_deg: float = Field(default=48.8, ge=-90, le=90)
    longitude_deg: float = Field(default=9.2, ge=-180, le=180)
    north_deg: float = Field(
        default=90.0, description="where north is on the plan, counter-clockwise from +x"
    )


@dataclass(frozen=True)
class SunNow:
    """The sun at one moment.

    Attributes:
        direction: unit vector towards it in the plan's axes.
        strength: light on a surface that faces it over that of the lamps.
    """

    direction: tuple[float, float, float]
    strength: float


def sun_now(lighting: Lighting, *, start_ns: int, time_ns: int, seed: int) -> SunNow | None:
    """Return the sun at a time of a scenario that began at `start_ns`; None for none or night."""
    sun = lighting.sun
    if sun is None or sun.strength == 0:
        return None
    passed_s = (time_ns - start_ns) * 1e-9
    moved_s = passed_s * sun.speed if sun.moves else 0.0
    if sun.azimuth_deg is not None and sun.elevation_deg is not None:
        azimuth, elevation = sun.azimuth_deg + moved_s * TURN_DEG_PER_S, sun.elevation_deg
    else:
        when_ns = start_ns + round(moved_s * 1e9)
        azimuth, elevation = solar_position_deg(
            when_ns, latitude_deg=lighting.latitude_deg, longitude_deg=lighting.longitude_deg
        )
    if elevation < LEAST_ELEVATION_DEG:
        return None
    turn, rise = np.deg2rad(lighting.north_deg - azimuth), np.deg2rad(elevation)
    flat = np.cos(rise)
    direction = (float(flat * np.cos(turn)), float(flat * np.sin(turn)), float(np.sin(rise)))
    return SunNow(direction, sun.strength * (1.0 - sun.clouds * cloud_cover(passed_s, seed=seed)))


def solar_position_deg(
    time_ns: int, *, latitude_deg: float, longitude_deg: float
) -> tuple[float, float]:
    """Return the sun's azimuth (clockwise from north) and elevation, degrees.

    Declination and equation of time after Spencer (1971), "Fourier series representation of the
    position of the sun", Search 2(5), as NOAA's solar calculator uses them; refraction left out.
    """
    when = datetime.fromtimestamp(time_ns // 10**9, UTC)
    hour = when.hour + when.minute / 60 + (when.second + time_ns % 10**9 * 1e-9) / 3600
    year = 2 * np.pi / 365 * (when.timetuple().tm_yday - 1 + (hour - 12) / 24)
    c, s = (np.array([f(year), f(2 * year), f(3 * year)]) for f in (np.cos, np.sin))
    late_min = 229.18 * (
        0.000075 + 0.001868 * c[0] - 0.032077 * s[0] - 0.014615 * c[1] - 0.040849 * s[1]
    )
    declination = (
        0.006918 - 0.399912 * c[0] + 0.070257 * s[0] - 0.006758 * c[1] + 0.000907 * s[1]
        - 0.002697 * c[2] + 0.00148 * s[2]
    )  # fmt: skip
    angle = np.deg2rad((hour * 60 + late_min + 4 * longitude_deg) / 4 - 180)
    latitude = np.deg2rad(latitude_deg)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(
        declination
    ) * np.cos(angle)
    from_south = np.arctan2(
        np.sin(angle),
        np.cos(angle) * np.sin(latitude) - np.tan(declination) * np.cos(latitude),
    )
    elevation = np.arcsin(np.clip(height, -1, 1))
    return float((np.rad2deg(from_south) + 180) % 360), float(np.rad2deg(elevation))


def cloud_cover(passed_s: float, *, seed: int) -> float:
    """Return how much of the sun clouds hide, 0 to 1: three slow waves of assumed periods."""
    phase = stream(seed, "clouds").random(3)
    waves = np.sin(2 * np.pi * (passed_s / _CLOUD_PERIODS_S + phase))
    depth = np.clip((waves @ _CLOUD_SHARES) * 1.4 + 0.5, 0, 1)
    return float(depth * depth * (3 - 2 * depth))


def lamp_colour(temperature_k: float) -> NDArray[np.float64]:
    """Return linear RGB of lamps, 1 1 1 at LAMPS_K, of equal luminance, shape (3,).

    Chromaticity of a black body after Kang et al. (2002), "Design of advanced color temperature
    control system for HDTV applications"; luminance weights of sRGB (IEC 61966-2-1).
    """
    tint = _black_body_rgb(temperature_k) / _black_body_rgb(LAMPS_K)
    return np.asarray(tint / (tint @ np.array([0.2126, 0.7152, 0.0722])), np.float64)


def _black_body_rgb(temperature_k: float) -> NDArray[np.float64]:
    t = 1e3 / temperature_k
    if temperature_k <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if temperature_k <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif temperature_k <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    to_rgb = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    return np.asarray(np.maximum(to_rgb @ xyz, 1e-3), np.float64)
