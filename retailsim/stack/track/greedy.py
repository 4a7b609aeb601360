"""The trivial tracker that ByteTrack has to beat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Detections, Tracks
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.association import iou
from retailsim.stack.track.bytetrack import IDS_PER_CAMERA


class GreedyIou(Stage):
    """Joins each confident box to the frame before's most overlapping one; forgets the rest.

    Args:
        context: the plan gives the cameras.
        least_score: detections below it are dropped.
        least_iou: overlap needed to carry a number on.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (Detections,)
    outputs: ClassVar[tuple[type[Message], ...]] = (Tracks,)

    def __init__(
        self, context: StageContext, *, least_score: float = 0.5, least_iou: float = 0.3
    ) -> None:
        super().__init__(context)
        self._least_score, self._least_iou = least_score, least_iou
        self._last = {c.id: i * IDS_PER_CAMERA for i, c in enumerate(context.plan.cameras)}
        self._before: dict[str, Tracks] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Turn one camera's Detections into Tracks."""
        if not isinstance(message, Detections):
            return ()
        keep = message.score >= self._least_score
        boxes, score = message.boxes_px[keep], message.score[keep]
        track_id = self._carried_over(message.camera, boxes)
        new = np.flatnonzero(track_id == 0)
        track_id[new] = self._last[message.camera] + 1 + np.arange(len(new))
        self._last[message.camera] += len(new)
        tracks = Tracks(message.time_ns, message.camera, track_id, boxes, score)
        self._before[message.camera] = tracks
        return (tracks,)

    def _carried_over(self, camera: str, boxes: np.ndarray) -> np.ndarray:
        track_id = np.zeros(len(boxes), np.int64)
        before = self._before.get(camera)
        if before is None or not len(boxes) or not len(before.track_id):
            return track_id
        overlap = iou(before.boxes_px.astype(float), boxes.astype(float))
        while overlap.max() >= self._least_iou:
            old, new = np.unravel_index(overlap.argmax(), overlap.shape)
            track_id[new] = before.track_id[old]
            overlap[old], overlap[:, new] = 0.0, 0.0
        return track_id
