"""How good a detector's model folder is on held-out pictures, through the real stage."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from retailsim.evaluate.detection import score_detection
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera, StorePlan
from retailsim.train.composite import Sample

CAMERA = "held-out"
LEAST_SCORE = 0.02  # average precision wants the whole curve


def evaluate_detector(model: str, samples: Iterable[Sample]) -> dict[str, float | None]:
    """Return `ap50` and `ap` of a model folder on pictures with known boxes.

    Pictures are taken as they are: with an input as wide as they are nothing is resized, and the
    scorecard's least height of 24 px then means 24 px of the input.
    """
    results: list[Detections] = []
    truths: list[TruthBoxes] = []
    stage: PersonDetector | None = None
    for number, sample in enumerate(samples):
        height, width = sample.image.shape[:2]
        if stage is None:
            plan = StorePlan(
                name=CAMERA, cameras=[Camera(id=CAMERA, width_px=width, height_px=height)]
            )
            stage = PersonDetector(
                StageContext(plan=plan), model=model, threshold=LEAST_SCORE, min_height_px=0
            )
        frame = Frame(number, CAMERA, number, sample.image)
        results += [
            m for m in stage.process(FrameBatch(number, (frame,))) if isinstance(m, Detections)
        ]
        truths.append(_truth(number, sample))
    return score_detection(MessageLog(truths), MessageLog(results))


def _truth(number: int, sample: Sample) -> TruthBoxes:
    return TruthBoxes(
        number,
        CAMERA,
        np.arange(len(sample.boxes), dtype=np.int64),
        sample.boxes,
        sample.boxes,
        np.where(sample.ignore, 0, 1).astype(np.float32),
    )
