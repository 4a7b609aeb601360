"""Is a garment at its place? A two-state filter over its phases, helped by RSSI now and then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.location import SignalMap
from retailsim.stack.tagmotion.residuals import Reads, Residuals

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

STEP_S = 1.0
OUTLIER_SHARE = 0.1  # of reads of a garment at its place, when people stand about (assumed)
HOME_SIGMA_RAD = 0.35
LEAVES_PER_S, RETURNS_PER_S = 4e-4, 1 / 90
LOG_CAP = 6.0
ADOPTED = 2.0  # log odds of being at home of a garment that seems to be back
LOOK_STEPS = 5  # RSSI is compared with the planogram's place over that long
LOOK_CAP = (-4.0, 4.0)
PHASE_CAP = (-3.0, 3.0)  # what the phases of one second may say
STALE_LOOKS = 3  # so often off its phases while RSSI says home: it hangs there differently now


class HomeFilter:
    """Log odds of every garment being at its place.

    The phase of a garment at its place is known to a fraction of a radian; away from it, phases
    are anything.

    Attributes:
        log_odds: (tags,).
        displaced: known to be at rest elsewhere, whatever the phases say, bool (tags,).
    """

    def __init__(self, tags: int, signals: SignalMap) -> None:
        self._map = signals
        self.log_odds = np.full(tags, LOG_CAP)
        self.displaced = np.zeros(tags, np.bool_)

    @property
    def at_home(self) -> Bool:
        """Which garments are at their places, (tags,)."""
        home: Bool = self.log_odds > 0
        return home

    def weigh(self, reads: Reads, found: Residuals, looked: F64) -> None:
        """Take the reads of a second, and what RSSI says for home, (tags,)."""
        home = np.exp(self.log_odds)
        stays = home / (1 + home)
        stays = stays * (1 - LEAVES_PER_S * STEP_S) + (1 - stays) * RETURNS_PER_S * STEP_S
        odds = np.log(stays / (1 - stays))
        known = np.flatnonzero(found.known)
        bell = np.exp(-0.5 * (found.phase_rad[known] / HOME_SIGMA_RAD) ** 2)
        density = (1 - OUTLIER_SHARE) * bell / (np.sqrt(2 * np.pi) * HOME_SIGMA_RAD)
        gain = np.log(density * 2 * np.pi + OUTLIER_SHARE)
        told = np.bincount(reads.tag[known], gain, len(odds)) + self._strange(reads, found)
        odds += np.clip(told, *PHASE_CAP)
        self.log_odds = np.clip(odds + looked, -LOG_CAP, LOG_CAP)
        self.log_odds[self.displaced] = -LOG_CAP

    def _strange(self, reads: Reads, found: Residuals) -> F64:
        """Return what reads without a history say, (tags,): by which antennas they are."""
        strange, antennas = np.flatnonzero(~found.known), self._map.antennas
        pair = np.unique(reads.tag[strange] * antennas + reads.antenna[strange])
        gain = self._map.strangeness(pair // antennas, pair % antennas)
        total = np.bincount(pair // antennas, gain, len(self.log_odds))
        return total.astype(np.float64)

    def adopt(self, rows: I64) -> None:
        """Take garments for being at their places."""
        self.log_odds[rows] = ADOPTED
        self.displaced[rows] = False


class HomeLook:
    """Compares RSSI with the planogram's places every few seconds."""

    def __init__(self, signals: SignalMap, shape: tuple[int, int]) -> None:
        """Start; `shape` is (tags, antennas)."""
        self._map = signals
        self._count, self._total_dbm = np.zeros(shape), np.zeros(shape)
        self._stale = np.zeros(shape[0], np.int64)
        self.looked = np.zeros(shape[0])

    def add(self, reads: Reads) -> None:
        """Take the reads of a second."""
        np.add.at(self._count, (reads.tag, reads.antenna), 1)
        np.add.at(self._total_dbm, (reads.tag, reads.antenna), reads.rssi_dbm)

    def look(self) -> F64:
        """Return what RSSI says for being at home, as a gain of log odds, (tags,); start anew."""
        mean = self._total_dbm / np.maximum(self._count, 1)
        gain = self._map.home_advantage(self._count, mean, LOOK_STEPS * STEP_S)
        silent = self._count.sum(axis=1) == 0
        self._count[:] = self._total_dbm[:] = 0
        self.looked = np.clip(gain, *LOOK_CAP)
        return np.where(silent, self._map.silence(LOOK_STEPS * STEP_S), self.looked)

    def stale(self, log_odds: F64) -> I64:
        """Return the tags that hang at home but not as they did; to be called once a look."""
        self._stale = np.where((self.looked > 0) & (log_odds < 0), self._stale + 1, 0)
        return np.flatnonzero(self._stale >= STALE_LOOKS)

    def settled(self, rows: I64) -> None:
        """Take notice that tags were adopted."""
        self._stale[rows] = 0
