"""A ring of frames: made by the parent, which hands its ends to one writer and to its readers.

    ring = FrameRing(RingSpec(name="decode", cameras=("left",), slots=8, slot_bytes=691200))
    looker = start_child(detect, ring.reader("detect"), name="detect")  # FrameReader(end) there
    filler = start_child(decode, ring.writer(), name="decode")          # FrameWriter(end) there
    ring.reader("detect again")                       # later readers get what is published then

In the memory lie the slots, each a page with its header and then the pixels.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.shm.memory import PAGE, take_memory, whole_pages
from retailsim.engine.shm.wires import Descriptor, PeerGoneError, make_wire, records_in
from retailsim.errors import StageError

LAYOUT = struct.Struct("<i4q8s")  # of an image: axes, lengths, dtype
# generation, time_ns, frame index, row of the camera, layout
HEADER = struct.Struct(f"<qqqi{LAYOUT.size}s")
MOST_AXES = 4
BUSY = -1  # generation of a slot that is being written
END = -1  # slot of the record that says: nothing follows, or nothing more is wanted


@dataclass(frozen=True, kw_only=True)
class RingSpec:
    """What a ring is like.

    Attributes:
        name: of whoever writes it, for errors.
        cameras: whose frames it carries.
        slots: frames it can hold at once. A reader that looks at k frames at a time, beside the
            one being written, needs more than k.
        slot_bytes: of the largest frame.
    """

    name: str
    cameras: tuple[str, ...]
    slots: int
    slot_bytes: int

    def __post_init__(self) -> None:
        """Check the numbers; raises StageError."""
        if self.slots < 1 or self.slot_bytes < 1 or not self.cameras:
            raise StageError(f"ring '{self.name}' needs a camera, a slot and a byte at least")

    @property
    def stride(self) -> int:
        """Bytes from one slot to the next."""
        return PAGE + whole_pages(self.slot_bytes)

    @property
    def size(self) -> int:
        """Bytes of shared memory that it takes."""
        return self.slots * self.stride

    def offset(self, slot: int) -> int:
        """Return where a slot's header begins; its pixels follow a page later."""
        return slot * self.stride


@dataclass(frozen=True)
class ReaderWires:
    """The writer's ends of the wires to one reader.

    Attributes:
        place: the reader's number, from 0.
        name: for counts and errors.
        frames: where slots are told.
        returns: where the reader tells what it is done with; hangs up when it is dead.
    """

    place: int
    name: str
    frames: Descriptor
    returns: Descriptor

    def close(self) -> None:
        """Close them."""
        self.frames.close()
        self.returns.close()


@dataclass(frozen=True)
class ReaderEnd:
    """What a reader needs: `FrameReader(end)`, here or in the child it is handed to."""

    spec: RingSpec
    name: str
    memory: Descriptor
    frames: Descriptor
    returns: Descriptor


@dataclass(frozen=True)
class WriterEnd:
    """What the writer needs: `FrameWriter(end)`, here or in the child it is handed to."""

    spec: RingSpec
    memory: Descriptor
    control: Descriptor
    wires: tuple[ReaderWires, ...]


class FrameRing:
    """The parent's hold on a ring: memory, and the means to give it readers and one writer.

    Raises:
        DeviceError: not enough shared memory, or too many open files.
        StageError: more slots than a wire holds records.
    """

    def __init__(self, spec: RingSpec) -> None:
        self.spec = spec
        name = f"the frame ring of '{spec.name}'"
        self._memory = Descriptor(take_memory(spec.size, what=name))
        self._control, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._told = Descriptor(told.detach())
        self._wires: list[ReaderWires] = []
        self._readers = 0

    def reader(self, name: str) -> ReaderEnd:
        """Make an end for one more reader, who gets every frame published from now on.

        A writer that runs already listens for new readers when it borrows a slot.
        """
        end, wires = self.spare_reader(name)
        if self._told.closed:
            send_wires(self._control, wires)
        else:
            self._wires.append(wires)
        return end

    def spare_reader(self, name: str) -> tuple[ReaderEnd, ReaderWires]:
        """Make an end for one more reader, and wires that the caller brings to the writer.

        It gets what is published from then on.
        """
        frames_out, frames_in = make_wire()
        returns_out, returns_in = make_wire()
        room = min(records_in(frames_in), records_in(returns_in)) - 1  # one for the end
        if self.spec.slots > room:
            raise StageError(f"ring '{self.spec.name}' has {self.spec.slots} slots, above {room}")
        wires = ReaderWires(self._readers, name, frames_in, returns_out)
        memory = Descriptor(os.dup(self._memory.fd))
        self._readers += 1
        return ReaderEnd(self.spec, name, memory, frames_out, returns_in), wires

    def writer(self) -> WriterEnd:
        """Make the writer's end, once."""
        memory, control = (Descriptor(os.dup(end.fd)) for end in (self._memory, self._told))
        self._told.close()
        return WriterEnd(self.spec, memory, control, self._let_go_of_wires())

    def close(self) -> None:
        """Let go of it. Readers and writer are not concerned, but no more can be made."""
        self._let_go_of_wires()
        self._told.close()
        self._control.close()
        self._memory.close()

    def _let_go_of_wires(self) -> tuple[ReaderWires, ...]:
        wires = tuple(self._wires)
        self._wires.clear()
        return wires


def send_wires(control: socket.socket, wires: ReaderWires) -> None:
    """Hand the wires of a new reader to a writer that runs already."""
    text = f"{wires.place} {wires.name}".encode()
    try:
        socket.send_fds(control, [text], [wires.frames.fd, wires.returns.fd])
    except OSError as error:
        raise PeerGoneError(f"the writer who should feed '{wires.name}' is gone") from error
    wires.close()


def receive_wires(control: socket.socket) -> ReaderWires | None:
    """Return the wires of a new reader; None when the parent let go."""
    text, ends, _, _ = socket.recv_fds(control, 4096, 2)
    if not text:
        return None
    place, name = text.decode().split(" ", 1)
    for end in ends:
        os.set_inheritable(end, False)
    return ReaderWires(int(place), name, *(Descriptor(end) for end in ends))


def image_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return the bytes of an image; raises StageError for what cannot lie in a slot."""
    if len(shape) > MOST_AXES or dtype.hasobject or len(dtype.str) > 8:
        raise StageError(f"an image of {dtype} {shape} cannot lie in shared memory")
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize


def image_layout(image: NDArray[Any]) -> bytes:
    """Return an image's shape and dtype as they stand in a slot's header."""
    lengths = image.shape + (0,) * (MOST_AXES - image.ndim)
    return LAYOUT.pack(image.ndim, *lengths, image.dtype.str.encode())


def read_layout(layout: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and dtype that a slot's header tells."""
    axes, a, b, c, d, kind = LAYOUT.unpack(layout)
    return (a, b, c, d)[:axes], np.dtype(kind.rstrip(b"\0").decode())
