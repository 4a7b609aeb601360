"""Foreign ONNX embedders by parameters alone."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.errors import ModelError, StageError
from retailsim.messages.results import Embeddings, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.reid.onnx_embedder import OnnxEmbedder
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan
from tests.onnx_files import bright_spots, mean_colour


@pytest.fixture
def context() -> StageContext:
    return StageContext(StorePlan(name="toy"), options={"threads": 1})


def crops(*colours: tuple[int, int, int]) -> list[np.ndarray]:
    return [np.full((16, 8, 3), colour, np.uint8) for colour in colours]


@pytest.mark.parametrize("batch", [1, "batch"])
def test_vectors_have_length_one_and_the_networks_direction(batch, context, tmp_path):
    stage = OnnxEmbedder(context, model=str(mean_colour(tmp_path / "x.onnx", batch=batch)))
    vectors = stage.embed(crops((0, 0, 255), (0, 80, 60), (10, 10, 10)))  # BGR
    assert vectors.dtype == np.float32
    third = 1 / np.sqrt(3)
    expected = [[1, 0, 0], [0.6, 0.8, 0], [third, third, third]]
    np.testing.assert_allclose(vectors, expected, atol=1e-3)


def test_mean_and_deviation_are_taken_off(context, tmp_path):
    file = str(mean_colour(tmp_path / "x.onnx"))
    stage = OnnxEmbedder(context, model=file, mean=[0.5, 0.5, 0.5], std=[0.25, 0.5, 0.5])
    (vector,) = stage.embed(crops((255, 255, 0)))  # 0, 1, 1 in RGB: -2, 1, 1
    np.testing.assert_allclose(vector, np.array([-2, 1, 1]) / np.sqrt(6), atol=1e-3)


def test_tracklets_are_cut_out_at_the_networks_size(context, tmp_path):
    stage = OnnxEmbedder(context, model=str(mean_colour(tmp_path / "x.onnx")), min_height_px=20)
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = (0, 0, 200)
    boxes = np.array([[34, 4, 60, 60], [2, 4, 28, 12]], np.float32)
    stage.process(FrameBatch(5, (Frame(5, "a", 0, image),)))
    stage.process(Tracks(5, "a", np.array([3, 4]), boxes, np.ones(2, np.float32)))
    (said,) = stage.advance(5)
    assert isinstance(said, Embeddings)
    assert said.track_id.tolist() == [3]  # the other one is too low
    np.testing.assert_allclose(said.vector, [[1, 0, 0]], atol=1e-3)


def test_an_open_size_is_the_crops_size(context, tmp_path):
    file = str(mean_colour(tmp_path / "x.onnx", size_px=(24, 48)))
    assert OnnxEmbedder(context, model=file).size_px == (24, 48)
    with pytest.raises(ModelError, match="takes 24 x 48 px, not 64 x 128"):
        OnnxEmbedder(context, model=file, input_px=[64, 128])


def test_a_detector_is_no_embedder(context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", "yolov8")
    with pytest.raises(ModelError, match="one vector each"):
        OnnxEmbedder(context, model=str(file))
    file = bright_spots(tmp_path / "y.onnx", "boxes-scores")
    with pytest.raises(ModelError, match="an embedder has one output"):
        OnnxEmbedder(context, model=str(file))


def test_wrong_parameters_are_named(context, tmp_path):
    file = str(mean_colour(tmp_path / "x.onnx"))
    with pytest.raises(StageError, match="onnx-embedder: per_tick"):
        OnnxEmbedder(context, model=file, per_tick=0)
    with pytest.raises(StageError, match="onnx-embedder: threshold: no such parameter"):
        OnnxEmbedder(context, model=file, threshold=0.5)
