"""What is written to a bag comes back, in order; the bytes depend on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.records import Attachment, Header
from mcap.stream_reader import StreamReader

from retailsim.errors import BagError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import FrameBatch, Sale, TagReads, TryOn
from retailsim.session import BagReader, BagWriter, VideoEncoder
from retailsim.session.container import DATA_FILE
from tests.session.sessions import (
    HEIGHT,
    LATE_NS,
    PLAN,
    START_NS,
    TICK_NS,
    WIDTH,
    happenings,
    picture,
    reads,
    same,
    write_session,
)

ROOT = Path(__file__).resolve().parents[2]
TICKS = 30


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("bag") / "corner.bag", TICKS)


def _is_truth(message: Message) -> bool:
    return type(message).__name__.startswith("Truth")


def test_every_message_comes_back(bag: Path) -> None:
    reader = BagReader(bag)
    written = [message for _, message in happenings(TICKS)]
    devices = [m for m in reader.messages() if not isinstance(m, FrameBatch)]
    assert len(devices) == TICKS + 2
    assert all(map(same, devices, [m for m in written if not _is_truth(m)]))
    truth = list(reader.truth())
    assert len(truth) == 4 * TICKS + 6
    assert all(map(same, truth, [m for m in written if _is_truth(m)]))
    assert reader.plan == PLAN


def test_frames_of_one_instant_come_together_in_plan_order(bag: Path) -> None:
    batches = [m for m in BagReader(bag).messages() if isinstance(m, FrameBatch)]
    assert [b.time_ns for b in batches] == [START_NS + k * TICK_NS for k in range(TICKS)]
    for tick, batch in enumerate(batches):
        assert [f.camera for f in batch.frames] == ["left", "right"]
        assert [f.index for f in batch.frames] == [tick, tick]
        error = batch.frames[0].image.astype(float) - picture(tick)
        assert np.sqrt((error**2).mean()) < 8


def test_messages_come_in_order_of_arrival(bag: Path) -> None:
    arrivals = [
        m.time_ns + (LATE_NS if isinstance(m, TagReads) else 0) for m in BagReader(bag).messages()
    ]
    assert all(a <= b for a, b in pairwise(arrivals))
    kinds = {type(m) for m in BagReader(bag).messages()}
    assert kinds == {FrameBatch, TagReads, Sale, TryOn}


def test_messages_written_late_are_read_in_order(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "a.bag", PLAN) as bag:
        for tick in (0, 40, 20, 3, 41):
            bag.write(reads(tick))
    times = [m.time_ns for m in BagReader(tmp_path / "a.bag").messages()]
    assert times == sorted(times)
    assert len(times) == 5


def test_video_can_be_left_undecoded(bag: Path) -> None:
    rest = list(BagReader(bag).messages(frames=False))
    assert len(rest) == TICKS + 2


def test_topics_and_schemas_are_the_documented_ones(bag: Path) -> None:
    with open(bag / DATA_FILE, "rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    schemas = {c.topic: summary.schemas[c.schema_id].name for c in summary.channels.values()}
    assert schemas == {
        "/camera/left/video": "foxglove.CompressedVideo",
        "/camera/right/video": "foxglove.CompressedVideo",
        "/camera/left/calibration": "foxglove.CameraCalibration",
        "/camera/right/calibration": "foxglove.CameraCalibration",
        "/tf": "foxglove.FrameTransform",
        "/rfid/reader-1/reads": "retailsim.TagReads",
        "/pos/sales": "retailsim.Sale",
        "/mirror/tryon": "retailsim.TryOn",
        "/truth/scenario": "retailsim.TruthScenario",
        "/truth/taste": "retailsim.TruthTaste",
        "/truth/tag_zones": "retailsim.TruthTagZones",
        "/truth/interaction": "retailsim.TruthInteraction",
        "/truth/camera/left/boxes": "retailsim.TruthBoxes",
        "/truth/camera/right/boxes": "retailsim.TruthBoxes",
        "/truth/camera/left/keypoints": "retailsim.TruthKeypoints",
        "/truth/camera/right/keypoints": "retailsim.TruthKeypoints",
        "/truth/person": "retailsim.TruthPerson",
    }
    assert {c.message_encoding for c in summary.channels.values()} == {"protobuf"}


def test_log_time_is_arrival_and_publish_time_is_capture(bag: Path) -> None:
    with open(bag / DATA_FILE, "rb") as file:
        stored = {
            channel.topic: message
            for _, channel, message in make_reader(file).iter_messages(reverse=True)
        }
    first = stored["/rfid/reader-1/reads"]
    assert (first.log_time, first.publish_time) == (START_NS + LATE_NS, START_NS)
    flip = stored["/truth/interaction"]
    assert (flip.log_time - START_NS, flip.publish_time - START_NS) == (18 * TICK_NS, 8 * TICK_NS)


def test_the_plan_comes_first(bag: Path) -> None:
    with open(bag / DATA_FILE, "rb") as file:
        records = StreamReader(file).records
        assert isinstance(next(records), Header)
        plan = next(records)
    assert isinstance(plan, Attachment)
    assert plan.name == "plan.yaml"
    assert b"corner-shop" in plan.data


def test_metadata_counts_what_is_there(bag: Path) -> None:
    summary = BagReader(bag).summary()
    text = (bag / "metadata.yaml").read_text()
    total = sum(topic.count for topic in summary.topics)
    assert f"message_count: {total}\n" in text
    assert summary.damage is None
    assert [camera.frames for camera in summary.cameras] == [TICKS, TICKS]
    assert summary.duration_s == pytest.approx((TICKS - 1) / 10 + LATE_NS / 1e9)


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.session.sessions import write_session"
    contents = []
    for seed in ("1", "2"):
        place = tmp_path / seed
        place.mkdir()
        subprocess.run(
            [sys.executable, "-c", f"{code}; write_session(Path('{seed}.bag'), 15)"],
            cwd=place,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        files = sorted((place / f"{seed}.bag").iterdir())
        contents.append([(file.name, file.read_bytes()) for file in files])
    assert contents[0] == contents[1]


def _write_and_fail(path: Path) -> None:
    with BagWriter(path, PLAN) as bag:
        bag.write(reads(0))
        raise ZeroDivisionError


def test_an_aborted_bag_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(tmp_path / "a.bag")
    assert list(tmp_path.iterdir()) == []


def test_an_older_bag_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.bag", 3)
    before = (path / DATA_FILE).read_bytes()
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(path)
    assert (path / DATA_FILE).read_bytes() == before
    write_session(path, 4)
    assert (path / DATA_FILE).read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bag"]


def test_a_folder_that_is_no_bag_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("precious")
    with pytest.raises(BagError, match="not a session bag"):
        BagWriter(tmp_path / "thesis", PLAN)
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "nowhere" / "a.bag", tmp_path / "file" / "a.bag", tmp_path / "file"):
        with pytest.raises(BagError, match=str(place)):
            BagWriter(place, PLAN)


def test_a_camera_that_the_plan_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="camera 'attic'"), BagWriter(tmp_path / "a", PLAN) as bag:
        bag.write_video("attic", START_NS, b"")
    assert list(tmp_path.iterdir()) == []


def test_truth_is_not_even_decoded_for_the_stack(tmp_path: Path) -> None:
    """A bag whose truth is rubbish replays; only reading the truth fails."""
    encoder = VideoEncoder(WIDTH, HEIGHT, 10)
    with BagWriter(tmp_path / "a.bag", PLAN) as bag:
        bag.write_video("left", START_NS, encoder.encode(picture(0)))
        bag.write(reads(0))
        broken = Detections(START_NS, "left", np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
        bag.write(broken)
        channel = next(c for c in bag._container._counts if c.topic == "/rfid/reader-1/reads")
        lie = type(channel)(
            "/truth/people", "retailsim.TruthPeople", "protobuf", channel.schema_data, "protobuf"
        )
        bag._container.add(lie, START_NS, START_NS, b"\xff\xff")
    reader = BagReader(tmp_path / "a.bag")
    assert [type(m) for m in reader.messages()] == [FrameBatch, TagReads]
    assert [type(m) for m in reader.results()] == [Detections]
    with pytest.raises(BagError, match="/truth/people is not a TruthPeople"):
        list(reader.truth())
