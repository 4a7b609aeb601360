"""Getting about without walking: for days of which only decisions and visits are asked.

In a coarse world people are where they last arrived until they arrive elsewhere. A trip takes as
long as the straight way, made longer by a factor for going round furniture, at the person's pace;
nobody is in anybody's way. Doors are passed on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal

import numpy as np
import simpy

from retailsim.simulate.doors import on_floor
from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.street import Street
from retailsim.store.plan import Door, StorePlan

DETOUR = 1.25  # length of a way through a shop over its straight line (assumed)
BEYOND_M = 0.3  # who has passed a door is so far beyond it
TICKS_PER_S = 10
TellCrossing = Callable[[Person, str, Literal["in", "out"]], None]


class Trips:
    """The trips of one coarse world."""

    def __init__(self, plan: StorePlan, street: Street) -> None:
        self._plan, self._street = plan, street
        self._doors = {door.id: np.array(door.segment_m, float).mean(axis=0) for door in plan.doors}
        self._under_way: dict[Person, simpy.Event] = {}

    def go(
        self,
        env: simpy.Environment,
        person: Person,
        spot: Spot,
        arrival: simpy.Event,
        tell_crossing: TellCrossing,
    ) -> Generator[simpy.Event, Any, None]:
        """Bring a person to a spot; a newer trip of theirs ends this one."""
        self._under_way[person] = arrival
        goal = np.array(spot, float)
        inside = bool(on_floor(self._plan, goal[None])[0])
        if inside != person.inside:
            door = self._door_on(person.xy_m if inside else goal, goal if inside else person.xy_m)
            middle = self._doors[door.id] + BEYOND_M * _unit(goal - self._doors[door.id])
            yield env.timeout(_ticks(person, middle - person.xy_m))
            if self._under_way.get(person) is not arrival:
                return
            person.mover.xy_m, person.inside = middle, inside
            tell_crossing(person, door.id, "in" if inside else "out")
        yield env.timeout(_ticks(person, goal - person.xy_m))
        if self._under_way.get(person) is not arrival:
            return
        del self._under_way[person]
        person.mover.xy_m = goal
        arrival.succeed()

    def _door_on(self, outside_m: np.ndarray, inside_m: np.ndarray) -> Door:
        """Return the door between two places: the apron's, else the nearest to the street."""
        aprons = {apron.door for apron in self._street.aprons}
        for apron in self._street.aprons:
            if ((outside_m >= apron.low_m) & (outside_m <= apron.high_m)).all():
                return next(door for door in self._plan.doors if door.id == apron.door)
        doors = [door for door in self._plan.doors if door.id not in aprons] or self._plan.doors

        def way_m(door: Door) -> float:
            middle = self._doors[door.id]
            return float(np.hypot(*(middle - outside_m)) + np.hypot(*(inside_m - middle)))

        return min(doors, key=way_m)


def _ticks(person: Person, way: np.ndarray) -> int:
    seconds = DETOUR * float(np.hypot(*way)) / person.pace_mps
    return max(1, round(seconds * TICKS_PER_S))


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.hypot(*vector)), 1e-9))
