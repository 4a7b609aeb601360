"""ByteTrack: every detection counts, the confident ones first.

Zhang et al., "ByteTrack: Multi-object tracking by associating every detection box", ECCV 2022,
with times in seconds instead of frames, one independent tracker per camera.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections, Tracks
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track import kalman
from retailsim.stack.track.association import iou, match, rest

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
IDS_PER_CAMERA = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ByteTrackSettings:
    """Thresholds of the two rounds of association.

    Attributes:
        high_score: detections at or above it take part in the first round.
        low_score: those below it are dropped, the others serve the second round.
        start_score: a new track starts at or above it.
        first_iou: least overlap (times score, as in ByteTrack) of the first round. Lower than
            ByteTrack's 0.2: seen from the ceiling, a step out from behind a table doubles a box.
        second_iou: least overlap of the second round.
        tentative_iou: least overlap of a track not yet confirmed.
        lost_s: how long an unseen track may come back.
        confirm_hits: frames in a row before a track is told, except in the first frame.
    """

    high_score: float = 0.35
    low_score: float = 0.1
    start_score: float = 0.45
    first_iou: float = 0.1
    second_iou: float = 0.4
    tentative_iou: float = 0.2
    lost_s: float = 2.0
    confirm_hits: int = 2


@dataclass(frozen=True)
class TrackTable:
    """All live tracks of one camera; row i of every field is the same track.

    Attributes:
        states: filtered boxes, (n,).
        track_id: unique over cameras, int64 (n,).
        hits: frames matched so far, int64 (n,).
        confirmed: whether the track has been told, bool (n,).
        seen_ns: time of the last match, int64 (n,).
    """

    states: kalman.BoxStates = field(default_factory=kalman.nothing)
    track_id: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    hits: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    confirmed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    seen_ns: I64 = field(default_factory=lambda: np.zeros(0, np.int64))

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
        )

    def join(self, other: TrackTable) -> TrackTable:
        """Return both tables, one after the other."""
        return TrackTable(
            kalman.join(self.states, other.states),
            np.concatenate([self.track_id, other.track_id]),
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.confirmed, other.confirmed]),
            np.concatenate([self.seen_ns, other.seen_ns]),
        )


class CameraTracker:
    """ByteTrack on one camera's detections.

    Args:
        settings: thresholds.
        noise: of the boxes' Kalman filter.
        first_id: track numbers count up from the one after it.
    """

    def __init__(
        self, settings: ByteTrackSettings, noise: kalman.BoxNoise, first_id: int = 0
    ) -> None:
        self._settings, self._noise = settings, noise
        self._tracks = TrackTable()
        self._last_id = first_id
        self._before_ns: int | None = None  # the frame before

    def step(self, detections: Detections) -> Tracks:
        """Take the next frame's detections; return the confirmed tracks matched in it.

        Raises StageError when the frame is not later than the one before.
        """
        before_ns, self._before_ns = self._before_ns, detections.time_ns
        tracks = self._predicted(before_ns, detections.time_ns)
        boxes, score = detections.boxes_px.astype(float), detections.score.astype(float)
        row, found = self._associate(tracks, tracks.seen_ns == before_ns, boxes, score)
        tracks = self._updated(tracks, row, boxes[found], detections.time_ns)
        born = rest(len(boxes), found)
        born = born[score[born] >= self._settings.start_score]
        tracks = tracks.join(self._started(boxes[born], detections.time_ns, before_ns is None))
        shown = np.concatenate([row, np.arange(len(tracks) - len(born), len(tracks))])
        source = np.concatenate([found, born])
        told = tracks.confirmed[shown]
        shown, source = shown[told], source[told]
        order = np.argsort(tracks.track_id[shown])
        shown, source = shown[order], source[order]
        message = Tracks(
            detections.time_ns,
            detections.camera,
            tracks.track_id[shown],
            detections.boxes_px[source],
            detections.score[source],
        )
        self._tracks = self._kept(tracks, detections.time_ns)
        return message

    def _predicted(self, before_ns: int | None, time_ns: int) -> TrackTable:
        if before_ns is None:
            return self._tracks
        if time_ns <= before_ns:
            raise StageError(f"track: frame at {time_ns} ns is not later than {before_ns} ns")
        dt_s = (time_ns - before_ns) * 1e-9
        return replace(self._tracks, states=kalman.predict(self._tracks.states, dt_s, self._noise))

    def _associate(
        self, tracks: TrackTable, visible: NDArray[np.bool_], boxes: F64, score: F64
    ) -> tuple[I64, I64]:
        """Return matched rows of tracks and of detections, after the three rounds."""
        s, predicted = self._settings, tracks.states.boxes_px()
        high = np.flatnonzero(score >= s.high_score)
        low = np.flatnonzero((score >= s.low_score) & (score < s.high_score))
        told, tentative = np.flatnonzero(tracks.confirmed), np.flatnonzero(~tracks.confirmed)
        overlap = iou(predicted, boxes)

        first = match(1 - overlap[np.ix_(told, high)] * score[high], 1 - s.first_iou)
        left = told[rest(len(told), first[0])]
        left = left[visible[left]]  # a lost track has drifted too far for a doubtful box
        second = match(1 - overlap[np.ix_(left, low)], 1 - s.second_iou)
        spare = high[rest(len(high), first[1])]
        third = match(1 - overlap[np.ix_(tentative, spare)], 1 - s.tentative_iou)
        rows = np.concatenate([told[first[0]], left[second[0]], tentative[third[0]]])
        found = np.concatenate([high[first[1]], low[second[1]], spare[third[1]]])
        return rows, found

    def _updated(self, tracks: TrackTable, rows: I64, boxes: F64, time_ns: int) -> TrackTable:
        seen = kalman.update(tracks.states.take(rows), boxes, self._noise)
        mean, cov = tracks.states.mean.copy(), tracks.states.cov.copy()
        mean[rows], cov[rows] = seen.mean, seen.cov
        unseen = rest(len(tracks), rows)
        mean[unseen, 2:, 1] = 0.0  # a hidden person's box must not go on shrinking
        hits, seen_ns = tracks.hits.copy(), tracks.seen_ns.copy()
        hits[rows] += 1
        seen_ns[rows] = time_ns
        return TrackTable(
            kalman.BoxStates(mean, cov),
            tracks.track_id,
            hits,
            tracks.confirmed | (hits >= self._settings.confirm_hits),
            seen_ns,
        )

    def _started(self, boxes: F64, time_ns: int, first_frame: bool) -> TrackTable:
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
        )

    def _kept(self, tracks: TrackTable, time_ns: int) -> TrackTable:
        """Drop what has been lost too long, and tentative tracks missed once.

        ByteTrack also drops one of two tracks that overlap. Here people seen from above walk in
        front of each other, and the one behind must live on under the other's box.
        """
        seen = tracks.seen_ns == time_ns
        recent = (time_ns - tracks.seen_ns) * 1e-9 <= self._settings.lost_s
        return tracks.take(np.flatnonzero(seen | (recent & tracks.confirmed)))


class ByteTrack(Stage):
    """Tracks people within each camera; Detections in, Tracks out.

    Args:
        context: the plan gives the cameras, in the order that numbers the tracks.
        settings: see `ByteTrackSettings`; its fields are the stage's parameters.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (Detections,)
    outputs: ClassVar[tuple[type[Message], ...]] = (Tracks,)

    def __init__(self, context: StageContext, **settings: float) -> None:
        super().__init__(context)
        try:
            chosen = ByteTrackSettings(**settings)  # type: ignore[arg-type]
        except TypeError as error:
            raise StageError(f"track: {error}") from error
        self._trackers = {
            camera.id: CameraTracker(chosen, kalman.BoxNoise(), number * IDS_PER_CAMERA)
            for number, camera in enumerate(context.plan.cameras)
        }

    def process(self, message: Message) -> Iterable[Message]:
        """Turn one camera's Detections into Tracks."""
        if not isinstance(message, Detections):
            return ()
        if message.camera not in self._trackers:
            raise StageError(f"track: camera '{message.camera}' is not in the store plan")
        return (self._trackers[message.camera].step(message),)
