"""The detector as a stage: contract, bad weights, and what it does on broken pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from retailsim.errors import ModelError, StageError
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.resources import model_dir
from retailsim.stack.detect.baseline import MotionDetector
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera, StorePlan

SMALL = DetectorConfig(
    input_px=(96, 64), stem=8, widths=(8, 8, 16, 16), depths=(0, 1, 1, 0), neck=(8, 8), head=8
)


@pytest.fixture(scope="module")
def context() -> StageContext:
    cameras = [Camera(id="a"), Camera(id="b", width_px=320, height_px=240)]
    return StageContext(StorePlan(name="two-cameras", cameras=cameras), options={"threads": 1})


@pytest.fixture
def small_model(tmp_path):
    return write_small_model(tmp_path)


@pytest.fixture(scope="module")
def everything(context, tmp_path_factory) -> PersonDetector:
    """A detector that reports every cell, untrained as it is."""
    folder = write_small_model(tmp_path_factory.mktemp("model"))
    return PersonDetector(context, model=str(folder), threshold=0.0, nms_iou=1.0)


def write_small_model(folder):
    torch.manual_seed(3)
    save_file(PersonNet(SMALL).state_dict(), folder / "weights.safetensors")
    (folder / "config.yaml").write_text(yaml.safe_dump(SMALL.model_dump(mode="json")))
    return folder


def batch(time_ns: int = 5) -> FrameBatch:
    rng = np.random.default_rng(1)
    a = Frame(time_ns, "a", 0, rng.integers(0, 256, (360, 640, 3), dtype=np.uint8))
    b = Frame(time_ns, "b", 0, rng.integers(0, 256, (240, 320, 3), dtype=np.uint8))
    return FrameBatch(time_ns, (a, b))


def test_one_message_per_frame_in_order_with_the_frames_time(everything):
    found = list(everything.process(batch(time_ns=77)))
    assert [(m.camera, m.time_ns) for m in found] == [("a", 77), ("b", 77)]
    for message, (width, height) in zip(found, [(640, 360), (320, 240)], strict=True):
        assert isinstance(message, Detections)
        assert len(message.score) > 0
        assert np.all(np.diff(message.score) <= 0)
        assert message.boxes_px.min() >= 0
        assert np.all(message.boxes_px[:, 2] <= width)
        assert np.all(message.boxes_px[:, 3] <= height)
        assert np.all(message.boxes_px[:, 3] - message.boxes_px[:, 1] >= 12)


def test_cameras_do_not_influence_each_other(everything):
    both = batch()
    together = list(everything.process(both))
    alone = [m for f in both.frames for m in everything.process(FrameBatch(5, (f,)))]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.score, b.score, atol=1e-4)


def test_an_empty_batch_gives_nothing(everything):
    assert list(everything.process(FrameBatch(5, ()))) == []


def test_a_higher_threshold_reports_a_subset(context, small_model, everything):
    scores = next(iter(everything.process(batch()))).score
    cut = float(np.median(scores))
    high = PersonDetector(context, model=str(small_model), threshold=cut, nms_iou=1.0)
    kept = next(iter(high.process(batch()))).score
    assert 0 < len(kept) < len(scores)
    assert kept.min() >= cut


@pytest.mark.parametrize("bad", [{"threshold": 1.5}, {"nms_iou": -0.1}, {"min_height_px": -1}])
def test_parameters_out_of_range_are_refused(context, small_model, bad):
    with pytest.raises(StageError, match="person detector"):
        PersonDetector(context, model=str(small_model), **bad)


def test_weights_of_another_network_are_refused_in_one_line(context, small_model):
    wider = SMALL.model_copy(update={"head": 16})
    (small_model / "config.yaml").write_text(yaml.safe_dump(wider.model_dump(mode="json")))
    with pytest.raises(ModelError, match="weights do not match") as refusal:
        PersonDetector(context, model=str(small_model))
    assert "\n" not in str(refusal.value)


def test_a_missing_tensor_is_refused(context, small_model):
    state = load_file(small_model / "weights.safetensors")
    del state["head8.score.1.bias"]
    save_file(state, small_model / "weights.safetensors")
    with pytest.raises(ModelError, match=r"head8\.score\.1\.bias"):
        PersonDetector(context, model=str(small_model))


@pytest.mark.parametrize(
    ("line", "named"),
    [("input_px: [100, 64]", "input_px"), ("depth: 3", "depth"), ("threshold: 7", "threshold")],
)
def test_a_wrong_configuration_is_refused_naming_the_field(context, small_model, line, named):
    (small_model / "config.yaml").write_text(line)
    with pytest.raises(ModelError, match=named):
        PersonDetector(context, model=str(small_model))


def test_a_missing_model_is_refused(context):
    with pytest.raises(ModelError, match="no-such-model"):
        PersonDetector(context, model="no-such-model")


def test_the_shipped_model_is_light():
    state = load_file(model_dir("person-detector") / "weights.safetensors")
    learnt = [v for k, v in state.items() if "running" not in k and "num_batches" not in k]
    assert sum(v.numel() for v in learnt) < 1_600_000


def test_the_baseline_finds_what_moves_and_nothing_in_a_still(context):
    stage = MotionDetector(context)
    rng = np.random.default_rng(0)
    still = rng.integers(90, 110, (360, 640, 3), dtype=np.uint8)
    for i in range(30):
        quiet = next(iter(stage.process(FrameBatch(i, (Frame(i, "a", i, still),)))))
    assert len(quiet.score) == 0
    moved = still.copy()
    moved[100:260, 300:360] = 220
    found = next(iter(stage.process(FrameBatch(30, (Frame(30, "a", 30, moved),)))))
    np.testing.assert_allclose(found.boxes_px, [[300, 100, 360, 260]], atol=8)
