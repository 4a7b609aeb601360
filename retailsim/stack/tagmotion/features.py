"""What the reads of half a second say about every tag, beside what its neighbours' say.

A passer-by, or the shopper before a rail, disturbs many tags at once; a hand moves one. So every
figure of a tag stands next to the same figure over the tags hanging around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.residuals import Reads, Residuals, phase_variance
from retailsim.stack.tagmotion.spectrum import (
    FREQUENCIES_HZ,
    jensen_shannon,
    lomb_scargle,
    shares,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

BIN_S = 0.5
WINDOW_BINS = 6  # spectra over 3 s, compared with the 3 s before
NEAR_M = 0.5
PAIR_S = 1.2
PAIR_VARIANCE = 0.05  # rad^2 that two channels of a still tag differ by (assumed)
RSSI_CAP_DB = 10.0
SLOW = 0.02  # share of a new bin in running means: about 25 s
PHASE_FLOOR, RSSI_FLOOR = 0.05, 1.0  # noise power in every bin of the histograms

NAMES = (
    "reads",
    "reads_usual",
    "surprise_sum",
    "surprise_max",
    "surprise_usual",
    "rssi_mean",
    "rssi_size",
    "rssi_max",
    "change_sum",
    "change_max",
    "changes",
    "near_surprise",
    "near_rssi",
    "near_change",
    "near_surprise_max",
    "near_change_max",
    "phase_power",
    "rssi_power",
    "phase_divergence",
    "rssi_divergence",
)


@dataclass(frozen=True)
class _Sample:
    """Known residuals kept for spectra, one row per read."""

    time_s: F64
    tag: I64
    phase_rad: F64
    rssi_db: F64


class BinFeatures:
    """Computes the features of one bin after the other for all tags of a plan."""

    def __init__(self, xyz_m: F64, antennas: int) -> None:
        self._tags, self._antennas = len(xyz_m), antennas
        apart = np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2)
        self._weight = np.where(apart < 2 * NEAR_M, np.exp(-((apart / NEAR_M) ** 2)), 0.0)
        np.fill_diagonal(self._weight, 0.0)
        self._near = self._weight > np.exp(-1)
        self._usual_reads = np.zeros(self._tags)
        self._usual_surprise = np.zeros(self._tags)
        self._last_time = np.full(self._tags * antennas, -np.inf)
        self._last_phase = np.zeros(self._tags * antennas)
        self._last_variance = np.zeros(self._tags * antennas)
        self._samples: list[_Sample] = []
        silence = np.zeros((self._tags, len(FREQUENCIES_HZ)))
        self._powers = [[silence, silence]] * WINDOW_BINS  # the last windows', oldest first

    def add(self, reads: Reads, found: Residuals) -> F64:
        """Return the features (tags, len(NAMES)) of a bin with these reads, in order of time."""
        known = np.flatnonzero(found.known)
        tag = reads.tag[known]
        count = np.bincount(reads.tag, minlength=self._tags).astype(float)
        surprise, rssi = found.surprise[known], np.clip(found.rssi_db[known], -RSSI_CAP_DB, 10.0)
        change, changed = self._changes(reads.take(known), found.phase_rad[known])
        s_sum, s_max = self._sum(tag, surprise), self._max(tag, surprise)
        r_size, c_sum = self._sum(tag, np.abs(rssi)), self._sum(changed, change)
        c_count = np.bincount(changed, minlength=self._tags).astype(float)
        usable = np.maximum(np.bincount(tag, minlength=self._tags), 1e-9)
        columns = [
            count,
            self._usual_reads.copy(),
            s_sum,
            s_max,
            self._usual_surprise.copy(),
            self._sum(tag, rssi) / np.maximum(usable, 1),
            r_size / np.maximum(usable, 1),
            self._max(tag, np.abs(rssi)),
            c_sum,
            self._max(changed, change),
            c_count,
            self._around(s_sum, usable),
            self._around(r_size, usable),
            self._around(c_sum, c_count),
            self._most_near(s_sum),
            self._most_near(c_sum),
            *self._spectra(reads.take(known), found.phase_rad[known], rssi),
        ]
        self._usual_reads += SLOW * (count - self._usual_reads)
        seen = usable >= 1
        self._usual_surprise[seen] += SLOW * ((s_sum / usable)[seen] - self._usual_surprise[seen])
        return np.column_stack(columns)

    def _changes(self, reads: Reads, phase_rad: F64) -> tuple[F64, I64]:
        """Compare each read with the one before on the same antenna; surprise and tag of pairs."""
        key = reads.tag * self._antennas + reads.antenna
        order = np.lexsort((reads.time_s, key))
        key, phase, time_s = key[order], phase_rad[order], reads.time_s[order]
        variance = 4 * phase_variance(reads.rssi_dbm[order])
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]

        def before(last: F64, now: F64) -> F64:
            return np.where(first, last[key], np.concatenate([[0.0], now[:-1]])[: len(now)])

        gap_s = time_s - before(self._last_time, time_s)
        turn = phase - before(self._last_phase, phase)
        turn = np.angle(np.exp(1j * turn))
        spread = variance + before(self._last_variance, variance) + PAIR_VARIANCE
        pair = np.flatnonzero(gap_s < PAIR_S)
        last = np.ones(len(key), bool)
        last[:-1] = first[1:]
        self._last_time[key[last]] = time_s[last]
        self._last_phase[key[last]] = phase[last]
        self._last_variance[key[last]] = variance[last]
        change = np.minimum(turn[pair] ** 2 / (2 * spread[pair]), 6.0)
        return change, key[pair] // self._antennas

    def _spectra(self, reads: Reads, phase_rad: F64, rssi_db: F64) -> list[F64]:
        """Return power of phase and RSSI and the divergence of each from the window before."""
        self._samples = [*self._samples, _Sample(reads.time_s, reads.tag, phase_rad, rssi_db)]
        self._samples = self._samples[-WINDOW_BINS:]
        power = [self._power("phase_rad"), self._power("rssi_db")]
        earlier = self._powers[0]
        self._powers = [*self._powers[-WINDOW_BINS + 1 :], power]
        divergence = [
            jensen_shannon(shares(now, floor), shares(then, floor))
            for now, then, floor in zip(power, earlier, (PHASE_FLOOR, RSSI_FLOOR), strict=True)
        ]
        return [*(p.sum(axis=1) for p in power), *divergence]

    def _power(self, name: str) -> F64:
        time_s = np.concatenate([s.time_s for s in self._samples])
        value = np.concatenate([getattr(s, name) for s in self._samples])
        tag = np.concatenate([s.tag for s in self._samples])
        return lomb_scargle(time_s, value, tag, self._tags)

    def _sum(self, tag: I64, value: F64) -> F64:
        return np.bincount(tag, value, self._tags)

    def _max(self, tag: I64, value: F64) -> F64:
        most = np.zeros(self._tags)
        np.maximum.at(most, tag, value)
        return most

    def _around(self, total: F64, count: F64) -> F64:
        """Return the mean per read over each tag's neighbours, 0 where none was read."""
        around: F64 = (self._weight @ total) / np.maximum(self._weight @ count, 0.3)
        return around

    def _most_near(self, total: F64) -> F64:
        most: F64 = np.where(self._near, total[None, :], 0.0).max(axis=1, initial=0.0)
        return most


def compress(features: F64) -> NDArray[np.float32]:
    """Return features with their long tails drawn in: sign(x) log(1 + |x|)."""
    return (np.sign(features) * np.log1p(np.abs(features))).astype(np.float32)
