"""How running processes come to channels of one that was started anew (in live mode alone).

The parent makes the channels, hands their ends on one side to the new process, and those on the
other side, through a socket, to the processes that run. It says from which tick on they are to be
used, and that is one that it has not let go on yet. So a process that looks at its socket when a
tick has come finds there all that concerns this tick.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from retailsim.engine.shm.channel import ChannelEnd
from retailsim.engine.shm.ring import ReaderWires
from retailsim.engine.shm.wires import Descriptor
from retailsim.messages.base import Message

MOST_BYTES, MOST_ENDS = 4096, 5


@dataclass(frozen=True)
class Attachment:
    """One side of a channel with a process that was started anew.

    Attributes:
        peer: that process.
        first: tick from which on it takes part.
        incoming: whether it speaks on the channel; else it listens.
        name, size: of the channel.
        ends: its descriptors.
        wires: to it as a reader of frames, for who writes them.
    """

    peer: str
    first: int
    incoming: bool
    name: str
    size: int
    ends: tuple[Descriptor, Descriptor, Descriptor]
    wires: ReaderWires | None

    def end(self, kinds: Sequence[type[Message]]) -> ChannelEnd:
        """Return the end of a channel on which such messages travel."""
        return ChannelEnd(self.name, self.size, tuple(kinds), *self.ends)


def make_socket() -> tuple[socket.socket, Descriptor]:
    """Make the way by which attachments reach a process: the parent's end and the other."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return ours, Descriptor(theirs.detach())


def send_attachment(
    to: socket.socket,
    end: ChannelEnd,
    *,
    peer: str,
    first: int,
    incoming: bool,
    wires: ReaderWires | None = None,
) -> None:
    """Hand a channel's end to a running process, where it is closed then; a dead one gets none."""
    about = {"peer": peer, "first": first, "incoming": incoming, "name": end.name, "size": end.size}
    ends = [end.memory, end.told, end.read]
    if wires:
        about["wires"] = [wires.place, wires.name]
        ends += [wires.frames, wires.returns]
    with suppress(OSError):  # it is dead, and will be started anew with channels of its own
        socket.send_fds(to, [json.dumps(about).encode()], [one.fd for one in ends])
    for one in ends:
        one.close()


class Mailbox:
    """A process's end: what was sent and is not due yet.

    Args:
        end: None where nobody is ever started anew.
    """

    def __init__(self, end: Descriptor | None) -> None:
        self._socket = socket.socket(fileno=os.dup(end.fd)) if end else None
        if self._socket and end:
            self._socket.setblocking(False)
            end.close()
        self._waiting: list[Attachment] = []

    def due(self, tick: int) -> list[Attachment]:
        """Return what is to be used from this tick on."""
        while self._socket and (sent := _receive(self._socket)):
            self._waiting.append(sent)
        due = [sent for sent in self._waiting if sent.first <= tick]
        self._waiting = [sent for sent in self._waiting if sent.first > tick]
        return due


def _receive(at: socket.socket) -> Attachment | None:
    try:
        text, fds, _, _ = socket.recv_fds(at, MOST_BYTES, MOST_ENDS)
    except BlockingIOError:
        return None
    if not text:
        return None
    for fd in fds:
        os.set_inheritable(fd, False)
    memory, told, read, *wires = (Descriptor(fd) for fd in fds)
    about = json.loads(text)
    reader = ReaderWires(*about.pop("wires"), *wires) if wires else None
    return Attachment(**about, ends=(memory, told, read), wires=reader)
