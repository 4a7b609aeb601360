"""What the reads of half a second say about every tag, beside what its neighbours' say.

A passer-by, or the shopper before a rail, disturbs many tags at once; a hand moves one. So every
figure of a tag stands next to the same figure over the tags hanging around it, where it can be of
the same antenna. People who stand still shift a tag's phase but do not shake it: the spread of
the phase around its mean of the last seconds is what tells a hand.
"""

from __future__ import annotations

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
SHORT_BINS, WINDOW_BINS = 3, 6  # spectra over 3 s, compared with the 3 s before
NEAR_M, TOUCH_M = 1.2, 0.5  # neighbours that share a disturbance; those a hand may touch, too
PAIR_S = 1.2
CAP = 8.0
RSSI_CAP_DB = 10.0
RADIANS_PER_DB = 2 * np.log(10) / 20  # of the doubled phase, for a disturbance of any angle
SLOW = 0.02  # share of a new bin in running means: about 25 s
USUAL_READS = 40.0  # reads over which a tag's usual unrest on an antenna is averaged
PHASE_FLOOR, RSSI_FLOOR = 1.0, 1.0  # noise power in every bin of the histograms

NAMES = (
    "reads",
    "reads_usual",
    "surprise_sum",
    "surprise_max",
    "surprise_beyond_near",
    "raw_surprise_sum",
    "rssi_mean",
    "rssi_size",
    "rssi_max",
    "change_sum",
    "change_max",
    "changes",
    "change_beyond_near",
    "spread_short",
    "spread_short_freedom",
    "spread_short_beyond_near",
    "spread_short_first",
    "spread_short_second",
    "spread_long",
    "spread_long_freedom",
    "spread_long_beyond_near",
    "spread_long_first",
    "spread_long_second",
    "rssi_spread_first",
    "antennas_shaken",
    "near_surprise",
    "near_rssi",
    "near_change",
    "near_spread",
    "near_surprise_max",
    "near_change_max",
    "near_spread_max",
    "near_beyond_max",
    "phase_power",
    "rssi_power",
    "phase_divergence",
    "rssi_divergence",
)


class BinFeatures:
    """Computes the features of one bin after the other for all tags of a plan.

    Sums are kept per pair of tag and antenna: row = tag * antennas + antenna.
    """

    def __init__(self, xyz_m: F64, antennas: int) -> None:
        self._tags, self._antennas = len(xyz_m), antennas
        apart = np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2)
        self._weight = np.where(apart < 2 * NEAR_M, np.exp(-((apart / NEAR_M) ** 2)), 0.0)
        np.fill_diagonal(self._weight, 0.0)
        self._near = _neighbours((apart < TOUCH_M) & (self._weight > 0))
        self._usual_reads = np.zeros(self._tags)
        pairs = self._tags * antennas
        self._usual_square = np.full(pairs, 0.1)
        self._usual_turn = np.full(pairs, 0.1)
        self._usual_rssi = np.full(pairs, 1.0)
        self._last_time = np.full(pairs, -np.inf)
        self._last_phase = np.zeros(pairs)
        nothing = np.zeros((0, 5))
        self._samples = [nothing] * WINDOW_BINS
        silence = np.zeros((self._tags, len(FREQUENCIES_HZ)))
        self._powers = [[silence, silence]] * WINDOW_BINS

    def add(self, reads: Reads, found: Residuals) -> F64:
        """Return the features (tags, len(NAMES)) of a bin with these reads, in order of time."""
        count = np.bincount(reads.tag, minlength=self._tags).astype(float)
        rows = np.flatnonzero(found.known)
        reads, phase = reads.take(rows), found.phase_rad[rows]
        key = reads.tag * self._antennas + reads.antenna
        rssi = np.clip(found.rssi_db[rows], -RSSI_CAP_DB, RSSI_CAP_DB)
        columns = [count, self._usual_reads.copy()]
        near: list[F64] = []
        self._add_surprise(columns, near, key, phase, found.surprise[rows])
        self._add_rssi(columns, near, key, rssi)
        near_change_max = self._add_changes(columns, near, key, reads, phase)
        self._remember(reads.time_s, key, phase, rssi, phase_variance(reads.rssi_dbm))
        near_max = self._add_spreads(columns, near)
        columns += [*near, self._most_near(columns[2]), near_change_max, *near_max]
        columns += self._spectra()
        self._usual_reads += SLOW * (count - self._usual_reads)
        return np.column_stack(columns)

    def _add_surprise(
        self, columns: list[F64], near: list[F64], key: I64, phase: F64, raw: F64
    ) -> None:
        """Deviation from the tag's own expectation, against how far it usually is off."""
        surprise = np.minimum(phase**2 / (2 * self._usual_square[key]), CAP)
        total, beyond, around = self._against_near(key, surprise)
        columns += [total, self._max(key, surprise), beyond, self._per_tag(self._sum(key, raw))]
        near.append(around)
        self._learn(self._usual_square, key, np.minimum(phase**2, 4.0) + 0.01)

    def _add_rssi(self, columns: list[F64], near: list[F64], key: I64, rssi: F64) -> None:
        size = np.minimum(np.abs(rssi) / self._usual_rssi[key], CAP)
        total, _, around = self._against_near(key, size)
        count = np.maximum(self._per_tag(self._sum(key, np.ones(len(key)))), 1)
        columns += [self._per_tag(self._sum(key, rssi)) / count, total, self._max(key, size)]
        near.append(around)
        self._learn(self._usual_rssi, key, np.abs(rssi) + 0.2)

    def _add_changes(
        self, columns: list[F64], near: list[F64], key: I64, reads: Reads, phase: F64
    ) -> F64:
        """Turn of the phase from the read before on the same antenna, if that is not long ago."""
        order = np.lexsort((reads.time_s, key))
        key, phase, time_s = key[order], phase[order], reads.time_s[order]
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        last = np.ones(len(key), bool)
        last[:-1] = first[1:]

        def before(stored: F64, now: F64) -> F64:
            return np.where(first, stored[key], np.concatenate([[0.0], now[:-1]])[: len(now)])

        turn = np.angle(np.exp(1j * (phase - before(self._last_phase, phase))))
        pair = np.flatnonzero(time_s - before(self._last_time, time_s) < PAIR_S)
        self._last_time[key[last]], self._last_phase[key[last]] = time_s[last], phase[last]
        key, turn = key[pair], turn[pair]
        change = np.minimum(turn**2 / (2 * self._usual_turn[key]), CAP)
        total, beyond, around = self._against_near(key, change)
        pairs = self._per_tag(self._sum(key, np.ones(len(key))))
        columns += [total, self._max(key, change), pairs, beyond]
        near.append(around)
        self._learn(self._usual_turn, key, np.minimum(turn**2, 4.0) + 0.02)
        return self._most_near(total)

    def _add_spreads(self, columns: list[F64], near: list[F64]) -> tuple[F64, F64]:
        """Spread of the phase around its own mean of the last seconds, per antenna."""
        for bins in (SHORT_BINS, WINDOW_BINS):
            _, key, phase, rssi, variance = np.concatenate(self._samples[-bins:]).T
            key = key.astype(np.int64)
            weight = 1 / (4 * variance + self._usual_turn[key] / 2)
            total = self._sum(key, weight)
            mean = np.hypot(
                self._sum(key, weight * np.cos(phase)), self._sum(key, weight * np.sin(phase))
            )
            freedom = np.maximum(self._sum(key, np.ones(len(key))) - 1, 0)
            spread = 2 * np.maximum(total - mean, 0)
            around = self._around(spread, freedom)
            beyond = (spread / (1 + around)).reshape(self._tags, -1)
            two = np.pad(beyond, ((0, 0), (0, 1)))  # there may be one antenna alone
            first, second = np.sort(two, axis=1)[:, :-3:-1].T  # shaken on two antennas?
            columns += [self._per_tag(spread), self._per_tag(freedom), beyond.sum(axis=1)]
            columns += [first, second]
        # A body that comes near changes RSSI as much as phase; a hand shifts the phase alone.
        middle = self._sum(key, weight * rssi) / np.maximum(total, 1e-9)
        off = self._sum(key, weight * (rssi - middle[key]) ** 2) * RADIANS_PER_DB**2
        strongest = np.argmax(beyond, axis=1)
        tags = np.arange(self._tags)
        columns += [(off / (1 + around)).reshape(self._tags, -1)[tags, strongest]]
        columns += [(beyond > 2 + 2 * freedom.reshape(beyond.shape)).sum(axis=1).astype(float)]
        near += [np.sum(around.reshape(self._tags, -1), axis=1)]
        return self._most_near(self._per_tag(spread)), self._most_near(beyond.sum(axis=1))

    def _remember(self, time_s: F64, key: I64, phase: F64, rssi: F64, variance: F64) -> None:
        latest = np.column_stack([time_s, key, phase, rssi, variance])
        self._samples = [*self._samples[1:], latest]

    def _spectra(self) -> list[F64]:
        """Return power of phase and RSSI and the divergence of each from the window before."""
        time_s, key, phase, rssi, variance = np.concatenate(self._samples).T
        key = key.astype(np.int64)
        phase = phase / np.sqrt(4 * variance + self._usual_turn[key] / 2)
        rssi = rssi / self._usual_rssi[key]
        count = np.maximum(self._sum(key, np.ones(len(key))), 1)
        centred = [value - (self._sum(key, value) / count)[key] for value in (phase, rssi)]
        power = list(lomb_scargle(time_s, np.array(centred), key // self._antennas, self._tags))
        earlier = self._powers[0]
        self._powers = [*self._powers[1:], power]
        divergence = [
            jensen_shannon(shares(now, floor), shares(then, floor))
            for now, then, floor in zip(power, earlier, (PHASE_FLOOR, RSSI_FLOOR), strict=True)
        ]
        return [*(p.sum(axis=1) for p in power), *divergence]

    def _against_near(self, key: I64, value: F64) -> tuple[F64, F64, F64]:
        """Return per tag: the sum, the sum against the neighbours', the neighbours' mean."""
        total, count = self._sum(key, value), self._sum(key, np.ones(len(key)))
        around = self._around(total, count)
        beyond = self._per_tag(total / (0.5 + around))
        weighted = self._per_tag(around * count) / np.maximum(self._per_tag(count), 1e-9)
        return self._per_tag(total), beyond, weighted

    def _around(self, total: F64, count: F64) -> F64:
        """Return the mean per read over neighbours on the same antenna, per pair."""
        both = self._weight @ np.column_stack(
            [total.reshape(self._tags, -1), count.reshape(self._tags, -1)]
        )
        around: F64 = both[:, : self._antennas] / np.maximum(both[:, self._antennas :], 0.5)
        return around.ravel()

    def _learn(self, usual: F64, key: I64, value: F64) -> None:
        count = self._sum(key, np.ones(len(key)))
        share = 1 - (1 - 1 / USUAL_READS) ** count
        mean = self._sum(key, value) / np.maximum(count, 1)
        usual += share * (mean - usual) * (count > 0)

    def _sum(self, key: I64, value: F64) -> F64:
        size = self._tags * self._antennas
        total: F64 = np.bincount(key, value, size).astype(np.float64)
        return total

    def _per_tag(self, pairs: F64) -> F64:
        total: F64 = pairs.reshape(self._tags, self._antennas).sum(axis=1)
        return total

    def _max(self, key: I64, value: F64) -> F64:
        most = np.zeros(self._tags)
        np.maximum.at(most, key // self._antennas, value)
        return most

    def _most_near(self, total: F64) -> F64:
        most: F64 = np.append(total, 0.0)[self._near].max(axis=1, initial=0.0)
        return most


def _neighbours(near: NDArray[np.bool_]) -> I64:
    """Return the columns that are true in each row, filled up with -1, (rows, most)."""
    count = near.sum(axis=1)
    table = np.full((len(near), int(count.max(initial=0))), -1, np.int64)
    rows, columns = np.nonzero(near)
    table[rows, np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)] = columns
    return table


def compress(features: F64) -> NDArray[np.float32]:
    """Return features with their long tails drawn in: sign(x) log(1 + |x|)."""
    return (np.sign(features) * np.log1p(np.abs(features))).astype(np.float32)
