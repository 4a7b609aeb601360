"""The channels of one process: all that comes is taken in whenever it waits for anything."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Mapping

from retailsim.engine.shm import MessageReader, Packet, PeerGoneError
from retailsim.engine.shm.wires import Deadline, Descriptor


class Inbox:
    """Packets by sender.

    Args:
        readers: by the sender's name; taken over.
    """

    def __init__(self, readers: Mapping[str, MessageReader]) -> None:
        self._readers = {reader.fileno(): (name, reader) for name, reader in readers.items()}
        self._packets: dict[str, deque[Packet | None]] = {name: deque() for name in readers}
        self._received = dict.fromkeys(readers, 0)
        self._gone: dict[str, PeerGoneError] = {}
        self._first: dict[str, int] = {}  # tick at which one that was started anew begins
        self._poll = select.poll()
        for fd in self._readers:
            self._poll.register(fd, select.POLLIN)

    def listen_to(self, fd: int) -> None:
        """Let `wait` also return when something else can be read."""
        self._poll.register(fd, select.POLLIN)

    def ignore(self, fd: int) -> None:
        """Listen to it no more."""
        self._poll.unregister(fd)

    def wait(self, timeout_ms: float | None = None) -> list[int]:
        """Sleep until something comes, take in packets; returns what else can be read."""
        others = []
        for fd, _ in self._poll.poll(timeout_ms):
            if fd in self._readers:
                self._take_in(fd)
            else:
                others.append(fd)
        return others

    def wait_for(self, wire: Descriptor, deadline: Deadline) -> None:
        """Sleep until a wire can be read, and take in packets meanwhile; raises TimeoutError."""
        self.listen_to(wire.fd)
        try:
            while wire.fd not in self.wait(deadline.left_ms()):
                pass
        finally:
            self.ignore(wire.fd)

    def has(self, name: str) -> bool:
        """Whether a packet of that sender, or its end, is there."""
        return bool(self._packets[name])

    def received(self, name: str) -> int:
        """Return how many packets have come from that sender."""
        return self._received[name]

    def take(self, name: str) -> Packet | None:
        """Return that sender's next packet, waiting for it; None at its end.

        Raises:
            PeerGoneError: it died, or gave up, before its end.
        """
        while not self._packets[name]:
            if name in self._gone:
                raise self._gone[name]
            self.wait()
        return self._packets[name].popleft()

    def has_at(self, name: str, tick: int) -> bool:
        """Whether `take_at` would not wait."""
        packets = self._packets[name]
        while packets and (first := packets[0]) is not None and first.stamp_ns < tick:
            packets.popleft()
        return bool(packets) or name in self._gone or tick < self._first.get(name, 0)

    def take_at(self, name: str, tick: int) -> Packet | None:
        """Return that sender's next packet of a tick, waiting for it.

        None where none comes: it has died, or was started anew and begins later.
        """
        while not self.has_at(name, tick):
            self.wait()
        packets = self._packets[name]
        first = packets[0] if packets else None
        if first is None or first.stamp_ns > tick:
            return None
        return packets.popleft()

    def replace(self, name: str, reader: MessageReader, *, first: int) -> None:
        """Listen to a sender that was started anew, and begins at that tick."""
        for fd in [fd for fd, (sender, _) in self._readers.items() if sender == name]:
            self._take_in(fd)  # the last words of the one before
        self._gone.pop(name, None)
        self._first[name] = first
        self._readers[reader.fileno()] = (name, reader)
        self.listen_to(reader.fileno())

    def close(self) -> None:
        """Read no more."""
        for _, reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _take_in(self, fd: int) -> None:
        name, reader = self._readers[fd]
        try:
            while (packet := reader.receive(timeout_s=0)) is not None:
                self._packets[name].append(packet)
                self._received[name] += 1
        except TimeoutError:
            return
        except PeerGoneError as error:
            self._gone[name] = error
        else:
            self._packets[name].append(None)
        self.ignore(fd)
        del self._readers[fd]
        reader.close()
