"""A detector from before deep learning, to compare with: histograms of oriented gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.stage import Stage, StageContext

# The classifier was trained on people with a margin around them; OpenCV's own example
# (samples/cpp/peopledetect.cpp) keeps this part of the window, as shares of its sides.
NEAR, FAR = np.array([0.1, 0.07]), np.array([0.9, 0.87])


class HogDetector(Stage):
    """OpenCV's ready-made people detector (Dalal and Triggs, CVPR 2005), upright people only.

    Args:
        context: plan, device, precision (none of them matter here).
        scale: step between two sizes of the picture.
    """

    inputs = (FrameBatch,)
    outputs = (Detections,)

    def __init__(self, context: StageContext, *, scale: float = 1.05) -> None:
        super().__init__(context)
        self._scale = scale
        self._hog: Any = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))

    def process(self, message: Message) -> Iterable[Message]:
        """Return one Detections per frame, in the batch's order."""
        assert isinstance(message, FrameBatch)
        return [self._detect(frame) for frame in message.frames]

    def _detect(self, frame: Frame) -> Detections:
        found, margin = self._hog.detectMultiScale(
            frame.image, winStride=(8, 8), padding=(8, 8), scale=self._scale
        )
        corner_size = np.asarray(found, np.float32).reshape(-1, 4)
        corner, size = corner_size[:, :2], corner_size[:, 2:]
        boxes = np.concatenate([corner + NEAR * size, corner + FAR * size], 1)
        score = 1 / (1 + np.exp(-np.asarray(margin, np.float32).reshape(-1)))
        order = np.argsort(-score, kind="stable")
        return Detections(
            frame.time_ns,
            frame.camera,
            boxes[order].astype(np.float32),
            score[order].astype(np.float32),
        )
