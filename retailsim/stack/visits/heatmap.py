"""Where people spent their time, cell by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import HeatMap, People
from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
CELL_M = 1.0
LONGEST_STEP_S = 1.0  # a gap in the recording is nobody's time
STAFF_SHARE, STAFF_S = 0.5, 10.0
BEHIND_M, BESIDE_M = 1.2, 0.4  # size of the staff's place behind a till (assumed)


class HeatGrid:
    """Sums confirmed people's seconds per cell of the shop floor; keeps people apart.

    Args:
        plan: gives the floor's size; raises nothing without one, the map is then 1 x 1.
    """

    def __init__(self, plan: StorePlan) -> None:
        size = plan.size_m if plan.size_m is not None else (CELL_M, CELL_M)
        self._size_m = np.array(size)
        nx, ny = (int(np.ceil(extent / CELL_M - 1e-9)) for extent in size)
        self._shape = (ny, nx)
        self._seconds: dict[int, F64] = {}
        self._behind_s: dict[int, float] = {}
        self._behind = StaffPlaces(plan)
        self._before_ns: int | None = None

    def step(self, people: People) -> None:
        """Add the time since the tick before to where everybody is now."""
        before_ns, self._before_ns = self._before_ns, people.time_ns
        if before_ns is None:
            return
        dt_s = min((people.time_ns - before_ns) * 1e-9, LONGEST_STEP_S)
        inside = ((people.xy_m >= 0) & (people.xy_m <= self._size_m)).all(axis=1)
        behind = self._behind.at(people.xy_m)
        for i in np.flatnonzero(inside & people.confirmed):
            person = int(people.person[i])
            cell = np.minimum(people.xy_m[i] // CELL_M, np.array(self._shape[::-1]) - 1)
            column, row = cell.astype(int)
            self._seconds.setdefault(person, np.zeros(self._shape))[row, column] += dt_s
            self._behind_s[person] = self._behind_s.get(person, 0.0) + dt_s * bool(behind[i])

    def staff(self) -> frozenset[int]:
        """Return who spent most of their time behind a till."""
        return frozenset(
            person
            for person, seconds in self._seconds.items()
            if self._behind_s[person] > max(STAFF_S, STAFF_SHARE * float(seconds.sum()))
        )

    def heat_map(self, time_ns: int, left_out: frozenset[int]) -> HeatMap:
        """Return the map of all people but `left_out`."""
        total = np.zeros(self._shape)
        for person, seconds in self._seconds.items():
            if person not in left_out:
                total += seconds
        return HeatMap(time_ns, CELL_M, total)


class StaffPlaces:
    """The strips behind the tills: on the side away from the middle of the shop."""

    def __init__(self, plan: StorePlan) -> None:
        self._strips: list[tuple[F64, F64, F64, F64]] = []
        middle = np.array(plan.size_m) / 2 if plan.size_m is not None else np.zeros(2)
        for till in plan.fixtures:
            if till.kind != "till":
                continue
            along, across = fixture_axes(till)
            center = np.array(till.center_m)
            back = -across if across @ (middle - center) > 0 else across
            half = np.array(till.size_m) / 2
            self._strips.append((center, along, back, half))

    def at(self, xy_m: F64) -> NDArray[np.bool_]:
        """Say which points (n, 2) are behind a till, bool (n,)."""
        found = np.zeros(len(xy_m), bool)
        for center, along, back, half in self._strips:
            offset = xy_m - center
            deep = offset @ back
            wide = np.abs(offset @ along) <= half[0] + BESIDE_M
            found |= wide & (deep > 0) & (deep <= half[1] + BEHIND_M)
        return found
