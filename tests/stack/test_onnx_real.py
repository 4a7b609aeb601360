"""Networks that nobody here trained, on a real street: by parameters alone, as a user would."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.experiments.labelled import Clip, average_precision, detect, rank, video_clip
from retailsim.messages.sensors import FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.stack.detect.onnx_detector import OnnxDetector
from retailsim.stack.reid.crops import cut
from retailsim.stack.reid.onnx_embedder import OnnxEmbedder
from retailsim.stack.stage import StageContext
from tests.conftest import REAL

pytestmark = pytest.mark.real
STREET = REAL / "pedestrians"
FASTESTDET = {
    "model": str(REAL / "models" / "fastestdet_coco.onnx"),
    "output": "fastestdet",
    "colour": "bgr",
    "fit": "stretch",
    "classes": 80,
    "nms_iou": 0.45,
}
OSNET = {
    "model": str(REAL / "models" / "osnet_x0_25_msmt17.onnx"),
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


@pytest.fixture(scope="module")
def street() -> Clip:
    """Every 8th frame."""
    clip = video_clip(STREET / "tud-stadtmitte.mp4", STREET / "tud-stadtmitte.gt.txt")
    times = {batch.time_ns for batch in clip.batches[::8]}
    truth = tuple(t for t in clip.truth if t.time_ns in times)
    return Clip(clip.plan, clip.batches[::8], truth)


def test_fastestdet_finds_what_public_tools_find_with_it(street):
    """Those say recall 0.79 and precision 0.61 at score 0.4 on every 4th frame."""
    stage = OnnxDetector(StageContext(street.plan, options={"threads": 1}), **FASTESTDET)
    found = detect(stage, street)
    at = rank(street, found).at(0.4)
    assert at["recall"] == pytest.approx(0.79, abs=0.06)
    assert at["precision"] == pytest.approx(0.61, abs=0.08)
    assert (average_precision(street, found)["ap50"] or 0) > 0.6


def test_the_wrong_class_finds_nobody_to_speak_of(street):
    car = OnnxDetector(StageContext(street.plan), **FASTESTDET, person=2)
    few = Clip(street.plan, street.batches[:3], street.truth[:3])
    assert (rank(few, detect(car, few)).at(0.4)["recall"] or 0) < 0.1


def test_osnet_knows_people_again(street):
    """Nearest look among all people of a frame 16 frames before: mostly the same person."""
    stage = OnnxEmbedder(StageContext(street.plan, options={"threads": 1}), **OSNET)
    assert stage.size_px == (128, 256)
    looks = [embed(stage, b, t) for b, t in zip(street.batches, street.truth, strict=True)][::2]
    right = total = 0
    for (ids, now), (before_ids, before) in zip(looks[1:], looks, strict=False):
        known = np.isin(ids, before_ids)
        nearest = before_ids[(now[known] @ before.T).argmax(axis=1)]
        right, total = right + int((nearest == ids[known]).sum()), total + int(known.sum())
    assert total >= 30
    assert right / total > 0.75


def embed(stage: OnnxEmbedder, batch: FrameBatch, truth: TruthBoxes) -> tuple[np.ndarray, ...]:
    image = batch.frames[0].image
    crops = [cut(image, box, stage.size_px) for box in truth.visible_px]
    kept = np.array([crop is not None for crop in crops])
    vectors = stage.embed([crop for crop in crops if crop is not None])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    return truth.person_id[kept], vectors
