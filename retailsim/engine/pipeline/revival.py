"""Which workers are started anew in a live replay: those that died or are stuck, so many times."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from retailsim.engine.pipeline.crew import Crew, Renewal
from retailsim.engine.pipeline.partition import DECODE
from retailsim.errors import StageError


class Revival:
    """Starts workers anew, one at a time: so each finds all others running, or dead.

    Args:
        crew: whose workers.
        restarts: how often each of them at most.

    Attributes:
        lines: what happened.
        absent: workers that take part no more, or not yet again.
    """

    def __init__(self, crew: Crew, restarts: int) -> None:
        self.lines: list[str] = []
        self.absent: set[str] = set()
        self._crew = crew
        self._restarts = restarts
        self._counts: Counter[str] = Counter()
        self._dead: deque[str] = deque()
        self._making: Renewal | None = None

    @property
    def waiting(self) -> set[str]:
        """Workers that are dead, and not being made again yet."""
        return set(self._dead)

    def check(self, name: str, why: str) -> None:
        """Refuse to start a process anew once more; raises StageError."""
        if name == DECODE:  # it holds the recording and the frames
            raise StageError(why)
        if self._counts[name] == self._restarts:
            times = f"; it was started anew {self._restarts} times" if self._restarts else ""
            raise StageError(f"{why}{times}")

    def add(self, name: str, why: str) -> None:
        """Take note of a dead worker; raises StageError where it was started too often."""
        self.check(name, why)
        self._counts[name] += 1
        times = f"{self._counts[name]} of {self._restarts}"
        self.lines.append(f"{why}; started anew ({times}), without memory of what it saw")
        self.absent.add(name)
        self._dead.append(name)
        if self._making and self._making.name == name:
            self._making = None

    def start_next(self, enrol: Callable[[str], None]) -> None:
        """Start the next one, if none is being made; `enrol` is told of its new process."""
        if self._dead and self._making is None:
            self._making = self._crew.renew(self._dead.popleft())
            enrol(self._making.name)

    def ready(self, name: str) -> None:
        """Let a worker that has made its stages take part."""
        if self._making and self._making.name == name:
            self._crew.attach(self._making)
            self.absent.remove(name)
            self._making = None

    def end(self) -> None:
        """Start nobody any more: the session is over."""
        for name in sorted(self.absent):
            self.lines.append(f"process '{name}' was not back before the end of the session")
        if self._making:
            self._crew.members[self._making.name].child.kill()
            self._making = None
        self._dead.clear()
