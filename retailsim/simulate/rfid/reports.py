"""What a reader reports of a read: RSSI, phase and Doppler with its quirks.

Measured on recordings of an Impinj R420, 514,794 reads, unless said otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

# By RSSI: noise of phase and of Doppler inside a dwell, share of dwells with pi flips.
NOISE_RSSI_DBM = np.array([-67.0, -62.0, -57.0, -52.0, -47.0, -35.0])
PHASE_SIGMA_RAD = np.array([0.113, 0.082, 0.050, 0.028, 0.016, 0.009])
_SIGMA_LOGS = np.log(PHASE_SIGMA_RAD)
_SIGMA_SLOPE = (_SIGMA_LOGS[1] - _SIGMA_LOGS[0]) / (NOISE_RSSI_DBM[1] - NOISE_RSSI_DBM[0])
DOPPLER_SIGMA_HZ = np.array([63.0, 36.0, 20.0, 12.0, 6.5, 4.0])
PI_FLIP_SHARE = np.array([0.33, 0.11, 0.02, 0.007, 0.0, 0.0])
# The offset of antenna and channel is not quite the same on the next visit: the median change was
# 0.03 rad, which two normal values of this sigma have.
REVISIT_SIGMA_RAD = 0.031
PHASE_STEP = 4  # counts of 1/4096 turn
RSSI_STEP_CDB = 50
RSSI_JITTER_DB = 0.25  # within a dwell, on top of the noise (assumed)


def phase_sigma_rad(rssi_dbm: F64) -> F64:
    """Return the phase noise inside a dwell: the table, its logarithm interpolated.

    Below the table it goes on as it ends, which is less steep than noise over signal alone: of the
    weakest replies only the luckier ones are read.
    """
    below = np.minimum(rssi_dbm - NOISE_RSSI_DBM[0], 0.0)
    sigma: F64 = np.exp(np.interp(rssi_dbm, NOISE_RSSI_DBM, _SIGMA_LOGS) + _SIGMA_SLOPE * below)
    return sigma


def report_rssi(rssi_dbm: F64, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return noisy RSSI in hundredths of dBm, in the reader's steps of 0.5 dB."""
    sigma_db = RSSI_JITTER_DB + 20 / np.log(10) * phase_sigma_rad(rssi_dbm)
    noisy = 100 * (rssi_dbm + sigma_db * rng.standard_normal(len(sigma_db)))
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
    noise = rng.standard_normal(len(phase_rad)) * phase_sigma_rad(rssi_dbm)
    flips = (flip_draw < share) & (rng.random(len(phase_rad)) < 0.5)
    turns = (phase_rad + noise + np.pi * flips) / (2 * np.pi)
    counts = np.round(turns * 4096 / PHASE_STEP) * PHASE_STEP
    wrapped: NDArray[np.uint16] = np.mod(counts, 4096).astype(np.uint16)
    return wrapped


def report_doppler(doppler_hz: F64, rssi_dbm: F64, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return Doppler in 1/16 Hz with the noise of the table."""
    sigma = np.interp(rssi_dbm, NOISE_RSSI_DBM, DOPPLER_SIGMA_HZ)
    noisy = 16 * (doppler_hz + sigma * rng.standard_normal(len(doppler_hz)))
    counts: NDArray[np.int16] = np.clip(np.round(noisy), -32768, 32767).astype(np.int16)
    return counts
