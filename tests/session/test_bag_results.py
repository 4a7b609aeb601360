"""Results travel in a bag like everything else, with twins that viewers can draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foxglove_schemas_protobuf.Grid_pb2 import Grid
from foxglove_schemas_protobuf.ImageAnnotations_pb2 import ImageAnnotations
from foxglove_schemas_protobuf.Log_pb2 import Log
from foxglove_schemas_protobuf.PointCloud_pb2 import PointCloud
from foxglove_schemas_protobuf.RawImage_pb2 import RawImage
from mcap.reader import make_reader
from numpy.typing import NDArray

from retailsim.messages.digest import digest
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, HeatMap, Identities, People, Tracks
from retailsim.session import BagReader
from retailsim.session.container import DATA_FILE
from retailsim.session.results import write_results
from retailsim.store.projection import Projection
from tests.session.sessions import PLAN, START_NS

LATER_NS = START_NS + 500_000_000
BOXES = np.array([[10, 20, 30, 50], [40, 20, 60, 50]], np.float32)


@pytest.fixture
def results() -> MessageLog:
    log = MessageLog()
    ids, scores = np.array([3, 4]), np.array([0.9, 0.8], np.float32)
    log.append(Tracks(START_NS, "left", ids, BOXES, scores), emitted_ns=LATER_NS)
    cameras = np.array(["left", "right"])
    log.append(Identities(START_NS, cameras, ids, np.array([1, 2]), BOXES), emitted_ns=LATER_NS)
    people = People(START_NS, np.array([1, 2]), np.array([[1.0, 2.0], [3.0, 0.5]]), ids > 3)
    log.append(people, emitted_ns=LATER_NS)
    log.append(Crossing(START_NS, "main", 1, "in"), emitted_ns=LATER_NS)
    log.append(HeatMap(START_NS, 0.5, np.arange(12.0).reshape(3, 4)), emitted_ns=LATER_NS)
    return log


@pytest.fixture
def stored(tmp_path: Path, results: MessageLog) -> dict[str, tuple[int, bytes]]:
    """Topic -> log time and bytes of its message."""
    write_results(tmp_path / "results.bag", PLAN, results)
    with open(tmp_path / "results.bag" / DATA_FILE, "rb") as file:
        return {
            channel.topic: (message.log_time, message.data)
            for _, channel, message in make_reader(file).iter_messages()
        }


def test_results_come_back_with_the_same_digest(tmp_path: Path, results: MessageLog) -> None:
    write_results(tmp_path / "results.bag", PLAN, results)
    reader = BagReader(tmp_path / "results.bag")
    assert digest(reader.results()) == digest(results)
    assert list(reader.truth()) == []


def test_results_lie_under_stack_at_the_time_they_were_said(
    stored: dict[str, tuple[int, bytes]],
) -> None:
    said = {topic: log_ns for topic, (log_ns, _) in stored.items() if topic.startswith("/stack/")}
    assert said == dict.fromkeys(
        [
            "/stack/camera/left/tracks",
            "/stack/camera/left/track_boxes",
            "/stack/camera/left/person_boxes",
            "/stack/camera/left/person_boxes/points",
            "/stack/camera/right/person_boxes",
            "/stack/camera/right/person_boxes/points",
            "/stack/identities",
            "/stack/crossing",
            "/stack/events",
            "/stack/people",
            "/stack/people/points",
            "/stack/heat_map",
            "/stack/heat_map/grid",
            "/stack/heat_map/image",
        ],
        LATER_NS,
    )


def test_boxes_are_drawn_with_their_numbers(stored: dict[str, tuple[int, bytes]]) -> None:
    drawing = ImageAnnotations.FromString(stored["/stack/camera/left/track_boxes"][1])
    assert [text.text for text in drawing.texts] == ["3", "4"]
    corners = [[(p.x, p.y) for p in outline.points] for outline in drawing.points]
    assert corners[0] == [(10, 20), (30, 20), (30, 50), (10, 50)]
    right = ImageAnnotations.FromString(stored["/stack/camera/right/person_boxes"][1])
    assert [text.text for text in right.texts] == ["2"]


def test_boxes_are_drawn_in_the_frame_of_their_camera_too(
    stored: dict[str, tuple[int, bytes]],
) -> None:
    cloud = PointCloud.FromString(stored["/stack/camera/left/person_boxes/points"][1])
    assert cloud.frame_id == "left"
    rays = _points(cloud)
    pixels = rays[:, :2] @ Projection.of(PLAN.camera("left")).matrix[:2, :2] + [48, 32]
    assert pixels.min(axis=0) == pytest.approx([10, 20], abs=1e-3)
    assert pixels.max(axis=0) == pytest.approx([30, 50], abs=1e-3)


def test_people_stand_on_the_floor(stored: dict[str, tuple[int, bytes]]) -> None:
    cloud = PointCloud.FromString(stored["/stack/people/points"][1])
    assert cloud.frame_id == "shop"
    assert _points(cloud).tolist() == [[1, 2, 0], [3, 0.5, 0]]


def test_events_are_told_in_words(stored: dict[str, tuple[int, bytes]]) -> None:
    assert Log.FromString(stored["/stack/events"][1]).message == "person 1 goes in by door main"


def test_the_heat_map_is_a_picture_with_y_up(stored: dict[str, tuple[int, bytes]]) -> None:
    image = RawImage.FromString(stored["/stack/heat_map/image"][1])
    pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
    brightness = pixels.sum(axis=2, dtype=int)
    assert brightness[0, -1] == brightness.max()
    assert brightness[-1, 0] == brightness.min()


def _points(cloud: PointCloud) -> NDArray[np.float32]:
    rows = np.frombuffer(cloud.data, np.uint8).reshape(-1, cloud.point_stride)
    return rows[:, :12].copy().view("<f4")


def test_the_heat_map_lies_on_the_floor(stored: dict[str, tuple[int, bytes]]) -> None:
    grid = Grid.FromString(stored["/stack/heat_map/grid"][1])
    values = np.frombuffer(grid.data, "<f4").reshape(-1, grid.column_count)
    assert values.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert grid.row_stride == grid.column_count * grid.cell_stride
    assert (grid.cell_size.x, grid.cell_size.y, grid.frame_id) == (0.5, 0.5, "shop")
