"""What one stack noticed and another did not: interactions, flips, crossings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Literal

import numpy as np

from retailsim.evaluate.flip import Handling, flip_alarms, handling
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.footfall import WITHIN_S
from retailsim.evaluate.interaction import NEAR_M, WhoIsWho
from retailsim.evaluate.intervals import match_instants, match_intervals, overlap_s
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, Interaction, TagMotion
from retailsim.messages.truth import TruthCrossing, TruthInteraction, TruthPeople
from retailsim.store.plan import StorePlan

Kind = Literal["interaction", "flip", "crossing"]
KINDS: tuple[Kind, ...] = ("interaction", "flip", "crossing")
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Event:
    """Something that a stack says has happened.

    Attributes:
        kind: what it is.
        time_ns, end_ns: when; the same for a crossing.
        subject: the garment's EPC, or the door and the direction.
        person: the stack's own number; 0 where nobody is named.
        xy_m: where that person stood, None where that is not known.
        real: whether it is so; None where the truth does not say.
    """

    kind: Kind
    time_ns: int
    end_ns: int
    subject: str
    person: int = 0
    xy_m: tuple[float, float] | None = None
    real: bool | None = None

    @property
    def epc(self) -> str:
        """The garment's tag."""
        return self.subject


@dataclass(frozen=True)
class Difference:
    """An event that only one of two stacks has, or that both have with another person.

    Attributes:
        bag: the session's name.
        first, second: what the reference and the other say; None where it says nothing.
    """

    bag: str
    first: Event | None
    second: Event | None

    @property
    def event(self) -> Event:
        """The event, as the reference says it where it does."""
        event = self.first or self.second
        assert event is not None
        return event

    @property
    def found_by(self) -> Literal["first", "second", "both"]:
        """Who says so; 'both' when they name different people."""
        if self.first and self.second:
            return "both"
        return "first" if self.first else "second"


@dataclass(frozen=True)
class Tally:
    """How many events of a kind two stacks share, and how many are one's own.

    Attributes:
        shared: said by both, with the same person.
        first, second: said by one alone.
        first_real, second_real: how many of those are so; None without truth.
        other_person: said by both of different people.
    """

    shared: int
    first: int
    second: int
    first_real: int | None
    second_real: int | None
    other_person: int


def events_of(results: MessageLog, truth: MessageLog, plan: StorePlan) -> list[Event]:
    """Return what a stack said to have happened, in order of time, judged where truth allows.

    Flips and interactions are judged as in `evaluate.flip` and `evaluate.interaction`: what
    carrying or a put-back explains, and an interaction that names nobody, is neither right nor
    wrong. A crossing is right within 2 s of a true one of the same door and direction.
    """
    world = bool(truth.of(TruthPeople))
    moved = handling(truth, ReadTimes(MessageLog()))
    handled = moved if world or truth.of(TruthInteraction) else None
    found = [
        *_interactions(
            results, handled, lambda: WhoIsWho(truth, results, FloorTruth.of(truth, plan))
        ),
        *_flips(results, handled),
        *_crossings(results, truth, known=world or bool(truth.of(TruthCrossing))),
    ]
    return sorted(found, key=lambda e: (e.time_ns, e.kind, e.subject, e.person))


def differences(first: Sequence[Event], second: Sequence[Event], bag: str) -> list[Difference]:
    """Return in what two stacks' events of one session differ, in order of time.

    Interactions and flips are the same when tag and 0.3 s of time agree, crossings within 2 s
    at the same door in the same direction. Person numbers are each stack's own: an interaction
    names different people when the truth says so, else when they stood more than 1 m apart.
    """
    apart: list[Difference] = []
    for kind in KINDS:
        a, b = _of(first, kind), _of(second, kind)
        pairs = match(a, b, kind)
        mine, theirs = {i for i, _ in pairs}, {j for _, j in pairs}
        apart += [Difference(bag, a[i], b[j]) for i, j in pairs if not same_person(a[i], b[j])]
        apart += [Difference(bag, e, None) for i, e in enumerate(a) if i not in mine]
        apart += [Difference(bag, None, e) for j, e in enumerate(b) if j not in theirs]
    return sorted(apart, key=lambda d: (d.event.time_ns, d.event.kind, d.event.subject))


def tally(
    kind: Kind, first: Sequence[Event], second: Sequence[Event], apart: Sequence[Difference]
) -> Tally:
    """Count a kind's events of any number of sessions and the differences between them."""
    own = [d for d in apart if d.event.kind == kind]
    alone = {who: [d.event for d in own if d.found_by == who] for who in ("first", "second")}
    other = sum(d.found_by == "both" for d in own)
    judged = any(e.real is not None for e in (*_of(first, kind), *_of(second, kind)))
    real = {
        w: sum(e.real is True for e in events) if judged else None for w, events in alone.items()
    }
    return Tally(
        shared=len(_of(first, kind)) - len(alone["first"]) - other,
        first=len(alone["first"]),
        second=len(alone["second"]),
        first_real=real["first"],
        second_real=real["second"],
        other_person=other,
    )


def match(first: Sequence[Event], second: Sequence[Event], kind: Kind) -> Pairs:
    """Pair events of one kind, one to one."""
    rows_a, rows_b = _by_subject(first), _by_subject(second)
    pairs: Pairs = []
    for subject, mine in rows_a.items():
        theirs = rows_b.get(subject, [])
        a, b = [first[i] for i in mine], [second[j] for j in theirs]
        if kind == "crossing":
            found = match_instants(_times(a), _times(b), within_s=WITHIN_S)
        else:
            found = match_intervals(a, b)
        pairs += [(mine[i], theirs[j]) for i, j in found]
    return sorted(pairs)


def same_person(a: Event, b: Event) -> bool:
    """Whether two stacks' interactions name the same person, as far as can be told."""
    if a.kind != "interaction":
        return True
    if (a.person == 0) != (b.person == 0):
        return False
    if a.real and b.real:
        return True
    if a.real is not None and b.real is not None and a.real != b.real:
        return False
    if a.xy_m is None or b.xy_m is None:
        return True
    return hypot(a.xy_m[0] - b.xy_m[0], a.xy_m[1] - b.xy_m[1]) <= NEAR_M


def _interactions(
    results: MessageLog, moved: Handling | None, make_who: Callable[[], WhoIsWho]
) -> list[Event]:
    said = results.of(Interaction)
    right: list[bool | None] = [None] * len(said)
    if moved is not None and said:
        who, flips = make_who(), moved.flips
        truth = {s: flips[t].person_id for t, s in match_intervals(flips, said)}
        excused = overlap_s(said, [*moved.putbacks, *moved.carries]).max(axis=1, initial=0.0) > 0
        for i, one in enumerate(said):
            if one.person and (i in truth or not excused[i]):
                right[i] = i in truth and who(one) == truth[i]
    return [
        Event("interaction", m.time_ns, m.end_ns, m.epc, m.person, _place(m), ok)
        for m, ok in zip(said, right, strict=True)
    ]


def _place(said: Interaction) -> tuple[float, float] | None:
    x, y = said.xy_m.tolist()
    return None if np.isnan(x) or np.isnan(y) else (x, y)


def _flips(results: MessageLog, moved: Handling | None) -> list[Event]:
    alarms: list[TagMotion] = flip_alarms(results)[0]
    right: list[bool | None] = [None] * len(alarms)
    if moved is not None and alarms:
        hits = {s for _, s in match_intervals(moved.flips, alarms)}
        excused = overlap_s(alarms, [*moved.putbacks, *moved.carries]).max(axis=1, initial=0.0) > 0
        right = [i in hits or (None if excused[i] else False) for i in range(len(alarms))]
    return [
        Event("flip", m.time_ns, m.end_ns, m.epc, real=ok)
        for m, ok in zip(alarms, right, strict=True)
    ]


def _crossings(results: MessageLog, truth: MessageLog, *, known: bool) -> list[Event]:
    said = [
        Event("crossing", m.time_ns, m.time_ns, f"{m.door} {m.direction}", m.person)
        for m in results.of(Crossing)
    ]
    if not known:
        return said
    real = [
        Event("crossing", m.time_ns, m.time_ns, f"{m.door} {m.direction}")
        for m in truth.of(TruthCrossing)
    ]
    hits = {j for _, j in match(real, said, "crossing")}
    return [
        Event(e.kind, e.time_ns, e.end_ns, e.subject, e.person, real=i in hits)
        for i, e in enumerate(said)
    ]


def _of(events: Iterable[Event], kind: Kind) -> list[Event]:
    return [event for event in events if event.kind == kind]


def _by_subject(events: Sequence[Event]) -> dict[Hashable, list[int]]:
    rows: dict[Hashable, list[int]] = defaultdict(list)
    for i, event in enumerate(events):
        rows[event.subject].append(i)
    return rows


def _times(events: Sequence[Event]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([e.time_ns for e in events], np.int64)
