"""How often an antenna hears a tag at all, by the RSSI that is expected of it there.

An antenna that does not read a garment says where it is not: readers fall silent within a few dB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

STEP_DB = 3.0
LEVEL_DBM = np.arange(-87.0, -33.0, STEP_DB)  # middles of the steps
FINE_DB = 0.25
FINE_DBM = np.arange(LEVEL_DBM[0], LEVEL_DBM[-1], FINE_DB)
HALF_DBM, SOFT_DB = -64.5, 2.5  # before anything was learnt: heard in every other second
PRIOR_S = 60.0  # for so many tag-seconds a step that counts
LEAST, MOST = 0.003, 0.95  # share of seconds; anything may happen


class Hearing:
    """Share of seconds in which an antenna reads a tag, learnt from garments at their places."""

    def __init__(self) -> None:
        self._seconds = np.full(len(LEVEL_DBM), PRIOR_S)
        self._heard = PRIOR_S / (1 + np.exp(-(LEVEL_DBM - HALF_DBM) / SOFT_DB))

    def learn(self, expected_dbm: F64, heard: NDArray[np.bool_], seconds: F64) -> None:
        """Take which antennas heard which tags in some seconds.

        Args:
            expected_dbm: RSSI of each tag at each antenna, (tags, antennas).
            heard: whether it was read, (tags, antennas).
            seconds: for how long each tag was at its place, (tags,).
        """
        step = np.rint((expected_dbm - LEVEL_DBM[0]) / STEP_DB).astype(np.int64)
        step = np.clip(step, 0, len(LEVEL_DBM) - 1).ravel()
        time = np.broadcast_to(seconds[:, None], heard.shape)
        self._seconds += np.bincount(step, time.ravel(), len(LEVEL_DBM))
        self._heard += np.bincount(step, (time * heard).ravel(), len(LEVEL_DBM))

    def share(self, expected_dbm: F64) -> F64:
        """Return the share of seconds in which a tag is read, of the shape of the RSSI expected.

        It never falls with RSSI.
        """
        return self._fine()[_step(expected_dbm)]

    def log_heard(self, expected_dbm: F64) -> F64:
        """Return the log of that share, of the same shape."""
        return np.asarray(np.log(self._fine())[_step(expected_dbm)])

    def log_silent(self, expected_dbm: F64) -> F64:
        """Return the log of the share of seconds in which a tag is not read, of the same shape."""
        return np.asarray(np.log1p(-self._fine())[_step(expected_dbm)])

    def _fine(self) -> F64:
        rising = np.maximum.accumulate(self._heard / self._seconds)
        share: F64 = np.clip(np.interp(FINE_DBM, LEVEL_DBM, rising), LEAST, MOST)
        return share


def _step(dbm: F64) -> NDArray[np.int64]:
    step = ((dbm - FINE_DBM[0]) * (1 / FINE_DB)).astype(np.int64)
    return np.asarray(np.clip(step, 0, len(FINE_DBM) - 1))
