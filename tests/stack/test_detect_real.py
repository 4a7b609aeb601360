"""The shipped detector on a real street that it was never trained on."""

from __future__ import annotations

import av
import numpy as np
import pytest

from retailsim.evaluate.detection import score_detection
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera, StorePlan
from tests.conftest import REAL

STREET = REAL / "pedestrians"
# Frames 1 to 89 may be used to choose thresholds; these were never looked at for that.
LATER_FRAMES = range(90, 180, 8)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def street() -> tuple[list[np.ndarray], np.ndarray]:
    with av.open(str(STREET / "tud-stadtmitte.mp4")) as clip:
        frames = [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]
    return frames, np.loadtxt(STREET / "tud-stadtmitte.gt.txt", delimiter=",")


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    plan = StorePlan(name="street", cameras=[Camera(id="cam0", width_px=640, height_px=480)])
    return PersonDetector(StageContext(plan, options={"threads": 1}), threshold=0.02)


def ap50(street, detector, spoil=lambda image: image) -> float:
    frames, labels = street
    truth, found = MessageLog(), MessageLog()
    for number in LATER_FRAMES:
        image = np.ascontiguousarray(spoil(frames[number - 1]))
        frame = Frame(number, "cam0", number, image)
        found.extend(detector.process(FrameBatch(number, (frame,))))
        rows = labels[labels[:, 0] == number]
        boxes = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], 1).astype(np.float32)
        seen = np.ones(len(rows), np.float32)
        truth.append(TruthBoxes(number, "cam0", rows[:, 1].astype(np.int64), boxes, boxes, seen))
    figure = score_detection(truth, found)["ap50"]
    assert figure is not None
    return figure


def test_people_trained_on_in_simulation_are_found_in_a_real_street(street, detector):
    assert ap50(street, detector) >= 0.60


def test_a_shuffled_picture_shows_nobody(street, detector):
    def shuffle(image):
        blocks = image.reshape(30, 16, 40, 16, 3).swapaxes(1, 2).reshape(1200, 16, 16, 3)
        mixed = np.random.default_rng(0).permutation(blocks)
        return mixed.reshape(30, 40, 16, 16, 3).swapaxes(1, 2).reshape(image.shape)

    assert ap50(street, detector, shuffle) < 0.1


def test_people_upside_down_are_found_less_often(street, detector):
    assert ap50(street, detector, lambda image: image[::-1]) < ap50(street, detector) - 0.2
