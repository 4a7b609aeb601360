"""The trivial detector to beat: whatever moves against a slowly learnt background."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.stage import Stage, StageContext


class MotionDetector(Stage):
    """Boxes around moving blobs (MOG2 background subtraction, Zivkovic 2004, from OpenCV).

    Args:
        context: plan, device, precision (none of them matter here).
        min_height_px: lower blobs are not people.
        history_frames: how long the background remembers.
    """

    inputs = (FrameBatch,)
    outputs = (Detections,)

    def __init__(
        self, context: StageContext, *, min_height_px: float = 24.0, history_frames: int = 300
    ) -> None:
        super().__init__(context)
        self._min_height_px = min_height_px
        self._history_frames = history_frames
        self._models: dict[str, Any] = {}
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))

    def process(self, message: Message) -> Iterable[Message]:
        """Return one Detections per frame, in the batch's order."""
        assert isinstance(message, FrameBatch)
        return [self._detect(frame) for frame in message.frames]

    def _detect(self, frame: Frame) -> Detections:
        if frame.camera not in self._models:
            self._models[frame.camera] = cv2.createBackgroundSubtractorMOG2(
                history=self._history_frames, detectShadows=True
            )
        moving = self._models[frame.camera].apply(frame.image)
        solid = (moving == 255).astype(np.uint8)  # 127 marks shadows
        closed = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, self._kernel)
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, self._kernel)
        _, _, blobs, _ = cv2.connectedComponentsWithStats(opened)
        x, y, width, height, area = blobs[1:].astype(np.float32).T
        boxes = np.stack([x, y, x + width, y + height], 1)
        score = np.clip(area / np.maximum(width * height, 1), 0, 1)  # how much of its box it fills
        order = np.lexsort((x, y, -score))
        best = order[height[order] >= self._min_height_px]
        return Detections(frame.time_ns, frame.camera, boxes[best], score[best].astype(np.float32))
