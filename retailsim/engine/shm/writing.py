"""The writer's end of a ring: borrow a slot, fill it, publish it; and the owner of all leases."""

from __future__ import annotations

import os
import select
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from retailsim.ending import ClosedOrAborted
from retailsim.engine.shm.ledger import Ledger
from retailsim.engine.shm.memory import PAGE, map_memory
from retailsim.engine.shm.ring import (
    BUSY,
    END,
    HEADER,
    ReaderWires,
    WriterEnd,
    image_bytes,
    image_layout,
    receive_wires,
)
from retailsim.engine.shm.wires import RECORD, Deadline, PeerGoneError, read_records
from retailsim.errors import StageError


@dataclass
class Slot:
    """A slot lent to the writer.

    Attributes:
        number: which.
    """

    number: int
    _memory: memoryview
    _image: NDArray[Any] | None = field(default=None, init=False)

    def image(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """Return the slot's memory as an array to write into, until the slot is published.

        Raises:
            StageError: it is larger than the slot.
        """
        kind = np.dtype(dtype)
        size = image_bytes(shape, kind)
        if size > len(self._memory):
            raise StageError(
                f"an image of {size} bytes does not fit into a slot of {len(self._memory)}"
            )
        self._image = np.ndarray(shape, kind, self._memory)
        return self._image


class FrameWriter(ClosedOrAborted):
    """Writes frames once, for all readers.

    Leases are kept here and nowhere else. A lease ends when its reader returns it, which it does
    when nothing in its process looks at the slot any more, or when the reader is dead: its wire
    hangs up. A reader that is alive keeps its leases however long it takes.
    """

    def __init__(self, end: WriterEnd) -> None:
        self.spec = end.spec
        self._memory = map_memory(end.memory.fd, size=end.spec.size, writable=True)
        end.memory.close()
        self._view = memoryview(self._memory)
        self._begins = [end.spec.offset(slot) for slot in range(end.spec.slots)]
        self._cameras = {camera: row for row, camera in enumerate(end.spec.cameras)}
        self._ledger = Ledger(end.spec.slots)
        self._control = socket.socket(fileno=os.dup(end.control.fd))
        end.control.close()
        self._wires: dict[int, ReaderWires] = {}
        self._listeners: set[int] = set()  # without those who want no more
        self._by_fd: dict[int, ReaderWires] = {}
        self._poll = select.poll()
        self._poll.register(self._control.fileno(), select.POLLIN)
        self._had_readers = False
        for wires in end.wires:
            self.attach(wires)

    @property
    def readers(self) -> list[str]:
        """Names of the readers that are alive and want more."""
        return [self._wires[place].name for place in sorted(self._listeners)]

    @property
    def free(self) -> int:
        """Slots that are free, as far as is known."""
        return self._ledger.free

    def holders(self) -> dict[str, int]:
        """Return how many slots wait for each reader that is alive: who holds up whom."""
        held = Counter(r for _, _, readers in self._ledger.published() for r in readers)
        return {wires.name: held[place] for place, wires in self._wires.items()}

    def borrow(self, *, timeout_s: float | None = None) -> Slot:
        """Return a free slot to write into.

        Waits for one until `timeout_s` has passed; for ever by default.

        Raises:
            TimeoutError: no slot became free.
            PeerGoneError: no reader wants any more; others may come.
        """
        deadline = Deadline(timeout_s)
        self._listen(0)
        while (number := self._free_slot()) is None:
            self._listen(deadline.left_ms())
        begin = self._begins[number]
        RECORD.pack_into(self._memory, begin, BUSY, 0)
        return Slot(number, self._view[begin + PAGE : begin + PAGE + self.spec.slot_bytes])

    def publish(self, slot: Slot, *, camera: str, index: int, time_ns: int) -> int:
        """Tell all readers of a filled slot; returns its generation. The slot is theirs then.

        Raises:
            StageError: no image was written, or a camera that the ring does not carry.
        """
        image = slot._image
        if image is None:
            raise StageError(f"ring '{self.spec.name}': a slot is published without an image")
        if camera not in self._cameras:
            raise StageError(f"ring '{self.spec.name}' does not carry camera '{camera}'")
        image.flags.writeable = False
        generation = self._ledger.publish(slot.number, self._listeners)
        about = (time_ns, index, self._cameras[camera], image_layout(image))
        HEADER.pack_into(self._memory, self._begins[slot.number], generation, *about)
        slot._image = None
        self._tell(RECORD.pack(slot.number, generation))
        return generation

    def give_back(self, slot: Slot) -> None:
        """Return a slot unused."""
        self._ledger.give_back(slot.number)

    def close(self) -> None:
        """Say that nothing follows, and let go. Leases are no concern of the writer any more."""
        self._tell(RECORD.pack(END, self._ledger.generation))
        self.abort()

    def abort(self) -> None:
        """Let go without a word: readers are told that the writer is gone."""
        for wires in self._wires.values():
            wires.close()
        self._wires.clear()
        self._listeners.clear()
        self._control.close()

    def _tell(self, record: bytes) -> None:
        for place in self._listeners:
            try:
                os.write(self._wires[place].frames.fd, record)
            except BrokenPipeError:
                continue  # it is dead; the wire of its returns says so too, and it is let go

    def attach(self, wires: ReaderWires) -> None:
        """Tell one more reader of every frame from now on."""
        self._wires[wires.place] = wires
        self._listeners.add(wires.place)
        self._by_fd[wires.returns.fd] = wires
        self._poll.register(wires.returns.fd, select.POLLIN)
        self._had_readers = True

    def _listen(self, timeout_ms: float | None) -> None:
        """Take in what readers returned, who is dead, and who is new; wait for it so long."""
        for fd, event in self._poll.poll(timeout_ms):
            wires = self._by_fd.get(fd)
            if wires is not None:
                # Of a dead reader, first what it returned, then the hang-up: both at once.
                while self._take_in(wires) and event & select.POLLHUP:
                    pass
            elif (new := receive_wires(self._control)) is not None:
                self.attach(new)
            else:
                self._poll.unregister(fd)

    def _take_in(self, wires: ReaderWires) -> bool:
        """Take in what a reader returned; False when it is dead."""
        records = read_records(wires.returns)
        if records is None:
            self._let_go(wires)
            return False
        for slot, generation in records:
            if slot == END:  # it wants nothing after that one, but may still look at some
                self._listeners.discard(wires.place)
                self._ledger.take_back(wires.place, after=generation)
                continue
            try:
                self._ledger.release(slot, generation, wires.place)
            except ValueError as error:
                raise StageError(f"ring '{self.spec.name}', '{wires.name}': {error}") from error
        return True

    def _let_go(self, wires: ReaderWires) -> None:
        """Take back the leases of a reader who is dead."""
        self._poll.unregister(wires.returns.fd)
        del self._by_fd[wires.returns.fd], self._wires[wires.place]
        self._listeners.discard(wires.place)
        self._ledger.take_back(wires.place)
        wires.close()

    def _free_slot(self) -> int | None:
        """Return a free slot; raises PeerGoneError where all readers went."""
        if self._had_readers and not self._listeners:
            raise PeerGoneError(f"nobody reads the frames of '{self.spec.name}' any more")
        return self._ledger.borrow()
