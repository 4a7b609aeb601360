"""Reading an MCAP file that may be damaged: one pass finds what can be read.

The summary at the end of the file is not trusted, because a cut file has none: intact and damaged
files go the same way. Sizes are checked before memory is taken.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Attachment as AttachmentRecord
from mcap.records import Channel as ChannelRecord
from mcap.records import Schema as SchemaRecord

from retailsim.errors import BagError
from retailsim.session.container import Attachment, Channel

MAGIC = b"\x89MCAP0\r\n"
MAX_CHUNK_BYTES = 256 * 1024 * 1024
MAX_ATTACHMENT_BYTES = 16 * 1024 * 1024
MAX_NAME_BYTES = 64 * 1024
_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_CHUNK_HEAD = struct.Struct("<QQQII")
_UNREADABLE = (struct.error, McapError, UnicodeDecodeError, zstandard.ZstdError, RuntimeError)


@dataclass(frozen=True)
class RawMessage:
    """One message as stored."""

    channel: Channel
    sequence: int
    log_ns: int
    publish_ns: int
    data: bytes


@dataclass(frozen=True)
class Block:
    """A stretch of the file that holds messages: a chunk, or records outside of chunks."""

    offset: int
    length: int
    compression: str
    plain_size: int
    crc: int
    start_ns: int


@dataclass
class McapScan:
    """What one MCAP file holds.

    Attributes:
        attachments: files carried inside.
        channels: by their number in this file.
        blocks: where the readable messages are, in file order.
        counts: readable messages by channel number.
        first_ns, last_ns: log times of the readable messages, None when there are none.
        lost_bytes: bytes of the data section that cannot be read.
        finished: whether the data section ends as its writer wanted.
        closed: whether index and footer follow it, which other tools need.
    """

    path: Path
    attachments: list[Attachment] = field(default_factory=list)
    channels: dict[int, Channel] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None
    lost_bytes: int = 0
    finished: bool = False
    closed: bool = False
    _schemas: dict[int, SchemaRecord] = field(default_factory=dict)

    def read_block(self, file: BinaryIO, block: Block) -> Iterator[RawMessage]:
        """Yield the messages of a block of this file in the order in which they were written."""
        for opcode, body in _records(_plain(file, block)):
            if opcode == Opcode.MESSAGE and len(body) >= _MESSAGE.size:
                number, sequence, log_ns, publish_ns = _MESSAGE.unpack_from(body)
                if number in self.channels:
                    data = bytes(body[_MESSAGE.size :])
                    yield RawMessage(self.channels[number], sequence, log_ns, publish_ns, data)


def scan_mcap(path: Path) -> McapScan:
    """Find everything that can be read in an MCAP file; raises BagError when it is none."""
    scan = McapScan(path)
    try:
        with open(path, "rb") as file:
            size = path.stat().st_size
            if file.read(len(MAGIC)) != MAGIC:
                raise BagError(f"{path}: not an MCAP file")
            _scan_records(scan, file, size)
    except OSError as error:
        raise BagError(f"{path}: {error.strerror or error}") from error
    return scan


def _scan_records(scan: McapScan, file: BinaryIO, size: int) -> None:
    position = len(MAGIC)
    while True:
        file.seek(position)
        head = file.read(_RECORD.size)
        opcode, length = _RECORD.unpack(head) if len(head) == _RECORD.size else (0, 0)
        if opcode == Opcode.DATA_END:
            scan.finished = True
            file.seek(-len(MAGIC), io.SEEK_END)
            scan.closed = file.read() == MAGIC
            break
        body, end = position + _RECORD.size, position + _RECORD.size + length
        if opcode == 0 or (end > size and opcode != Opcode.CHUNK):
            scan.lost_bytes += size - position
            break
        if opcode == Opcode.CHUNK:
            scan.lost_bytes += _take_chunk(scan, file, body, min(end, size), cut=end > size)
            if end > size:
                break
        elif opcode == Opcode.ATTACHMENT:
            scan.lost_bytes += _take_attachment(scan, file, length)
        elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE):
            _take_loose(scan, file, position, end - position)
        position = end


def _take_loose(scan: McapScan, file: BinaryIO, offset: int, length: int) -> None:
    """Take a record that stands outside of any chunk."""
    if length > MAX_CHUNK_BYTES:
        scan.lost_bytes += length
        return
    block = Block(offset, length, "", length, 0, 0)
    scan.lost_bytes += _take_block(scan, file, block)


def _take_chunk(scan: McapScan, file: BinaryIO, body: int, end: int, *, cut: bool) -> int:
    """Take what can be read of a chunk and return how many of its bytes are lost."""
    head = file.read(_CHUNK_HEAD.size)
    if len(head) < _CHUNK_HEAD.size:
        return end - body
    start_ns, _, plain_size, crc, name_length = _CHUNK_HEAD.unpack(head)
    if name_length > MAX_NAME_BYTES or plain_size > MAX_CHUNK_BYTES:
        return end - body
    compression = file.read(name_length).decode("utf-8", "replace")
    offset = body + _CHUNK_HEAD.size + name_length + 8
    if end - offset > MAX_CHUNK_BYTES or end <= offset:
        return end - body
    block = Block(offset, end - offset, compression, plain_size, 0 if cut else crc, start_ns)
    return _take_block(scan, file, block)


def _take_block(scan: McapScan, file: BinaryIO, block: Block) -> int:
    """Register a block's channels and messages; return the bytes of it that are lost."""
    try:
        plain = _plain(file, block)
        if block.crc and zlib.crc32(plain) != block.crc:
            return block.length
        found, used = False, 0
        first, last = None, None
        for opcode, body in _records(plain):
            used += _RECORD.size + len(body)
            if opcode == Opcode.SCHEMA:
                schema = SchemaRecord.read(_stream(body))
                scan._schemas[schema.id] = schema
            elif opcode == Opcode.CHANNEL:
                record = ChannelRecord.read(_stream(body))
                scan.channels[record.id] = _channel(scan, record)
            elif opcode == Opcode.MESSAGE and len(body) >= _MESSAGE.size:
                number, _, log_ns, _ = _MESSAGE.unpack_from(body)
                if number in scan.channels:
                    scan.counts[number] += 1
                    first = log_ns if first is None else min(first, log_ns)
                    last = log_ns if last is None else max(last, log_ns)
                    found = True
    except _UNREADABLE:
        return block.length
    if found and first is not None and last is not None:
        scan.blocks.append(
            Block(block.offset, block.length, block.compression, block.plain_size, 0, first)
        )
        scan.first_ns = first if scan.first_ns is None else min(scan.first_ns, first)
        scan.last_ns = last if scan.last_ns is None else max(scan.last_ns, last)
    return block.length if used < block.plain_size else 0


def _take_attachment(scan: McapScan, file: BinaryIO, length: int) -> int:
    if length > MAX_ATTACHMENT_BYTES:
        return length
    body = file.read(length)
    try:
        record = AttachmentRecord.read(_stream(body))
    except _UNREADABLE:
        return length
    (crc,) = struct.unpack("<I", body[-4:])
    if crc and zlib.crc32(body[:-4]) != crc:
        return length
    scan.attachments.append(Attachment(record.name, record.media_type, record.data))
    return 0


def _channel(scan: McapScan, record: ChannelRecord) -> Channel:
    schema = scan._schemas.get(record.schema_id)
    name, encoding, data = (schema.name, schema.encoding, schema.data) if schema else ("", "", b"")
    return Channel(record.topic, name, encoding, data, record.message_encoding)


def _stream(body: bytes | memoryview) -> ReadDataStream:
    return ReadDataStream(io.BytesIO(body))


def _records(plain: bytes) -> Iterator[tuple[int, memoryview]]:
    """Yield opcode and body of each whole record."""
    view, position = memoryview(plain), 0
    while position + _RECORD.size <= len(plain):
        opcode, length = _RECORD.unpack_from(plain, position)
        start, position = position + _RECORD.size, position + _RECORD.size + length
        if position > len(plain):
            return
        yield opcode, view[start:position]


def _plain(file: BinaryIO, block: Block) -> bytes:
    """Return a block's records, as many as its bytes hold; never more than it declared."""
    file.seek(block.offset)
    stored = file.read(block.length)
    if block.compression == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(stored) as reader:
            return reader.read(block.plain_size)
    if block.compression == "lz4":
        import lz4.frame

        return bytes(
            lz4.frame.LZ4FrameDecompressor().decompress(stored, max_length=block.plain_size)
        )
    if block.compression:
        raise RuntimeError(f"chunks compressed with '{block.compression}' are not read")
    return stored
