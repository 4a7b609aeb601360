"""The live tracks of one camera."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.track import kalman
from retailsim.stack.track.life import Signs

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class TrackTable:
    """All live tracks of one camera; row i of every field is the same track.

    Attributes:
        states: filtered boxes, (n,).
        track_id: unique over cameras, int64 (n,).
        hits: frames matched so far, int64 (n,).
        confirmed: whether it was matched often enough, bool (n,).
        seen_ns: time of the last match, int64 (n,).
        signs: what speaks for its life, (n,).
    """

    states: kalman.BoxStates = field(default_factory=kalman.nothing)
    track_id: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    hits: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    confirmed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    seen_ns: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    signs: Signs = field(default_factory=Signs)

    def __len__(self) -> int:
        return len(self.track_id)

    def take(self, rows: I64) -> TrackTable:
        """Return `rows` in that order."""
        return TrackTable(
            self.states.take(rows),
            self.track_id[rows],
            self.hits[rows],
            self.confirmed[rows],
            self.seen_ns[rows],
            self.signs.take(rows),
        )

    def join(self, other: TrackTable) -> TrackTable:
        """Return both tables, one after the other."""
        return TrackTable(
            kalman.join(self.states, other.states),
            np.concatenate([self.track_id, other.track_id]),
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.confirmed, other.confirmed]),
            np.concatenate([self.seen_ns, other.seen_ns]),
            self.signs.join(other.signs),
        )
