"""Procedural textures, the same in every process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.streams import stream


def fractal_noise(name: str, size: int, slope: float) -> NDArray[np.float64]:
    """Return tileable noise (size, size) with mean 0 and deviation 1, amplitude ~ f ** -slope."""
    white = stream(0, "texture", name).standard_normal((size, size))
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) * size
    f[0, 0] = 1.0
    spectrum = np.fft.rfft2(white) * f**-slope
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (size, size))
    out: NDArray[np.float64] = field / field.std()
    return out


def fold_map(size: int = 256) -> NDArray[np.uint8]:
    """Return cloth folds: value and gradient as RGB around 128, uint8 (size, size, 3)."""
    value = fractal_noise("folds", size, 1.7)
    down, across = np.gradient(value)
    channels = [value * 0.17, across / across.std() * 0.15, down / down.std() * 0.15]
    return np.clip(np.stack(channels, -1) * 255 + 127.5, 0, 255).astype(np.uint8)
