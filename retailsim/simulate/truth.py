"""What really happened, written down as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.truth import (
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
    TruthPerson,
    TruthPlacement,
    TruthPoses,
    TruthQueueing,
    TruthSale,
    TruthTaste,
    TruthTryOn,
)
from retailsim.simulate.appearance import bottom_worn, top_worn
from retailsim.simulate.people import Person
from retailsim.simulate.taste import Taste
from retailsim.store.plan import StorePlan


@dataclass(frozen=True)
class Interval:
    """Something that has begun: who, which garment, what, where."""

    start_ns: int
    person: Person
    garment: int
    kind: Literal["flip", "pickup", "putback", "tidy", "carry", "try-on"]
    mirror: str = ""


class Recorder:
    """Collects messages between ticks; nothing before the session's start is told.

    What began before the start and goes on after it is told as begun at the start.
    """

    def __init__(self, plan: StorePlan, *, start_ns: int, clock: Callable[[], int]) -> None:
        self._plan = plan
        self._start_ns = start_ns
        self._open: list[Interval] = []
        self._pending: list[Message] = []
        self._clock = clock
        self._on = False
        self._known: set[int] = set()
        self._queueing: dict[Person, tuple[int, str]] = {}

    @property
    def now_ns(self) -> int:
        """The time of the present tick."""
        return self._clock()

    def tell(self, message: Message) -> None:
        """Add a message, unless the session has not begun."""
        if self._on:
            self._pending.append(message)

    def switch_on(self) -> None:
        """Begin the session: the present tick is its first, and its events are over."""
        self._on = True

    def take(self) -> tuple[Message, ...]:
        """Return and forget what came up since the last call."""
        taken, self._pending = tuple(self._pending), []
        return taken

    def begin(self, interval: Interval) -> Interval:
        """Note that something begins now."""
        self._open.append(interval)
        return interval

    def end(self, interval: Interval) -> None:
        """Tell of something that ends now."""
        self._open.remove(interval)
        self._tell_interval(interval)

    def queues(self, person: Person, place: str) -> None:
        """Note that a person gets into line."""
        self._queueing[person] = (self.now_ns, place)

    def queued(self, person: Person, outcome: Literal["served", "gave-up", "waiting"]) -> None:
        """Tell how a stay in line ended."""
        start, place = self._queueing.pop(person)
        start = max(start, self._start_ns)
        self.tell(TruthQueueing(start, self.now_ns, person.label, place, outcome))

    def close(self) -> None:
        """End everything that is still going on, in order of its beginning."""
        for person in list(self._queueing):
            self.queued(person, "waiting")
        for interval in self._open:
            self._tell_interval(interval)
        self._open = []

    def carried_since(self, person: Person, garment: int) -> Interval:
        """Return the open carry of a garment by a person."""
        return next(
            i
            for i in self._open
            if i.kind == "carry" and i.person is person and i.garment == garment
        )

    def appears(self, person: Person) -> None:
        """Tell who a person is, the first time their number turns up."""
        if not self._on or person.label in self._known:
            return
        self._known.add(person.label)
        body, story = person.body, person.story
        self.tell(
            TruthPerson(
                self.now_ns,
                person_id=person.label,
                customer=story.customer,
                persona=story.persona,
                purpose=story.purpose,
                group=story.group,
                presentation=body.presentation,
                age_years=body.age_years,
                height_m=body.height_m,
                staff=person.staff,
                top=top_worn(body.clothes),
                bottom=bottom_worn(body.clothes),
            )
        )
        if person.taste is not None:
            self.taste(person, person.taste)

    def look(self, start_ns: int, person: Person, fixture: str) -> None:
        """Tell that a person has looked at a fixture, a mirror or a screen until now."""
        start = max(start_ns, self._start_ns)
        self.tell(TruthLook(start, self.now_ns, person.label, fixture))

    def placement(self, person: Person | None, garment: int, fixture: str) -> None:
        """Tell that a garment was put, by a person or before the session, where it is wrong."""
        epc, label = self._plan.items[garment].epc, 0 if person is None else person.label
        self.tell(TruthPlacement(self.now_ns, label, epc, fixture))

    def poses(self, people: list[Person]) -> None:
        """Tell what everyone does."""
        self.tell(
            TruthPoses(
                self.now_ns,
                person_id=np.array([p.label for p in people], np.int64),
                pose=np.array([p.pose()[0] for p in people], np.uint8),
                held=np.array([len(p.carrying) for p in people], np.uint8),
            )
        )

    def people(self, people: list[Person]) -> None:
        """Tell where everyone is."""
        self.tell(
            TruthPeople(
                self.now_ns,
                person_id=np.array([p.label for p in people], np.int64),
                xy_m=np.array([p.xy_m for p in people], float).reshape(-1, 2),
                heading_rad=np.array([p.mover.heading_rad for p in people], float),
                staff=np.array([p.staff for p in people], bool),
            )
        )

    def crossing(self, person: Person, door: str, direction: Literal["in", "out"]) -> None:
        """Tell of a person in a doorway."""
        self.tell(
            TruthCrossing(self.now_ns, door=door, person_id=person.label, direction=direction)
        )

    def sale(self, person: Person, epc: NDArray[np.str_]) -> None:
        """Tell who paid."""
        self.tell(TruthSale(self.now_ns, person_id=person.label, epc=epc))

    def taste(self, person: Person, taste: Taste) -> None:
        """Tell what a visitor likes."""
        liked = taste.liked()
        sku = np.array([self._plan.catalogue[i].id for i in liked], np.str_)
        self.tell(TruthTaste(self.now_ns, person.label, sku=sku, utility=taste.utility[liked]))

    def _tell_interval(self, i: Interval) -> None:
        start = max(i.start_ns, self._start_ns)
        epc, label = self._plan.items[i.garment].epc, i.person.label
        message: Message
        if i.kind == "carry":
            message = TruthCarry(start, self.now_ns, label, epc)
        elif i.kind == "try-on":
            message = TruthTryOn(start, self.now_ns, label, epc, i.mirror)
        else:
            message = TruthInteraction(start, self.now_ns, label, epc, i.kind)
        self.tell(message)
