"""The parent's hold on the processes of a pipeline: makes their channels, starts and ends them."""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Protocol

from retailsim.engine.graph import Station
from retailsim.engine.pipeline.attach import make_socket, send_attachment
from retailsim.engine.pipeline.board import Board
from retailsim.engine.pipeline.control import threads_each, undisturbed
from retailsim.engine.pipeline.decode import DecodeBrief, LiveBrief, Source, run_decode
from retailsim.engine.pipeline.layout import (
    BAG_KINDS,
    Edge,
    edges,
    kept_kinds,
    reads_frames,
    sources_of,
)
from retailsim.engine.pipeline.mail import Inbox
from retailsim.engine.pipeline.notes import Report, TickHeader, TickNote
from retailsim.engine.pipeline.partition import DECODE, Group
from retailsim.engine.pipeline.worker import WorkerBrief, run_worker
from retailsim.engine.shm import (
    FrameRing,
    MessageChannel,
    MessageReader,
    RingSpec,
    require_room,
)
from retailsim.engine.shm.channel import ChannelEnd
from retailsim.engine.shm.memory import MIB
from retailsim.engine.shm.ring import ReaderEnd, ReaderWires
from retailsim.engine.shm.wires import RECORD, Descriptor, make_wire
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

CHANNEL_BYTES = MIB
MOST_WINDOW, LEAST_WINDOW = 8, 2
MOST_WINDOW_BYTES = 512 * MIB  # of frames under way
MOST_EARLY_BYTES = 256 * MIB  # of slots that wait for their tick; what is above is copied


class Child(Protocol):
    """A started process."""

    @property
    def name(self) -> str: ...

    @property
    def sentinel(self) -> int: ...

    @property
    def exitcode(self) -> int | None: ...

    def kill(self) -> None: ...

    def join(self, timeout: float | None = None) -> None: ...


class Start(Protocol):
    """How processes are started: `start_child`."""

    def __call__(self, function: Callable[..., Any], *args: Any, name: str) -> Child: ...


@dataclass(frozen=True)
class Order:
    """What is to run.

    Attributes:
        source: of messages.
        stations: in running order.
        groups: which of them share a process.
        context: to make them with.
        lateness_s: how far messages may be out of order.
        window: ticks under way at once.
        backlog_ticks: complete ticks that may wait to be handed out, in a replay that is played at
            the recording's own pace; None for a lossless one.
    """

    source: Source
    stations: Sequence[Station]
    groups: Sequence[Group]
    context: StageContext
    lateness_s: float
    window: int
    backlog_ticks: int | None = None

    @property
    def live(self) -> bool:
        """Whether it is played at the recording's own pace."""
        return self.backlog_ticks is not None


@dataclass(frozen=True)
class Member:
    """A process, the parent's end of its line, and in live mode the way to give it channels."""

    child: Child
    line: Connection
    post: socket.socket | None

    def close(self) -> None:
        """Close the parent's ends."""
        self.line.close()
        if self.post:
            self.post.close()


def window_for(plan: StorePlan) -> int:
    """Return how many ticks may be under way: fewer where frames are many and large."""
    tick = sum(camera.width_px * camera.height_px * 3 for camera in plan.cameras)
    return max(LEAST_WINDOW, min(MOST_WINDOW, MOST_WINDOW_BYTES // max(tick, 1)))


def ring_for(plan: StorePlan, *, lateness_s: float, window: int) -> tuple[RingSpec, int] | None:
    """Return the frame ring that a replay needs, and how many of its slots may wait for a tick.

    None for a plan without cameras.
    """
    if not plan.cameras:
        return None
    slot_bytes = max(camera.width_px * camera.height_px * 3 for camera in plan.cameras)
    wait = sum(math.ceil(lateness_s * camera.rate_hz) + 2 for camera in plan.cameras)
    early = max(1, min(wait, MOST_EARLY_BYTES // slot_bytes))
    # A stage may keep the tick before beside the one it is at.
    slots = early + (window + 2) * len(plan.cameras)
    cameras = tuple(camera.id for camera in plan.cameras)
    return RingSpec(name=DECODE, cameras=cameras, slots=slots, slot_bytes=slot_bytes), early


class Crew:
    """All processes of one replay; as a context, it ends them all.

    Raises:
        DeviceError: not enough shared memory; nothing was started then.
    """

    def __init__(self, order: Order, start: Start) -> None:
        self._order = order
        self._start = start
        self.names = [DECODE, *(group.name for group in order.groups)]
        self.members: dict[str, Member] = {}
        self._rows = {name: row for row, name in enumerate([*self.names, ""])}
        found = ring_for(order.context.plan, lateness_s=order.lateness_s, window=order.window)
        spec, self._early = found if found else (None, 0)
        looks = any(reads_frames(group, order.stations) for group in order.groups)
        spec = spec if looks else None
        self._edges = edges(order.groups, order.stations)
        channels = len(self._edges) + 2 * len(order.groups) + 1
        slots = f"{spec.slots} frame slots, " if spec else ""
        require_room(
            (spec.size if spec else 0) + channels * CHANNEL_BYTES,
            what=f"a pipeline of {len(self.names)} processes ({slots}{channels} channels)",
        )
        self.board = Board(len(self._rows))
        self._ring = FrameRing(spec) if spec else None
        self._between = {(edge.sender, edge.receiver): _channel(edge) for edge in self._edges}
        self._sources = {group.name: _source_channel(group) for group in order.groups}
        notes = MessageChannel(f"{DECODE} -> parent", kinds=(TickNote, *BAG_KINDS))
        self._reports = {DECODE: notes} | {
            group.name: _report_channel(group, order.stations) for group in order.groups
        }
        self.inbox = Inbox({n: MessageReader(c.reader()) for n, c in self._reports.items()})
        self._credits_out, self._credits = make_wire()
        self.granted = 0

    def start(self) -> None:
        """Start all processes, those that read the bag last."""
        with threads_each(1), undisturbed():
            for group in self._order.groups:
                ring = self._ring_for(group)
                frames = ring.reader(group.name) if ring else None
                self._add(group.name, run_worker, partial(self._worker, group, frames))
            self._add(DECODE, run_decode, self._decode)
        if self._ring and not self._order.live:
            self._ring.close()

    def renew(self, name: str) -> Renewal:
        """Start a worker anew, once it is dead; others learn of it when it is `attach`ed."""
        (group,) = (group for group in self._order.groups if group.name == name)
        self.members[name].child.join()  # its end may be told a moment before it has gone
        self.members[name].close()
        self.board.clear(self._rows[name])
        for edge in self._edges:
            if name in (edge.sender, edge.receiver):
                self._between[edge.sender, edge.receiver] = _channel(edge)
        self._sources[name] = _source_channel(group)
        self._reports[name] = _report_channel(group, self._order.stations)
        ring = self._ring_for(group)
        frames, wires = ring.spare_reader(name) if ring else (None, None)
        with threads_each(1), undisturbed():
            self._add(name, run_worker, partial(self._worker, group, frames))
        return Renewal(name, wires)

    def attach(self, new: Renewal) -> None:
        """Let a worker that was started anew take part, from the first tick not yet let go on."""
        name, first = new.name, self.granted
        for edge in self._edges:
            channel = self._between[edge.sender, edge.receiver]
            if edge.sender == name:
                self._send(edge.receiver, channel.reader(), peer=name, first=first, incoming=True)
            elif edge.receiver == name:
                self._send(edge.sender, channel.writer(), peer=name, first=first, incoming=False)
        self._send(
            DECODE,
            self._sources[name].writer(),
            peer=name,
            first=first,
            incoming=False,
            wires=new.wires,
        )
        self.inbox.replace(name, MessageReader(self._reports[name].reader()), first=first)

    def _send(self, to: str, end: ChannelEnd, **about: Any) -> None:
        post = self.members[to].post
        assert post is not None
        send_attachment(post, end, **about)

    def _ring_for(self, group: Group) -> FrameRing | None:
        return self._ring if reads_frames(group, self._order.stations) else None

    def runs(self, name: str, row: int) -> bool:
        """Whether a process runs a stage."""
        return any(row in group.rows for group in self._order.groups if group.name == name)

    def let_go_on(self, ticks: int) -> None:
        """Allow so many more ticks to be handed out."""
        self.granted += ticks
        try:
            for _ in range(ticks):
                os.write(self._credits.fd, RECORD.pack(0, 0))
        except BrokenPipeError:
            return  # it has reached the end

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for member in self.members.values():
            member.child.kill()
        for member in self.members.values():
            member.child.join()
            member.close()
        if self._ring:
            self._ring.close()
        self.inbox.close()
        self._credits.close()

    def _add(
        self,
        name: str,
        function: Callable[..., Any],
        brief_for: Callable[[Connection, Descriptor | None], Any],
    ) -> None:
        hear, say = Pipe(duplex=False)
        post, mailbox = make_socket() if self._order.live else (None, None)
        child = self._start(function, brief_for(say, mailbox), name=name)
        say.close()
        self.members[name] = Member(child, hear, post)

    def _worker(
        self, group: Group, frames: ReaderEnd | None, line: Connection, mailbox: Descriptor | None
    ) -> WorkerBrief:
        order, name = self._order, group.name
        near = tuple(edge for edge in self._edges if name in (edge.sender, edge.receiver))
        incoming = {
            edge.sender: self._between[edge.sender, name].reader()
            for edge in near
            if edge.receiver == name
        }
        return WorkerBrief(
            name=name,
            stations={row: order.stations[row] for row in group.rows},
            context=order.context,
            edges=near,
            incoming={DECODE: self._sources[name].reader()} | incoming,
            outgoing={
                edge.receiver: self._between[name, edge.receiver].writer()
                for edge in near
                if edge.sender == name
            },
            parent=self._reports[name].writer(),
            frames=frames,
            line=line,
            board=self.board.end(self._rows[name]),
            board_rows=self._rows,
            mailbox=mailbox,
        )

    def _decode(self, line: Connection, mailbox: Descriptor | None) -> DecodeBrief:
        order = self._order
        return DecodeBrief(
            source=order.source,
            lateness_ns=round(order.lateness_s * 1e9),
            ring=self._ring.writer() if self._ring else None,
            early=self._early,
            workers={
                group.name: (
                    self._sources[group.name].writer(),
                    sources_of(group, order.stations),
                )
                for group in order.groups
            },
            parent=self._reports[DECODE].writer(),
            credits=self._credits_out,
            line=line,
            board=self.board.end(self._rows[DECODE]),
            board_rows=self._rows,
            live=LiveBrief(order.backlog_ticks, mailbox)
            if mailbox and order.backlog_ticks is not None
            else None,
        )


@dataclass(frozen=True)
class Renewal:
    """A worker that was started anew, and its wires for who writes frames."""

    name: str
    wires: ReaderWires | None


def _channel(edge: Edge) -> MessageChannel:
    name = f"{edge.sender} -> {edge.receiver}"
    return MessageChannel(name, kinds=edge.kinds, size=CHANNEL_BYTES)


def _source_channel(group: Group) -> MessageChannel:
    name = f"{DECODE} -> {group.name}"
    return MessageChannel(name, kinds=(TickHeader, *BAG_KINDS), size=CHANNEL_BYTES)


def _report_channel(group: Group, stations: Sequence[Station]) -> MessageChannel:
    kinds = kept_kinds(group, stations)
    return MessageChannel(f"{group.name} -> parent", kinds=(Report, *kinds))
