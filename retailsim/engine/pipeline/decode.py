"""The process that reads the bag: forms ticks, fills the frame ring, hands out the ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Protocol

import numpy as np

from retailsim.engine.live import MOMENT_NS, MOST_SLEEP_NS, Backlog, Tape
from retailsim.engine.pipeline.attach import Mailbox
from retailsim.engine.pipeline.board import BoardEnd, Sign
from retailsim.engine.pipeline.control import Teller, limit_threads
from retailsim.engine.pipeline.easel import BEFORE_ALL, Easel
from retailsim.engine.pipeline.layout import BAG_KINDS, Kinds
from retailsim.engine.pipeline.notes import NO_BATCH, TickHeader, TickNote
from retailsim.engine.shm import MessageWriter, PeerGoneError
from retailsim.engine.shm.channel import ChannelEnd
from retailsim.engine.shm.ring import WriterEnd
from retailsim.engine.shm.wires import Deadline, Descriptor, read_records, wait_for
from retailsim.engine.ticks import Tick, in_ticks
from retailsim.errors import RetailError, StageError, first_line
from retailsim.messages.base import Message
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.session import BagReader
from retailsim.session.video import Place


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
        board_rows: of all processes on the board; '' is the parent.
        live: how to play at the pace of the recording's own clock; None for a lossless replay.
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
    board_rows: dict[str, int]
    live: LiveBrief | None = None


@dataclass(frozen=True)
class LiveBrief:
    """What the process needs in a live replay.

    Attributes:
        backlog_ticks: as for `run_live`.
        mailbox: where ends come of workers that were started anew.
    """

    backlog_ticks: int
    mailbox: Descriptor


def run_decode(brief: DecodeBrief) -> None:
    """Do all of it."""
    limit_threads(1)
    teller = Teller(brief.line)
    hands = _Hands(brief, teller)
    teller.say("ready")
    try:
        hands.wait_for_credit()
        hands.credits += 1  # the first is a sign to begin, and stays
        if brief.live:
            _play(hands, brief, brief.live)
        else:
            for tick in in_ticks(hands.listen(brief.source), lateness_ns=brief.lateness_ns):
                hands.hand_out(tick)
    except PeerGoneError:
        teller.say("left")
    except RetailError as error:
        teller.failed((hands.ticks, BEFORE_ALL), error)
    except Exception as error:
        text = f"reading failed: {type(error).__name__}: {first_line(error)}"
        teller.failed((hands.ticks, BEFORE_ALL), StageError(text))
    else:
        hands.close()
        teller.say("done", dropped=brief.source.dropped_frames, late=hands.late)


def _play(hands: _Hands, brief: DecodeBrief, live: LiveBrief) -> None:
    """Hand out ticks at the pace of their own times; drop frames where the workers fall behind."""
    tape = Tape(hands.listen(brief.source), clock=monotonic, begin_s=None)
    lateness_s = brief.lateness_ns * 1e-9
    backlog = Backlog(lateness_s=lateness_s, most=live.backlog_ticks, on_drop=hands.drop)
    while True:
        for message in tape.due():
            backlog.add(message)
        backlog.advance(tape.now_ns(), over=tape.over)
        hands.take_credits()
        tick = backlog.take() if hands.credits else None
        if tick is not None:
            hands.hand_out_if_room(tick, due_s=tape.due_s(tick.messages[-1].time_ns))
            continue
        events = [ns for ns in (tape.next_ns, backlog.next_ns) if ns is not None]
        if not events and not backlog.waits:
            return
        ahead_ns = min(events) - tape.now_ns() if events else MOST_SLEEP_NS
        hands.rest(min(max(ahead_ns, MOMENT_NS), MOST_SLEEP_NS) * 1e-9)


class _Hands:
    """Hands out ticks, and keeps the times."""

    def __init__(self, brief: DecodeBrief, teller: Teller) -> None:
        self.ticks = 0
        self.credits = 0
        self.late = 0
        self._mailbox = Mailbox(brief.live.mailbox if brief.live else None)
        self._brief = brief
        self._sign = Sign(brief.board)
        self._easel = Easel(brief.ring, brief.early, self._sign, teller, waits=brief.live is None)
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
        self._sign.waits(self._brief.board_rows[""])
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

    def take_credits(self) -> None:
        """Take note of what may be handed out by now."""
        try:
            records = read_records(self._brief.credits)
        except BlockingIOError:
            return
        if records is None:
            raise PeerGoneError("the parent wants no more")
        self.credits += len(list(records))

    def rest(self, seconds: float) -> None:
        """Sleep so long, or until more may be handed out."""
        self._sign.waits(self._brief.board_rows[""])
        with suppress(TimeoutError):
            wait_for(self._brief.credits, Deadline(seconds))

    def drop(self, frames: Sequence[Frame]) -> None:
        """Let go of frames for which there is no time."""
        self.late += len(frames)
        self._easel.discard(frames)

    def hand_out(self, tick: Tick) -> None:
        """Give a tick to all workers, and a note of it to the parent."""
        self.wait_for_credit()
        self._begin_tick()
        batch = _batch_of(tick)
        if batch is not None:
            self._easel.publish(batch.frames)
        self._tell(tick, batch, since_s=monotonic())

    def hand_out_if_room(self, tick: Tick, *, due_s: float) -> None:
        """As `hand_out`, with credit at hand; drops the frames if workers hold too many slots."""
        self.credits -= 1
        self._begin_tick()
        for sent in self._mailbox.due(self.ticks):
            writer, kinds = self._workers[sent.peer]
            writer.abort()
            self._workers[sent.peer] = MessageWriter(sent.end((TickHeader, *BAG_KINDS))), kinds
            if sent.wires:
                self._easel.attach(sent.wires)
        batch = _batch_of(tick)
        if batch is not None and not self._easel.publish_if_room(batch.frames):
            self.drop(batch.frames)
            batch = None
        self._tell(tick, batch, since_s=due_s)

    def _begin_tick(self) -> None:
        self._sign.tick(self.ticks)
        self._sign.works(BEFORE_ALL)

    def _tell(self, tick: Tick, batch: FrameBatch | None, *, since_s: float) -> None:
        frames = len(batch.frames) if batch else NO_BATCH
        header = TickHeader(tick.watermark_ns, frames, batch.time_ns if batch else 0)
        seconds, items = zip(*self._times, strict=True) if self._times else ((), ())
        note = TickNote(
            tick.watermark_ns,
            tick.messages[0].time_ns,
            max(frames, 0),
            since_s,
            np.array(seconds, np.float64),
            np.array(items, np.int64),
        )
        for name, (writer, kinds) in self._workers.items():
            others = (m for m in tick.messages if not isinstance(m, FrameBatch))
            wanted = [m for m in others if isinstance(m, kinds)]
            self._sign.waits(self._brief.board_rows[name])
            try:
                writer.send([header, *wanted], stamp_ns=self.ticks)
            except PeerGoneError:
                continue  # the parent knows, or soon will
        self._sign.waits(self._brief.board_rows[""])
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


def _batch_of(tick: Tick) -> FrameBatch | None:
    return next((m for m in tick.messages if isinstance(m, FrameBatch)), None)
