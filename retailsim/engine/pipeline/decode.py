"""The process that reads the bag: forms ticks, fills the frame ring, hands out the ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import numpy as np

from retailsim.engine.pipeline.board import BoardEnd, Sign
from retailsim.engine.pipeline.control import Teller, limit_threads
from retailsim.engine.pipeline.layout import Kinds
from retailsim.engine.pipeline.notes import NO_BATCH, TickHeader, TickNote
from retailsim.engine.shm import FrameWriter, MessageWriter, PeerGoneError, Slot
from retailsim.engine.shm.channel import ChannelEnd
from retailsim.engine.shm.ring import WriterEnd
from retailsim.engine.shm.wires import Deadline, Descriptor, read_records, wait_for
from retailsim.engine.ticks import Tick, in_ticks
from retailsim.errors import RetailError, StageError
from retailsim.messages.base import Message
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.session import BagReader
from retailsim.session.video import Image, Place

BEFORE_ALL = -1  # the row of what fails before the first stage of a tick
ASK_S = 2.0  # a wait for a slot this long is explained to the parent


class Source(Protocol):
    """Where messages come from, in order of arrival; handed to the process that reads them.

    Attributes:
        dropped_frames: images that could not be decoded in the last run of `messages`.
    """

    @property
    def dropped_frames(self) -> int: ...

    def messages(self, place: Place) -> Iterable[Message]:
        """Return sensor messages; images may be written into memory that `place` gives."""
        ...


class BagSource:
    """A session bag, opened where it is read."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.dropped_frames = 0

    def messages(self, place: Place) -> Iterator[Message]:
        """Return what `BagReader.messages` does; raises as it does."""
        reader = BagReader(self.path)
        yield from reader.messages(place=place)
        self.dropped_frames = reader.dropped_frames


@dataclass(frozen=True)
class DecodeBrief:
    """What the process needs.

    Attributes:
        source: of messages.
        lateness_ns: see `in_ticks`.
        ring: None where no stage reads frames.
        early: slots that may be filled before their tick is complete.
        workers: channel to each worker and what its stages read.
        parent: channel of notes.
        credits: a record comes for every tick that may be handed out.
        line, board: to the parent.
        parent_row: the parent's row on the board.
    """

    source: Source
    lateness_ns: int
    ring: WriterEnd | None
    early: int
    workers: dict[str, tuple[ChannelEnd, Kinds]]
    parent: ChannelEnd
    credits: Descriptor
    line: Connection
    board: BoardEnd
    parent_row: int


def run_decode(brief: DecodeBrief) -> None:
    """Do all of it."""
    limit_threads()
    teller = Teller(brief.line)
    hands = _Hands(brief, teller)
    teller.say("ready")
    try:
        hands.wait_for_credit()
        hands.credits += 1  # the first is a sign to begin, and stays
        for tick in in_ticks(hands.listen(brief.source), lateness_ns=brief.lateness_ns):
            hands.hand_out(tick)
    except PeerGoneError:
        teller.say("left")
    except RetailError as error:
        teller.failed((hands.ticks, BEFORE_ALL), error)
    except Exception as error:
        text = f"reading failed: {type(error).__name__}: {error}"
        teller.failed((hands.ticks, BEFORE_ALL), StageError(text))
    else:
        hands.close()
        teller.say("done", dropped=brief.source.dropped_frames)


class _Hands:
    """Hands out ticks, and keeps the times."""

    def __init__(self, brief: DecodeBrief, teller: Teller) -> None:
        self.ticks = 0
        self.credits = 0
        self._brief = brief
        self._sign = Sign(brief.board)
        self._easel = _Easel(brief.ring, brief.early, self._sign, teller)
        self._workers = {
            name: (MessageWriter(end), kinds) for name, (end, kinds) in brief.workers.items()
        }
        self._parent = MessageWriter(brief.parent)
        self._arrived: list[Message] = []
        self._times: list[tuple[float, int]] = []

    def listen(self, source: Source) -> Iterator[Message]:
        """Pass messages on, note how long each took to get, and keep them for the parent."""
        messages = iter(source.messages(self._easel.place))
        while True:
            self._sign.works(BEFORE_ALL)
            begin, self._easel.waited_s = monotonic(), 0.0
            try:
                message = next(messages)
            except StopIteration:
                return
            took_s = monotonic() - begin - self._easel.waited_s
            if isinstance(message, FrameBatch):
                self._times.append((took_s, len(message.frames)))
            else:
                self._times.append((took_s, 0))
                self._arrived.append(message)
            yield message

    def wait_for_credit(self) -> None:
        """Wait until one more tick may be handed out."""
        self._sign.waits(self._brief.parent_row)
        while not self.credits:
            try:
                records = read_records(self._brief.credits)
            except BlockingIOError:
                wait_for(self._brief.credits, Deadline(None))
                continue
            if records is None:
                raise PeerGoneError("the parent wants no more")
            self.credits += len(list(records))
        self.credits -= 1

    def hand_out(self, tick: Tick) -> None:
        """Give a tick to all workers, and a note of it to the parent."""
        self.wait_for_credit()
        self._sign.tick(self.ticks)
        self._sign.works(BEFORE_ALL)
        batch = next((m for m in tick.messages if isinstance(m, FrameBatch)), None)
        if batch is not None:
            self._easel.publish(batch.frames)
        frames = len(batch.frames) if batch else NO_BATCH
        header = TickHeader(tick.watermark_ns, frames, batch.time_ns if batch else 0)
        seconds, items = zip(*self._times, strict=True) if self._times else ((), ())
        note = TickNote(
            tick.watermark_ns,
            tick.messages[0].time_ns,
            max(frames, 0),
            monotonic(),
            np.array(seconds, np.float64),
            np.array(items, np.int64),
        )
        for writer, kinds in self._workers.values():
            wanted = [m for m in tick.messages if m is not batch and isinstance(m, kinds)]
            try:
                writer.send([header, *wanted], stamp_ns=self.ticks)
            except PeerGoneError:
                continue  # the parent knows, or soon will
        self._parent.send([note, *self._arrived], stamp_ns=self.ticks)
        self._arrived.clear()
        self._times.clear()
        self.ticks += 1

    def close(self) -> None:
        """Say that nothing follows."""
        self._sign.tick(self.ticks)
        self._easel.close()
        for writer, _ in self._workers.values():
            writer.close()
        self._parent.close()


class _Easel:
    """Gives memory to decode into: slots of the ring, as long as few wait for their tick.

    Where too many do (a bag may put any number of frames into one instant), or for an image that
    cannot be decoded in place, it gives other memory, and the image is copied when its tick goes
    out.
    """

    def __init__(self, ring: WriterEnd | None, early: int, sign: Sign, teller: Teller) -> None:
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
        slot = self._borrow()
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
            about: dict[str, Any] = {"camera": frame.camera, "index": frame.index}
            self._writer.publish(slot, time_ns=frame.time_ns, **about)

    def close(self) -> None:
        """Say that nothing follows."""
        if self._writer is not None:
            self._writer.close()

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
            assert slot is not None
            self._sign.works(BEFORE_ALL)
            self.waited_s += monotonic() - begin
            return slot
