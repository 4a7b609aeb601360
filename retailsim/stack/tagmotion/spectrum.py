"""Spectra of unevenly sampled reads, their shape, and how much that shape changes.

After the published method: transform RSSI and phase of a window, reduce the spectrum to a
histogram of frequency shares (nearly free of where the tag hangs), and take the Jensen-Shannon
divergence from the window before. Reads come about thrice a second and at odd times, so that the
transform is the least-squares one of Lomb (1976) and Scargle (1982).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Cloth on a hanger swings at 0.5 to 3 Hz; the bins of the histogram are centred on these.
FREQUENCIES_HZ: F64 = np.array([0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.2, 2.6, 3.0])


def lomb_scargle(time_s: F64, value: F64, group: I64, groups: int) -> F64:
    """Return the power of every group's samples at `FREQUENCIES_HZ`, ([k,] groups, frequencies).

    Args:
        time_s: of the samples, (n,).
        value: one value of each, (n,), or several, (k, n).
        group: which group each sample belongs to, (n,); a group's mean is taken out first.
        groups: number of groups.

    A group of n samples of a sinusoid with amplitude a has power n a^2 / 4 at its frequency.
    Times are shifted by Scargle's tau after summing up, by the addition theorems: sines and
    cosines of all samples are what takes the time.
    """

    def total(x: F64) -> F64:
        sums: F64 = np.bincount(group, x, groups).astype(np.float64, copy=False)
        return sums

    count = np.bincount(group, minlength=groups)
    several = np.atleast_2d(value)
    several = np.array([v - (total(v) / np.maximum(count, 1))[group] for v in several])
    power = np.zeros((len(several), groups, len(FREQUENCIES_HZ)))
    for column, frequency_hz in enumerate(FREQUENCIES_HZ):
        angle = 2 * np.pi * frequency_hz * time_s
        cos, sin = np.cos(angle), np.sin(angle)
        double_cos, double_sin = 2 * total(cos * cos) - count, 2 * total(sin * cos)
        turn = np.arctan2(double_sin, double_cos) / 2
        size = np.hypot(double_sin, double_cos)
        cc, ss = np.maximum(count + size, 2e-3) / 2, np.maximum(count - size, 2e-3) / 2
        turn_cos, turn_sin = np.cos(turn), np.sin(turn)
        for row, centred in enumerate(several):
            with_cos, with_sin = total(centred * cos), total(centred * sin)
            along = with_cos * turn_cos + with_sin * turn_sin
            across = with_sin * turn_cos - with_cos * turn_sin
            power[row, :, column] = 0.5 * (along**2 / cc + across**2 / ss)
    return power if value.ndim == 2 else power[0]


def shares(power: F64, floor: float) -> F64:
    """Return each row's histogram of frequency shares; `floor` power in every bin is noise."""
    raised = power + floor
    share: F64 = raised / raised.sum(axis=1, keepdims=True)
    return share


def jensen_shannon(p: F64, q: F64) -> F64:
    """Return the divergence of histograms, row by row, in bits: 0 (equal) to 1 (disjoint)."""
    middle = (p + q) / 2
    bits: F64 = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return bits


def _relative_entropy(p: F64, q: F64) -> F64:
    ratio = np.where(p > 0, p / np.where(q > 0, q, 1), 1)
    bits: F64 = (p * np.log2(ratio)).sum(axis=-1)
    return bits
