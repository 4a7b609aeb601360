"""Places of the plan where people come and go, or vanish without leaving."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.identity.doors import door_lines
from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]


class Places:
    """What a plan says about coming, going and hiding.

    Args:
        plan: the shop.
        door_m: within this distance of a door people may come out of nothing.
        screen_m: within this distance of a fitting room people may go into it.
    """

    def __init__(self, plan: StorePlan, *, door_m: float, screen_m: float) -> None:
        self._size_m = np.array(plan.size_m if plan.size_m is not None else (np.inf, np.inf))
        self._floor = plan.size_m is not None
        self._doors, self._door_m, self._screen_m = door_lines(plan), door_m, screen_m
        self._rooms = [f for f in plan.fixtures if f.kind == "fitting_room"]

    def inside(self, xy_m: F64) -> NDArray[np.bool_]:
        """Say which points (..., 2) are on the shop floor (all, without a known floor)."""
        if not self._floor:
            return np.ones(xy_m.shape[:-1], bool)
        return np.asarray(((xy_m >= 0) & (xy_m <= self._size_m)).all(axis=-1))

    def at_door(self, xy_m: F64) -> NDArray[np.bool_]:
        """Say who of those at (..., 2) may have come in, or be gone the next moment."""
        if not self._doors:
            return np.ones(xy_m.shape[:-1], bool)
        distance_m = np.min([door.distance_m(xy_m) for door in self._doors], axis=0)
        return np.asarray((distance_m < self._door_m) | ~self.inside(xy_m))

    def fitting_room(self, xy_m: F64, *, taken: Sequence[F64] = ()) -> F64 | None:
        """Return the centre of the fitting room that somebody vanishing here went into.

        Args:
            xy_m: where they were last seen well, float64 (2,).
            taken: centres of rooms with somebody in them, chosen only where there is no other.
        """
        reach: list[tuple[bool, float, F64]] = []
        for room in self._rooms:
            along, across = fixture_axes(room)
            center = np.array(room.center_m, float)
            offset = xy_m - center
            excess = np.abs([offset @ along, offset @ across]) - np.array(room.size_m) / 2
            distance_m = float(np.hypot(*np.maximum(excess, 0.0)))
            if distance_m < self._screen_m:
                occupied = any(np.array_equal(center, other) for other in taken)
                reach.append((occupied, distance_m, center))
        return min(reach, key=lambda entry: entry[:2])[2] if reach else None
