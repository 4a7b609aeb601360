"""What tells a moving tag from a still one in some seconds of its reads, without anything learnt.

First the trivial scores, which know nothing of motion; then two that do and need no offsets of
antenna and channel: how phases change from one read of an antenna to the next, and how much RSSI
varies on an antenna.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.experiments.moving_logs_windows import Clip
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.residuals import phase_variance

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

PAIR_S = 0.25
DRIFT_VARIANCE = 0.05  # rad^2 of the doubled phase that a still tag's changes by (assumed)
TURN_VARIANCE, TURN_SHARE = 0.3, 0.1  # of a moving tag's changes, these few are small (assumed)
RSSI_STEP_DB = 1.0
DB_PER_RADIAN = 20 / np.log(10)
RSSI_CAP = 9.0


@dataclass(frozen=True)
class Changes:
    """From one read of an antenna to the next, if that is within `PAIR_S`; (n,) each.

    Attributes:
        gap_s: time between them.
        channels: how many places the channel is further in the hop table, int64.
        turn_rad: change of the doubled phase, in (-pi, pi].
        variance: what noise of the two phases makes of that, rad^2.
    """

    gap_s: F64
    channels: I64
    turn_rad: F64
    variance: F64


def changes(reads: TagReads, *, table: int = 50) -> Changes:
    """Return the changes of one tag's reads; `table` is the length of the hop table."""
    order = np.lexsort((reads.read_us, reads.antenna))
    antenna, time_us = reads.antenna[order], reads.read_us[order]
    doubled = np.exp(4j * np.pi * reads.phase[order] / 4096)
    noise = 4 * phase_variance(reads.rssi_cdbm[order] / 100)
    channel = reads.channel[order].astype(np.int64)
    gap_s = np.diff(time_us) * 1e-6
    first = np.flatnonzero((np.diff(antenna.astype(np.int64)) == 0) & (gap_s < PAIR_S))
    then = first + 1
    return Changes(
        gap_s[first],
        (channel[then] - channel[first]) % table,
        np.angle(doubled[then] * doubled[first].conj()),
        noise[first] + noise[then],
    )


def phase_evidence(reads: TagReads) -> float:
    """Return the log-likelihood ratio of moving and still by the changes of phase.

    Still: a normal change around 0, or any change if the two reads were not on the same channel.
    Readers may report several reads as one, with the channel of the first and the phase of the
    last, so that not even equal channels are sure: see `strangers`. Moving: nearly any change.
    """
    found = changes(reads)
    other = strangers(found.gap_s, found.channels)
    any_turn = 1 / (2 * np.pi)
    still = (1 - other) * bell(found.turn_rad, found.variance + DRIFT_VARIANCE)
    moving = TURN_SHARE * bell(found.turn_rad, found.variance + TURN_VARIANCE)
    ratio = (moving + (1 - TURN_SHARE) * any_turn) / (still + other * any_turn)
    return float(np.log(ratio).sum())


def strangers(gap_s: F64, channels: I64) -> F64:
    """Return the probability that two reads were on two channels, by what was reported.

    Rough values for dwells of 0.2 s, written down from changes of tags that lay still.
    """
    same = np.clip(gap_s / 0.3, 0.05, 0.6)
    following = np.clip(0.1 + 0.9 * gap_s / 0.2, 0.1, 0.97)
    return np.where(channels == 0, same, np.where(channels == 1, following, 0.99))


def bell(turn_rad: F64, variance: F64) -> F64:
    """Return the density of the wrapped normal distribution, three windings of it."""
    turns = turn_rad + 2 * np.pi * np.arange(-1, 2)[:, None]
    density: F64 = np.exp(-(turns**2) / (2 * variance)).sum(axis=0)
    return density / np.sqrt(2 * np.pi * variance)


def rssi_evidence(reads: TagReads) -> float:
    """Return the mean square of RSSI around its antenna's mean, over what noise and steps make."""
    rssi_dbm = reads.rssi_cdbm / 100
    off_db = rssi_dbm - _mean_by(reads.antenna, rssi_dbm)
    noise = RSSI_STEP_DB**2 + DB_PER_RADIAN**2 * phase_variance(rssi_dbm)
    return float(np.minimum(off_db**2 / noise, RSSI_CAP).mean())


def circular_variances(reads: TagReads, *, least: int = 3) -> F64:
    """Return 1 - |mean of the doubled phasors| of every antenna and channel with reads enough."""
    key = reads.antenna.astype(np.int64) * 1000 + reads.channel
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    doubled = np.exp(4j * np.pi * reads.phase / 4096)
    total = np.bincount(group, doubled.real) + 1j * np.bincount(group, doubled.imag)
    variance: F64 = (1 - np.abs(total) / count)[count >= least]
    return variance


def rssi_deviation(reads: TagReads) -> float:
    """Return the standard deviation of RSSI over all reads, dB."""
    return float((reads.rssi_cdbm / 100).std())


def doppler_size(reads: TagReads) -> float:
    """Return the root mean square of the reported Doppler, Hz, single ones capped at 100 Hz."""
    return float(np.sqrt(np.minimum((reads.doppler / 16) ** 2, 1e4).mean()))


def few_reads(clip: Clip) -> F64:
    """Return minus the number of reads before thinning, per window."""
    return -clip.count.astype(np.float64)


def short_recording(clip: Clip) -> F64:
    """Return minus the length of the whole recording, the same for all windows."""
    return np.full(len(clip.count), -clip.recording.length_s)


def _mean_by(group: NDArray[np.uint8], value: F64) -> F64:
    """Return for each value the mean of its group."""
    total, count = np.bincount(group, value), np.bincount(group)
    mean: F64 = total[group] / count[group]
    return mean
