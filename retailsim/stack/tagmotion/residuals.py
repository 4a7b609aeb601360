"""How far each read is from what its tag usually says on that antenna and channel.

A reader's phase is (4 pi d / lambda + offset of antenna and channel + offset of the tag) mod 2 pi,
ambiguous by pi. Doubling it removes the ambiguity. The offsets of antenna and channel are learnt
from all tags together, as unit phasors; what is left of a still tag varies little with frequency,
so its own reads of the last minutes on nearby channels tell what to expect. Distances to the
planogram's places take out most of the slope that remains.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.grouped import in_groups
from retailsim.stack.tagmotion.intake import Intake, ReadCounts
from retailsim.store.plan import StorePlan
from retailsim.store.regions import LIGHT_MPS, REGIONS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

HISTORY = 64  # reads kept per tag and antenna
BLOCK = 64  # reads compared at once: larger blocks do not fit the cache and take twice as long
NARROW_HZ, WIDE_HZ = 2.0e6, 8.0e6  # kernel widths for the tag's own curve and for learning offsets
MEMORY_S = 90.0
# Phase noise inside a dwell by RSSI, measured on recordings of an Impinj R420 (514,794 reads).
NOISE_RSSI_DBM = np.array([-67.0, -62.0, -57.0, -52.0, -47.0, -35.0])
PHASE_SIGMA_RAD = np.array([0.113, 0.082, 0.050, 0.028, 0.016, 0.009])
MODEL_VARIANCE = 0.02  # rad^2 of the doubled phase that the kernel leaves (assumed)
MIN_SUPPORT = 0.7  # kernel weight below which a prediction counts for nothing
S_CAP = 6.0
SILENCE_S = 60.0  # without reads for so long nothing is left to judge


@dataclass(frozen=True)
class Reads:
    """Reads as plain columns, one row each, in order of time.

    Attributes:
        time_s: seconds since the first read of the session, float64.
        tag, antenna, channel: rows into the stage's tables, int64.
        rssi_dbm: float64.
        doubled: phasor of twice the phase, known slope removed, complex128.
    """

    time_s: F64
    tag: I64
    antenna: I64
    channel: I64
    rssi_dbm: F64
    doubled: C128

    def __len__(self) -> int:
        return len(self.time_s)

    def take(self, rows: NDArray[Any] | slice) -> Reads:
        """Return some of the rows."""
        return Reads(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def join(cls, parts: list[Reads]) -> Reads:
        """Return all rows, sorted by time (stable)."""
        columns = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)]
        return cls(*columns).take(np.argsort(columns[0], kind="stable"))


@dataclass(frozen=True)
class Residuals:
    """What reads say beyond the expected, one row per read.

    Attributes:
        phase_rad: deviation of the doubled phase, in (-pi, pi], 0 where nothing is known.
        surprise: phase_rad^2 over twice its expected variance, capped, 0 where nothing is known.
        rssi_db: deviation of RSSI, 0 where nothing is known.
        known: whether the tag's history says what to expect, bool.
    """

    phase_rad: F64
    surprise: F64
    rssi_db: F64
    known: NDArray[np.bool_]

    def take(self, rows: NDArray[Any] | slice) -> Residuals:
        """Return some of the rows."""
        return Residuals(*(getattr(self, f.name)[rows] for f in fields(self)))


class ReadTable:
    """Turns batches of reads into columns, giving every tag, antenna and channel a row.

    Tags of the plan have the rows of `plan.items`. Of a reader's own batches strangers and
    nonsense are left out and counted in `counts`; those that were checked before are taken as
    they are.
    """

    def __init__(self, plan: StorePlan) -> None:
        self._intake = Intake.of_plan(plan)
        self.tag_row, self.antenna_row = self._intake.tag_row, self._intake.antenna_row
        self.xyz_m = np.array(
            [plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items], float
        ).reshape(-1, 3)
        ports = [(r, a) for r in plan.readers for a in r.antennas]
        position = np.array([a.position_m for _, a in ports], float).reshape(-1, 3)
        self.distance_m = np.linalg.norm(self.xyz_m[:, None] - position, axis=2)
        self.frequency_hz = _frequencies([REGIONS[r.region].frequency_hz for r, _ in ports])
        self._epoch_us: int | None = None
        self._newest_s = 0.0

    @property
    def counts(self) -> ReadCounts:
        """What became of the reads so far."""
        return self._intake.counts

    def until_s(self, watermark_ns: int) -> float:
        """Return up to when, in seconds since the first read, there is something to judge.

        That is the watermark, but in a long silence only so far beyond the last read: a watermark
        from a clock gone wrong would otherwise ask for years of nothing.
        """
        self._intake.told(watermark_ns)
        return min((watermark_ns - self.epoch_us * 1000) * 1e-9, self._newest_s + SILENCE_S)

    @property
    def epoch_us(self) -> int:
        """Time of the first read; 0 before there was any."""
        return self._epoch_us or 0

    def columns(self, batch: TagReads | CleanReads) -> Reads:
        """Return the usable reads of one batch, in order of time."""
        clean = self._intake.clean(batch) if isinstance(batch, TagReads) else self._count(batch)
        if self._epoch_us is None and len(clean.read_us):
            self._epoch_us = int(clean.read_us[0])
        tag, antenna, channel = clean.tag, clean.antenna, clean.channel
        way = self.distance_m[tag, antenna] * self.frequency_hz[antenna, channel] / LIGHT_MPS
        time_s = (clean.read_us - self.epoch_us).astype(np.float64) * 1e-6
        self._newest_s = max(self._newest_s, float(time_s.max(initial=0.0)))
        doubled = np.exp(4j * np.pi * (clean.phase / 4096.0 - 2 * way))
        return Reads(time_s, tag, antenna, channel, clean.rssi_cdbm / 100.0, doubled)

    def _count(self, clean: CleanReads) -> CleanReads:
        self.counts.reads += len(clean.read_us)
        self.counts.taken += len(clean.read_us)
        return clean


def _frequencies(tables: list[F64]) -> F64:
    """Stack hop tables of any length, (antennas, channels), padded with the last entry."""
    longest = max((len(t) for t in tables), default=0)
    rows = [np.pad(t, (0, longest - len(t)), mode="edge") for t in tables]
    return np.array(rows).reshape(len(tables), longest)


class Expectation:
    """Learns offsets and every tag's own curve; says how far reads are from them.

    Histories have a row per pair of tag and antenna, tag * antennas + antenna; a place is a pair
    of antenna and channel, antenna * channels + channel.
    """

    def __init__(self, tags: int, frequency_hz: F64) -> None:
        self._antennas, self._channels = frequency_hz.shape
        self._offset = np.zeros(frequency_hz.size, np.complex128)
        gap_hz = (frequency_hz - frequency_hz.T[:, :, None]).reshape(
            self._channels, frequency_hz.size
        )
        self._narrow = np.exp(-0.5 * (gap_hz / NARROW_HZ) ** 2)  # (channel now, place then)
        self._wide = np.exp(-0.5 * (gap_hz / WIDE_HZ) ** 2)
        shape = (tags * self._antennas, HISTORY)
        self._doubled = np.zeros(shape, np.complex128)
        self._place = np.zeros(shape, np.int64)
        self._rssi = np.zeros(shape)
        self._time = np.full(shape, -np.inf)
        self._next = np.zeros(len(self._time), np.int64)

    def look(self, reads: Reads) -> Residuals:
        """Compare reads with what is known, and learn the offsets from them."""
        blocks = [
            self._past(reads.take(slice(i, i + BLOCK))) for i in range(0, max(len(reads), 1), BLOCK)
        ]
        self._learn_offsets(reads, blocks)
        every = self._unit_offset()
        columns = zip(*(self._expected(block, every) for block in blocks), strict=True)
        mean, support, level = (np.concatenate(column) for column in columns)
        offset = every[self._places(reads)]
        known = (support >= MIN_SUPPORT) & (offset != 0) & (np.abs(mean) > 0.3)
        here = reads.doubled * offset.conj()
        phase = np.where(known, np.angle(here * mean.conj()), 0.0)
        rssi = np.where(support >= MIN_SUPPORT, reads.rssi_dbm - level, 0)
        spread = -2 * np.log(np.clip(np.abs(mean), 0.3, 0.999))
        noise = 4 * phase_variance(reads.rssi_dbm) + MODEL_VARIANCE
        variance = noise + np.maximum(spread, noise) / np.maximum(support, 1.0) + spread / 2
        surprise = np.minimum(phase**2 / (2 * variance), S_CAP)
        return Residuals(phase, surprise, rssi, known)

    def without_offsets(self, reads: Reads) -> C128:
        """Return the doubled phases without the offsets of antenna and channel; 0 if unknown."""
        free: C128 = reads.doubled * self._unit_offset()[self._places(reads)].conj()
        return free

    def learn(self, reads: Reads) -> None:
        """Add reads of still tags to their histories, oldest out."""
        pairs = self._pairs(reads)
        order, before, after = in_groups(pairs)
        stays = after < HISTORY
        order = order[stays]
        pair, slot = pairs[order], (self._next[pairs[order]] + before[stays]) % HISTORY
        self._next += np.bincount(pairs, minlength=len(self._next))
        self._doubled[pair, slot] = reads.doubled[order]
        self._place[pair, slot] = self._places(reads)[order]
        self._rssi[pair, slot] = reads.rssi_dbm[order]
        self._time[pair, slot] = reads.time_s[order]

    def forget(self, tags: I64) -> None:
        """Drop the histories of tags that have a new place."""
        self._time.reshape(-1, self._antennas, HISTORY)[tags] = -np.inf
        self._next.reshape(-1, self._antennas)[tags] = 0

    def _pairs(self, reads: Reads) -> I64:
        pairs: I64 = reads.tag * self._antennas + reads.antenna
        return pairs

    def _places(self, reads: Reads) -> I64:
        places: I64 = reads.antenna * self._channels + reads.channel
        return places

    def _past(self, reads: Reads) -> _Past:
        pair = self._pairs(reads)
        age = self._time.take(pair, axis=0)
        age -= reads.time_s[:, None]
        np.minimum(age, 0.0, out=age)
        age /= MEMORY_S
        place = self._place.take(pair, axis=0)
        apart = place + (reads.channel * self._offset.size)[:, None]
        doubled, rssi = self._doubled.take(pair, axis=0), self._rssi.take(pair, axis=0)
        return _Past(reads, np.exp(age, out=age), place, apart, doubled, rssi)

    def _expected(self, past: _Past, offset: C128) -> tuple[C128, F64, F64]:
        """Return mean phasor, weight and mean RSSI of the histories of reads, (n,) each."""
        weight = past.weight(self._narrow)
        support = weight.sum(axis=1)
        safe = np.maximum(support, 1e-9)
        level: F64 = _dot(past.rssi_dbm, weight)
        return past.total(weight, offset) / safe, support, level / safe

    def _unit_offset(self) -> C128:
        size = np.abs(self._offset)
        return np.where(size > 0, self._offset / np.maximum(size, 1e-12), 0)

    def _learn_offsets(self, reads: Reads, blocks: list[_Past]) -> None:
        """Take the offset of (antenna, channel) from the tags whose own curve is known.

        The first channel an antenna is heard on has offset 0 by definition.
        """
        heard = (self._offset.reshape(self._antennas, self._channels) != 0).any(axis=1)
        for antenna in np.unique(reads.antenna[~heard[reads.antenna]]):
            first = np.flatnonzero(reads.antenna == antenna)[0]
            self._offset[self._places(reads)[first]] = 1e-3
        offset = self._unit_offset()
        votes = np.concatenate([self._votes(block, offset) for block in blocks])
        np.add.at(self._offset, self._places(reads), votes)

    def _votes(self, past: _Past, offset: C128) -> C128:
        weight = past.weight(self._wide)
        mean = past.total(weight, offset)
        size = np.abs(mean)
        sure = np.where(size > 0.5, size / np.maximum(weight.sum(axis=1), 1e-9), 0.0)
        vote: C128 = past.reads.doubled * mean.conj() / np.maximum(size, 1e-9) * sure
        return vote


@dataclass(frozen=True)
class _Past:
    """The histories of some reads' pairs, (n, HISTORY) each; gathered once, used twice.

    Attributes:
        reads: these reads, n.
        fresh: weight by age, float64.
        place, doubled, rssi_dbm: of the histories, int64, complex128 and float64.
        apart: where a kernel has its weight for the two channels, flat, int64.
    """

    reads: Reads
    fresh: F64
    place: I64
    apart: I64
    doubled: C128
    rssi_dbm: F64

    def weight(self, kernel: F64) -> F64:
        """Return weights by age and frequency, (n, HISTORY)."""
        weight = kernel.take(self.apart)
        weight *= self.fresh
        return weight

    def total(self, weight: F64, offset: C128) -> C128:
        """Return the weighted sum of phasors without offsets, where those are known, (n,)."""
        total: C128 = _dot(self.doubled, weight * offset.conj().take(self.place))
        return total


def _dot(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Return the dot products of rows, (n,) of two (n, k)."""
    product: NDArray[Any] = (one[:, None, :] @ other[:, :, None])[:, 0, 0]
    return product


def phase_variance(rssi_dbm: F64) -> F64:
    """Return the variance of a phase inside a dwell: the table's, its logarithm interpolated.

    Below the table it goes on as it ends: of the weakest replies only the luckier ones are read.
    """
    logs = np.log(PHASE_SIGMA_RAD)
    slope = (logs[1] - logs[0]) / (NOISE_RSSI_DBM[1] - NOISE_RSSI_DBM[0])
    below = np.minimum(rssi_dbm - NOISE_RSSI_DBM[0], 0.0)
    variance: F64 = np.exp(2 * (np.interp(rssi_dbm, NOISE_RSSI_DBM, logs) + slope * below))
    return variance
