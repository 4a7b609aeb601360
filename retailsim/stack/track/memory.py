"""What a camera's tracker remembers of looks: who is who in a crowd, and who has come back.

Two uses. Where boxes overlap, looks say whose box it is (as in DeepSORT, Wojke et al. 2017, and
BoT-SORT, Aharon et al. 2022). And somebody who appears looking like, and near enough to, somebody
who went out of sight is the same person again (tracklet linking).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.track.association import match

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
VIEWS_KEPT = 12
TOGETHER_S = 0.15  # one person may have two boxes for a frame, not for longer


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    """How far looks are trusted. Cosines are those of the embedder's unit vectors.

    Attributes:
        look_weight: share of an overlap that unlike looks take away; 0 goes by place alone.
        unlike, alike: cosines at which looks take away all of that share, and nothing.
        recent_keep: share of a track's recent look that stays when a new one comes.
        view: a look less alike than this to all kept views of a track is kept as another view.
        link_look: least cosine of a newcomer and somebody gone, the way between them taken off.
        link_margin: by how much the best must beat the second best.
        link_pull: cosine taken off per reach of way between them.
        reach, reach_per_s: the way that is no surprise, in box heights: at once, and more per
            second out of sight (a shopper looks about 1.7 m tall and walks 1 m/s).
        patience_s: how long a newcomer may still turn out to be somebody gone.
        memory_s: how long somebody gone is remembered; 0 links nobody.
    """

    look_weight: float = 0.8
    unlike: float = 0.2
    alike: float = 0.8
    recent_keep: float = 0.9
    view: float = 0.8
    link_look: float = 0.55
    link_margin: float = 0.02
    link_pull: float = 0.15
    reach: float = 0.5
    reach_per_s: float = 0.5
    patience_s: float = 3.0
    memory_s: float = 120.0


@dataclass
class Acquaintance:
    """One track as it is remembered.

    Attributes:
        first_px, last_px: first and last box, float64 (4,).
        first_ns, last_ns: when these were.
        recent: running mean of looks, of late; None before the first look.
        usual: mean of all looks.
        looks: how many there were.
        views: looks that differ from one another, unit vectors.
        told: whether the track was ever told.
        recent_unit, usual_unit: `recent` and `usual` at unit length.
    """

    first_px: F64
    last_px: F64
    first_ns: int
    last_ns: int
    recent: F64 | None = None
    usual: F64 | None = None
    looks: int = 0
    views: list[F64] = field(default_factory=list)
    told: bool = False
    recent_unit: F64 | None = None
    usual_unit: F64 | None = None

    def learn(self, look: F64, settings: MemorySettings) -> None:
        """Take in one look, a unit vector (d,)."""
        self.looks += 1
        keep = settings.recent_keep
        self.recent = look if self.recent is None else keep * self.recent + (1 - keep) * look
        share = max(1 / self.looks, 0.05)
        self.usual = look if self.usual is None else self.usual + share * (look - self.usual)
        self.measure()
        if all(float(view @ look) < settings.view for view in self.views):
            self.views = [*self.views, look][-VIEWS_KEPT:]

    def measure(self) -> None:
        """Bring `recent_unit` and `usual_unit` up to date."""
        self.recent_unit, self.usual_unit = _unit(self.recent), _unit(self.usual)


class Memory:
    """The acquaintances of one camera."""

    def __init__(self, settings: MemorySettings) -> None:
        self._settings = settings
        self._known: dict[int, Acquaintance] = {}

    def agreement(self, track_id: I64, look: F32, looked: NDArray[np.bool_]) -> F64:
        """Return what looks leave of the overlap of tracks (n,) and boxes (m,), (n, m).

        Args:
            track_id: of the tracks.
            look: of the boxes, unit vectors (m, d).
            looked: which boxes have a look, bool (m,). Without one, nothing is taken away.
        """
        s = self._settings
        left = np.ones((len(track_id), len(looked)))
        if not looked.any() or s.look_weight == 0:
            return left
        recent = [k and k.recent_unit for k in map(self._known.get, track_id.tolist())]
        rows = [i for i, unit in enumerate(recent) if unit is not None]
        if rows:
            cosine = np.array([recent[i] for i in rows]) @ look[looked].astype(float).T
            alike = np.minimum(np.maximum((cosine - s.unlike) / (s.alike - s.unlike), 0.0), 1.0)
            left[np.ix_(np.array(rows), np.flatnonzero(looked))] = 1 - s.look_weight * (1 - alike)
        return left

    def see(
        self, track_id: int, box_px: F64, time_ns: int, *, look: F64 | None, told: bool
    ) -> None:
        """Take notice of a track's new box, its look if there is one, and its confirmation."""
        known = self._known.get(track_id)
        if known is None:
            known = Acquaintance(box_px, box_px, time_ns, time_ns)
            self._known[track_id] = known
        known.last_px, known.last_ns, known.told = box_px, time_ns, known.told or told
        if look is not None:
            known.learn(look, self._settings)

    def links(self, track_id: I64, time_ns: int) -> dict[int, int]:
        """Say which of the tracks seen now, (n,), are somebody gone: new number -> old number."""
        s = self._settings
        if s.memory_s == 0:
            return {}
        seen = set(track_id.tolist())
        young = [
            t
            for t in sorted(seen & self._known.keys())
            if self._known[t].told
            and self._known[t].looks
            and time_ns - self._known[t].first_ns <= s.patience_s * 1e9
        ]
        gone = [t for t, k in self._known.items() if t not in seen and k.told and k.looks]
        if not young or not gone:
            return {}
        likeness = np.array([[self._likeness(t, g) for g in gone] for t in young])
        rows, columns = match(-likeness, -s.link_look)
        return {
            young[i]: gone[j]
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
            if likeness[i, j] - _next_best(likeness, i, j) >= s.link_margin
        }

    def _likeness(self, young: int, gone: int) -> float:
        """Return how alike two are, the way between them taken off; minus 1 when impossible."""
        s, new, old = self._settings, self._known[young], self._known[gone]
        away_s = (new.first_ns - old.last_ns) * 1e-9
        if away_s < -TOGETHER_S:
            return -1.0
        left, top, right, low = new.first_px.tolist()
        old_left, old_top, old_right, old_low = old.last_px.tolist()
        height = max(low - top, old_low - old_top, 1.0)
        step = hypot(left + right - old_left - old_right, top + low - old_top - old_low) / 2
        way = step / height / (s.reach + s.reach_per_s * max(away_s, 0.0))
        if way > 2:
            return -1.0
        return float(resemblance(new, old) - s.link_pull * way)

    def rename(self, new: int, old: int) -> None:
        """Let the newcomer go by the old number from now on."""
        young, known = self._known.pop(new), self._known[old]
        known.last_px, known.last_ns, known.recent = young.last_px, young.last_ns, young.recent
        if known.usual is not None and young.usual is not None:
            known.usual = (known.usual + young.usual) / 2
        known.measure()
        known.looks += young.looks
        known.views = [*known.views, *young.views][-VIEWS_KEPT:]

    def forget(self, time_ns: int, alive: I64) -> None:
        """Drop who has been gone for long, and whose track was never confirmed."""
        keep, memory_ns = set(alive.tolist()), self._settings.memory_s * 1e9
        self._known = {
            t: known
            for t, known in self._known.items()
            if t in keep or (known.told and known.looks and time_ns - known.last_ns <= memory_ns)
        }


def resemblance(one: Acquaintance, other: Acquaintance) -> float:
    """Return the mean of the cosine of two usual looks and that of their most alike views."""
    if one.usual_unit is None or other.usual_unit is None:
        return -1.0
    usual = one.usual_unit @ other.usual_unit
    closest = (np.array(one.views) @ np.array(other.views).T).max()
    return float(usual + closest) / 2


def _unit(look: F64 | None) -> F64 | None:
    return None if look is None else look / np.linalg.norm(look)


def _next_best(likeness: F64, row: int, column: int) -> float:
    """Return the best rival of a pair, in its row or its column."""
    rivals = np.concatenate([np.delete(likeness[row], column), np.delete(likeness[:, column], row)])
    return float(rivals.max(initial=-1.0))
