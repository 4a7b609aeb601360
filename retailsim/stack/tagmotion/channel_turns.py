"""How far phase and RSSI of a read are from the last on the same antenna and channel.

A hopping reader adds an unknown offset to the phase, fixed for each antenna and channel. Between
two reads on the same antenna and channel it falls out; nothing is learnt, one read is remembered.
Phases are doubled, which takes away the reader's ambiguity of pi.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.residuals import Reads

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

VISIT_S = 1.0  # reads of a channel farther apart belong to different visits of the reader to it
LONGEST_VISIT_S = 4.0  # a reader that stays on a channel for longer is taken to come anew
MEMORY_S = 120.0  # a visit longer ago is no reference: much has moved since


@dataclass(frozen=True)
class Turns:
    """One row per read, in the order of the reads.

    Attributes:
        since_visit_rad: turn of the doubled phase since the visit before, in (-pi, pi]; 0 if
            there was none.
        rssi_since_visit_db: change of RSSI since then; 0 if there was none.
        has_visit: whether there was one within `MEMORY_S`, bool.
        step_rad: turn since the read just before, of the same visit; 0 if there was none.
        has_step: whether there was one, bool.
    """

    since_visit_rad: F64
    rssi_since_visit_db: F64
    has_visit: Bools
    step_rad: F64
    has_step: Bools


class ChannelTurns:
    """Remembers the last reads of every tag by antenna and channel."""

    def __init__(self, tags: int, antennas: int, channels: int) -> None:
        self._antennas, self._channels = antennas, channels
        size = tags * antennas * channels
        self._last = np.zeros(size, np.complex64)
        self._last_dbm = np.zeros(size, np.float32)
        self._last_s = np.full(size, -np.inf)
        self._began_s = np.full(size, -np.inf)
        self._visit = np.zeros(size, np.complex64)  # the last read of the visit before
        self._visit_dbm = np.zeros(size, np.float32)
        self._visit_s = np.full(size, -np.inf)

    def add(self, reads: Reads) -> Turns:
        """Compare the reads of less than `VISIT_S`, in order of time, and remember them."""
        key = (reads.tag * self._antennas + reads.antenna) * self._channels + reads.channel
        order = np.argsort(key, kind="stable")
        key, time_s = key[order], reads.time_s[order]
        phasor, dbm = reads.doubled[order], reads.rssi_dbm[order]
        first = np.ones(len(key), np.bool_)
        first[1:] = key[1:] != key[:-1]
        self._begin_visits(key[first], time_s[first])

        has_visit = time_s - self._visit_s[key] < MEMORY_S
        since = np.where(has_visit, np.angle(phasor * self._visit[key].conj()), 0.0)
        since_db = np.where(has_visit, dbm - self._visit_dbm[key], 0.0)
        before = np.where(first, self._last[key], np.roll(phasor, 1))
        before_s = np.where(first, self._last_s[key], np.roll(time_s, 1))
        has_step = time_s - before_s < VISIT_S
        step = np.where(has_step, np.angle(phasor * before.conj()), 0.0)

        last = np.roll(first, -1)  # the next key begins after it
        self._last[key[last]], self._last_dbm[key[last]] = phasor[last], dbm[last]
        self._last_s[key[last]] = time_s[last]
        back = np.argsort(order)
        return Turns(since[back], since_db[back], has_visit[back], step[back], has_step[back])

    def _begin_visits(self, key: I64, time_s: F64) -> None:
        """Make what was last read the reference where the reader comes back to a channel."""
        back = time_s - self._last_s[key] >= VISIT_S
        back |= time_s - self._began_s[key] >= LONGEST_VISIT_S
        fresh = key[back]
        self._began_s[fresh] = time_s[back]
        self._visit[fresh], self._visit_dbm[fresh] = self._last[fresh], self._last_dbm[fresh]
        self._visit_s[fresh] = self._last_s[fresh]
