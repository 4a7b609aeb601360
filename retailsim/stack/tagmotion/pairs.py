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
from itertools import pairwise
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
        self._last_s = np.full(pairs, -np.inf)
        self._last = np.zeros(pairs, np.complex128)
        self._last_free = np.zeros(pairs, np.complex128)
        self._last_channel = np.full(pairs, -1)
        self._last_variance = np.zeros(pairs)
        self._bin = 0
        self._heard_bin = np.zeros(pairs, np.int64)  # up to which what follows has faded
        self._usual_reads = np.zeros(pairs)
        self._memory = np.zeros((len(MEMORIES_S), pairs), np.complex128)
        self._rssi_sum = np.zeros((len(MEMORIES_S), pairs))
        self._rssi_weight = np.zeros((len(MEMORIES_S), pairs))
        self._usual_of_tag = np.zeros(self._tags)  # usual reads on all antennas, faded up to now

    def add(self, reads: Reads, found: Residuals) -> PairBin:
        """Return the features of a bin with these reads, in order of time."""
        self._bin += 1
        key = reads.tag * self._antennas + reads.antenna
        order = np.argsort(key, kind="stable")
        bin_ = _Bin.of(key[order], reads.take(order), found.take(order))
        columns = {"reads": bin_.sum(np.ones(len(reads)))}
        self._add_surprise(columns, bin_)
        self._add_rssi(columns, bin_)
        self._add_turns(columns, bin_)
        self._add_memories(columns, bin_)
        self._add_usual(columns, bin_)
        self._add_near(columns, bin_.heard)
        self._heard_bin[bin_.heard] = self._bin
        rows = np.array([columns[name] for name in PAIR_NAMES])
        tag = bin_.heard // self._antennas
        pairs = np.ascontiguousarray(compress(rows).T)
        return PairBin(tag, pairs, self._of_tags(tag, columns["reads"]))

    def _add_surprise(self, columns: dict[str, F64], bin_: _Bin) -> None:
        """Deviation from the tag's own curve, against how far it usually is off."""
        known, square = bin_.found.known, bin_.found.phase_rad**2
        surprise = np.minimum(square / (2 * self._usual_square[bin_.key]), CAP)
        columns["known"] = bin_.sum(known)
        columns["surprise"] = bin_.sum(surprise)
        columns["surprise_max"] = bin_.max(surprise)
        columns["cos"] = bin_.sum(bin_.phasor.real)
        columns["sin"] = bin_.sum(bin_.phasor.imag)
        self._learn(self._usual_square, bin_, np.minimum(square, 4.0) + 0.01, known)

    def _add_rssi(self, columns: dict[str, F64], bin_: _Bin) -> None:
        off = np.clip(bin_.found.rssi_db, -RSSI_CAP_DB, RSSI_CAP_DB)
        size = np.abs(off)
        columns["rssi"] = bin_.sum(off)
        columns["rssi_size"] = bin_.sum(np.minimum(size / self._usual_rssi[bin_.key], CAP))
        columns["level"] = (bin_.sum(bin_.reads.rssi_dbm) / columns["reads"] + 55) / 5
        self._learn(self._usual_rssi, bin_, size + 0.2, bin_.found.known)

    def _add_turns(self, columns: dict[str, F64], bin_: _Bin) -> None:
        """Turn of the phase from the read before on the same antenna, if that is not long ago."""
        key, time_s, channel = bin_.key, bin_.reads.time_s, bin_.reads.channel
        gap_s = time_s - bin_.before(time_s, self._last_s)
        noise = bin_.variance + bin_.before(bin_.variance, self._last_variance)
        recent, close = gap_s < GAP_S, gap_s < CLOSE_S
        turned = bin_.phasor * bin_.before(bin_.phasor, self._last).conj()
        pair = recent & (turned != 0)
        turn = np.angle(turned) ** 2
        size = turn / (2 * (noise + self._usual_turn[key]))
        free = bin_.reads.doubled
        shift = np.angle(free * bin_.before(free, self._last_free).conj())
        leap = shift**2 / (2 * (noise + LEAP_FLOOR))
        same = channel == bin_.before(channel, self._last_channel)
        compared = {
            "turn": (size, pair),
            "close_turn": (leap, close & same),
            "later_turn": (leap, recent & same & ~close),
            "next_turn": (leap, close & ~same),
        }
        for name, (value, which) in compared.items():
            value = np.where(which, np.minimum(value, CAP), 0.0)
            columns[name] = bin_.sum(value)
            columns[f"{name}s"] = bin_.sum(which)
            if f"{name}_max" in PAIR_NAMES:
                columns[f"{name}_max"] = bin_.max(value)
        self._learn(self._usual_turn, bin_, np.minimum(turn, 4.0) + 0.02, pair)
        for stored, value in (
            (self._last_s, time_s),
            (self._last_channel, channel),
            (self._last, bin_.phasor),
            (self._last_free, free),
            (self._last_variance, bin_.variance),
        ):
            stored[bin_.heard] = value[bin_.last]

    def _add_memories(self, columns: dict[str, F64], bin_: _Bin) -> None:
        """Deviation from phase and RSSI of the pair's own last seconds, and how sure that is."""
        heard, known, rssi_dbm = bin_.heard, bin_.found.known, bin_.reads.rssi_dbm
        noise = bin_.variance + self._usual_turn[bin_.key] / 2
        phasor = bin_.sum(bin_.phasor.real) + 1j * bin_.sum(bin_.phasor.imag)
        silent_s = (self._bin - self._heard_bin[heard]) * BIN_S
        for row, (name, memory_s) in enumerate(
            zip(("off_second", "off_seconds"), MEMORIES_S, strict=True)
        ):
            kept = np.exp(-silent_s / memory_s)
            memory = self._memory[row, heard] * kept
            past = memory[bin_.slot]
            size = np.abs(past)
            off = np.angle(bin_.phasor * past.conj())
            trust = np.where(known, np.minimum(size, 1.0), 0.0)
            columns[name] = bin_.sum(np.minimum(off**2 / (2 * noise), CAP) * trust)
            columns[f"{name}_trust"] = bin_.sum(trust)
            self._memory[row, heard] = memory + phasor
            weight, total = self._rssi_weight[row, heard] * kept, self._rssi_sum[row, heard] * kept
            level = total / np.maximum(weight, 1e-6)
            off = (rssi_dbm - level[bin_.slot]) ** 2 / (2 * RSSI_FLOOR_DB**2)
            off = np.minimum(off, CAP) * np.minimum(weight, 1.0)[bin_.slot]
            columns[f"rssi_{name}"] = bin_.sum(off)
            self._rssi_sum[row, heard] = total + bin_.sum(rssi_dbm)
            self._rssi_weight[row, heard] = weight + columns["reads"]

    def _add_usual(self, columns: dict[str, F64], bin_: _Bin) -> None:
        heard = bin_.heard
        columns["usual_square"] = np.log(self._usual_square[heard])
        columns["usual_turn"] = np.log(self._usual_turn[heard])
        columns["usual_rssi"] = np.log(self._usual_rssi[heard])
        kept = 1 - 1 / USUAL_BINS
        silent = self._bin - 1 - self._heard_bin[heard]
        columns["usual_reads"] = self._usual_reads[heard] * kept**silent
        self._usual_reads[heard] = columns["usual_reads"] * kept + columns["reads"] / USUAL_BINS

    def _add_near(self, columns: dict[str, F64], heard: I64) -> None:
        """What the same antenna hears of the tags around, per read of theirs."""
        names = tuple(name.removeprefix("near_") for name in PAIR_NAMES if name.startswith("near_"))
        tag, antenna = np.divmod(heard, self._antennas)
        order = np.argsort(antenna, kind="stable")
        tag = tag[order]
        told = np.array([columns[name] for name in names], np.float32).T[order]
        around = np.empty_like(told)
        starts = _runs(antenna[order])[0].tolist()
        for begin, end in pairwise([*starts, len(order)]):
            tags = tag[begin:end]
            near = self._near.take(tags[:, None] * self._tags + tags)
            around[begin:end] = near @ told[begin:end]
        mine = np.empty((len(names), len(order)))
        mine[:, order] = around.T
        columns["near_reads"] = mine[0]
        each = mine[1:] / np.maximum(mine[0], 0.5)
        columns.update(zip((f"near_{name}" for name in names[1:]), each, strict=True))

    def _of_tags(self, tag: I64, count: F64) -> F32:
        reads = np.bincount(tag, count, self._tags)
        antennas = np.bincount(tag, minlength=self._tags)
        usual = self._usual_of_tag
        usual += (reads - usual) / USUAL_BINS
        missing = (usual - reads) / np.sqrt(usual + 0.1)
        return compress(np.column_stack([reads, usual, missing, antennas]))

    @staticmethod
    def _learn(usual: F64, bin_: _Bin, value: F64, which: Bools) -> None:
        """Move running means of pairs towards the mean of some of the bin's reads."""
        count = bin_.sum(which)
        mean = bin_.sum(np.where(which, value, 0.0)) / np.maximum(count, 1)
        share = 1 - (1 - 1 / USUAL_READS) ** count
        before = usual[bin_.heard]
        usual[bin_.heard] = before + share * (mean - before)


@dataclass(frozen=True)
class _Bin:
    """The reads of a bin in order of their pairs, then of time.

    Attributes:
        reads, found: these, n.
        phasor: of the deviation of the doubled phase, 0 where nothing is known, complex128 (n,).
        variance: of the doubled phase inside a dwell, rad^2, float64 (n,).
        key: their pairs, int64 (n,).
        starts, last: the first and the last read of each pair, int64 (p,).
        slot: place of each read's pair in `heard`, int64 (n,).
        heard: the pairs that were read, rising, int64 (p,).
    """

    reads: Reads
    found: Residuals
    phasor: C128
    variance: F64
    key: I64
    starts: I64
    last: I64
    slot: I64
    heard: I64

    @classmethod
    def of(cls, key: I64, reads: Reads, found: Residuals) -> _Bin:
        """Take reads sorted by their pairs' keys."""
        phasor = np.where(found.known, np.exp(1j * found.phase_rad), 0.0)
        variance = 4 * phase_variance(reads.rssi_dbm)
        starts, slot = _runs(key)
        last = np.append(starts, len(key))[1:] - 1
        return cls(reads, found, phasor, variance, key, starts, last, slot, key[starts])

    def sum(self, value: F64 | Bools) -> F64:
        """Return the sum over each pair's reads, (p,)."""
        total: F64 = np.bincount(self.slot, value, len(self.heard)).astype(np.float64, copy=False)
        return total

    def max(self, value: F64) -> F64:
        """Return the largest of each pair's reads' values, of which none is below 0, (p,)."""
        most = np.zeros(len(self.heard))
        np.maximum.at(most, self.slot, value)
        return most

    def before(self, now: NDArray[T], stored: NDArray[T]) -> NDArray[T]:
        """Return what came before each read: the read before, or for a first what is stored."""
        before = np.empty_like(now)
        before[1:] = now[:-1]
        before[self.starts] = stored[self.heard]
        return before


def _runs(value: I64) -> tuple[I64, I64]:
    """Return where each run of equal values begins, (runs,), and each value's run, (n,)."""
    first = np.ones(len(value), np.bool_)
    first[1:] = value[1:] != value[:-1]
    return np.flatnonzero(first), np.cumsum(first) - 1


def compress(features: NDArray[np.floating]) -> F32:
    """Return features with their long tails drawn in: sign(x) log(1 + |x|)."""
    x = features.astype(np.float32)
    return np.copysign(np.log1p(np.abs(x)), x)
