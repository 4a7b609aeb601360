"""Which detections are looked at, and that looks say who is who."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.errors import StageError
from retailsim.messages.results import Detections, Looks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.reid.looks import DetectionLooks
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera, StorePlan

PLAN = StorePlan(name="street", cameras=[Camera(id="left"), Camera(id="right")])
LEFT, RIGHT = (40.0, 60.0, 90.0, 200.0), (300.0, 60.0, 350.0, 200.0)


def picture() -> np.ndarray:
    """Two people-high blocks of colour before grey."""
    image = np.full((360, 640, 3), 120, np.uint8)
    image[60:200, 40:90] = (20, 20, 200)
    image[60:200, 300:350] = (200, 40, 20)
    return image


def tick(
    stage: DetectionLooks, time_s: float, boxes: list[tuple[float, ...]], score: float = 0.9
) -> list[Looks]:
    time_ns = round(time_s * 1e9)
    frames = tuple(Frame(time_ns, camera, 0, picture()) for camera in ("left", "right"))
    stage.process(FrameBatch(time_ns, frames))
    found = np.array(boxes, np.float32).reshape(-1, 4)
    stage.process(Detections(time_ns, "left", found, np.full(len(found), score, np.float32)))
    said = list(stage.advance(time_ns))
    assert all(isinstance(m, Looks) for m in said)
    return [m for m in said if isinstance(m, Looks)]


@pytest.fixture(scope="module")
def context() -> StageContext:
    return StageContext(PLAN, options={"threads": 1})


def test_a_plain_box_is_looked_at_again_only_after_a_while(context: StageContext) -> None:
    stage = DetectionLooks(context, every_s=0.5)
    looked = [bool(tick(stage, i / 10, [LEFT])) for i in range(11)]
    assert [i for i, yes in enumerate(looked) if yes] == [0, 5, 10]


def test_where_boxes_meet_every_one_is_looked_at_every_time(context: StageContext) -> None:
    stage = DetectionLooks(context)
    beside = (60.0, 60.0, 110.0, 200.0)
    for i in range(3):
        (said,) = tick(stage, i / 10, [LEFT, beside, RIGHT])
        assert said.row.tolist() == ([0, 1, 2] if i == 0 else [0, 1])


def test_vectors_tell_colours_apart_and_follow_their_row(context: StageContext) -> None:
    (one,) = tick(DetectionLooks(context), 0.0, [LEFT, RIGHT])
    (other,) = tick(DetectionLooks(context), 0.0, [RIGHT, LEFT])
    np.testing.assert_allclose(np.linalg.norm(one.vector, axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(one.vector, other.vector[::-1], atol=1e-4)
    assert one.vector[0] @ one.vector[1] < 0.9


def test_weak_low_and_outside_boxes_are_left_out(context: StageContext) -> None:
    stage = DetectionLooks(context)
    assert tick(stage, 0.0, [LEFT], score=0.2) == []
    assert tick(stage, 0.1, [(40, 60, 60, 70), (638, 10, 700, 200)]) == []
    assert tick(stage, 0.2, []) == []


def test_settings_out_of_range_are_refused(context: StageContext) -> None:
    with pytest.raises(StageError, match="other_iou"):
        DetectionLooks(context, same_iou=0.3, other_iou=0.5)
