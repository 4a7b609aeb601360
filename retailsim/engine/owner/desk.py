"""A guest's desk: shared memory for what its networks are fed, and for what they say.

A guest asks and waits, so one question lies there at a time: inputs first, outputs behind them,
each array of all items beginning at a multiple of 64 bytes.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.shm.memory import MIB, map_memory, take_memory
from retailsim.engine.shm.wires import Descriptor
from retailsim.errors import DeviceError

ALIGN = 64
ROOM_BYTES = 16 * MIB
WHAT = "the desk of a process whose networks run elsewhere"

Shape = tuple[int, ...]
Kinds = tuple[tuple[Shape, str], ...]  # of an item's inputs: shapes, and dtypes as numpy writes


@dataclass(frozen=True)
class Item:
    """What a network takes and says for one item.

    Attributes:
        fed: shape and dtype of each input.
        said: shape of each output, float32.
    """

    fed: Kinds
    said: tuple[Shape, ...]

    def arrays(self) -> Kinds:
        """Return shape and dtype of all, inputs first."""
        return self.fed + tuple((shape, "<f4") for shape in self.said)


def items_in(size: int, item: Item) -> int:
    """Return how many items fit into so many bytes, wherever their arrays begin."""
    each = sum(_bytes(shape, dtype) for shape, dtype in item.arrays())
    return max(0, (size - ALIGN * len(item.arrays())) // max(1, each))


def places(item: Item, count: int) -> Iterator[tuple[int, Shape, str]]:
    """Yield where each array of so many items begins, its shape and dtype; inputs come first."""
    begin = 0
    for shape, dtype in item.arrays():
        yield begin, (count, *shape), dtype
        begin += -(-count * _bytes(shape, dtype) // ALIGN) * ALIGN


def _bytes(shape: Shape, dtype: str) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


class Desk:
    """The memory, from either side; it travels to a child while that is started.

    Args:
        memory: anonymous shared memory.
        size: its bytes.
    """

    def __init__(self, memory: Descriptor, size: int) -> None:
        self.size = size
        self._descriptor = memory
        self._memory: mmap.mmap | None = None

    def __reduce__(self) -> Any:
        return Desk, (self._descriptor, self.size)

    def arrays(self, item: Item, count: int) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Return the inputs and the outputs of so many items, as they lie there.

        Raises:
            DeviceError: the process may not take so much address space.
        """
        if self._memory is None:
            self._memory = map_memory(self._descriptor.fd, size=self.size, writable=True)
        lie = [
            np.ndarray(shape, dtype, buffer=self._memory, offset=begin)
            for begin, shape, dtype in places(item, count)
        ]
        return lie[: len(item.fed)], lie[len(item.fed) :]


@dataclass(frozen=True)
class Seat:
    """One end of what a guest shares with the owner: a line to talk on, and the desk."""

    line: Connection
    desk: Desk

    def close(self) -> None:
        """Let go of the line."""
        self.line.close()


def make_seats(room_bytes: int = ROOM_BYTES) -> tuple[Seat, Seat]:
    """Make a line and a desk; returns the guest's end and the owner's.

    Raises:
        NoMemoryError: there is not so much shared memory.
        DeviceError: too many files are open.
    """
    memory = Descriptor(take_memory(room_bytes, what=WHAT))
    try:
        twin = Descriptor(os.dup(memory.fd))
        near, far = Pipe()
    except OSError as error:
        raise DeviceError(f"{WHAT}: {error.strerror}; raise ulimit -n") from error
    return Seat(near, Desk(memory, room_bytes)), Seat(far, Desk(twin, room_bytes))
