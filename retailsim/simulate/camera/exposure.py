"""How long the shutter is open and how far its light is amplified, as the scene changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.faults import Flaws

# Where automatic exposure settles: the mean of linear light, full scale = 1. The boutique in its
# usual light has about this (measured), so that there automatic exposure changes little.
TARGET = 0.28
METER_STEP_PX = 8
LEAST_LIGHT = 1e-4


@dataclass(frozen=True)
class Exposure:
    """The settings of one frame.

    Attributes:
        shutter_s: how long light is gathered.
        gain: amplification of linear light beyond the usual.
        light: factor on linear light that both make together.
    """

    shutter_s: float
    gain: float = 1.0
    light: float = 1.0


class AutoExposure:
    """Follows the brightness of one camera's scene, or stays as it is told to."""

    def __init__(self, flaws: Flaws) -> None:
        self._flaws = flaws
        self._light: float | None = None
        self._before_ns = 0

    def follow(self, bgr: NDArray[np.uint8], time_ns: int) -> Exposure:
        """Return the exposure of a picture drawn in square-root coding, uint8 (h, w, 3).

        The first picture finds the camera settled; later the logarithm of the exposure follows
        what the picture asks for with the time constant `settle_s`.
        """
        flaws = self._flaws
        if not flaws.auto_exposure:
            return Exposure(flaws.exposure_s)
        wanted = _wanted(bgr)
        if self._light is None:
            self._light = wanted
        else:
            share = 1 - np.exp(-(time_ns - self._before_ns) * 1e-9 / flaws.settle_s)
            self._light *= float((wanted / self._light) ** share)
        self._before_ns = time_ns
        return shared_out(self._light, flaws)


def shared_out(light: float, flaws: Flaws) -> Exposure:
    """Split a factor on linear light into time and gain, time first; both have their limits."""
    longest = max(flaws.longest_exposure_s, flaws.exposure_s)
    shutter_s = float(min(light * flaws.exposure_s, longest))
    gain = float(np.clip(light * flaws.exposure_s / shutter_s, 1.0, flaws.most_gain))
    return Exposure(shutter_s, gain, gain * shutter_s / flaws.exposure_s)


def _wanted(bgr: NDArray[np.uint8]) -> float:
    part = bgr[::METER_STEP_PX, ::METER_STEP_PX].astype(np.float32)
    return float(TARGET / max((part * part).mean() / 255**2, LEAST_LIGHT))
