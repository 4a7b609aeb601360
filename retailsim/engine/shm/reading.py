"""A reader's end of a ring: every frame once, in order, as it lies in the slot."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.shm.memory import PAGE, map_memory
from retailsim.engine.shm.ring import END, HEADER, ReaderEnd, read_layout
from retailsim.engine.shm.wires import (
    RECORD,
    Deadline,
    Descriptor,
    PeerGoneError,
    read_records,
    wait_for,
)
from retailsim.errors import StageError
from retailsim.messages.sensors import Frame


class Lease:
    """A frame in its slot, lent to this reader.

    Attributes:
        camera: camera id.
        index: running number of the frame in its stream.
        time_ns: capture time.
        generation: of the slot; grows from frame to frame.
        image: the slot's own bytes, read-only; usually BGR, uint8 (h, w, 3).
    """

    __slots__ = ("camera", "generation", "image", "index", "time_ns")

    def __init__(
        self, camera: str, index: int, time_ns: int, generation: int, image: NDArray[Any]
    ) -> None:
        self.camera = camera
        self.index = index
        self.time_ns = time_ns
        self.generation = generation
        self.image = image

    def frame(self) -> Frame:
        """Return it as the message that stages read; it keeps the slot as long as it lives."""
        return Frame(self.time_ns, self.camera, self.index, self.image)

    def release(self) -> None:
        """Be done with it.

        The slot goes back when nothing looks at it any more: now, or when the last array made
        of the image, or of a part of it, is gone. So nobody can see it overwritten; but who keeps
        a part for long should copy it.
        """
        del self.image

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class FrameReader:
    """Takes frames from a ring.

    It looks at memory that it cannot write to. What it has taken is returned by itself (see
    `Lease.release`); what it has not, when it is gone.
    """

    def __init__(self, end: ReaderEnd) -> None:
        spec = end.spec
        self.spec = spec
        self._memory = map_memory(end.memory.fd, size=spec.size, writable=False)
        end.memory.close()
        self._frames = end.frames
        self._returns = _Returns(end.returns)
        self._told: deque[tuple[int, int]] = deque()
        self._begins = [spec.offset(slot) for slot in range(spec.slots)]
        self._latest = 0  # generation of the last frame told
        self._ended = False
        self._images = [(b"", _SlotImage(0))] * spec.slots  # layout, pixels

    @property
    def waiting(self) -> int:
        """Frames that were told already, for which `take` need not look at the wire."""
        return len(self._told)

    def fileno(self) -> int:
        """Return what to poll; with `waiting` frames there may be nothing to read there."""
        return self._frames.fd

    def take(self, *, timeout_s: float | None = None) -> Lease | None:
        """Return the next frame, waiting for it; None when the writer has ended.

        Raises:
            TimeoutError: there was none in that time.
            PeerGoneError: the writer died, or gave up, before its end.
        """
        if not self._told and not self._ended:
            self._hear(Deadline(timeout_s))
        if self._ended and not self._told:
            return None
        slot, generation = self._told.popleft()
        return self._look(slot, generation)

    def close(self) -> None:
        """Take no more. What was taken and is still looked at is returned later, as always."""
        if self._frames.closed:
            return
        while self._told:
            self._returns.give(*self._told.popleft())
        self._ended = True
        self._returns.give(END, self._latest)
        self._frames.close()
        del self._returns

    def _hear(self, deadline: Deadline) -> None:
        while True:
            try:
                records = read_records(self._frames)
            except BlockingIOError:
                wait_for(self._frames, deadline)
                continue
            if records is None:
                raise PeerGoneError(f"'{self.spec.name}' died before the end of its frames")
            self._told.extend(records)
            self._latest = self._told[-1][1]
            if self._told[-1][0] == END:
                self._told.pop()
                self._ended = True
            return

    def _look(self, slot: int, generation: int) -> Lease:
        found, time_ns, index, camera, layout = HEADER.unpack_from(self._memory, self._begins[slot])
        if found != generation:
            raise StageError(
                f"ring '{self.spec.name}': slot {slot} holds generation {found}, not {generation}"
            )
        known, image = self._images[slot]
        if known != layout:
            shape, dtype = read_layout(layout)
            image = _SlotImage(shape, dtype, self._memory, self._begins[slot] + PAGE)
            self._images[slot] = layout, image
        lent = image.view(_LentImage)
        lent.lease = self._returns.give, slot, generation
        return Lease(self.spec.cameras[camera], index, time_ns, generation, lent.view(np.ndarray))


class _SlotImage(np.ndarray[Any, Any]):
    """A slot's pixels; made once, and again only when its images take another shape."""


class _LentImage(np.ndarray[Any, Any]):
    """The same pixels for one lease, which is returned when nobody looks at them any more.

    Every array made of it, at any remove, keeps it alive: NumPy never reaches through an array of
    another class when it looks for whose memory a view is of.
    """

    lease: tuple[Callable[[int, int], None], int, int] | None = None

    def __del__(self) -> None:
        if self.lease is not None:
            give, slot, generation = self.lease
            give(slot, generation)


class _Returns:
    """The wire on which leases are returned; open as long as any lease of it is held.

    It keeps the descriptor, whose number it writes to, from being closed.
    """

    def __init__(self, wire: Descriptor) -> None:
        self._wire, self._fd = wire, wire.fd

    def give(self, slot: int, generation: int) -> None:
        """Return a lease."""
        try:
            os.write(self._fd, RECORD.pack(slot, generation))
        except BrokenPipeError:
            return  # the writer is gone, and its leases with it
