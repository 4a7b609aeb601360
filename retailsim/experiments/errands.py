"""Processes of a bench: each does one thing, and says what came of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from time import monotonic
from typing import Any

from retailsim.engine.pipeline.control import limit_threads, threads_each, undisturbed
from retailsim.engine.shm import start_child
from retailsim.errors import RetailError, StageError, first_line

PATIENCE_S = 900.0


class Errand:
    """A process that runs `function(line, *args)` and sends what it has to say on its line.

    It dies with this process, and is ended by `close` or by leaving the context.

    Args:
        function: what to run, of a module that a fresh process can import.
        args: for it.
        name: of the process.
        threads: that number libraries get there.
    """

    def __init__(
        self, function: Callable[..., None], *args: Any, name: str, threads: int = 1
    ) -> None:
        self.name = name
        self.line, far = Pipe()
        with threads_each(threads), undisturbed():
            self._child: SpawnProcess = start_child(_do, far, function, args, threads, name=name)
        far.close()

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._child.pid

    def hear(self, patience_s: float = PATIENCE_S) -> Any:
        """Return what it says next.

        Raises:
            RetailError: it says that it failed so.
            StageError: it died, or says nothing for so long.
        """
        if not self.line.poll(patience_s):
            raise StageError(f"{self.name} has said nothing for {patience_s:g} s")
        try:
            said = self.line.recv()
        except (EOFError, OSError) as error:
            raise StageError(f"{self.name} {self._end()}") from error
        if isinstance(said, RetailError):
            raise said
        return said

    def tell(self, what: Any) -> None:
        """Say something to it; raises StageError when it is dead."""
        try:
            self.line.send(what)
        except OSError as error:
            raise StageError(f"{self.name} {self._end()}") from error

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.join()
        self.line.close()

    def __enter__(self) -> Errand:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> str:
        self._child.join(timeout=10)
        code = self._child.exitcode
        if code is not None and code < 0:
            hint = " (by a user, or for want of memory)" if -code == signal.SIGKILL else ""
            return f"was killed by {signal.Signals(-code).name}{hint}"
        return f"ended with exit code {code}"


def hear_all(errands: Sequence[Errand], patience_s: float = PATIENCE_S) -> list[Any]:
    """Return what each of some errands says next, in their order; raises as `hear` does.

    The first that fails is heard of at once, though others have not spoken yet.
    """
    deadline = monotonic() + patience_s
    said: dict[Connection, Any] = {}
    by_line = {errand.line: errand for errand in errands}
    while left := [line for line in by_line if line not in said]:
        ready = wait_for(left, timeout=max(0.0, deadline - monotonic()))
        if not ready:
            names = ", ".join(by_line[line].name for line in left[:4])
            raise StageError(f"{names}: nothing was said for {patience_s:g} s")
        for line in left:
            if line in ready:
                said[line] = by_line[line].hear()
    return [said[errand.line] for errand in errands]


def stand_by(errands: Sequence[Errand], until_s: float) -> None:
    """Wait until an instant (monotonic seconds), with nobody saying anything before.

    Raises:
        RetailError: one fails, or dies.
        StageError: one ends too soon.
    """
    while (left_s := until_s - monotonic()) > 0:
        ready = wait_for([errand.line for errand in errands], timeout=left_s)
        for errand in errands:
            if errand.line in ready:
                errand.hear()
                raise StageError(f"{errand.name} ended too soon")


def _do(
    line: Connection, function: Callable[..., None], args: tuple[Any, ...], threads: int
) -> None:
    """Do the errand; what it raises is said on the line."""
    limit_threads(threads)
    try:
        function(line, *args)
    except RetailError as error:
        _say(line, error)
    except (BrokenPipeError, EOFError):
        return  # nobody wants to know any more
    except Exception as error:
        text = f"{function.__name__}: {type(error).__name__}: {first_line(error)}"
        _say(line, StageError(text))


def _say(line: Connection, what: Any) -> None:
    try:
        line.send(what)
    except OSError:
        return


def accuse(line: Connection) -> Callable[[str], None]:
    """Return what says on an errand's line which stage does not return, for a `Vigil`."""
    return lambda text: _say(line, StageError(text))
