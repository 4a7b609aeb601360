"""Notices a stage of this very process that does not return.

Nothing can stop it from outside: who is told should say so and end the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType

from retailsim.engine.graph import Node, Station, build_node
from retailsim.stack.stage import StageContext

# Times as long for making a stage, when networks are compiled, and for its end, when it may go
# through all it has seen.
LONG_PATIENCE = 10

OnStall = Callable[[str], None]


class Vigil:
    """Watches over stages that run in the thread that uses it, as a context.

    Args:
        stall_s: how long a stage may take for one message.
        on_stall: told once, from another thread, in one line which stage is stuck; None watches
            nothing.
    """

    def __init__(self, stall_s: float, on_stall: OnStall | None) -> None:
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._over = threading.Event()
        self._doing: Node | Station | None = None
        self._ends = False
        self._beats = 0

    def make(self, stations: Sequence[Station], context: StageContext) -> tuple[Node, ...]:
        """Make stages, in their order; raises StageError, ModelError."""
        nodes = []
        for station in stations:
            self._doing = station
            self._beats += 1
            nodes.append(build_node(station, context))
        return tuple(nodes)

    def reads(self) -> None:
        """Say that the next message is fetched, or waited for."""
        self._doing = None
        self._beats += 1

    def ends(self) -> None:
        """Say that the stages' last words follow."""
        self._ends = True
        self._beats += 1

    def works(self, node: Node) -> None:
        """Say that a stage is called."""
        self._doing = node
        self._beats += 1

    def __enter__(self) -> Vigil:
        if self._on_stall:
            threading.Thread(target=self._watch, args=(self._on_stall,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()

    def _watch(self, on_stall: OnStall) -> None:
        look_s = min(1.0, self._stall_s / 4)
        seen, still_s, looked_s = -1, 0.0, monotonic()
        while not self._over.wait(look_s):
            now_s = monotonic()
            still_s += min(now_s - looked_s, 2 * look_s)  # this process may itself be stopped
            looked_s = now_s
            if self._beats != seen:
                seen, still_s = self._beats, 0.0
            elif still_s > self._patience_s():
                on_stall(self._accusation())
                return

    def _patience_s(self) -> float:
        long = self._ends or isinstance(self._doing, Station)
        return self._stall_s * (LONG_PATIENCE if long else 1)

    def _accusation(self) -> str:
        patience = f"for more than {self._patience_s():g} s"
        match self._doing:
            case Node(role, stage):
                kind = type(stage).__name__
                doing = "at its end" if self._ends else "at work"
                return f"stage '{role}' ({kind}) did not return: {doing} {patience}"
            case Station(role, _, kind):
                return f"stage '{role}' ({kind.__name__}) did not return: being made {patience}"
        return f"the recording gave nothing {patience}"
