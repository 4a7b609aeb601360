"""ByteTrack: every detection counts, the confident ones first; looks settle what place leaves open.

Zhang et al., "ByteTrack: Multi-object tracking by associating every detection box", ECCV 2022,
with times in seconds instead of frames, one independent tracker per camera. Where the stack has
a stage that gives `Looks`, these weigh in and find again who was out of sight (`memory.py`).
A low bar to start a track needs two things ByteTrack has not: what never proves alive is not
told (`life.py`), and a second box on somebody already tracked starts nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections, Looks, Tracks
from retailsim.stack.reid.crops import covered_share
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track import kalman
from retailsim.stack.track.association import inside, iou, match, rest
from retailsim.stack.track.life import LifeSettings, Signs
from retailsim.stack.track.memory import Memory, MemorySettings
from retailsim.stack.track.table import TrackTable

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
IDS_PER_CAMERA = 1_000_000
MAX_COVERED = 0.5  # share of a box covered by another from which on its look is another's


@dataclass(frozen=True, kw_only=True)
class ByteTrackSettings:
    """Thresholds of the two rounds of association.

    Attributes:
        high_score: detections at or above it take part in the first round.
        low_score: those below it are dropped, the others serve the second round.
        start_score: a new track starts at or above it,
        inside_score: and at or above this one if it lies within a box already matched
        inside_share: by this share or more: most such boxes are a part of the same person.
        first_iou: least overlap (times score, as in ByteTrack) of the first round. Lower than
            ByteTrack's 0.2: seen from the ceiling, a step out from behind a table doubles a box.
        second_iou: least overlap of the second round.
        tentative_iou: least overlap of a track not yet confirmed.
        lost_s: how long an unseen track may come back.
        confirm_hits: frames in a row before a track is told, except in the first frame.
        doubt_keep: share of its overlaps that is left to a track unseen in the frame before, and
            likewise to one that has not proved alive: who was just seen comes first.
    """

    high_score: float = 0.35
    low_score: float = 0.1
    start_score: float = 0.4
    inside_score: float = 0.6
    inside_share: float = 0.3
    first_iou: float = 0.1
    second_iou: float = 0.3
    tentative_iou: float = 0.2
    lost_s: float = 2.0
    confirm_hits: int = 2
    doubt_keep: float = 0.8


class CameraTracker:
    """ByteTrack on one camera's detections.

    Args:
        settings: thresholds.
        noise: of the boxes' Kalman filter.
        memory: what it keeps in mind of looks.
        life: what a track must show to be told.
        first_id: track numbers count up from the one after it.
    """

    def __init__(
        self,
        settings: ByteTrackSettings,
        noise: kalman.BoxNoise,
        memory: Memory,
        life: LifeSettings,
        first_id: int = 0,
    ) -> None:
        self._settings, self._noise, self._memory, self._life = settings, noise, memory, life
        self._tracks = TrackTable()
        self._last_id = first_id
        self._before_ns: int | None = None  # the frame before

    def step(self, detections: Detections, looks: Looks | None = None) -> Tracks:
        """Take the next frame's detections; return the living tracks matched in it.

        Raises StageError when the frame is not later than the one before.
        """
        before_ns, self._before_ns = self._before_ns, detections.time_ns
        tracks = self._predicted(before_ns, detections.time_ns)
        boxes, score = detections.boxes_px.astype(float), detections.score.astype(float)
        look, looked = _spread(looks, len(boxes))
        left = self._memory.agreement(tracks.track_id, look, looked)
        overlap = iou(tracks.states.boxes_px(), boxes) * left
        visible = tracks.seen_ns == before_ns
        overlap *= self._trust(tracks, visible, detections.time_ns)[:, None]
        row, found = self._associate(tracks, visible, overlap, score)
        tracks = self._updated(tracks, row, boxes[found], score[found], detections.time_ns)
        born = self._newcomers(boxes, score, found)
        if len(born):
            begun = self._started(boxes[born], score[born], detections.time_ns, before_ns is None)
            tracks = tracks.join(begun)
        shown = np.concatenate([row, np.arange(len(tracks) - len(born), len(tracks))])
        source = np.concatenate([found, born])
        looked &= covered_share(detections.boxes_px) <= MAX_COVERED
        told = tracks.confirmed & tracks.signs.alive(detections.time_ns, self._life)
        tracks = self._recognised(tracks, told, shown, boxes[source], look[source], looked[source])
        self._tracks = self._kept(tracks, shown, detections.time_ns)
        return _told(tracks, told, shown, source, detections)

    def _trust(self, tracks: TrackTable, visible: NDArray[np.bool_], time_ns: int) -> F64:
        """Return the share of its overlaps that is left to each track, (n,)."""
        keep, alive = self._settings.doubt_keep, tracks.signs.alive(time_ns, self._life)
        trust: F64 = np.where(visible, 1.0, keep) * np.where(alive, 1.0, keep)
        return trust

    def _newcomers(self, boxes: F64, score: F64, found: I64) -> I64:
        """Return which boxes start a track; `found` are those that already have one."""
        s = self._settings
        spare = rest(len(boxes), found)
        if not len(spare):
            return spare
        share = inside(boxes[spare], boxes[found]).max(axis=1, initial=0.0)
        needed = np.where(share >= s.inside_share, s.inside_score, s.start_score)
        return spare[score[spare] >= needed]

    def _recognised(
        self,
        tracks: TrackTable,
        told: NDArray[np.bool_],
        shown: I64,
        boxes: F64,
        look: F32,
        looked: NDArray[np.bool_],
    ) -> TrackTable:
        """Keep in mind what was seen; give newcomers who are somebody gone their old number."""
        time_ns = self._before_ns or 0
        for row, box, vector, has_look in zip(shown.tolist(), boxes, look, looked, strict=True):
            number, seen = int(tracks.track_id[row]), vector.astype(float) if has_look else None
            self._memory.see(number, box, time_ns, look=seen, told=bool(told[row]))
        links = self._memory.links(tracks.track_id[shown], time_ns)
        for new, old in links.items():
            self._memory.rename(new, old)
        if not links:
            return tracks
        renamed = [links.get(t, t) for t in tracks.track_id.tolist()]
        return replace(tracks, track_id=np.array(renamed, np.int64))

    def _predicted(self, before_ns: int | None, time_ns: int) -> TrackTable:
        if before_ns is None:
            return self._tracks
        if time_ns <= before_ns:
            raise StageError(f"track: frame at {time_ns} ns is not later than {before_ns} ns")
        dt_s = (time_ns - before_ns) * 1e-9
        return replace(self._tracks, states=kalman.predict(self._tracks.states, dt_s, self._noise))

    def _associate(
        self, tracks: TrackTable, visible: NDArray[np.bool_], overlap: F64, score: F64
    ) -> tuple[I64, I64]:
        """Return matched rows of tracks and of detections, after the three rounds."""
        s = self._settings
        high = np.flatnonzero(score >= s.high_score)
        low = np.flatnonzero((score >= s.low_score) & (score < s.high_score))
        told, tentative = np.flatnonzero(tracks.confirmed), np.flatnonzero(~tracks.confirmed)

        first = match(1 - overlap[np.ix_(told, high)] * score[high], 1 - s.first_iou)
        left = told[rest(len(told), first[0])]
        left = left[visible[left]]  # a lost track has drifted too far for a doubtful box
        second = match(1 - overlap[np.ix_(left, low)], 1 - s.second_iou)
        spare = high[rest(len(high), first[1])]
        third = match(1 - overlap[np.ix_(tentative, spare)], 1 - s.tentative_iou)
        rows = np.concatenate([told[first[0]], left[second[0]], tentative[third[0]]])
        found = np.concatenate([high[first[1]], low[second[1]], spare[third[1]]])
        return rows, found

    def _updated(
        self, tracks: TrackTable, rows: I64, boxes: F64, score: F64, time_ns: int
    ) -> TrackTable:
        seen = kalman.update(tracks.states.take(rows), boxes, self._noise)
        mean, cov = tracks.states.mean.copy(), tracks.states.cov.copy()
        mean[rows], cov[rows] = seen.mean, seen.cov
        unseen = rest(len(tracks), rows)
        mean[unseen, 2:, 1] = 0.0  # a hidden person's box must not go on shrinking
        after_s = np.asarray((time_ns - tracks.seen_ns[rows]) * 1e-9, np.float64)
        signs = tracks.signs.seen(
            rows, boxes, score, after_s=after_s, time_ns=time_ns, s=self._life
        )
        hits, seen_ns = tracks.hits.copy(), tracks.seen_ns.copy()
        hits[rows] += 1
        seen_ns[rows] = time_ns
        return TrackTable(
            kalman.BoxStates(mean, cov),
            tracks.track_id,
            hits,
            tracks.confirmed | (hits >= self._settings.confirm_hits),
            seen_ns,
            signs,
        )

    def _started(self, boxes: F64, score: F64, time_ns: int, first_frame: bool) -> TrackTable:
        count = len(boxes)
        track_id = self._last_id + 1 + np.arange(count, dtype=np.int64)
        self._last_id += count
        at_once = first_frame or self._settings.confirm_hits <= 1
        return TrackTable(
            kalman.start(boxes, self._noise),
            track_id,
            np.ones(count, np.int64),
            np.full(count, at_once),
            np.full(count, time_ns, np.int64),
            Signs.first(boxes, score),
        )

    def _kept(self, tracks: TrackTable, shown: I64, time_ns: int) -> TrackTable:
        """Drop what has been lost too long, tentative tracks missed once, and doubles.

        A double is the lost track whose number a newcomer took over. ByteTrack also drops one of
        two tracks that overlap. Here people seen from above walk in front of each other, and the
        one behind must live on under the other's box.
        """
        seen = np.zeros(len(tracks), bool)
        seen[shown] = True
        if seen.all():
            self._memory.forget(time_ns, tracks.track_id)
            return tracks
        recent = (time_ns - tracks.seen_ns) * 1e-9 <= self._settings.lost_s
        double = ~seen & np.isin(tracks.track_id, tracks.track_id[seen])
        kept = tracks.take(np.flatnonzero(seen | (recent & tracks.confirmed & ~double)))
        self._memory.forget(time_ns, kept.track_id)
        return kept


def _told(
    tracks: TrackTable,
    told: NDArray[np.bool_],
    shown: I64,
    source: I64,
    detections: Detections,
) -> Tracks:
    """Return those of the rows shown that are to be told, in order of their numbers."""
    told = told[shown]
    shown, source = shown[told], source[told]
    order = np.argsort(tracks.track_id[shown])
    shown, source = shown[order], source[order]
    return Tracks(
        detections.time_ns,
        detections.camera,
        tracks.track_id[shown],
        detections.boxes_px[source],
        detections.score[source],
    )


def _spread(looks: Looks | None, count: int) -> tuple[F32, NDArray[np.bool_]]:
    """Return a row per detection, float32 (n, d), and which of them have a look, bool (n,)."""
    looked = np.zeros(count, bool)
    if looks is None:
        return np.zeros((count, 1), np.float32), looked
    spread = np.zeros((count, looks.vector.shape[1]), np.float32)
    spread[looks.row], looked[looks.row] = looks.vector, True
    return spread, looked


def _taken(kind: type, settings: dict[str, float]) -> dict[str, float]:
    """Take the fields of a settings class out of `settings` and return them."""
    return {f.name: settings.pop(f.name) for f in fields(kind) if f.name in settings}


class ByteTrack(Stage):
    """Tracks people within each camera; Detections and Looks in, Tracks out.

    Args:
        context: the plan gives the cameras, in the order that numbers the tracks.
        settings: fields of `ByteTrackSettings`, `MemorySettings` and `LifeSettings`.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (Detections, Looks)
    outputs: ClassVar[tuple[type[Message], ...]] = (Tracks,)

    def __init__(self, context: StageContext, **settings: float) -> None:
        super().__init__(context)
        memory = MemorySettings(**_taken(MemorySettings, settings))
        life = LifeSettings(**_taken(LifeSettings, settings))
        try:
            chosen = ByteTrackSettings(**settings)  # type: ignore[arg-type]
        except TypeError as error:
            raise StageError(f"track: {error}") from error
        self._trackers = {
            camera.id: CameraTracker(
                chosen, kalman.BoxNoise(), Memory(memory), life, number * IDS_PER_CAMERA
            )
            for number, camera in enumerate(context.plan.cameras)
        }
        self._detections: list[Detections] = []
        self._looks: dict[tuple[str, int], Looks] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Keep what was found until the whole tick is there: looks come after detections."""
        if isinstance(message, Detections):
            if message.camera not in self._trackers:
                raise StageError(f"track: camera '{message.camera}' is not in the store plan")
            self._detections.append(message)
        elif isinstance(message, Looks):
            self._looks[message.camera, message.time_ns] = message
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Turn each camera's Detections into Tracks."""
        told = [
            self._trackers[d.camera].step(d, self._looks.get((d.camera, d.time_ns)))
            for d in self._detections
        ]
        self._detections.clear()
        self._looks.clear()
        return told
