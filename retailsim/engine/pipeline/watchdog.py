"""Notices a stage that does not return, and a pipeline that does not get on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from retailsim.engine.graph import Station
from retailsim.engine.pipeline.board import BUILDING, ENDING, WORKING, State
from retailsim.engine.vigil import LONG_PATIENCE
from retailsim.errors import StageError


class StuckError(StageError):
    """A process does not get on.

    Attributes:
        process: its name.
    """

    def __init__(self, line: str, process: str) -> None:
        super().__init__(line)
        self.process = process


class Watchdog:
    """Compares what processes do with what they did.

    Args:
        names: of processes, by their row on the board; the first decodes, the parent's is last.
        stations: by their row in running order.
        stall_s: how long a stage may take for one message.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        names: Sequence[str],
        stations: Sequence[Station],
        *,
        stall_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._names = names
        self._stations = stations
        self.stall_s = stall_s
        self._clock = clock
        self._seen: dict[int, tuple[State, float]] = {}
        self._looked_s = clock()

    def look(self, states: Sequence[State], held: Mapping[str, int], done: set[str]) -> None:
        """Take note of what all are doing.

        Args:
            states: by row.
            held: frame slots that processes hold, where a free one is waited for.
            done: processes that have ended well.

        Raises:
            StuckError: a stage did not return in time.
            StageError: nothing moves.
        """
        now = self._clock()
        # Where the parent itself stood still, as after Ctrl-Z, so did the others.
        slept_s = max(0.0, now - self._looked_s - self.stall_s / 2)
        self._seen = {row: (state, since + slept_s) for row, (state, since) in self._seen.items()}
        self._looked_s = now
        for row, state in enumerate(states):
            before = self._seen.get(row)
            if before is None or before[0] != state:
                self._seen[row] = (state, now)
        still = {row: now - since for row, (_, since) in self._seen.items()}
        active = [row for row, name in enumerate(self._names) if name and name not in done]
        for row in active:
            if states[row].what == WORKING:
                self._check_stage(row, states[row], still[row])
        if active and all(still[row] > self.stall_s for row in active):
            long = [row for row in active if states[row].tick in (BUILDING, ENDING)]
            if not any(states[row].what == WORKING for row in long):
                raise StageError(self._stuck(states, active, held))

    def _check_stage(self, row: int, state: State, still_s: float) -> None:
        long = state.tick in (BUILDING, ENDING)
        patience = self.stall_s * (LONG_PATIENCE if long else 1)
        if still_s <= patience:
            return
        name = self._names[row]
        if state.which < 0 or row == 0:
            what = "has read nothing for" if row == 0 else "did not start within"
            raise StuckError(f"process '{name}' {what} {patience:g} s", name)
        station = self._stations[state.which]
        doing = {BUILDING: "being made", ENDING: "at its end"}.get(state.tick, "at work")
        when = f", tick {state.tick}" if state.tick >= 0 else ""
        raise StuckError(
            f"stage '{station.role}' ({station.kind.__name__}) did not return: {doing} for more "
            f"than {patience:g} s (process '{name}'{when})",
            name,
        )

    def _stuck(
        self, states: Sequence[State], active: Sequence[int], held: Mapping[str, int]
    ) -> str:
        waits = []
        for row in active:
            which = states[row].which
            if which == row:
                holders = ", ".join(f"'{name}' holds {count}" for name, count in held.items())
                waits.append(f"'{self._names[row]}' waits for a frame slot ({holders})")
            else:
                target = self._names[which] if 0 <= which < len(self._names) else ""
                waits.append(f"'{self._names[row]}' waits for '{target or 'the parent'}'")
        return f"nothing moved for {self.stall_s:g} s: {'; '.join(waits)}"
