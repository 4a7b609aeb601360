"""ROS 1 bags, read through `rosbags`: listed, and copied as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rosbags.rosbag1 import Reader, ReaderError

from retailsim.errors import BagError, first_line
from retailsim.session.container import Attachment, Channel
from retailsim.session.damage import Damage
from retailsim.session.metadata import TopicInfo
from retailsim.session.scan import RawMessage

ROS1_MAGIC = b"#ROSBAG V2.0\n"


class Ros1Source:
    """A ROS 1 bag; its messages are foreign to retailsim."""

    kind = "ros1"
    damage: Damage | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self.attachments: list[Attachment] = []
        try:
            with Reader(path) as reader:
                self.topics = [
                    TopicInfo(name, info.msgtype or "", "ros1", info.msgcount)
                    for name, info in sorted(reader.topics.items())
                ]
                empty = reader.message_count == 0
                self.span_ns = None if empty else (reader.start_time, reader.end_time)
        except (ReaderError, OSError, ValueError, KeyError, AssertionError) as error:
            reason = first_line(error) if str(error) else type(error).__name__
            raise BagError(
                f"{path}: a damaged ROS 1 bag ({reason}); try `rosbag reindex` first"
            ) from error

    def messages(self, wanted: Callable[[Channel], bool]) -> Iterator[RawMessage]:
        """Yield the messages of the wanted channels in order of time."""
        with Reader(self.path) as reader:
            chosen = {
                connection.id: channel
                for connection in reader.connections
                if wanted(channel := Channel(connection.topic, connection.msgtype, "", b"", "ros1"))
            }
            connections = [c for c in reader.connections if c.id in chosen]
            if not connections:
                return
            for connection, time_ns, data in reader.messages(connections=connections):
                yield RawMessage(chosen[connection.id], 0, time_ns, time_ns, bytes(data))
