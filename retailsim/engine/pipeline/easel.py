"""Where frames are decoded to: slots of the ring, or other memory where there are too few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

import numpy as np

from retailsim.engine.pipeline.board import NO_STAGE, Sign
from retailsim.engine.pipeline.control import Teller
from retailsim.engine.shm import FrameWriter, PeerGoneError, Slot
from retailsim.engine.shm.ring import ReaderWires, WriterEnd
from retailsim.messages.sensors import Frame
from retailsim.session.video import Image

BEFORE_ALL = NO_STAGE  # the row of what fails before the first stage of a tick
ASK_S = 2.0  # a wait for a slot this long is explained to the parent


class Easel:
    """Gives memory to decode into: slots of the ring, as long as few wait for their tick.

    Where too many do (a bag may put any number of frames into one instant), or for an image that
    cannot be decoded in place, it gives other memory, and the image is copied when its tick goes
    out.

    Args:
        ring: None where no stage reads frames.
        early: slots that may be filled before their tick is complete.
        sign, teller: who is told of a wait for slots.
        waits: whether to wait for free slots, as a lossless replay does.
    """

    def __init__(
        self, ring: WriterEnd | None, early: int, sign: Sign, teller: Teller, *, waits: bool
    ) -> None:
        self._waits = waits
        self._writer = FrameWriter(ring) if ring else None
        self._early = early
        self._slots: dict[int, Slot] = {}
        self._sign = sign
        self._teller = teller
        self.waited_s = 0.0

    def place(self, shape: tuple[int, int, int]) -> Image:
        """Return memory for an image."""
        fits = self._writer is not None and int(np.prod(shape)) <= self._writer.spec.slot_bytes
        if not fits or len(self._slots) >= self._early:
            return np.empty(shape, np.uint8)
        slot = self._borrow() if self._waits else self._borrow_if_free()
        if slot is None:
            return np.empty(shape, np.uint8)
        image = slot.image(shape)
        self._slots[image.ctypes.data] = slot
        return image

    def publish(self, frames: Iterable[Frame]) -> None:
        """Give the frames of a tick to all who read frames."""
        if self._writer is None:
            return
        for frame in frames:
            slot = self._slots.pop(frame.image.ctypes.data, None)
            if slot is None:
                slot = self._borrow()
                slot.image(frame.image.shape, frame.image.dtype)[:] = frame.image
            self._publish(self._writer, slot, frame)

    def publish_if_room(self, frames: Sequence[Frame]) -> bool:
        """Give the frames of a tick to all who read frames; False where slots are wanting."""
        if self._writer is None:
            return True
        spare: list[Slot] = []
        outside = [f for f in frames if f.image.ctypes.data not in self._slots]
        while len(spare) < len(outside):
            slot = self._borrow_if_free()
            if slot is None:
                for other in spare:
                    self._writer.give_back(other)
                if self._writer.readers:
                    return False
                self.discard(frames)  # nobody is there to read them
                return True
            spare.append(slot)
        for frame in frames:
            slot = self._slots.pop(frame.image.ctypes.data, None)
            if slot is None:
                slot = spare.pop()
                slot.image(frame.image.shape, frame.image.dtype)[:] = frame.image
            self._publish(self._writer, slot, frame)
        return True

    def discard(self, frames: Iterable[Frame]) -> None:
        """Take back the slots of frames that nobody gets."""
        for frame in frames:
            slot = self._slots.pop(frame.image.ctypes.data, None)
            if slot is not None and self._writer is not None:
                self._writer.give_back(slot)

    def attach(self, wires: ReaderWires) -> None:
        """Tell one more reader of what is published from now on."""
        assert self._writer is not None
        self._writer.attach(wires)

    def close(self) -> None:
        """Say that nothing follows."""
        if self._writer is not None:
            self._writer.close()

    def _publish(self, writer: FrameWriter, slot: Slot, frame: Frame) -> None:
        about: dict[str, Any] = {"camera": frame.camera, "index": frame.index}
        writer.publish(slot, time_ns=frame.time_ns, **about)

    def _borrow_if_free(self) -> Slot | None:
        assert self._writer is not None
        try:
            return self._writer.borrow(timeout_s=0)
        except (TimeoutError, PeerGoneError):  # readers that are gone may come back
            return None

    def _borrow(self) -> Slot:
        assert self._writer is not None
        begin = monotonic()
        self._sign.waits(self._sign.row)  # for itself: for a free slot
        while True:
            try:
                slot = self._writer.borrow(timeout_s=ASK_S)
            except TimeoutError:
                held = {name: count for name, count in self._writer.holders().items() if count}
                self._teller.say("held", held=held)
                continue
            self._sign.works(BEFORE_ALL)
            self.waited_s += monotonic() - begin
            return slot
