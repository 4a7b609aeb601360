"""A process that runs some stages of the stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import monotonic

import numpy as np

from retailsim.engine.graph import Node, Station, build_node
from retailsim.engine.pipeline.attach import Mailbox
from retailsim.engine.pipeline.board import ENDING, BoardEnd, Sign
from retailsim.engine.pipeline.control import Teller, limit_threads
from retailsim.engine.pipeline.layout import Edge, Kinds
from retailsim.engine.pipeline.mail import Inbox
from retailsim.engine.pipeline.notes import NO_BATCH, Report, TickHeader
from retailsim.engine.pipeline.partition import DECODE, reaches
from retailsim.engine.shm import FrameReader, MessageReader, MessageWriter, PeerGoneError
from retailsim.engine.shm.channel import ChannelEnd
from retailsim.engine.shm.ring import ReaderEnd
from retailsim.engine.shm.wires import Descriptor
from retailsim.engine.stepping import count_items, kept, last_step, step, warnings_of
from retailsim.errors import RetailError, StageError, first_line
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch
from retailsim.stack.stage import StageContext


@dataclass(frozen=True)
class WorkerBrief:
    """What a worker needs.

    Attributes:
        stations: its stages by their row in running order.
        context: to make them with.
        edges: from other workers and to them.
        incoming: channel from each other worker that tells it something, and from `decode`.
        outgoing: channel to each worker that it tells something.
        parent: channel of reports.
        frames: the ring; None where no stage looks at frames.
        line, board: to the parent.
        board_rows: of all processes by name.
        mailbox: where ends come of processes that were started anew; None in a lossless replay,
            where nobody is.
    """

    name: str
    stations: dict[int, Station]
    context: StageContext
    edges: tuple[Edge, ...]
    incoming: dict[str, ChannelEnd]
    outgoing: dict[str, ChannelEnd]
    parent: ChannelEnd
    frames: ReaderEnd | None
    line: Connection
    board: BoardEnd
    board_rows: dict[str, int]
    mailbox: Descriptor | None = None


def run_worker(brief: WorkerBrief) -> None:
    """Make the stages, and run them until the session ends or one fails."""
    teller = Teller(brief.line)
    worker = _Worker(brief)
    try:
        worker.build()
        limit_threads(1)
        teller.say("ready")
        warnings = worker.run()
    except PeerGoneError:
        teller.say("left")
    except RetailError as error:
        teller.failed(worker.at, error)
    except Exception as error:
        text = f"process '{brief.name}' failed: {type(error).__name__}: {first_line(error)}"
        teller.failed(worker.at, StageError(text))
    else:
        teller.say("done", warnings=warnings)
    finally:
        worker.close()


class _Worker:
    def __init__(self, brief: WorkerBrief) -> None:
        self.at = (-1, 0)
        self._brief = brief
        self._nodes: dict[int, Node] = {}
        self._sign = Sign(brief.board)
        readers = {name: MessageReader(end) for name, end in brief.incoming.items()}
        self._inbox = Inbox(readers)
        self._outgoing = {
            name: MessageWriter(end, wait=self._inbox.wait_for)
            for name, end in brief.outgoing.items()
        }
        self._parent = MessageWriter(brief.parent, wait=self._inbox.wait_for)
        self._frames = FrameReader(brief.frames) if brief.frames else None
        self._feeders: dict[str, list[int]] = {}  # process -> rows of which it tells, in order
        self._tells: defaultdict[int, list[tuple[str, Kinds]]] = defaultdict(list)
        for edge in brief.edges:
            if edge.receiver == brief.name:
                self._feeders[edge.sender] = sorted(edge.wanted)
            else:
                for row, kinds in edge.wanted.items():
                    self._tells[row].append((edge.receiver, kinds))
        self._live = brief.mailbox is not None
        self._mailbox = Mailbox(brief.mailbox)
        self._needs = {row: _feeders(row, brief) for row in brief.stations}

    def build(self) -> None:
        """Make the stages; raises StageError, ModelError."""
        context = self._brief.context
        options = {"threads": 1} | context.options
        context = replace(context, options=options)
        for row, station in self._brief.stations.items():
            self.at = (-1, row)
            self._sign.works(row)
            self._nodes[row] = build_node(station, context)

    def run(self) -> list[tuple[int, str]]:
        """Run all ticks and the end; returns the stages' warnings by row."""
        tick, watermark_ns = 0, 0
        while (at := self._tick(tick)) is not None:
            tick, watermark_ns = at.tick + 1, at.watermark_ns
            self._round(at)
            del at  # frames go back before the next tick is waited for
        self._round(_Round(tick, watermark_ns, [], last=True))
        return self._warnings()

    def close(self) -> None:
        """Let go of everything; those who wait for more are told."""
        for writer in (*self._outgoing.values(), self._parent):
            writer.abort()
        self._inbox.close()
        if self._frames:
            self._frames.close()

    def _tick(self, number: int) -> _Round | None:
        """Return the next tick with what it brings from the bag; None at the end."""
        self._sign.tick(number)
        self._sign.waits(self._brief.board_rows[DECODE])
        packet = self._inbox.take(DECODE)
        if packet is None:
            return None
        header, *sources = packet.messages
        assert isinstance(header, TickHeader)
        assert packet.stamp_ns == number or self._live
        self._sign.tick(packet.stamp_ns)
        self._meet_new_ones(packet.stamp_ns)
        if self._frames and header.frames != NO_BATCH:
            sources.append(self._batch(header))
        return _Round(packet.stamp_ns, header.time_ns, sources)

    def _meet_new_ones(self, tick: int) -> None:
        """Take the ends of processes that were started anew and take part from this tick on."""
        for sent in self._mailbox.due(tick):
            sender, receiver = sent.peer, self._brief.name
            if not sent.incoming:
                sender, receiver = receiver, sender
            (kinds,) = (
                edge.kinds
                for edge in self._brief.edges
                if (edge.sender, edge.receiver) == (sender, receiver)
            )
            if sent.incoming:
                self._inbox.replace(sent.peer, MessageReader(sent.end(kinds)), first=sent.first)
                continue
            if (before := self._outgoing.pop(sent.peer, None)) is not None:
                before.abort()
            writer = MessageWriter(sent.end(kinds), wait=self._inbox.wait_for)
            self._outgoing[sent.peer] = writer

    def _batch(self, header: TickHeader) -> FrameBatch:
        assert self._frames is not None
        frames = []
        for _ in range(header.frames):
            lease = self._frames.take()
            if lease is None:
                raise StageError("the frame ring ended before its ticks")
            frames.append(lease.frame())
            lease.release()
        return FrameBatch(header.batch_ns, tuple(frames))

    def _round(self, at: _Round) -> None:
        """Run every stage once, in running order, and tell what they say."""
        words: dict[int, Sequence[Message]] = {}
        report: list[tuple[int, float, int]] = []
        told: list[Message] = []
        for row, node in self._nodes.items():
            self.at = (at.tick, row)
            self._sign.tick(ENDING if at.last else at.tick)
            self._hear(row, words, at.tick)
            here = [*at.sources, *(m for r in sorted(words) if r < row for m in words[r])]
            wanted = [m for m in here if isinstance(m, node.stage.inputs)]
            self._sign.works(row)
            begin = monotonic()
            do = last_step if at.last else step
            said = do(node, wanted, at.watermark_ns, beat=self._sign.beat)
            seconds = monotonic() - begin
            if not node.baseline:
                words[row] = said
            self._tell(row, node, said, at.tick)
            stays = list(kept(said))
            told += stays
            report.append((len(stays), seconds, count_items(wanted)))
        counts, seconds_of, items = zip(*report, strict=True)
        note = Report(
            at.watermark_ns,
            monotonic(),
            np.array(counts, np.int64),
            np.array(seconds_of, np.float64),
            np.array(items, np.int64),
        )
        self._sign.waits(self._brief.board_rows[""])
        self._parent.send([note, *told], stamp_ns=at.tick)

    def _hear(self, row: int, words: dict[int, Sequence[Message]], tick: int) -> None:
        """Get what those stages elsewhere said that feed this one, if it was not heard yet."""
        for feeder, process in self._needs[row]:
            while feeder not in words:
                if not self._inbox.has(process):
                    self._sign.waits(self._brief.board_rows[process])
                packet = (
                    self._inbox.take_at(process, tick) if self._live else self._inbox.take(process)
                )
                if not self._live and (packet is None or packet.stamp_ns != tick):
                    raise StageError(f"process '{process}' is at another tick than {tick}")
                speaker = next(r for r in self._feeders[process] if r not in words)
                words[speaker] = packet.messages if packet else ()

    def _tell(self, row: int, node: Node, said: Sequence[Message], tick: int) -> None:
        for process, kinds in self._tells[row]:
            writer = self._outgoing.get(process)
            if writer is None:
                continue
            wanted = [m for m in said if isinstance(m, kinds)]
            self._sign.waits(self._brief.board_rows[process])
            try:
                writer.send(wanted, stamp_ns=tick)
            except PeerGoneError:  # it failed; what comes before its failure may still fail here
                self._outgoing.pop(process).abort()
            except StageError as error:
                raise StageError(f"stage '{node.role}': {error}") from error

    def _warnings(self) -> list[tuple[int, str]]:
        found = []
        for row, node in self._nodes.items():
            self.at = (self.at[0] + 1, row)
            texts = warnings_of(node)
            found += [(row, text) for text in texts if not node.baseline]
        for writer in (*self._outgoing.values(), self._parent):
            writer.close()
        return found


def _feeders(row: int, brief: WorkerBrief) -> list[tuple[int, str]]:
    """Return the stages elsewhere that may feed one here, and their processes."""
    inputs = brief.stations[row].inputs
    return [
        (feeder, edge.sender)
        for edge in brief.edges
        if edge.receiver == brief.name
        for feeder, kinds in edge.wanted.items()
        if feeder < row and reaches(kinds, inputs)
    ]


@dataclass(frozen=True)
class _Round:
    """A tick, or the end: what the bag brings, and the watermark."""

    tick: int
    watermark_ns: int
    sources: list[Message]
    last: bool = False
