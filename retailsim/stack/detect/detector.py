"""The person detector as a stage: all cameras of one instant in one batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.detect.decode import F32, Letterbox, decode, suppress
from retailsim.stack.detect.eyes import eyes_for
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.runtime import load_network
from retailsim.stack.stage import Stage, StageContext


class PersonDetector(Stage):
    """Finds people in every frame of a batch.

    Args:
        context: plan, device, precision.
        model: folder under models/ (or a path to one) with config.yaml and weights.
        threshold: least score reported; None takes the model's own.
        nms_iou: overlap above which the weaker box goes; None takes the model's own.
        min_height_px: lower boxes are not reported.

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
        StageError: a parameter is out of range.
    """

    inputs = (FrameBatch,)
    outputs = (Detections,)
    on_device = True

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "person-detector",
        threshold: float | None = None,
        nms_iou: float | None = None,
        min_height_px: float = 12.0,
    ) -> None:
        super().__init__(context)
        self._config, net = load_detector(model)
        self._threshold = self._config.threshold if threshold is None else threshold
        self._nms_iou = self._config.nms_iou if nms_iou is None else nms_iou
        self._min_height_px = min_height_px
        if not (0 <= self._threshold <= 1 and 0 <= self._nms_iou <= 1 and min_height_px >= 0):
            raise StageError(
                "person detector: threshold and nms_iou lie in [0, 1], min_height_px above 0"
            )
        self._eyes = eyes_for(net, model=model, input_px=self._config.input_px, context=context)

    def process(self, message: Message) -> Iterable[Message]:
        """Return one Detections per frame, in the batch's order."""
        assert isinstance(message, FrameBatch)
        return self._detect(message.frames)

    def _detect(self, frames: Sequence[Frame]) -> list[Detections]:
        if not frames:
            return []
        size = self._config.input_px
        fits = [Letterbox.fit((f.image.shape[1], f.image.shape[0]), size) for f in frames]
        found = decode(self._eyes([frame.image for frame in frames]), self._threshold)
        return [
            self._read(frame, fit, boxes, score)
            for frame, fit, (boxes, score) in zip(frames, fits, found, strict=True)
        ]

    def _read(self, frame: Frame, fit: Letterbox, boxes: F32, score: F32) -> Detections:
        kept = suppress(boxes, score, self._nms_iou)
        in_frame, score = fit.to_frame(boxes[kept]), score[kept]
        size = in_frame[:, 2:] - in_frame[:, :2]
        tall = (size[:, 1] >= self._min_height_px) & (size[:, 0] > 0)
        return Detections(frame.time_ns, frame.camera, in_frame[tall], score[tall])


def load_detector(model: str) -> tuple[DetectorConfig, PersonNet]:
    """Read a detector's model folder; raises ModelError when anything in it does not fit."""
    return load_network(model, DetectorConfig, PersonNet)
