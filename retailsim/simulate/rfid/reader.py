"""The reader: when it is on which antenna and channel, whom it reads next, what it reports.

Figures of an Impinj R420 with FCC hopping unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.regions import Region

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

ANTENNA_DWELL_NS = 120_000_000  # assumed; no divisor of the hop, so all channels meet all antennas
ROUND_END_NS = 3_000_000  # to find that no tag is left and start the next round (assumed)
MISS_SHARE = 0.12  # collisions and missed replies within a round (assumed)
SENSITIVITY_DBM = -84.0

# Measured: RSSI dBm, Doppler sigma Hz, share of dwells with a pi flip.
NOISE_RSSI_DBM = np.array([-67.0, -62.0, -57.0, -52.0, -47.0, -35.0])
DOPPLER_SIGMA_HZ = np.array([63.0, 36.0, 20.0, 12.0, 6.5, 4.0])
PI_FLIP_SHARE = np.array([0.33, 0.11, 0.02, 0.007, 0.0, 0.0])
PHASE_STEP = 4  # counts of 1/4096 turn
RSSI_STEP_CDB = 50
RSSI_JITTER_DB = 0.25  # within a dwell, on top of the noise (assumed)


@dataclass(frozen=True)
class Slot:
    """A stretch of time on one antenna and one channel; channel counts from 0."""

    start_ns: int
    end_ns: int
    antenna: int
    channel: int


def slots(
    start_ns: int, end_ns: int, *, epoch_ns: int, antennas: int, region: Region
) -> Iterator[Slot]:
    """Cut [start, end) where the reader switches antenna or hops; both began at `epoch_ns`."""
    hop_ns = round(region.dwell_s * 1e9)
    now = start_ns
    while now < end_ns:
        turn, hop = (now - epoch_ns) // ANTENNA_DWELL_NS, (now - epoch_ns) // hop_ns
        until = min(end_ns, epoch_ns + (turn + 1) * ANTENNA_DWELL_NS, epoch_ns + (hop + 1) * hop_ns)
        yield Slot(now, until, int(turn % antennas), int(hop % len(region.frequency_hz)))
        now = until


class Inventory:
    """Slotted-ALOHA inventory of one reader: rounds in random order, some tags missed."""

    def __init__(self, rng: np.random.Generator, tags_per_s: float) -> None:
        self._rng = rng
        self._interval_s = 1 / tags_per_s
        self._queue = np.empty(0, np.int64)
        self._antenna = -1
        self._busy_until_ns = 0

    def read(self, slot: Slot, audible: NDArray[np.bool_]) -> tuple[I64, I64]:
        """Return tag index and time of the reads of one slot, in order, (n,) each.

        `audible` says of every tag whether this antenna can power and hear it now.
        """
        if slot.antenna != self._antenna:
            self._antenna, self._queue = slot.antenna, np.empty(0, np.int64)
        now = max(self._busy_until_ns, slot.start_ns)
        tags, times = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        while now < slot.end_ns and audible.any():
            self._queue = self._queue[audible[self._queue]]
            if not len(self._queue):
                self._queue = self._new_round(audible)
            step_s = self._rng.gamma(2.0, self._interval_s / 2, len(self._queue))
            at = now + np.cumsum(step_s * 1e9).astype(np.int64)
            fit = int(np.searchsorted(at, slot.end_ns))
            tags.append(self._queue[:fit])
            times.append(at[:fit])
            done = fit == len(at)
            now = ROUND_END_NS + (int(at[-1]) if len(at) else now) if done else slot.end_ns
            self._queue = self._queue[fit:]
        self._busy_until_ns = now
        return np.concatenate(tags), np.concatenate(times)

    def _new_round(self, audible: NDArray[np.bool_]) -> I64:
        heard = np.flatnonzero(audible & (self._rng.random(len(audible)) > MISS_SHARE))
        self._rng.shuffle(heard)
        return heard


def phase_sigma_rad(rssi_dbm: F64) -> F64:
    """Return the phase noise inside a dwell; fit to 514,794 measured reads."""
    sigma: F64 = np.hypot(0.008, 0.028 * 10 ** ((-52.5 - rssi_dbm) / 20))
    return sigma


def report_rssi(rssi_dbm: F64, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return noisy RSSI in hundredths of dBm, in the reader's steps of 0.5 dB."""
    sigma_db = RSSI_JITTER_DB + 20 / np.log(10) * phase_sigma_rad(rssi_dbm)
    noisy = 100 * (rssi_dbm + rng.normal(0, sigma_db))
    steps: NDArray[np.int16] = (np.round(noisy / RSSI_STEP_CDB) * RSSI_STEP_CDB).astype(np.int16)
    return steps


def report_phase(
    phase_rad: F64, rssi_dbm: F64, flip_draw: F64, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Return phase in 1/4096 turn: noise, pi ambiguity, the reader's grid of 4 counts.

    `flip_draw` is uniform in [0, 1) and the same for all reads of one tag within a dwell: a dwell
    has flips or has none, and in one that has them they come at random.
    """
    share = np.interp(rssi_dbm, NOISE_RSSI_DBM, PI_FLIP_SHARE)
    noise = rng.normal(0, 1, len(phase_rad)) * phase_sigma_rad(rssi_dbm)
    flips = (flip_draw < share) & (rng.random(len(phase_rad)) < 0.5)
    turns = (phase_rad + noise + np.pi * flips) / (2 * np.pi)
    counts = np.round(turns * 4096 / PHASE_STEP) * PHASE_STEP
    wrapped: NDArray[np.uint16] = np.mod(counts, 4096).astype(np.uint16)
    return wrapped


def report_doppler(doppler_hz: F64, rssi_dbm: F64, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return Doppler in 1/16 Hz with the noise of the table."""
    sigma = np.interp(rssi_dbm, NOISE_RSSI_DBM, DOPPLER_SIGMA_HZ)
    noisy = 16 * (doppler_hz + sigma * rng.normal(0, 1, len(doppler_hz)))
    counts: NDArray[np.int16] = np.clip(np.round(noisy), -32768, 32767).astype(np.int16)
    return counts
