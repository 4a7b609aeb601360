"""A foreign ONNX detector as a stage, by parameters alone.

detect:
  uses: onnx-detector
  with: {model: fastestdet.onnx, output: fastestdet, colour: bgr, fit: stretch, classes: 80}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.detect.decode import PADDING_GREY, U8, suppress
from retailsim.stack.detect.onnx_outputs import DetectorSettings, Found, read_outputs
from retailsim.stack.detect.placement import Placement
from retailsim.stack.onnx import OnnxNetwork, read_settings
from retailsim.stack.stage import Stage, StageContext


class OnnxDetector(Stage):
    """Finds people with a network that others made; one frame at a time, on the CPU.

    Args:
        context: precision and threads.
        parameters: the fields of `DetectorSettings` and `PixelSettings`.

    Raises:
        ModelError: the file is missing, too large or does not do what the parameters say.
        StageError: a parameter is unknown or out of range.
    """

    inputs = (FrameBatch,)
    outputs = (Detections,)

    def __init__(self, context: StageContext, **parameters: Any) -> None:
        super().__init__(context)
        self._settings = read_settings(DetectorSettings, parameters, who="onnx-detector")
        self._network = OnnxNetwork(self._settings, context=context)
        width, height = self._network.input_px
        self._look(np.full((height, width, 3), PADDING_GREY, np.uint8))  # does it fit at all?

    def process(self, message: Message) -> Iterable[Message]:
        """Return one Detections per frame, in the batch's order."""
        assert isinstance(message, FrameBatch)
        return [self._detect(frame) for frame in message.frames]

    def _look(self, boxed: U8) -> Found:
        """Return boxes and scores in one picture of the input's size."""
        network = self._network
        return read_outputs(network([boxed]), network.outputs, self._settings, network.input_px)

    def _detect(self, frame: Frame) -> Detections:
        settings = self._settings
        size = (frame.image.shape[1], frame.image.shape[0])
        place = Placement.of(size, self._network.input_px, settings.fit)
        boxes, score = self._look(place.apply(frame.image))
        likely = score >= settings.threshold
        boxes, score = boxes[likely], score[likely]
        kept = suppress(boxes, score, settings.max_iou)
        boxes, score = place.to_frame(boxes[kept]), score[kept]
        width, height = (boxes[:, 2:] - boxes[:, :2]).T
        tall = (height >= settings.min_height_px) & (width > 0)
        return Detections(frame.time_ns, frame.camera, boxes[tall], score[tall])
