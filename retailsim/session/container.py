"""Writing a bag folder: MCAP and metadata, beside its place until it is whole.

Nothing in the bytes depends on the wall clock, the folder's name or the process.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mcap.writer import CompressionType, Writer

from retailsim.ending import ClosedOrAborted
from retailsim.errors import BagError
from retailsim.session.metadata import FILE_NAME, BagMetadata, TopicInfo, dump_metadata
from retailsim.session.placing import put_in_place

# The same in every bag, so that two bags of the same messages are equal whatever their names.
DATA_FILE = "session_0.mcap"
_LIBRARY = "retailsim"
_CHUNK_BYTES = 512 * 1024
# After a power loss at most this much recorded time is missing.
_FLUSH_NS = 10**9


@dataclass(frozen=True)
class Attachment:
    """A file carried inside a bag."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Channel:
    """A topic and how its messages are encoded.

    Attributes:
        topic: name.
        schema: full name of the message type, '' for none.
        schema_encoding: 'protobuf', 'ros2msg', ...
        schema_data: the schema itself in that encoding.
        encoding: encoding of the messages, 'protobuf', 'cdr', ...
    """

    topic: str
    schema: str
    schema_encoding: str
    schema_data: bytes
    encoding: str


class ContainerWriter(ClosedOrAborted):
    """Writes raw messages to a bag folder; the attachments come first.

    The folder appears under its name when `close` returns; `abort`, or an exception inside the
    `with` block, leaves nothing. A process that is killed leaves `<name>.partial-<n>`, which can
    be read and repaired. All methods raise BagError when the disk refuses.
    """

    def __init__(self, path: str | Path, attachments: tuple[Attachment, ...] = ()) -> None:
        self._target = Path(path)
        check_target(self._target)
        self._folder = _make_partial(self._target)
        self._channels: dict[Channel, int] = {}
        self._schemas: dict[tuple[str, str, bytes], int] = {}
        self._counts: dict[Channel, int] = {}
        self._span: tuple[int, int] | None = None
        self._flushed_ns: int | None = None
        self._open = True
        try:
            self._file: BinaryIO = open(self._folder / DATA_FILE, "wb")  # noqa: SIM115
            self._mcap = Writer(self._file, _CHUNK_BYTES, CompressionType.ZSTD)
            self._mcap.start(profile="", library=_LIBRARY)
            for attachment in attachments:
                self._mcap.add_attachment(
                    0, 0, attachment.name, attachment.media_type, attachment.data
                )
            self._mcap.flush()  # type: ignore[no-untyped-call]
        except OSError as error:
            self.abort()
            raise self._refused(error) from error

    def add(
        self,
        channel: Channel,
        log_ns: int,
        publish_ns: int,
        data: bytes,
        sequence: int | None = None,
    ) -> None:
        """Write one message.

        Args:
            channel: its topic.
            log_ns: arrival, nanoseconds since the epoch.
            publish_ns: capture time.
            data: the encoded message.
            sequence: its number on the topic; by default they are counted from 0.
        """
        try:
            if self._flushed_ns is None:
                self._flushed_ns = log_ns
            elif log_ns - self._flushed_ns >= _FLUSH_NS:
                self._mcap.flush()  # type: ignore[no-untyped-call]
                self._flushed_ns = log_ns
            number = self._counts.get(channel, 0)
            self._mcap.add_message(
                self._id(channel),
                log_ns,
                data,
                publish_ns,
                number if sequence is None else sequence,
            )
        except OSError as error:
            raise self._refused(error) from error
        self._counts[channel] = number + 1
        first, last = self._span or (log_ns, log_ns)
        self._span = min(first, log_ns), max(last, log_ns)

    def close(self) -> None:
        """Finish the bag and put it in its place, over an older bag of that name."""
        if not self._open:
            return
        try:
            self._mcap.finish()  # type: ignore[no-untyped-call]
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            (self._folder / FILE_NAME).write_text(self._metadata(), encoding="utf-8")
            put_in_place(self._folder, self._target)
        except OSError as error:
            self.abort()
            raise self._refused(error) from error
        self._open = False

    def abort(self) -> None:
        """Give up and leave nothing behind."""
        if not self._open:
            return
        self._open = False
        if hasattr(self, "_file"):
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _id(self, channel: Channel) -> int:
        if channel not in self._channels:
            schema_id = self._schema_id(channel) if channel.schema else 0
            self._channels[channel] = self._mcap.register_channel(
                channel.topic, channel.encoding, schema_id
            )
        return self._channels[channel]

    def _schema_id(self, channel: Channel) -> int:
        key = (channel.schema, channel.schema_encoding, channel.schema_data)
        if key not in self._schemas:
            self._schemas[key] = self._mcap.register_schema(*key)
        return self._schemas[key]

    def _metadata(self) -> str:
        first, last = self._span or (0, 0)
        metadata = BagMetadata(
            files=(DATA_FILE,),
            start_ns=first,
            duration_ns=last - first,
            message_count=sum(self._counts.values()),
            size_bytes=(self._folder / DATA_FILE).stat().st_size,
        )
        topics = [
            TopicInfo(channel.topic, channel.schema, channel.encoding, self._counts[channel])
            for channel in sorted(self._counts, key=lambda channel: channel.topic)
        ]
        return dump_metadata(metadata, topics)

    def _refused(self, error: OSError) -> BagError:
        return BagError(f"{self._target}: cannot be written: {error.strerror or error}")


def refuse_existing(path: str | Path) -> None:
    """Raise BagError when something is there already."""
    if Path(path).exists():
        raise BagError(f"{path}: already exists; choose another name, or replace it with --force")


def check_target(target: Path) -> None:
    """Raise BagError where no bag can be written, because of what is there or is not."""
    parent = target.parent
    if not parent.is_dir():
        raise BagError(f"{target}: the folder {parent} does not exist; make it first")
    if target.is_dir():
        names = [entry.name for entry in target.iterdir()]
        if any(name != FILE_NAME and not name.endswith(".mcap") for name in names):
            raise BagError(f"{target}: a folder that is not a session bag; choose another name")
    elif target.exists():
        raise BagError(f"{target}: a file of that name exists; choose another name")


def _make_partial(target: Path) -> Path:
    number = 1
    while True:
        folder = target.with_name(f"{target.name}.partial-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1
        except OSError as error:
            raise BagError(f"{target}: cannot be written: {error.strerror or error}") from error
