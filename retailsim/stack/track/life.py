"""Who is alive: a potted plant looks like somebody to the detector, but it never moves.

A track is taken for a person while its detections are sure, or if it changed its place of late.
What does neither is followed all the same, so that nobody's track settles on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.track.association import paired_iou

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
NEVER_NS = -(2**62)


@dataclass(frozen=True, kw_only=True)
class LifeSettings:
    """What a track must show to be taken for a person.

    Attributes:
        sure_score: mean score that is enough; 0 takes everything for a person.
        sure_s: time constant of that mean.
        still_iou: overlap with the box of its last place below which it has moved.
        still_s: how long somebody who moved is believed to be a person.
    """

    sure_score: float = 0.53
    sure_s: float = 2.0
    still_iou: float = 0.5
    still_s: float = 20.0


@dataclass(frozen=True)
class Signs:
    """What speaks for the life of n tracks.

    Attributes:
        score: running mean of the scores of its detections, float64 (n,).
        place_px: the box it had when it last came to another place, float64 (n, 4).
        moved_ns: when that was, `NEVER_NS` if it is where it began, int64 (n,).
    """

    score: F64 = field(default_factory=lambda: np.zeros(0))
    place_px: F64 = field(default_factory=lambda: np.zeros((0, 4)))
    moved_ns: I64 = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def first(cls, boxes_px: F64, score: F64) -> Signs:
        """Return those of tracks that begin with boxes (n, 4) of scores (n,)."""
        return cls(score, boxes_px, np.full(len(score), NEVER_NS, np.int64))

    def take(self, rows: I64) -> Signs:
        """Return `rows` in that order."""
        return Signs(self.score[rows], self.place_px[rows], self.moved_ns[rows])

    def join(self, other: Signs) -> Signs:
        """Return both, one after the other."""
        both = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(Signs))
        return Signs(*(np.concatenate(pair) for pair in both))

    def seen(
        self, rows: I64, boxes_px: F64, score: F64, *, after_s: F64, time_ns: int, s: LifeSettings
    ) -> Signs:
        """Take in the detections of some tracks.

        Args:
            rows: whose they are, (m,).
            boxes_px: (m, 4).
            score: (m,).
            after_s: seconds since each of them was last seen, (m,).
            time_ns: now.
            s: time constant and what counts as another place.
        """
        mean, place_px, moved_ns = self.score.copy(), self.place_px.copy(), self.moved_ns.copy()
        keep = np.exp(-after_s / s.sure_s)
        mean[rows] = keep * mean[rows] + (1 - keep) * score
        moved = paired_iou(place_px[rows], boxes_px) < s.still_iou
        place_px[rows[moved]], moved_ns[rows[moved]] = boxes_px[moved], time_ns
        return Signs(mean, place_px, moved_ns)

    def alive(self, time_ns: int, s: LifeSettings) -> NDArray[np.bool_]:
        """Say which tracks are taken for people, bool (n,)."""
        moving = (time_ns - self.moved_ns) * 1e-9 <= s.still_s
        alive: NDArray[np.bool_] = moving | (self.score >= s.sure_score)
        return alive
