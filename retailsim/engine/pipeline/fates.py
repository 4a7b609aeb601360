"""What becomes of the processes: who is ready, done, failed or dead, and what to raise."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from time import monotonic

from retailsim.engine.graph import Station
from retailsim.engine.pipeline.board import BUILDING, ENDING
from retailsim.engine.pipeline.control import Said, understand
from retailsim.engine.pipeline.crew import Crew
from retailsim.engine.pipeline.partition import DECODE
from retailsim.engine.pipeline.revival import Revival
from retailsim.engine.pipeline.watchdog import StuckError, Watchdog
from retailsim.errors import RetailError, StageError

Place = tuple[int, int]  # tick, row in running order


class Fates:
    """Waits for the processes, and raises what the serial executor would raise.

    Args:
        crew: the processes.
        stations: in running order.
        watchdog: who looks whether they get on.
        revival: who starts workers anew in a live replay, once all stages were made.
    """

    def __init__(
        self,
        crew: Crew,
        stations: Sequence[Station],
        watchdog: Watchdog,
        revival: Revival | None = None,
    ) -> None:
        self._crew = crew
        self._stations = stations
        self._watchdog = watchdog
        self._look_s = min(1.0, watchdog.stall_s / 4)
        self._looked_s = monotonic()
        self._lines: dict[int, str] = {}
        self._deaths: dict[int, str] = {}
        for name in crew.members:
            self._enrol(name)
        self._revival = revival
        self._stuck: dict[str, str] = {}
        self._ready: set[str] = set()
        self._over: set[str] = set()  # nothing more comes of them
        self._done: dict[str, Said] = {}
        self._failures: dict[Place, RetailError] = {}
        self._held: dict[str, int] = {}

    def all_ready(self) -> bool:
        """Whether all stages are made."""
        return len(self._ready) == len(self._crew.members)

    def all_done(self) -> bool:
        """Whether all have come to the end."""
        over = self._over if self._revival else self._done
        return len(over) == len(self._crew.members)

    def warnings(self) -> tuple[str, ...]:
        """Return the stages' warnings, in running order."""
        found = [warning for said in self._done.values() for warning in said.warnings]
        return tuple(text for _, text in sorted(found, key=lambda warning: warning[0]))

    def dropped_frames(self) -> int:
        """Return how many frames did not decode."""
        return self._done[DECODE].dropped

    def late_frames(self) -> int:
        """Return for how many frames there was no time."""
        return self._done[DECODE].late

    def wait(self) -> None:
        """Sleep until somebody says something; or a while.

        Raises:
            RetailError: a stage failed, and none can fail before it in the serial executor.
            StageError: a process died, or does not get on; in a live replay, once too often.
        """
        for fd in self._crew.inbox.wait(self._look_s * 1e3):
            if fd in self._lines:
                self._hear(fd)
            elif fd in self._deaths:
                self._bury(fd)
        if monotonic() - self._looked_s >= self._look_s:
            self._look()
            self._looked_s = monotonic()
        if self._revival:
            self._revive(self._revival)
        if self._failures:
            place = min(self._failures)
            if self._revival or all(self._is_past(name, place) for name in self._crew.names):
                raise self._failures[place]

    def _enrol(self, name: str) -> None:
        """Listen to a process."""
        member = self._crew.members[name]
        self._lines[member.line.fileno()] = name
        self._deaths[member.child.sentinel] = name
        self._crew.inbox.listen_to(member.line.fileno())
        self._crew.inbox.listen_to(member.child.sentinel)

    def _look(self) -> None:
        """Let the watchdog look; a worker that is stuck is killed where it is started anew."""
        dead = set(self._stuck) | (self._revival.waiting if self._revival else set())
        try:
            self._watchdog.look(self._crew.board.states(), self._held, self._over | dead)
        except StuckError as error:
            if not self._revival or not self.all_ready():
                raise
            self._revival.check(error.process, str(error))
            self._stuck[error.process] = str(error)
            self._crew.members[error.process].child.kill()

    def _revive(self, revival: Revival) -> None:
        """Start anew who is dead, unless the session is over."""
        if DECODE in self._over:
            revival.end()
            self._over |= revival.absent
            revival.absent.clear()
        revival.start_next(self._enrol)

    def _hear(self, fd: int) -> None:
        """Take in a line of a process."""
        name = self._lines[fd]
        try:
            said = understand(self._crew.members[name].line.recv_bytes())
        except (EOFError, OSError):
            self._crew.inbox.ignore(fd)
            del self._lines[fd]
            return
        if said.what == "ready":
            self._ready.add(name)
            if self._revival:
                self._revival.ready(name)
        elif said.what == "held":
            self._held = said.held
        else:
            self._over.add(name)
        if said.what == "done":
            self._done[name] = said
        elif said.error is not None:
            self._failures[said.at] = said.error

    def _bury(self, fd: int) -> None:
        """Take note of a process that is dead; raises StageError unless it said why."""
        name = self._deaths.pop(fd)
        self._crew.inbox.ignore(fd)
        for line in [line for line, who in self._lines.items() if who == name]:
            while line in self._lines:
                self._hear(line)
        if name in self._over:
            return
        why = self._stuck.pop(name, None) or self._obituary(name)
        if not self._revival or not self.all_ready():
            raise StageError(why)
        if DECODE in self._over:
            self._over.add(name)
            self._revival.lines.append(f"{why}; the session was over, its last words are lost")
        else:
            self._revival.add(name, why)

    def _obituary(self, name: str) -> str:
        child = self._crew.members[name].child
        child.join()
        code = child.exitcode or 0
        how = f"ended with exit code {code}"
        if code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
            if -code == signal.SIGKILL:
                how += " (by a user, or for want of memory)"
        row = self._crew.names.index(name)
        state = self._crew.board.states()[row]
        stages = [s.role for r, s in enumerate(self._stations) if self._crew.runs(name, r)]
        which = f" ({', '.join(stages)})" if stages else ""
        special = {BUILDING: "before it began", ENDING: "at the end"}
        when = special.get(state.tick, f"at tick {state.tick}")
        return f"process '{name}'{which} {how}, {when}"

    def _is_past(self, name: str, place: Place) -> bool:
        """Whether a process cannot fail before that place any more."""
        tick, row = place
        if name in self._over or (name == DECODE and name in self._ready):
            return True  # a tick that is at work was read before
        if tick < 0:
            return name in self._ready
        return self._crew.inbox.received(name) >= (tick if row < 0 else tick + 1)
