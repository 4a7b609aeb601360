"""Stays of people in the plan's zones, and moves from zone to zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailsim.messages.results import Flow, People, ZoneStay
from retailsim.store.plan import StorePlan
from retailsim.store.zones import ZoneMap

NOWHERE = -1


@dataclass
class Whereabouts:
    """One person's zones so far.

    Attributes:
        zone: index of the zone they are in, NOWHERE for aisle and street.
        since_ns: when they came into it.
        seen_ns: last sight.
        away_s: time seen elsewhere, less the time seen here since, not below 0.
        left_ns: when `away_s` was last 0.
        confirmed: whether the stack is sure of this person.
    """

    zone: int
    since_ns: int
    seen_ns: int
    away_s: float = 0.0
    left_ns: int = 0
    confirmed: bool = False


class ZoneLedger:
    """Keeps everybody's stays; a zone is left only when somebody has been elsewhere a while.

    Args:
        plan: gives the zones.
        settle_s: time in another zone before the old one is left; shorter visits to it are noise.
        least_stay_s: shorter stays are not told.
    """

    def __init__(self, plan: StorePlan, *, settle_s: float, least_stay_s: float) -> None:
        self._map = ZoneMap(plan)
        self._zones = [zone.id for zone in plan.zones]
        self._settle_s, self._least_s = settle_s, least_stay_s
        self._people: dict[int, Whereabouts] = {}
        self._moves: dict[int, list[int]] = {}  # person -> zones stayed in, in order

    def step(self, people: People) -> list[ZoneStay]:
        """Take the people of one tick; return the stays that have ended."""
        zone = self._map.index(people.xy_m)
        zone = np.where(zone < len(self._zones), zone, NOWHERE)
        ended: list[ZoneStay] = []
        for i, person in enumerate(people.person.tolist()):
            start = Whereabouts(int(zone[i]), people.time_ns, people.time_ns)
            here = self._people.setdefault(person, start)
            here.confirmed |= bool(people.confirmed[i])
            ended += self._move(person, here, int(zone[i]), people.time_ns)
        gone = set(self._people) - set(people.person.tolist())
        for person in sorted(gone):
            ended += self._leave(person)
        return ended

    def finish(self) -> list[ZoneStay]:
        """Return the stays that the end of the session cuts."""
        return [stay for person in sorted(self._people) for stay in self._leave(person)]

    def flow(self, time_ns: int, left_out: frozenset[int]) -> Flow:
        """Return the moves of all people but `left_out`."""
        count = np.zeros((len(self._zones), len(self._zones)), np.int64)
        for person, path in self._moves.items():
            if person not in left_out:
                np.add.at(count, (path[:-1], path[1:]), 1)
        return Flow(time_ns, np.array(self._zones, np.str_), count)

    def _move(self, person: int, here: Whereabouts, zone: int, time_ns: int) -> list[ZoneStay]:
        step_s = (time_ns - here.seen_ns) * 1e-9
        before_ns, here.seen_ns = here.seen_ns, time_ns
        if zone == here.zone:
            here.away_s = max(here.away_s - step_s, 0.0)
            return []
        if here.away_s == 0.0:
            here.left_ns = before_ns
        here.away_s += step_s
        if here.away_s < self._settle_s:
            return []
        ended = self._close(person, here, here.left_ns)
        here.zone, here.since_ns, here.away_s = zone, here.left_ns, 0.0
        return ended

    def _leave(self, person: int) -> list[ZoneStay]:
        here = self._people.pop(person)
        return self._close(person, here, here.left_ns if here.away_s > 0 else here.seen_ns)

    def _close(self, person: int, here: Whereabouts, end_ns: int) -> list[ZoneStay]:
        long_enough = (end_ns - here.since_ns) * 1e-9 >= self._least_s - 1e-9
        if here.zone == NOWHERE or not long_enough or not here.confirmed:
            return []
        path = self._moves.setdefault(person, [])
        if not path or path[-1] != here.zone:
            path.append(here.zone)
        return [ZoneStay(here.since_ns, end_ns, self._zones[here.zone], person)]
