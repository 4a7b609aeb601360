"""What everybody in the world shares: clock, goods, places, queues, truth."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import simpy

from retailsim.messages.policy import Policy
from retailsim.simulate.choice import Sight
from retailsim.simulate.coarse import Trips
from retailsim.simulate.goods import Goods
from retailsim.simulate.motion import ARRIVED_M, GAP_M
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.people import Person
from retailsim.simulate.places import BESIDE_M, Claims, Places, Spot, place_near
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.street import Street
from retailsim.simulate.taste import Market
from retailsim.simulate.truth import Recorder
from retailsim.store.plan import StorePlan

Doing: TypeAlias = Generator[simpy.Event, Any, None]
TICKS_PER_S = 10


class Line:
    """A queue of people, each at a place of their own.

    Attributes:
        place: what they queue for: a till's id, 'fitting'.
        members: who queues, first in front.
        moved: succeeds, and is replaced, whenever somebody leaves.
        served: who is being served now.
    """

    def __init__(self, env: simpy.Environment, place: str, spots: list[Spot]) -> None:
        self._env = env
        self.place = place
        self.spots = spots
        self.members: list[Person] = []
        self.moved = env.event()
        self.served: Person | None = None

    @property
    def full(self) -> bool:
        """Whether another person would have nowhere to stand."""
        return len(self.members) >= len(self.spots)

    def leave(self, person: Person) -> None:
        """Let a person go and the others move up."""
        self.members.remove(person)
        if self.served is person:
            self.served = None
        moved, self.moved = self.moved, self._env.event()
        moved.succeed()


@dataclass
class Shop:
    """The shared state of one world; simulation time is counted in ticks of 0.1 s.

    Attributes:
        trips: how people get about in a coarse world; None where they walk step by step.
        rooms: free fitting rooms.
        fitting: the line before them; None where there are none.
        lines: one before every till that is staffed.
        touched: how often each fixture was touched since somebody tidied it, int64 (f,).
    """

    env: simpy.Environment
    plan: StorePlan
    scenario: Scenario
    policy: Policy
    street: Street
    navigator: Navigator | None
    trips: Trips | None
    places: Places
    goods: Goods
    sight: Sight
    market: Market
    truth: Recorder
    rooms: simpy.Store
    fitting: Line | None
    mirrors: dict[str, simpy.Resource]
    lines: dict[str, Line]
    touched: np.ndarray
    claims: Claims = field(default_factory=Claims)
    people: list[Person] = field(default_factory=list)

    def wait(self, seconds: float) -> simpy.Timeout:
        """Return an event after a time, rounded to ticks, at least one."""
        return self.env.timeout(max(1, round(seconds * TICKS_PER_S)))

    def seconds(self, since: float) -> float:
        """Return how long ago the moment `since` of the clock was."""
        return (self.env.now - since) / TICKS_PER_S

    @staticmethod
    def over(event: simpy.Event) -> bool:
        """Whether an event has come to pass; a timeout counts as triggered from the start."""
        return event.processed

    def walk(self, person: Person, spot: Spot, *, within_m: float = ARRIVED_M) -> simpy.Event:
        """Send a person to a spot; the event succeeds on arrival."""
        arrival = self.env.event()
        person.mover.face_rad = None
        if self.trips is not None:
            self.env.process(self.trips.go(self.env, person, spot, arrival, self.truth.crossing))
            return arrival
        assert self.navigator is not None
        person.mover.walk_to(
            self.navigator.field(spot), lambda: _succeed(arrival), within_m=within_m
        )
        return arrival

    def place_near(
        self, person: Person, anchor_m: np.ndarray, away_m: tuple[float, float] = BESIDE_M
    ) -> Spot | None:
        """Return a free place for a person to stand near a point, None for none."""
        return place_near(self.places, self.claims, person, anchor_m, person.xy_m, away_m)

    def enter_world(self, person: Person) -> Doing:
        """Add a person where they are, as soon as nobody stands there."""
        while self.trips is None and any(
            np.hypot(*(person.xy_m - other.xy_m)) < 1.5 * GAP_M for other in self.people
        ):
            yield self.wait(0.3)
        self.people.append(person)
        self.truth.appears(person)

    def leave_world(self, person: Person) -> None:
        """Take a person out of the world."""
        self.claims.leave(person)
        self.people.remove(person)

    def epcs(self, garments: list[int]) -> list[str]:
        """Return the EPCs of garments."""
        return [self.plan.items[g].epc for g in garments]


def _succeed(event: simpy.Event) -> None:
    event.succeed()
