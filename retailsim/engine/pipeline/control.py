"""What a process of a pipeline tells the parent of itself: few lines, each a JSON object."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from retailsim import errors
from retailsim.errors import RetailError, StageError

THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True)
class Said:
    """A line from a process.

    Attributes:
        what: 'ready', 'failed', 'left' (another process is gone, and so it cannot go on), 'done',
            'held' (of slots).
        at: (tick, row in running order) of a failure.
        error: what the parent is to raise.
        warnings: (row, text) of its stages' warnings, when it is done.
        dropped: frames that did not decode, when it is done.
        late: frames for which there was no time, when it is done.
        held: slots waiting for each process.
    """

    what: str
    at: tuple[int, int] = (0, 0)
    error: RetailError | None = None
    warnings: tuple[tuple[int, str], ...] = ()
    dropped: int = 0
    late: int = 0
    held: dict[str, int] = field(default_factory=dict)


class Teller:
    """A process's end of its line to the parent."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def say(self, what: str, **more: Any) -> None:
        """Tell it, if the parent still listens."""
        try:
            self._line.send_bytes(json.dumps({"what": what, **more}).encode())
        except OSError:
            return

    def failed(self, at: tuple[int, int], error: RetailError) -> None:
        """Say what the parent is to raise, and where the serial executor would have."""
        known = [kind.__name__ for kind in type(error).__mro__ if kind in _ERRORS.values()]
        self.say("failed", at=at, kind=known[0], text=str(error))


_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, RetailError)
}


def understand(line: bytes) -> Said:
    """Read what a process said."""
    data = json.loads(line)
    kind = _ERRORS.get(data.get("kind", ""), StageError)
    return Said(
        what=data["what"],
        at=tuple(data.get("at", (0, 0))),
        error=kind(data["text"]) if data["what"] == "failed" else None,
        warnings=tuple((row, text) for row, text in data.get("warnings", ())),
        dropped=data.get("dropped", 0),
        late=data.get("late", 0),
        held=data.get("held", {}),
    )


@contextmanager
def threads_each(threads: int) -> Iterator[None]:
    """Let processes that are started meanwhile find so many threads for their number libraries."""
    before = {name: os.environ.get(name) for name in THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def limit_threads(threads: int) -> None:
    """Give so many threads to libraries that are loaded and do not go by the environment."""
    if (cv2 := sys.modules.get("cv2")) is not None:
        cv2.setNumThreads(threads)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)


@contextmanager
def few_threads(threads: int) -> Iterator[None]:
    """Give so many threads to loaded libraries meanwhile, in a process that is the user's."""
    cv2, torch = sys.modules.get("cv2"), sys.modules.get("torch")
    before = cv2 and cv2.getNumThreads(), torch and torch.get_num_threads()
    limit_threads(threads)
    try:
        yield
    finally:
        if cv2:
            cv2.setNumThreads(before[0])
        if torch:
            torch.set_num_threads(before[1])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let children start with Ctrl-C held off: it is the parent's to end them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
