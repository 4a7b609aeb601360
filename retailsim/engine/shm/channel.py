"""Messages from one process to one other: a ring of bytes in shared memory.

    channel = MessageChannel("track -> fuse")
    start_child(track, channel.writer(), name="track")      # MessageWriter(end) there
    start_child(fuse, channel.reader(), name="fuse")        # MessageReader(end) there

The writer waits when the ring is full. What is longer than the ring goes in pieces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retailsim.ending import ClosedOrAborted
from retailsim.engine.shm.codec import EVERY_KIND, MessageCodec
from retailsim.engine.shm.memory import MIB, map_memory, take_memory, whole_pages
from retailsim.engine.shm.wires import (
    RECORD,
    Deadline,
    Descriptor,
    PeerGoneError,
    make_wire,
    read_records,
    records_in,
    wait_for,
)
from retailsim.errors import StageError
from retailsim.messages.base import Message

LAST, MORE, END = 0, 1, 2  # what follows a piece: another packet, the rest of this one, nothing


@dataclass(frozen=True)
class Packet:
    """Messages that were sent together.

    Attributes:
        stamp_ns: what the sender put on it, as the watermark of a tick.
        messages: in order.
    """

    stamp_ns: int
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class ChannelEnd:
    """What one side needs; for `MessageWriter` or `MessageReader`, here or in a child.

    Attributes:
        name: of the edge, for errors.
        size: bytes of the ring.
        kinds: what may travel.
        memory: the ring.
        told, read: wires with the lengths of pieces that were written, and read.
    """

    name: str
    size: int
    kinds: tuple[type[Message], ...]
    memory: Descriptor
    told: Descriptor
    read: Descriptor


class MessageChannel:
    """The parent's hold on a channel; each of its two ends can be given away once.

    Raises:
        DeviceError: not enough shared memory, or too many open files.
    """

    def __init__(
        self,
        name: str,
        *,
        kinds: Sequence[type[Message]] = EVERY_KIND,
        size: int = MIB,
    ) -> None:
        self.size = whole_pages(size)
        memory = Descriptor(take_memory(self.size, what=f"the channel '{name}'"))
        also = Descriptor(os.dup(memory.fd))
        told_out, told_in = make_wire()
        read_out, read_in = make_wire()
        common = (name, self.size, tuple(kinds))
        self._ends = {
            "writer": ChannelEnd(*common, memory, told_in, read_out),
            "reader": ChannelEnd(*common, also, told_out, read_in),
        }

    def writer(self) -> ChannelEnd:
        """Return the writer's end; KeyError when it was given away."""
        return self._ends.pop("writer")

    def reader(self) -> ChannelEnd:
        """Return the reader's end; KeyError when it was given away."""
        return self._ends.pop("reader")


class MessageWriter(ClosedOrAborted):
    """Sends packets of messages.

    Args:
        end: the writer's.
        wait: how to wait for room, as `wait_for` does; another way may take in messages meanwhile,
            so that processes that send to each other cannot wait for each other.
    """

    def __init__(
        self, end: ChannelEnd, *, wait: Callable[[Descriptor, Deadline], None] = wait_for
    ) -> None:
        self._wait = wait
        self.name = end.name
        self._size = end.size
        self._memory = map_memory(end.memory.fd, size=end.size, writable=True)
        end.memory.close()
        self._told, self._read = end.told, end.read
        self._codec = MessageCodec(end.kinds)
        self._position = 0
        self._free = end.size
        # Fewer records than a wire holds are ever under way, so that no write has to wait.
        self._most = self._records = min(records_in(end.told), records_in(end.read)) - 1

    def send(
        self, messages: Sequence[Message], *, stamp_ns: int = 0, timeout_s: float | None = None
    ) -> None:
        """Send messages as one packet; waits until there is room.

        Raises:
            PeerGoneError: the reader is dead.
            StageError: a message cannot be encoded.
            TimeoutError: there was no room in that time; the channel cannot be used any more.
        """
        data = memoryview(self._codec.encode(messages, stamp_ns))
        deadline = Deadline(timeout_s)
        while True:
            self._make_room(min(len(data), self._size), deadline)
            piece, data = data[: self._size], data[self._size :]
            self._put(piece, MORE if data else LAST)
            if not data:
                return

    def close(self) -> None:
        """Say that nothing follows, and let go."""
        if not self._told.closed:
            self._tell(0, END)
            self.abort()

    def abort(self) -> None:
        """Let go without a word: the reader is told that the writer is gone."""
        self._told.close()
        self._read.close()

    def _make_room(self, needed: int, deadline: Deadline) -> None:
        while self._free < needed or self._records < 1:
            try:
                records = read_records(self._read)
            except BlockingIOError:
                self._wait(self._read, deadline)
                continue
            if records is None:
                raise PeerGoneError(f"nobody reads '{self.name}' any more")
            for length, _ in records:
                self._free += length
                self._records += 1

    def _put(self, piece: memoryview, follows: int) -> None:
        first = min(len(piece), self._size - self._position)
        self._memory[self._position : self._position + first] = piece[:first]
        self._memory[: len(piece) - first] = piece[first:]
        self._position = (self._position + len(piece)) % self._size
        self._free -= len(piece)
        self._records -= 1
        self._tell(len(piece), follows)

    def _tell(self, length: int, follows: int) -> None:
        try:
            os.write(self._told.fd, RECORD.pack(length, follows))
        except BrokenPipeError as error:
            if follows != END:
                raise PeerGoneError(f"nobody reads '{self.name}' any more") from error


class MessageReader:
    """Receives packets, each once, in order."""

    def __init__(self, end: ChannelEnd) -> None:
        self.name = end.name
        self._size = end.size
        self._view = memoryview(map_memory(end.memory.fd, size=end.size, writable=False))
        end.memory.close()
        self._data = bytearray()  # of a packet that came in part
        self._told, self._read = end.told, end.read
        self._codec = MessageCodec(end.kinds)
        self._position = 0
        self._ended = False

    def fileno(self) -> int:
        """Return what to poll: it is readable when a packet is there or the writer is gone."""
        return self._told.fd

    def receive(self, *, timeout_s: float | None = None) -> Packet | None:
        """Return the next packet, waiting for it; None when the writer has ended.

        After a TimeoutError it can be called again, also when half a packet was there.

        Raises:
            PeerGoneError: the writer died, or gave up, before its end.
            StageError: what came is no message of a kind that is expected.
            TimeoutError: there was none in that time.
        """
        if self._ended:
            return None
        deadline = Deadline(timeout_s)
        length, follows = self._hear(deadline)
        if follows == END:
            self._ended = True
            return None
        self._get(length)
        while follows == MORE:
            length, follows = self._hear(deadline)
            self._get(length)
        data, self._data = self._data, bytearray()
        try:
            return Packet(*self._codec.decode(data))
        except (ValueError, TypeError, EOFError) as error:
            raise StageError(f"'{self.name}' carries what is no message: {error}") from error

    def close(self) -> None:
        """Read no more; the writer is told at its next packet."""
        self._ended = True
        self._told.close()
        self._read.close()

    def _hear(self, deadline: Deadline) -> tuple[int, int]:
        while True:
            try:
                records = read_records(self._told, 1)
            except BlockingIOError:
                wait_for(self._told, deadline)
                continue
            if records is None:
                raise PeerGoneError(f"the sender of '{self.name}' died before its end")
            return next(records)

    def _get(self, length: int) -> None:
        """Add a piece to what is there of the packet, and tell that it was read."""
        first = min(length, self._size - self._position)
        self._data += self._view[self._position : self._position + first]
        self._data += self._view[: length - first]
        self._position = (self._position + length) % self._size
        try:
            os.write(self._read.fd, RECORD.pack(length, 0))
        except BrokenPipeError:
            return  # the writer has ended, and wants no room
