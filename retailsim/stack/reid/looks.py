"""The appearance of detections, for trackers that go by looks as well as by place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections, Looks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.batching import USUAL_CROPS
from retailsim.stack.reid.crops import cut, stacked
from retailsim.stack.reid.embedder import load_embedder
from retailsim.stack.runtime import Network
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.association import iou

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
LONG_AGO_NS = -(2**62)


@dataclass(frozen=True)
class Before:
    """The boxes of a camera's frame before: float32 (n, 4), and when each was looked at, (n,)."""

    boxes_px: F32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    looked_ns: I64 = field(default_factory=lambda: np.zeros(0, np.int64))


class DetectionLooks(Stage):
    """Embeds the detections of all cameras whose owner is not plain; Looks out.

    A box that lies on one box of the frame before, and near no other, is plainly the same
    person: it is looked at only now and then. That saves half of the crops.

    Args:
        context: device and precision.
        model: folder under models/ (or a path to one) with config.yaml and weights.
        least_score: weaker detections are left out.
        min_height_px: lower boxes are left out.
        every_s: a plain box is looked at again after this long.
        same_iou: a box that overlaps one of the frame before by this much may be plain.
        other_iou: it is not plain if it overlaps any other box, now or before, by more.

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
        StageError: a parameter is out of range.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (FrameBatch, Detections)
    outputs: ClassVar[tuple[type[Message], ...]] = (Looks,)
    on_device = True

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "person-embedder",
        least_score: float = 0.35,
        min_height_px: float = 16.0,
        every_s: float = 0.5,
        same_iou: float = 0.6,
        other_iou: float = 0.1,
    ) -> None:
        super().__init__(context)
        if every_s < 0 or not (0 <= least_score <= 1 and 0 <= other_iou <= same_iou <= 1):
            raise StageError(
                "looks: every_s must be 0 or more, least_score in [0, 1], "
                "other_iou no larger than same_iou"
            )
        self._least_score, self._min_height_px = least_score, min_height_px
        self._every_ns = round(every_s * 1e9)
        self._same_iou, self._other_iou = same_iou, other_iou
        config, net = load_embedder(model)
        self._size_px = config.input_px
        self._network = Network(
            net, model=model, context=context, input_px=config.input_px, usual=USUAL_CROPS
        )
        self._frames: dict[str, Frame] = {}
        self._found: list[Detections] = []
        self._before: dict[str, Before] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Keep this tick's frames and detections."""
        if isinstance(message, FrameBatch):
            self._frames = {frame.camera: frame for frame in message.frames}
        elif isinstance(message, Detections):
            self._found.append(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Embed what is worth a look, all cameras in one batch."""
        found = [d for d in self._found if self._has_frame(d)]
        self._found.clear()
        rows = [self._choose(detections) for detections in found]
        crops = [
            crop
            for detections, chosen in zip(found, rows, strict=True)
            for box in detections.boxes_px[chosen]
            if (crop := cut(self._frames[detections.camera].image, box, self._size_px)) is not None
        ]
        if not crops:
            return ()
        vectors = self._network(stacked(crops))[0]
        ends = np.cumsum([len(chosen) for chosen in rows])[:-1]
        parts = zip(found, rows, np.split(vectors, ends), strict=True)
        return [Looks(d.time_ns, d.camera, row, part) for d, row, part in parts if len(row)]

    def _has_frame(self, detections: Detections) -> bool:
        frame = self._frames.get(detections.camera)
        return frame is not None and frame.time_ns == detections.time_ns

    def _choose(self, detections: Detections) -> I64:
        """Return the rows to look at, and remember the frame for the next one."""
        before = self._before.get(detections.camera, Before())
        boxes, now_ns = detections.boxes_px, detections.time_ns
        height = boxes[:, 3] - boxes[:, 1]
        strong = (detections.score >= self._least_score) & (height >= self._min_height_px)
        rows = np.flatnonzero(strong & self._inside(detections))
        looked_ns = self._inherited_ns(boxes[rows], before)
        due = now_ns - looked_ns >= self._every_ns
        looked_ns[due] = now_ns
        self._before[detections.camera] = Before(boxes[rows], looked_ns)
        return rows[due].astype(np.int64)

    def _inside(self, detections: Detections) -> NDArray[np.bool_]:
        """Say which boxes show at least 4 pixels each way: less cannot be cut out."""
        height, width = self._frames[detections.camera].image.shape[:2]
        shown = np.clip(np.round(detections.boxes_px), 0, [width, height, width, height])
        size = shown[:, 2:] - shown[:, :2]
        return np.asarray((size >= 4).all(axis=1))

    def _inherited_ns(self, boxes: F32, before: Before) -> I64:
        """Return when the plain predecessor of each box was looked at, long ago if it has none."""
        then, now = iou(boxes, before.boxes_px), iou(boxes, boxes)
        np.fill_diagonal(now, 0.0)
        near = (then > self._other_iou).sum(axis=1) + (now > self._other_iou).sum(axis=1)
        looked_ns = np.full(len(boxes), LONG_AGO_NS, np.int64)
        plain = (then.max(axis=1, initial=0.0) >= self._same_iou) & (near == 1)
        if plain.any():
            looked_ns[plain] = before.looked_ns[then[plain].argmax(axis=1)]
        return looked_ns
