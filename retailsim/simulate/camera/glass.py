"""Dirt on a camera's glass: too near to be sharp, it is a haze that lies still in the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SMUDGES = (3, 7)  # least and most (assumed)
GRAIN = (9, 15)  # rows and columns of the coarse noise that frays the smudges


def smudges(width_px: int, height_px: int, make: np.random.Generator) -> NDArray[np.float32]:
    """Return how thick dirt lies, 0 to 1 at its thickest, float32 (h, w)."""
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32) / np.float32(width_px)
    thick = np.zeros((height_px, width_px), np.float32)
    for _ in range(int(make.integers(SMUDGES[0], SMUDGES[1] + 1))):
        middle = make.uniform(0, 1, 2) * (1, height_px / width_px)
        long, wide = make.uniform(0.06, 0.22), make.uniform(0.02, 0.07)
        turn, depth = make.uniform(0, np.pi), make.uniform(0.4, 1.0)
        along = (x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)
        across = (y - middle[1]) * np.cos(turn) - (x - middle[0]) * np.sin(turn)
        thick += depth * np.exp(-((along / long) ** 2) - (across / wide) ** 2)
    cells = make.uniform(0.35, 1.0, GRAIN)
    frayed = thick * cv2.resize(cells.astype(np.float32), (width_px, height_px))
    return np.asarray(frayed / max(float(frayed.max()), 1e-6), np.float32)
