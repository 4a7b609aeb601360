"""A recording with faults: what is in the bag and what is not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from retailsim.messages.sensors import FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.session import BagReader
from retailsim.simulate.faults import Faults, FrameLoss
from retailsim.simulate.record import record
from retailsim.simulate.scenario import Scenario
from retailsim.store.plan import Camera, StorePlan

pytestmark = pytest.mark.gl
CAMERAS = [
    Camera(
        id=name, width_px=96, height_px=64, position_m=(x, 5.5, 2.8), look_at_m=(3.5, 2.5, 0.8),
        hfov_deg=95,
    )
    for name, x in (("left", 0.3), ("right", 6.7))
]  # fmt: skip
LOSS = FrameLoss(
    camera="left", from_s=0.5, drop_share=0.4, burst_frames=2, late_share=0.5, delay_s=0.2
)


@pytest.fixture(scope="module")
def bag(
    small_scenario: Scenario, small_plan: StorePlan, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    day = small_scenario.model_copy(update={"faults": Faults(frames=[LOSS])})
    plan = small_plan.model_copy(update={"cameras": CAMERAS})
    taken = record(day, plan, folder / "x.bag", seed=6, duration_s=6, masks=folder / "masks")
    assert 5 < taken.lost_frames["left"] < 55
    assert "right" not in taken.lost_frames
    return folder / "x.bag"


def times(bag: Path, camera: str) -> list[int]:
    frames = [f for m in BagReader(bag).messages() if isinstance(m, FrameBatch) for f in m.frames]
    return [frame.time_ns for frame in frames if frame.camera == camera]


def test_what_arrives_decodes_in_order_and_what_is_lost_has_no_truth(bag: Path) -> None:
    reader = BagReader(bag)
    boxes = [m for m in reader.truth() if isinstance(m, TruthBoxes)]
    for camera in ("left", "right"):
        came = times(bag, camera)
        assert came == sorted(came)
        assert sorted(b.time_ns for b in boxes if b.camera == camera) == came
    assert len(times(bag, "right")) == 60
    assert len(times(bag, "left")) < 55
    assert reader.dropped_frames == 0


def test_late_frames_keep_their_time_and_arrive_later(bag: Path) -> None:
    raw = [m for m in BagReader(bag).raw_sensors() if m.channel.topic == "/camera/left/video"]
    delay_s = np.array([(m.log_ns - m.publish_ns) * 1e-9 for m in raw])
    assert delay_s[:5] == pytest.approx(0.04)
    assert (delay_s > 0.1).sum() > 5
    assert [m.publish_ns for m in raw] == sorted(m.publish_ns for m in raw)


def test_every_frame_has_its_mask(bag: Path) -> None:
    boxes = {(m.camera, m.time_ns): m for m in BagReader(bag).truth() if isinstance(m, TruthBoxes)}
    files = sorted((bag.parent / "masks").rglob("*.png"))
    assert {(f.parent.name, int(f.stem)) for f in files} == set(boxes)
    somebody = 0
    for file in files:
        truth = boxes[file.parent.name, int(file.stem)]
        mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert set(np.unique(mask)) - {0} == set(truth.person_id.tolist())
        for person, (x1, y1, x2, y2) in zip(truth.person_id, truth.visible_px, strict=True):
            y, x = np.nonzero(mask == person)
            assert (x.min(), y.min(), x.max() + 1, y.max() + 1) == (x1, y1, x2, y2)
            somebody += 1
    assert somebody > 50
