"""Whatever is not a session bag gets one clear line."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from mcap.writer import Writer

from retailsim.errors import BagError
from retailsim.session import BagReader
from retailsim.session.container import DATA_FILE
from tests.hardship import as_anybody
from tests.session.sessions import write_session

MAGIC = b"\x89MCAP0\r\n"


def _refusal(path: Path) -> str:
    with pytest.raises(BagError) as caught:
        list(BagReader(path).messages())
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no such file" in _refusal(tmp_path / "nowhere.bag")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.bag").write_bytes(b"")
    assert "an empty file" in _refusal(tmp_path / "a.bag")


def test_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "a.bag").write_text("Dear diary\n")
    assert "not a recording" in _refusal(tmp_path / "a.bag")


@pytest.mark.parametrize("name", ["a.bag", "a.mcap"])
def test_random_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(random.Random(4).randbytes(5000))
    assert "not a recording" in _refusal(tmp_path / name)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "a.bag").mkdir()
    assert "an empty folder" in _refusal(tmp_path / "a.bag")


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / "a.bag").mkdir()
    (tmp_path / "a.bag" / "notes.txt").write_text("hello")
    assert "holds no .mcap file" in _refusal(tmp_path / "a.bag")


def test_random_bytes_inside_a_bag_folder(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.bag", 3, video=False)
    (path / DATA_FILE).write_bytes(random.Random(4).randbytes(5000))
    assert "not MCAP" in _refusal(path)
    (path / DATA_FILE).write_bytes(b"")
    assert "empty" in _refusal(path)
    (path / DATA_FILE).unlink()
    assert "missing" in _refusal(path)


def test_random_bytes_behind_the_magic(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_bytes(MAGIC + random.Random(4).randbytes(5000))
    assert "nothing can be recovered" in _refusal(tmp_path / "a.mcap")


def test_metadata_that_is_not_yaml(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.bag", 3, video=False)
    (path / "metadata.yaml").write_text("}{")
    assert "not readable as YAML" in _refusal(path)
    (path / "metadata.yaml").write_text("colour: red")
    assert "not rosbag2 metadata" in _refusal(path)


def test_metadata_that_points_outside_the_folder(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.bag", 3, video=False)
    text = (path / "metadata.yaml").read_text()
    (path / "metadata.yaml").write_text(text.replace(f"- {DATA_FILE}", "- ../../etc/passwd"))
    assert "outside the folder" in _refusal(path)


def test_a_damaged_ros1_bag(tmp_path: Path) -> None:
    (tmp_path / "a.bag").write_bytes(b"#ROSBAG V2.0\n" + random.Random(4).randbytes(3000))
    assert "ROS 1" in _refusal(tmp_path / "a.bag")


def test_an_mcap_file_without_a_plan(tmp_path: Path) -> None:
    with open(tmp_path / "a.mcap", "wb") as file:
        writer = Writer(file)
        writer.start()
        schema = writer.register_schema("Weather", "jsonschema", b"{}")
        channel = writer.register_channel("/weather", "json", schema)
        writer.add_message(channel, 1, b"{}", 1)
        writer.finish()
    assert "carries no store plan" in _refusal(tmp_path / "a.mcap")
    (topic,) = BagReader(tmp_path / "a.mcap").summary().topics
    assert (topic.name, topic.schema, topic.count) == ("/weather", "Weather", 1)


def test_a_plan_without_anything_to_replay(tmp_path: Path) -> None:
    with open(tmp_path / "a.mcap", "wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_attachment(0, 0, "plan.yaml", "application/yaml", b"name: shop\n")
        channel = writer.register_channel("/weather", "json", 0)
        writer.add_message(channel, 1, b"{}", 1)
        writer.finish()
    assert "/weather" in _refusal(tmp_path / "a.mcap")
    assert "nothing to replay" in _refusal(tmp_path / "a.mcap")


def test_a_plan_with_a_misspelt_field(tmp_path: Path) -> None:
    with open(tmp_path / "a.mcap", "wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_attachment(0, 0, "plan.yaml", "application/yaml", b"name: shop\nheigth_m: 3\n")
        writer.finish()
    assert "heigth_m" in _refusal(tmp_path / "a.mcap")


def test_sizes_are_bounded_before_memory_is_taken(tmp_path: Path) -> None:
    """Chunks and attachments that claim terabytes are damage, not a reason to allocate."""
    huge = 1 << 42
    chunk = struct.pack("<QQQII", 0, 0, huge, 0, 0) + struct.pack("<Q", 4) + b"data"
    record = struct.pack("<BQ", 6, len(chunk)) + chunk
    attachment = struct.pack("<BQ", 9, huge)
    for body in (record, attachment, struct.pack("<BQ", 5, huge)):
        (tmp_path / "a.mcap").write_bytes(MAGIC + body)
        assert "nothing can be recovered" in _refusal(tmp_path / "a.mcap")


def test_a_missing_part_of_a_split_bag_is_damage(tmp_path: Path) -> None:
    path = write_session(tmp_path / "a.bag", 10, video=False)
    text = (path / "metadata.yaml").read_text()
    (path / "metadata.yaml").write_text(
        text.replace(f"  - {DATA_FILE}", f"  - {DATA_FILE}\n  - session_1.mcap")
    )
    reader = BagReader(path)
    assert len(list(reader.messages())) == 10
    assert reader.damage is not None
    assert "session_1.mcap" in str(reader.damage)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_bytes(MAGIC)
    (tmp_path / "a.mcap").chmod(0)
    with as_anybody():
        assert "Permission denied" in _refusal(tmp_path / "a.mcap")


@pytest.mark.real
def test_recordings_of_others_are_listed(real: Path) -> None:
    expected = {
        "example.bag": ("ros1", 9, 8647),
        "example-lz4.bag": ("ros1", 9, 8647),
        "no-messages.bag": ("ros1", 0, 0),
        "ros2_cdr.mcap": ("mcap", 2, 7),
        "ros2_split_bag": ("mcap", 8, 6074),
    }
    for name, facts in expected.items():
        summary = BagReader(real / "bags" / name).summary()
        count = sum(topic.count for topic in summary.topics)
        assert (summary.kind, len(summary.topics), count) == facts
        assert summary.damage is None
        assert "carries no store plan" in _refusal(real / "bags" / name)
