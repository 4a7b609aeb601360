"""Pipes that carry records of 16 bytes, wake who waits for them, and hang up when an end dies.

A pipe's end is closed by the kernel when the last process that holds it is gone, whatever ended
it; by then none of its threads runs any more. So a hang-up is proof of death, and needs no clock.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing import context
from time import monotonic
from typing import Any

from retailsim.errors import DeviceError, StageError

RECORD = struct.Struct("<qq")
MOST_RECORDS = 4096  # in one read


class PeerGoneError(StageError):
    """The process at the other end is dead, or closed its end before its time."""


_HANDED: ContextVar[list[Descriptor]] = ContextVar("handed")


class Descriptor:
    """A file descriptor that closes with its owner, or travels to a child while it is started.

    It is the child's then, and closed here (`handing_over`): a pipe hangs up only when nobody
    holds its other end any more.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def fd(self) -> int:
        """The number; raises ValueError when it is closed."""
        if self._fd < 0:
            raise ValueError("this end was closed, or handed on")
        return self._fd

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._fd < 0

    def close(self) -> None:
        """Close it, if it is open."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> Any:
        spawning: Any = context.get_spawning_popen()
        handed = _HANDED.get(None)
        if spawning is None or handed is None:
            raise TypeError("an end can be handed to a child only while the child is started")
        handed.append(self)
        return _inherited, (spawning.duplicate_for_child(self.fd),)


def _inherited(fd: int) -> Descriptor:
    os.set_inheritable(fd, False)  # not to grandchildren, who would keep the pipe open
    return Descriptor(fd)


@contextmanager
def handing_over() -> Iterator[None]:
    """Let descriptors travel to the child that is started meanwhile; they are closed here then."""
    handed: list[Descriptor] = []
    token = _HANDED.set(handed)
    try:
        yield
    finally:
        _HANDED.reset(token)
        for descriptor in handed:
            descriptor.close()


def make_wire() -> tuple[Descriptor, Descriptor]:
    """Make a pipe; returns the end to read from and the end to write to, neither of which blocks.

    Raises:
        DeviceError: too many files are open.
    """
    try:
        out, into = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise DeviceError(f"cannot make a pipe: {error.strerror}; raise ulimit -n") from error
    return Descriptor(out), Descriptor(into)


def records_in(wire: Descriptor) -> int:
    """Return how many records fit into a pipe: fewer where a user has very many pipes."""
    return fcntl.fcntl(wire.fd, fcntl.F_GETPIPE_SZ) // RECORD.size


def read_records(wire: Descriptor, most: int = MOST_RECORDS) -> Iterator[tuple[int, int]] | None:
    """Return what is in the pipe, at most so many records; None when it was hung up.

    Raises:
        BlockingIOError: nothing is in it.
    """
    data = os.read(wire.fd, most * RECORD.size)
    return RECORD.iter_unpack(data) if data else None


class Deadline:
    """How much of a waiting time is left."""

    def __init__(self, timeout_s: float | None) -> None:
        self._end_s = None if timeout_s is None else monotonic() + timeout_s

    def left_ms(self) -> float | None:
        """Return milliseconds, None for ever; raises TimeoutError when none are left."""
        if self._end_s is None:
            return None
        left_s = self._end_s - monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s * 1e3


def wait_for(wire: Descriptor, deadline: Deadline) -> None:
    """Sleep until there is something to read or a hang-up; raises TimeoutError."""
    poll = select.poll()
    poll.register(wire.fd, select.POLLIN)
    while not poll.poll(deadline.left_ms()):
        pass
