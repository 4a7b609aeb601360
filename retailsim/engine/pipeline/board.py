"""Who is doing what: a page of shared memory in which each process keeps a row of its own.

The parent reads it now and then. A row may be torn, half of one state and half of the next; it is
only ever compared with what it was, and after a minute without change it is whole.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from retailsim.engine.shm.memory import map_memory, take_memory, whole_pages
from retailsim.engine.shm.wires import Descriptor

WORKING, WAITING = 0, 1
BUILDING, ENDING = -1, -2  # the tick before the first, and the one after the last
NO_STAGE = -1
WORDS = 4  # beats, tick, what, which
ROW = WORDS * 8


@dataclass(frozen=True)
class State:
    """What a process is doing.

    Attributes:
        beats: grows with every call of a stage.
        tick: number of the tick it is at; -1 before the first, -2 at the end.
        what: WORKING, or WAITING.
        which: row of the stage that works, -1 for none; the process waited for.
    """

    beats: int
    tick: int
    what: int
    which: int


@dataclass(frozen=True)
class BoardEnd:
    """What a process needs to write its row: `Sign(end)`, here or in a child."""

    row: int
    size: int
    memory: Descriptor


class Board:
    """The parent's hold on it."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._size = whole_pages(rows * ROW)
        self._memory = Descriptor(take_memory(self._size, what="the board of the pipeline"))
        mapped = map_memory(self._memory.fd, size=self._size, writable=True)
        self._view = memoryview(mapped).cast("q")
        for row in range(rows):
            self.clear(row)

    def end(self, row: int) -> BoardEnd:
        """Return what the process of a row needs."""
        return BoardEnd(row, self._size, Descriptor(os.dup(self._memory.fd)))

    def clear(self, row: int) -> None:
        """Write that a process is about to start; while none has the row."""
        begin = row * WORDS
        self._view[begin + 1], self._view[begin + 2] = BUILDING, WORKING
        self._view[begin + 3] = NO_STAGE
        self._view[begin] += 1

    def states(self) -> list[State]:
        """Return what all are doing."""
        rows = range(0, self._rows * WORDS, WORDS)
        return [State(*self._view[begin : begin + WORDS]) for begin in rows]


class Sign:
    """A process's own row."""

    def __init__(self, end: BoardEnd) -> None:
        mapped = map_memory(end.memory.fd, size=end.size, writable=True)
        end.memory.close()
        self._row = memoryview(mapped).cast("q")[end.row * WORDS : (end.row + 1) * WORDS]
        self._row[1] = BUILDING
        self.row = end.row

    def tick(self, number: int) -> None:
        """Say which tick is begun."""
        self._row[1] = number

    def works(self, stage: int) -> None:
        """Say that a stage, by its row, begins to work."""
        self._row[2], self._row[3] = WORKING, stage
        self._row[0] += 1

    def waits(self, process: int) -> None:
        """Say that it waits for another process, by its row on the board."""
        self._row[2], self._row[3] = WAITING, process
        self._row[0] += 1

    def beat(self) -> None:
        """Say that it gets on."""
        self._row[0] += 1
