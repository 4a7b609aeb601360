"""Detector (a): what raw RSSI and phase of a window say, tag by tag.

After the simpler of the two published methods: level and spread of RSSI, and how far the phase
turned, within a window. The level depends on where the tag hangs, which is why the method is said
to fit one place only. Phases are compared on the same antenna and channel alone, see
`channel_turns.py`; no neighbours, no learnt curves.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.channel_turns import ChannelTurns
from retailsim.stack.tagmotion.residuals import Reads

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

WINDOW_BINS = 4  # 2 s, about as long as a flip
SILENT_DBM = -90.0  # stands for the RSSI of a tag that was not read


class RawFeatures:
    """Computes statistics of the last window, for all tags."""

    names = (
        "reads",
        "antennas",
        "rssi_best_mean",
        "rssi_mean",
        "rssi_spread",
        "rssi_range",
        "rssi_change",
        "turns",
        "turn_mean",
        "turn_square",
        "turn_max",
        "rssi_turn_square",
        "steps",
        "step_square",
        "step_max",
    )

    def __init__(self, tags: int, antennas: int, channels: int) -> None:
        self._tags, self._antennas = tags, antennas
        self._turns = ChannelTurns(tags, antennas, channels)
        # key, RSSI, turn, has turn, change of RSSI, step, has step
        self._window: deque[F64] = deque([np.zeros((0, 7))] * WINDOW_BINS, maxlen=WINDOW_BINS)
        self._means: deque[F64] = deque(
            [np.full(tags * antennas, np.nan)] * (WINDOW_BINS + 1), maxlen=WINDOW_BINS + 1
        )

    def add(self, reads: Reads) -> F64:
        """Return the features (tags, len(names)) after a bin with these reads, in time order."""
        found = self._turns.add(reads)
        columns = [
            (reads.tag * self._antennas + reads.antenna).astype(np.float64),
            reads.rssi_dbm,
            found.since_visit_rad,
            found.has_visit,
            found.rssi_since_visit_db,
            found.step_rad,
            found.has_step,
        ]
        self._window.append(np.column_stack(columns))
        key, dbm, turn, has_turn, change_db, step, has_step = np.concatenate(list(self._window)).T
        key = key.astype(np.int64)
        tag = key // self._antennas
        return np.column_stack(
            [
                *self._levels(key, dbm),
                self._sum(tag, has_turn),
                np.abs(self._mean(tag, turn, has_turn)),
                self._mean(tag, turn**2, has_turn),
                self._most(tag, np.abs(turn)),
                self._mean(tag, change_db**2, has_turn),
                self._sum(tag, has_step),
                self._mean(tag, step**2, has_step),
                self._most(tag, np.abs(step)),
            ]
        )

    def _levels(self, key: I64, dbm: F64) -> list[F64]:
        """Return number of reads and antennas, and level, spread, range and change of RSSI."""
        pairs = self._tags * self._antennas
        count = np.bincount(key, minlength=pairs)
        mean = np.bincount(key, dbm, pairs) / np.maximum(count, 1)
        off = dbm - mean[key]
        by_tag = count.reshape(self._tags, -1)
        reads = by_tag.sum(axis=1).astype(np.float64)
        tag = key // self._antennas
        heard = np.where(count > 0, mean, np.nan)
        self._means.append(heard)
        change = np.nan_to_num(heard - self._means[0])
        level = self._mean(tag, dbm, np.ones(len(dbm)))
        best = (
            np.where(count > 0, mean, SILENT_DBM).reshape(self._tags, -1).max(axis=1, initial=-90)
        )
        freedom = np.maximum(reads - (by_tag > 0).sum(axis=1), 1)
        return [
            reads,
            (by_tag > 0).sum(axis=1).astype(np.float64),
            best,
            np.where(reads > 0, level, SILENT_DBM),
            np.sqrt(self._sum(tag, off**2) / freedom),
            self._most(tag, off) + self._most(tag, -off),
            np.abs(change).reshape(self._tags, -1).max(axis=1, initial=0.0),
        ]

    def _sum(self, tag: I64, value: F64) -> F64:
        total: F64 = np.bincount(tag, value, self._tags).astype(np.float64)
        return total

    def _mean(self, tag: I64, value: F64, weight: F64) -> F64:
        mean: F64 = self._sum(tag, value * weight) / np.maximum(self._sum(tag, weight), 1.0)
        return mean

    def _most(self, tag: I64, value: F64) -> F64:
        most = np.zeros(self._tags)
        np.maximum.at(most, tag, value)
        return most
