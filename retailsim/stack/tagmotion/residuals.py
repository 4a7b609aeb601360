"""How far each read is from what its tag usually says on that antenna and channel.

A reader's phase is (4 pi d / lambda + offset of antenna and channel + offset of the tag) mod 2 pi,
ambiguous by pi. Doubling it removes the ambiguity. The offsets of antenna and channel are learnt
from all tags together, as unit phasors; what is left of a still tag varies little with frequency,
so its own reads of the last minutes on nearby channels tell what to expect. Distances to the
planogram's places take out most of the slope that remains.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.intake import Intake, ReadCounts
from retailsim.store.plan import StorePlan
from retailsim.store.regions import LIGHT_MPS, REGIONS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

HISTORY = 64  # reads kept per tag and antenna
NARROW_HZ, WIDE_HZ = 2.0e6, 8.0e6  # kernel widths for the tag's own curve and for learning offsets
MEMORY_S = 90.0
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

    def take(self, rows: NDArray) -> Reads:  # type: ignore[type-arg]
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


class ReadTable:
    """Turns batches of reads into columns, giving every tag, antenna and channel a row.

    Tags of the plan have the rows of `plan.items`; strangers and nonsense are left out and counted
    in `counts`.
    """

    def __init__(self, plan: StorePlan) -> None:
        self.tag_row = {item.epc: row for row, item in enumerate(plan.items)}
        self.xyz_m = np.array(
            [plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items], float
        ).reshape(-1, 3)
        ports = [(r, a) for r in plan.readers for a in r.antennas]
        self.antenna_row = {(r.id, a.port): row for row, (r, a) in enumerate(ports)}
        position = np.array([a.position_m for _, a in ports], float).reshape(-1, 3)
        self.distance_m = np.linalg.norm(self.xyz_m[:, None] - position, axis=2)
        self.frequency_hz = _frequencies([REGIONS[r.region].frequency_hz for r, _ in ports])
        tables = [len(REGIONS[r.region].frequency_hz) for r, _ in ports]
        self._intake = Intake(self.tag_row, self.antenna_row, np.array(tables, np.int64))
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

    def columns(self, batch: TagReads) -> Reads:
        """Return the usable reads of one batch, in order of time."""
        taken = self._intake.take(batch)
        if self._epoch_us is None and len(taken.row):
            self._epoch_us = int(taken.time_us[0])
        turns = batch.phase[taken.row] / 4096.0
        tag, antenna, channel = taken.tag, taken.antenna, taken.channel
        way = self.distance_m[tag, antenna] * self.frequency_hz[antenna, channel] / LIGHT_MPS
        time_s = (taken.time_us - self.epoch_us).astype(np.float64) * 1e-6
        self._newest_s = max(self._newest_s, float(time_s.max(initial=0.0)))
        return Reads(
            time_s,
            tag,
            antenna,
            channel,
            batch.rssi_cdbm[taken.row] / 100.0,
            np.exp(4j * np.pi * (turns - 2 * way)),
        )


def _frequencies(tables: list[F64]) -> F64:
    """Stack hop tables of any length, (antennas, channels), padded with the last entry."""
    longest = max((len(t) for t in tables), default=0)
    rows = [np.pad(t, (0, longest - len(t)), mode="edge") for t in tables]
    return np.array(rows).reshape(len(tables), longest)


class Expectation:
    """Learns offsets and every tag's own curve; says how far reads are from them."""

    def __init__(self, tags: int, frequency_hz: F64) -> None:
        antennas = len(frequency_hz)
        self._frequency_hz = frequency_hz
        self._offset = np.zeros(frequency_hz.shape, np.complex128)
        shape = (tags, antennas, HISTORY)
        self._doubled = np.zeros(shape, np.complex128)
        self._channel = np.zeros(shape, np.int64)
        self._rssi = np.zeros(shape)
        self._time = np.full(shape, -np.inf)
        self._next = np.zeros((tags, antennas), np.int64)

    def look(self, reads: Reads) -> Residuals:
        """Compare reads with what is known, and learn the offsets from them."""
        gap_hz, weight = self._weights(reads)
        self._learn_offsets(reads, gap_hz, weight)
        narrow = weight * np.exp(-0.5 * (gap_hz / NARROW_HZ) ** 2)
        support = narrow.sum(axis=1)
        past = self._corrected(reads) * narrow
        mean = past.sum(axis=1) / np.maximum(support, 1e-9)
        offset = self._unit_offset()[reads.antenna, reads.channel]
        known = (support >= MIN_SUPPORT) & (offset != 0) & (np.abs(mean) > 0.3)
        here = reads.doubled * offset.conj()
        phase = np.where(known, np.angle(here * mean.conj()), 0.0)
        level = (self._rssi[reads.tag, reads.antenna] * narrow).sum(axis=1)
        rssi = np.where(
            support >= MIN_SUPPORT, reads.rssi_dbm - level / np.maximum(support, 1e-9), 0
        )
        spread = -2 * np.log(np.clip(np.abs(mean), 0.3, 0.999))
        noise = 4 * phase_variance(reads.rssi_dbm) + MODEL_VARIANCE
        variance = noise + np.maximum(spread, noise) / np.maximum(support, 1.0) + spread / 2
        surprise = np.minimum(phase**2 / (2 * variance), S_CAP)
        return Residuals(phase, surprise, rssi, known)

    def without_offsets(self, reads: Reads) -> C128:
        """Return the doubled phases without the offsets of antenna and channel; 0 if unknown."""
        offset = self._unit_offset()[reads.antenna, reads.channel]
        free: C128 = reads.doubled * offset.conj()
        return free

    def learn(self, reads: Reads) -> None:
        """Add reads of still tags to their histories, oldest out."""
        for row in range(len(reads)):
            tag, antenna = reads.tag[row], reads.antenna[row]
            place = self._next[tag, antenna] % HISTORY
            self._next[tag, antenna] += 1
            self._doubled[tag, antenna, place] = reads.doubled[row]
            self._channel[tag, antenna, place] = reads.channel[row]
            self._rssi[tag, antenna, place] = reads.rssi_dbm[row]
            self._time[tag, antenna, place] = reads.time_s[row]

    def forget(self, tags: I64) -> None:
        """Drop the histories of tags that have a new place."""
        self._time[tags] = -np.inf
        self._next[tags] = 0

    def _weights(self, reads: Reads) -> tuple[F64, F64]:
        """Return distance in frequency and weight by age of the history of every read, (n, H)."""
        then = self._time[reads.tag, reads.antenna]
        weight = np.exp(np.minimum(then - reads.time_s[:, None], 0.0) / MEMORY_S)
        table = self._frequency_hz[reads.antenna]
        past_hz = np.take_along_axis(table, self._channel[reads.tag, reads.antenna], axis=1)
        now_hz = self._frequency_hz[reads.antenna, reads.channel]
        return past_hz - now_hz[:, None], weight

    def _corrected(self, reads: Reads) -> C128:
        """Return the histories without the offsets; 0 where the offset is not known, (n, H)."""
        channels = self._channel[reads.tag, reads.antenna]
        offsets = np.take_along_axis(self._unit_offset()[reads.antenna], channels, axis=1)
        corrected: C128 = self._doubled[reads.tag, reads.antenna] * offsets.conj()
        return corrected

    def _unit_offset(self) -> C128:
        size = np.abs(self._offset)
        return np.where(size > 0, self._offset / np.maximum(size, 1e-12), 0)

    def _learn_offsets(self, reads: Reads, gap_hz: F64, weight: F64) -> None:
        """Take the offset of (antenna, channel) from the tags whose own curve is known.

        The first channel an antenna is heard on has offset 0 by definition.
        """
        fresh = ~(self._offset[reads.antenna] != 0).any(axis=1)
        for antenna in np.unique(reads.antenna[fresh]):
            first = np.flatnonzero(reads.antenna == antenna)[0]
            self._offset[antenna, reads.channel[first]] = 1e-3
        wide = weight * np.exp(-0.5 * (gap_hz / WIDE_HZ) ** 2)
        mean = (self._corrected(reads) * wide).sum(axis=1)
        size = np.abs(mean)
        sure = np.where(size > 0.5, size / np.maximum(wide.sum(axis=1), 1e-9), 0.0)
        vote = reads.doubled * mean.conj() / np.maximum(size, 1e-9) * sure
        np.add.at(self._offset, (reads.antenna, reads.channel), vote)


def phase_variance(rssi_dbm: F64) -> F64:
    """Return the variance of a phase inside a dwell; fit to measured reads of an R420."""
    return 0.008**2 + (0.028 * 10 ** ((-52.5 - rssi_dbm) / 20)) ** 2
