"""The list of garments that hang or lie at fixtures that are not their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import Misplaced
from retailsim.stack.tagmotion.rest import Rest
from retailsim.store.plan import StorePlan

CHANGE_M = 0.5  # an estimate that moved so far is told again
AGAIN_NS, AGAIN_M = 30_000_000_000, 1.5  # so soon at rest again so near: it never left


class MisplacedList:
    """Opens and closes entries."""

    def __init__(self, plan: StorePlan) -> None:
        self._epc = [item.epc for item in plan.items]
        self._own = [item.fixture for item in plan.items]
        self._fixtures: NDArray[np.str_] = np.array([f.id for f in plan.fixtures], np.str_)
        self._open: dict[int, Misplaced] = {}
        self._closed: dict[int, Misplaced] = {}

    def find(self, row: int, rest: Rest, *, since_ns: int, now_ns: int) -> list[Misplaced]:
        """Open an entry for a garment; return it, or an open one whose estimate has changed."""
        entry, known = self._entry(row, rest), self._open.get(row)
        before = self._closed.pop(row, None)
        if known is None and before is not None and _goes_on(before, entry, since_ns):
            known = before
        if known is None:
            entry = replace(entry, time_ns=since_ns, found_ns=now_ns)
        else:
            entry = replace(entry, time_ns=known.time_ns, found_ns=known.found_ns)
            way_m = float(np.linalg.norm(entry.xy_m - known.xy_m))
            worse = entry.sigma_m > known.sigma_m  # what hangs there is ever better known
            if worse or (entry.fixture == known.fixture and way_m < CHANGE_M):
                return [] if row in self._open else self._reopen(row, entry, known)
        self._open[row] = entry
        return [entry]

    def _reopen(self, row: int, entry: Misplaced, known: Misplaced) -> list[Misplaced]:
        """Go on with an entry closed too soon, with the better of the two estimates."""
        better = entry if entry.sigma_m <= known.sigma_m else known
        self._open[row] = replace(better, end_ns=0)
        return [self._open[row]]

    def over(self, row: int, now_ns: int) -> list[Misplaced]:
        """Close a garment's entry, if there is one."""
        entry = self._open.pop(row, None)
        if entry is not None:
            self._closed[row] = replace(entry, end_ns=now_ns)
        return [] if entry is None else [replace(entry, end_ns=now_ns)]

    def _entry(self, row: int, rest: Rest) -> Misplaced:
        near = [(str(self._fixtures[f]), s) for f, s in zip(rest.fixtures, rest.share, strict=True)]
        elsewhere = [name for name, _ in near if name != self._own[row]]
        return Misplaced(
            0,
            end_ns=0,
            found_ns=0,
            epc=self._epc[row],
            fixture=elsewhere[0],
            confidence=rest.other,
            sigma_m=rest.sigma_m,
            near=np.array([name for name, _ in near], np.str_),
            share=np.array([share for _, share in near]),
            xy_m=rest.xy_m,
        )


def _goes_on(before: Misplaced, entry: Misplaced, since_ns: int) -> bool:
    """Say whether a new entry is an old one that was closed too soon."""
    near = float(np.linalg.norm(entry.xy_m - before.xy_m)) <= AGAIN_M
    return near and since_ns - before.end_ns <= AGAIN_NS
