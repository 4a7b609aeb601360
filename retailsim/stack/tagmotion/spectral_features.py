"""Detector (b): the shape of the spectrum of a window, and how far it is from the window before.

After the better of the two published methods: transform RSSI and phase of a window, reduce each
spectrum to a histogram of frequency shares, which hardly depends on where the tag hangs, and take
the Jensen-Shannon divergence from the adjacent window before. Reads are few and at odd times, so
that the transform is the least-squares one of Lomb and Scargle (`spectrum.py`); the series it is
taken of are changes since the reader's visit before on the same antenna and channel, because a
hopping reader's own phases are no series. No neighbours, no learnt curves.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.channel_turns import ChannelTurns
from retailsim.stack.tagmotion.residuals import Reads
from retailsim.stack.tagmotion.spectrum import (
    FREQUENCIES_HZ,
    jensen_shannon,
    lomb_scargle,
    shares,
)

F64 = NDArray[np.float64]

WINDOW_BINS = 6  # 3 s: the slowest swing that is asked for takes 3.3 s
# Power that noise alone leaves in a bin of the histogram, so that a still tag's is flat (assumed).
PHASE_FLOOR_RAD2, RSSI_FLOOR_DB2 = 0.3, 1.0
RSSI_CAP_DB = 10.0


class SpectralFeatures:
    """Computes histograms of the last window and their divergence, for all tags."""

    names = (
        "reads",
        "reads_before",
        "phase_divergence",
        "rssi_divergence",
        *(f"phase_{hz:g}_hz" for hz in FREQUENCIES_HZ),
        *(f"rssi_{hz:g}_hz" for hz in FREQUENCIES_HZ),
    )

    def __init__(self, tags: int, antennas: int, channels: int) -> None:
        self._tags = tags
        self._turns = ChannelTurns(tags, antennas, channels)
        # time, tag, turn of the phase, change of RSSI
        self._window: deque[F64] = deque([np.zeros((0, 4))] * WINDOW_BINS, maxlen=WINDOW_BINS)
        flat = np.full((tags, len(FREQUENCIES_HZ)), 1 / len(FREQUENCIES_HZ))
        before = (flat, flat, np.zeros(tags))
        self._before = deque([before] * (WINDOW_BINS + 1), maxlen=WINDOW_BINS + 1)

    def add(self, reads: Reads) -> F64:
        """Return the features (tags, len(names)) after a bin with these reads, in time order."""
        found = self._turns.add(reads)
        rows = np.flatnonzero(found.has_visit)
        change_db = np.clip(found.rssi_since_visit_db[rows], -RSSI_CAP_DB, RSSI_CAP_DB)
        columns = [reads.time_s[rows], reads.tag[rows], found.since_visit_rad[rows], change_db]
        self._window.append(np.column_stack(columns))
        time_s, row, turn, change_db = np.concatenate(list(self._window)).T
        tag = row.astype(np.int64)
        phase = shares(lomb_scargle(time_s, turn, tag, self._tags), PHASE_FLOOR_RAD2)
        rssi = shares(lomb_scargle(time_s, change_db, tag, self._tags), RSSI_FLOOR_DB2)
        count = np.bincount(tag, minlength=self._tags).astype(np.float64)
        self._before.append((phase, rssi, count))
        then_phase, then_rssi, then_count = self._before[0]
        return np.column_stack(
            [
                count,
                then_count,
                jensen_shannon(phase, then_phase),
                jensen_shannon(rssi, then_rssi),
                phase,
                rssi,
            ]
        )
