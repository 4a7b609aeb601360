"""Foreign ONNX detectors by parameters alone: every layout, every way to be wrong."""

from __future__ import annotations

import numpy as np
import openvino
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import ModelError, StageError
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack import onnx as onnx_module
from retailsim.stack.detect.onnx_detector import OnnxDetector
from retailsim.stack.detect.onnx_outputs import DetectorSettings, corners, read_outputs
from retailsim.stack.detect.placement import Placement
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan
from tests.onnx_files import bright_spots, mean_colour, node, port, write_onnx

LAYOUTS = ("yolov8", "yolov5", "fastestdet", "nms-rows", "boxes-scores", "boxes-scores-labels")
RED, BLUE = (0, 0, 255), (255, 0, 0)  # BGR


@pytest.fixture
def context() -> StageContext:
    return StageContext(StorePlan(name="toy"), options={"threads": 1})


def picture(
    *spots: tuple[int, int], size: tuple[int, int] = (128, 64), colour: tuple[int, ...] = RED
) -> np.ndarray:
    """A dark picture with bright squares of 16 px centred at the given points."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y in spots:
        image[y - 8 : y + 8, x - 8 : x + 8] = colour
    return image


def look(stage: OnnxDetector, image: np.ndarray) -> Detections:
    (found,) = stage.process(FrameBatch(7, (Frame(7, "a", 0, image),)))
    assert isinstance(found, Detections)
    return found


def settings(**given: object) -> DetectorSettings:
    return DetectorSettings.model_validate({"model": "x.onnx", "output": "yolov8", **given})


@pytest.mark.parametrize(
    ("layout", "transposed"),
    [*((layout, False) for layout in LAYOUTS), ("yolov8", True), ("yolov5", True)],
)
def test_every_layout_finds_the_same_people(layout, transposed, context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", layout, person=2, transposed=transposed)
    output = layout.removesuffix("-labels")
    stage = OnnxDetector(context, model=str(file), output=output, person=2, threshold=0.5)
    found = look(stage, picture((24, 40), (104, 24)))
    assert found.camera == "a"
    assert found.score == pytest.approx([1, 1], abs=0.01)
    boxes = sorted(found.boxes_px.tolist())
    np.testing.assert_allclose(boxes, [[16, 24, 32, 56], [96, 8, 112, 40]], atol=0.1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_classes_are_nobody(layout, context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", layout, person=2)
    output = layout.removesuffix("-labels")
    stage = OnnxDetector(context, model=str(file), output=output, person=1)
    assert len(look(stage, picture((24, 40))).score) == 0


def test_several_classes_may_be_people(context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", "yolov8", person=2)
    stage = OnnxDetector(context, model=str(file), output="yolov8", person=[0, 2])
    assert len(look(stage, picture((24, 40))).score) == 1


def test_the_order_of_colours_is_the_networks(context, tmp_path):
    file = str(bright_spots(tmp_path / "x.onnx", "yolov8"))
    rgb = OnnxDetector(context, model=file, output="yolov8")
    bgr = OnnxDetector(context, model=file, output="yolov8", colour="bgr")
    assert [len(look(s, picture((24, 40))).score) for s in (rgb, bgr)] == [1, 0]
    assert [len(look(s, picture((24, 40), colour=BLUE)).score) for s in (rgb, bgr)] == [0, 1]


def test_pixels_are_scaled_shifted_and_divided_by_channel(tmp_path):
    given = settings(scale=1.0, mean=[10, 20, 30], std=[1, 2, 4])
    blob = given.prepare([np.full((2, 3, 3), (50, 40, 30), np.uint8)])  # BGR
    assert blob.shape == (1, 3, 2, 3)
    assert blob[0, :, 0, 0] == pytest.approx([30 - 10, (40 - 20) / 2, (50 - 30) / 4])


@pytest.mark.parametrize(
    ("fit", "size"),
    [("letterbox", (12, 12)), ("corner", (12, 12)), ("stretch", (6, 12))],  # half as wide again
)
def test_boxes_are_of_the_frame_however_it_was_fitted(fit, size, context, tmp_path):
    file = str(bright_spots(tmp_path / "x.onnx", "yolov8", size_px=(12.0, 12.0)))
    stage = OnnxDetector(context, model=file, output="yolov8", fit=fit, threshold=0.48)
    boxes = look(stage, picture((32, 24), size=(64, 64))).boxes_px
    assert len(boxes) > 0
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], [size] * len(boxes), atol=0.1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert np.abs(middle - (32, 24)).max() <= 8  # it lies in the cell


@given(
    st.tuples(st.integers(20, 2000), st.integers(20, 2000)),
    st.tuples(st.integers(32, 700), st.integers(32, 700)),
    st.sampled_from(["letterbox", "corner", "stretch"]),
)
def test_a_placed_frame_lies_inside_and_comes_back(frame_px, input_px, fit):
    place = Placement.of(frame_px, input_px, fit)
    ends = np.array([*place.offset_px, *place.offset_px]) + np.array(
        [0, 0, frame_px[0] * place.scale[0], frame_px[1] * place.scale[1]]
    )
    assert (ends[:2] >= 0).all()
    assert (ends[2:] <= np.array(input_px) + 1.0).all()
    back = place.to_frame(ends[None].astype(np.float32))
    np.testing.assert_allclose(back, [[0, 0, *frame_px]], atol=0.02 * max(frame_px))


@given(st.lists(st.floats(1, 500), min_size=4, max_size=4))
def test_all_forms_of_a_box_are_the_same_box(numbers):
    x, y, width, height = numbers
    xyxy = np.array([[x, y, x + width, y + height]], np.float32)
    xywh = np.array([[x, y, width, height]], np.float32)
    centred = np.array([[x + width / 2, y + height / 2, width, height]], np.float32)
    for form, box in (("xyxy", xyxy), ("xywh", xywh), ("cxcywh", centred)):
        np.testing.assert_allclose(corners(box, form), xyxy, rtol=1e-5, atol=1e-3)


def test_shares_of_the_input_and_logits_are_read():
    rows = np.array([[[0.5, 0.5, 0.25, 0.5, 0.0, 2.0]]], np.float32)
    boxes, scores = read_outputs(
        [rows], ["o"], settings(normalised=True, logits=True, rows_last=False, person=1), (200, 100)
    )
    np.testing.assert_allclose(boxes, [[75, 25, 125, 75]])
    assert scores == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_rows_of_seven_begin_with_the_picture():
    rows = np.array([[0, 1, 2, 3, 4, 5, 0.9], [0, 1, 2, 3, 4, 6, 0.8]], np.float32)
    boxes, scores = read_outputs([rows], ["o"], settings(output="nms-rows", person=5), (64, 64))
    np.testing.assert_allclose(boxes, [[1, 2, 3, 4]])
    assert scores == pytest.approx([0.9])


def test_outputs_are_told_apart_by_name_whatever_their_order():
    boxes = np.array([[[1, 2, 3, 4]], [[5, 6, 7, 8]]], np.float32).reshape(1, 2, 4)
    given = settings(output="boxes-scores", outputs={"scores": "a", "labels": "b"})
    found = read_outputs(
        [np.array([[0.0, 1.0]], np.float32), boxes, np.array([[0.3, 0.6]], np.float32)],
        ["b", "c", "a"],
        given,
        (64, 64),
    )
    np.testing.assert_allclose(found[0], [[1, 2, 3, 4]])
    assert found[1] == pytest.approx([0.3])


def test_what_is_not_finite_is_left_out():
    rows = np.array([[[np.nan, 1, 2, 3, 0.9], [5, 5, 2, 2, 0.8]]], np.float32)
    boxes, scores = read_outputs([rows], ["o"], settings(rows_last=False), (64, 64))
    assert len(boxes) == 1
    assert scores == pytest.approx([0.8])


def test_a_weaker_box_on_top_of_another_goes(context, tmp_path):
    file = str(bright_spots(tmp_path / "x.onnx", "yolov8", size_px=(48.0, 48.0)))
    spots = picture((56, 40), (72, 40))
    every, fewer = (
        OnnxDetector(context, model=file, output="yolov8", threshold=0.5, nms_iou=iou)
        for iou in (1.0, 0.4)
    )
    assert len(look(every, spots).score) == 2
    assert len(look(fewer, spots).score) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"output": "yolov5", "classes": 4}, "has 3 classes, not 4"),
        ({"person": 4}, r"person: 4 is no class.* 4 \(0 to 3\)"),
        ({"output": "fastestdet"}, r"\(1, 32, 8\) is not of layout fastestdet"),
        ({"output": "nms-rows"}, r"no rows of 6 or 7"),
        ({"output": "boxes-scores"}, "an output of boxes"),
        ({"input_px": [320, 320]}, "takes 128 x 64 px, not 320 x 320"),
    ],
)
def test_a_file_of_another_layout_is_refused_in_one_line(given, words, context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", "yolov8", classes=4)
    with pytest.raises(ModelError, match=words) as refusal:
        OnnxDetector(context, **({"model": str(file), "output": "yolov8"} | given))
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_two_outputs_are_refused_where_one_is_meant(context, tmp_path):
    file = bright_spots(tmp_path / "x.onnx", "boxes-scores")
    with pytest.raises(ModelError, match="means one output, but there are 2: boxes"):
        OnnxDetector(context, model=str(file), output="yolov8")


def test_scores_that_are_no_shares_are_refused():
    rows = np.array([[[1, 1, 2, 2, 7.5], [5, 5, 2, 2, 0.8]]], np.float32)
    with pytest.raises(ModelError, match="logits: true"):
        read_outputs([rows], ["o"], settings(rows_last=False), (64, 64))


def test_a_missing_file_a_folder_and_nonsense_are_refused(context, tmp_path):
    (tmp_path / "text.onnx").write_text("no network at all\n" * 9)
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "folder.onnx").mkdir()
    for name, words in (
        ("none.onnx", "No such file"),
        ("folder.onnx", "not a file"),
        ("text.onnx", "not an ONNX file"),
        ("empty.onnx", "not an ONNX file"),
    ):
        with pytest.raises(ModelError, match=words) as refusal:
            OnnxDetector(context, model=str(tmp_path / name), output="yolov8")
        assert name in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_weights_in_further_files_are_refused(context, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shape = [1, 3, 1, 1]
    (tmp_path / "w.bin").write_bytes(np.ones(shape, np.float32).tobytes())
    write_onnx(
        tmp_path / "x.onnx",
        [node("Conv", ["x", "w"], ["y"])],
        {},
        [port("x", [1, 3, 32, 32])],
        [port("y", [1, 1, 32, 32])],
        elsewhere={"w": (shape, "w.bin")},
    )
    assert len(openvino.Core().read_model("x.onnx").outputs) == 1  # a sound file, but for that
    with pytest.raises(ModelError, match="keeps weights in further files"):
        OnnxDetector(context, model="x.onnx", output="yolov8")


def test_a_file_that_is_too_large_is_refused_unread(context, tmp_path, monkeypatch):
    file = bright_spots(tmp_path / "x.onnx", "yolov8")
    monkeypatch.setattr(onnx_module, "MAX_WEIGHTS_BYTES", file.stat().st_size - 1)
    with pytest.raises(ModelError, match="larger than"):
        OnnxDetector(context, model=str(file), output="yolov8")


def test_a_network_that_takes_no_picture_is_refused(context, tmp_path):
    copy = [node("Relu", ["x"], ["y"])]
    flat = write_onnx(tmp_path / "f.onnx", copy, {}, [port("x", [1, 9])], [port("y", [1, 9])])
    with pytest.raises(ModelError, match="is no picture"):
        OnnxDetector(context, model=str(flat), output="yolov8")
    two = [node("Add", ["x", "z"], ["y"])]
    ports = [port("x", [1, 3, 32, 32]), port("z", [1, 3, 32, 32])]
    both = write_onnx(tmp_path / "b.onnx", two, {}, ports, [port("y", [1, 3, 32, 32])])
    with pytest.raises(ModelError, match=r"has 2 inputs \(x, z\)"):
        OnnxDetector(context, model=str(both), output="yolov8")


def test_an_open_size_has_to_be_said(context, tmp_path):
    shape = ["batch", 3, "height", "width"]
    nodes = [node("GlobalAveragePool", ["x"], ["y"])]
    file = write_onnx(tmp_path / "x.onnx", nodes, {}, [port("x", shape)], [port("y", [1, 3, 1, 1])])
    with pytest.raises(ModelError, match=r"say input_px: \[width, height\]"):
        OnnxDetector(context, model=str(file), output="fastestdet")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"std": [1, 0, 1]}, "std"),
        ({"fit": "squeeze"}, "fit"),
        ({"confidence": 0.3}, "confidence: no such parameter"),
        ({"output": "yolov99"}, "output"),
    ],
)
def test_wrong_parameters_are_named(given, words, context, tmp_path):
    with pytest.raises(StageError, match=f"onnx-detector: {words}"):
        OnnxDetector(context, **({"model": "x.onnx", "output": "yolov8"} | given))


def test_an_embedder_is_no_detector(context, tmp_path):
    file = mean_colour(tmp_path / "x.onnx", batch=1, size_px=(32, 32))
    with pytest.raises(ModelError, match="not of layout"):
        OnnxDetector(context, model=str(file), output="yolov8")
