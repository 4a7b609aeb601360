"""What the reads of half a second say, for every pair of tag and antenna that was heard.

A passer-by, or the shopper before a rail, disturbs many tags at once; a hand moves one. So what a
pair says stands next to what the same antenna hears of the tags around. People who stand still
shift a tag's phase but do not shake it: each read is compared with the tag's usual curve, with
its own last seconds on that antenna, and with the read before. Where that was on the same channel
the unknown offset of antenna and channel falls out and nothing need have been learnt. Readers that
merge reads into one report give it the channel of the first and the phase of the last, so a channel
is to be believed the less the longer ago the read before was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.stack.tagmotion.residuals import Reads, Residuals, phase_variance

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]
Bools = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

NEAR_M = 1.2  # scale of what tags share of a disturbance
CLOSE_S, GAP_S = 0.12, 1.5  # reads farther apart than the gap are not compared with each other
MEMORIES_S = (1.0, 4.0)  # of a pair's own last phases
CAP = 8.0
RSSI_CAP_DB = 10.0
LEAP_FLOOR = 0.02  # rad^2 of the doubled phase that a still tag's reads differ by anyway
RSSI_FLOOR_DB = 1.0  # the same of RSSI
USUAL_READS = 40.0  # reads over which a pair's usual unrest is averaged
USUAL_BINS = 50.0  # bins over which usual numbers of reads are averaged

PAIR_NAMES = (
    "reads",
    "known",
    "surprise",
    "surprise_max",
    "cos",
    "sin",
    "rssi",
    "rssi_size",
    "turn",
    "turns",
    "turn_max",
    "close_turn",
    "close_turns",
    "close_turn_max",
    "later_turn",
    "later_turns",
    "next_turn",
    "next_turns",
    "off_second",
    "off_second_trust",
    "off_seconds",
    "off_seconds_trust",
    "rssi_off_second",
    "rssi_off_seconds",
    "level",
    "usual_square",
    "usual_turn",
    "usual_rssi",
    "usual_reads",
    "near_reads",
    "near_surprise",
    "near_turn",
    "near_close_turn",
    "near_later_turn",
    "near_rssi",
    "near_rssi_size",
)
TAG_NAMES = ("reads", "usual_reads", "missing", "antennas")


@dataclass(frozen=True)
class PairBin:
    """What one bin holds.

    Attributes:
        tag: row of the tag of each pair that was read, rising, int64 (p,).
        pairs: their features, compressed, float32 (p, len(PAIR_NAMES)).
        tags: features of every tag, compressed, float32 (tags, len(TAG_NAMES)).
    """

    tag: I64
    pairs: F32
    tags: F32


class PairFeatures:
    """Computes one bin after the other for all tags of a plan."""

    def __init__(self, xyz_m: F64, antennas: int) -> None:
        """Set up for tags at xyz_m (tags, 3)."""
        self._tags, self._antennas = len(xyz_m), antennas
        apart = np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2)
        near = np.where(apart < 2 * NEAR_M, np.exp(-((apart / NEAR_M) ** 2)), 0.0)
        np.fill_diagonal(near, 0.0)
        self._near = near.astype(np.float32)
        pairs = self._tags * antennas
        self._usual_square = np.full(pairs, 0.1)
        self._usual_turn = np.full(pairs, 0.1)
        self._usual_rssi = np.full(pairs, 1.0)
        self._usual_reads = np.zeros(pairs)
        self._last_s = np.full(pairs, -np.inf)
        self._last = np.zeros(pairs, np.complex128)
        self._last_free = np.zeros(pairs, np.complex128)
        self._last_channel = np.full(pairs, -1)
        self._last_variance = np.zeros(pairs)
        self._memory = np.zeros((len(MEMORIES_S), pairs), np.complex128)
        self._rssi_sum = np.zeros((len(MEMORIES_S), pairs))
        self._rssi_weight = np.zeros((len(MEMORIES_S), pairs))

    def add(self, reads: Reads, found: Residuals) -> PairBin:
        """Return the features of a bin with these reads, in order of time."""
        key = reads.tag * self._antennas + reads.antenna
        heard, slot = np.unique(key, return_inverse=True)
        bin_ = _Bin(slot.astype(np.int64), heard.astype(np.int64))
        variance = 4 * phase_variance(reads.rssi_dbm)
        count = bin_.sum(np.ones(len(reads)))
        columns = {"reads": count}
        self._add_surprise(columns, bin_, found)
        self._add_rssi(columns, bin_, reads, found)
        self._add_turns(columns, bin_, reads, found, variance)
        self._add_memories(columns, bin_, reads, found, variance)
        self._add_usual(columns, heard, count)
        self._add_near(columns, heard)
        rows = np.column_stack([columns[name] for name in PAIR_NAMES])
        return PairBin(heard // self._antennas, compress(rows), self._of_tags(heard, count))

    def _add_surprise(self, columns: dict[str, F64], bin_: _Bin, found: Residuals) -> None:
        """Deviation from the tag's own curve, against how far it usually is off."""
        known, phase = found.known.astype(np.float64), found.phase_rad
        square = np.minimum(phase**2, 4.0)
        surprise = np.minimum(phase**2 / (2 * self._usual_square[bin_.key]), CAP)
        columns["known"] = bin_.sum(known)
        columns["surprise"] = bin_.sum(surprise)
        columns["surprise_max"] = bin_.max(surprise)
        columns["cos"] = bin_.sum(known * np.cos(phase))
        columns["sin"] = bin_.sum(known * np.sin(phase))
        self._learn(self._usual_square, bin_, square + 0.01, found.known)

    def _add_rssi(
        self, columns: dict[str, F64], bin_: _Bin, reads: Reads, found: Residuals
    ) -> None:
        off = np.clip(found.rssi_db, -RSSI_CAP_DB, RSSI_CAP_DB)
        size = np.minimum(np.abs(off) / self._usual_rssi[bin_.key], CAP)
        columns["rssi"] = bin_.sum(off)
        columns["rssi_size"] = bin_.sum(size)
        columns["level"] = (bin_.sum(reads.rssi_dbm) / columns["reads"] + 55) / 5
        self._learn(self._usual_rssi, bin_, np.abs(off) + 0.2, found.known)

    def _add_turns(
        self,
        columns: dict[str, F64],
        bin_: _Bin,
        reads: Reads,
        found: Residuals,
        variance: F64,
    ) -> None:
        """Turn of the phase from the read before on the same antenna, if that is not long ago."""
        order, first = bin_.in_order()
        key, slot = bin_.key[order], bin_.slot[order]
        time_s, own = reads.time_s[order], np.exp(1j * found.phase_rad[order])
        own[~found.known[order]] = 0.0
        free, noise = reads.doubled[order], variance[order]
        channel = reads.channel[order]
        gap_s = time_s - _before(time_s, self._last_s[key], first)
        noise_both = noise + _before(noise, self._last_variance[key], first)
        recent = gap_s < GAP_S
        turn = np.angle(own * _before(own, self._last[key], first).conj())
        pair = recent & (np.abs(own * _before(own, self._last[key], first)) > 0)
        size = np.where(pair, turn**2 / (2 * (noise_both + self._usual_turn[key])), 0.0)
        same = channel == _before(channel, self._last_channel[key], first)
        shift = np.angle(free * _before(free, self._last_free[key], first).conj())
        leap = shift**2 / (2 * (noise_both + LEAP_FLOOR))
        close = gap_s < CLOSE_S
        compared = {
            "turn": (size, pair),
            "close_turn": (leap, close & same),
            "later_turn": (leap, recent & same & ~close),
            "next_turn": (leap, close & ~same),
        }
        for name, (value, which) in compared.items():
            value = np.where(which, np.minimum(value, CAP), 0.0)
            columns[name] = bin_.sum(value, slot)
            columns[f"{name}s"] = bin_.sum(which.astype(np.float64), slot)
            columns[f"{name}_max"] = bin_.max(value, slot)
        learnt = np.minimum(turn**2, 4.0) + 0.02
        self._learn(self._usual_turn, _Bin(slot, bin_.heard), learnt, pair)
        last = np.append(first[1:], True) if len(first) else first
        ends = key[last]
        self._last_s[ends], self._last_channel[ends] = time_s[last], channel[last]
        self._last[ends], self._last_free[ends] = own[last], free[last]
        self._last_variance[ends] = noise[last]

    def _add_memories(
        self,
        columns: dict[str, F64],
        bin_: _Bin,
        reads: Reads,
        found: Residuals,
        variance: F64,
    ) -> None:
        """Deviation from phase and RSSI of the pair's own last seconds, and how sure that is."""
        phasor = np.where(found.known, np.exp(1j * found.phase_rad), 0.0)
        for row, (name, memory_s) in enumerate(
            zip(("off_second", "off_seconds"), MEMORIES_S, strict=True)
        ):
            self._memory[row] *= np.exp(-BIN_S / memory_s)
            past = self._memory[row, bin_.key]
            off = np.where(found.known & (np.abs(past) > 0), np.angle(phasor * past.conj()), 0.0)
            noise = variance + self._usual_turn[bin_.key] / 2
            trust = np.minimum(np.abs(past), 1.0)
            columns[name] = bin_.sum(np.minimum(off**2 / (2 * noise), CAP) * trust)
            columns[f"{name}_trust"] = bin_.sum(trust * found.known)
            self._memory[row, bin_.heard] += bin_.sum(phasor.real) + 1j * bin_.sum(phasor.imag)
            self._rssi_sum[row] *= np.exp(-BIN_S / memory_s)
            self._rssi_weight[row] *= np.exp(-BIN_S / memory_s)
            weight = self._rssi_weight[row, bin_.key]
            level = self._rssi_sum[row, bin_.key] / np.maximum(weight, 1e-6)
            off = (reads.rssi_dbm - level) ** 2 / (2 * RSSI_FLOOR_DB**2)
            columns[f"rssi_{name}"] = bin_.sum(np.minimum(off, CAP) * np.minimum(weight, 1.0))
            self._rssi_sum[row, bin_.heard] += bin_.sum(reads.rssi_dbm)
            self._rssi_weight[row, bin_.heard] += columns["reads"]

    def _add_usual(self, columns: dict[str, F64], heard: I64, count: F64) -> None:
        columns["usual_square"] = np.log(self._usual_square[heard])
        columns["usual_turn"] = np.log(self._usual_turn[heard])
        columns["usual_rssi"] = np.log(self._usual_rssi[heard])
        columns["usual_reads"] = self._usual_reads[heard]
        self._usual_reads *= 1 - 1 / USUAL_BINS
        self._usual_reads[heard] += count / USUAL_BINS

    def _add_near(self, columns: dict[str, F64], heard: I64) -> None:
        """What the same antenna hears of the tags around, per read of theirs."""
        names = tuple(name.removeprefix("near_") for name in PAIR_NAMES if name.startswith("near_"))
        told = np.zeros((len(names), self._tags * self._antennas), np.float32)
        told[:, heard] = [columns[name] for name in names]
        shape = (len(names), self._tags, self._antennas)
        around = self._near @ told.reshape(shape).transpose(1, 0, 2).reshape(self._tags, -1)
        around = around.reshape(self._tags, len(names), self._antennas)
        mine = around[heard // self._antennas, :, heard % self._antennas].astype(np.float64)
        columns["near_reads"] = mine[:, 0]
        for place, name in enumerate(names[1:], 1):
            columns[f"near_{name}"] = mine[:, place] / np.maximum(mine[:, 0], 0.5)

    def _of_tags(self, heard: I64, count: F64) -> F32:
        tag = heard // self._antennas
        reads = np.bincount(tag, count, self._tags)
        antennas = np.bincount(tag, minlength=self._tags)
        usual = self._usual_reads.reshape(self._tags, -1).sum(axis=1)
        missing = (usual - reads) / np.sqrt(usual + 0.1)
        return compress(np.column_stack([reads, usual, missing, antennas]))

    @staticmethod
    def _learn(usual: F64, bin_: _Bin, value: F64, which: Bools) -> None:
        """Move running means of pairs towards the mean of some of the bin's reads."""
        count = bin_.sum(which.astype(np.float64))
        mean = bin_.sum(np.where(which, value, 0.0)) / np.maximum(count, 1)
        share = 1 - (1 - 1 / USUAL_READS) ** count
        usual[bin_.heard] += share * (mean - usual[bin_.heard])


@dataclass(frozen=True)
class _Bin:
    """The reads of a bin by pair: `slot` is the read's place in `heard`, the pairs' keys."""

    slot: I64
    heard: I64

    @property
    def key(self) -> I64:
        return self.heard[self.slot]

    def sum(self, value: F64, slot: I64 | None = None) -> F64:
        where = self.slot if slot is None else slot
        total: F64 = np.bincount(where, value, len(self.heard)).astype(np.float64)
        return total

    def max(self, value: F64, slot: I64 | None = None) -> F64:
        most = np.zeros(len(self.heard))
        np.maximum.at(most, self.slot if slot is None else slot, value)
        return most

    def in_order(self) -> tuple[I64, Bools]:
        """Return the reads' order by pair, then time; and which are the first of their pair."""
        order = np.argsort(self.slot, kind="stable")
        slot = self.slot[order]
        first = np.ones(len(slot), bool)
        first[1:] = slot[1:] != slot[:-1]
        return order, first


def _before(now: NDArray[T], stored: NDArray[T], first: Bools) -> NDArray[T]:
    """Return what came before each read: the read before, or for a pair's first what is stored."""
    before = np.concatenate([now[:1], now[:-1]])
    return np.where(first, stored, before)


def compress(features: F64) -> F32:
    """Return features with their long tails drawn in: sign(x) log(1 + |x|)."""
    return (np.sign(features) * np.log1p(np.abs(features))).astype(np.float32)
