"""Which events two stacks share, and in which they differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.experiments.compare_events import (
    KINDS,
    Event,
    differences,
    events_of,
    same_person,
    tally,
)
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, Interaction, TagMotion
from retailsim.messages.truth import TruthCrossing, TruthInteraction
from retailsim.store.plan import StorePlan

S = 10**9
PLAN = StorePlan(name="toy")


def handled(at_s: float, epc: str = "aa", person: int = 1, **more: object) -> Event:
    return Event("interaction", round(at_s * S), round((at_s + 2) * S), epc, person, **more)  # type: ignore[arg-type]


def crossed(at_s: float, way: str = "main in") -> Event:
    return Event("crossing", round(at_s * S), round(at_s * S), way, 1)


def flipped(at_s: float, epc: str = "aa") -> Event:
    return Event("flip", round(at_s * S), round((at_s + 1) * S), epc)


events = st.lists(
    st.builds(
        lambda make, at: make(at), st.sampled_from([handled, crossed, flipped]), st.integers(0, 60)
    ),
    max_size=12,
)


@given(events)
def test_a_stack_differs_in_nothing_from_itself(found):
    assert differences(found, found, "day") == []


@given(events, events)
def test_every_event_is_shared_or_somebodys_own(first, second):
    apart = differences(first, second, "day")
    for kind in KINDS:
        count = tally(kind, first, second, apart)
        mine, theirs = (sum(e.kind == kind for e in own) for own in (first, second))
        assert count.shared + count.other_person + count.first == mine
        assert count.shared + count.other_person + count.second == theirs


@given(events, events)
def test_the_other_way_round_the_sides_change_places(first, second):
    def sides(found):
        return sorted((d.event.time_ns, d.event.kind, d.found_by) for d in found)

    flip = {"first": "second", "second": "first", "both": "both"}
    ahead, back = differences(first, second, "d"), differences(second, first, "d")
    assert len(ahead) == len(back)
    assert sorted(flip[side] for *_, side in sides(ahead)) == sorted(s for *_, s in sides(back))


def test_what_one_finds_and_the_other_does_not_is_listed_in_order_of_time():
    first = [handled(1), handled(30, "bb"), crossed(50)]
    second = [handled(1.5), flipped(20), crossed(51)]
    found = differences(first, second, "monday")
    assert [(d.bag, d.event.kind, d.event.subject, d.found_by) for d in found] == [
        ("monday", "flip", "aa", "second"),
        ("monday", "interaction", "bb", "first"),
    ]


def test_crossings_agree_within_two_seconds_in_the_same_direction():
    assert differences([crossed(10)], [crossed(11.9)], "d") == []
    assert len(differences([crossed(10)], [crossed(12.1)], "d")) == 2
    assert len(differences([crossed(10)], [crossed(10, "main out")], "d")) == 2


def test_numbers_are_each_stacks_own_and_places_tell_people_apart():
    here, near, far = (
        handled(1, person=p, xy_m=xy)
        for p, xy in ((4, (1.0, 1.0)), (9, (1.5, 1.0)), (4, (4.0, 1.0)))
    )
    assert differences([here], [near], "d") == []
    (found,) = differences([here], [far], "d")
    assert found.found_by == "both"
    assert tally("interaction", [here], [far], [found]).other_person == 1


def test_nobody_is_another_person_and_truth_outweighs_places():
    assert not same_person(handled(1, person=0), handled(1, person=2))
    right, there = handled(1, xy_m=(0.0, 0.0), real=True), handled(1, xy_m=(5.0, 0.0), real=True)
    assert same_person(right, there)
    assert not same_person(right, handled(1, xy_m=(0.0, 0.0), real=False))


def results() -> MessageLog:
    nowhere = np.full(2, np.nan)
    return MessageLog(
        [
            TagMotion(10 * S, 12 * S, "aa", "flip", 0.9),
            TagMotion(40 * S, 42 * S, "aa", "flip", 0.9),
            TagMotion(60 * S, 70 * S, "cc", "carried", 0.9),
            Interaction(10 * S, 12 * S, "aa", 0, 0.2, nowhere),
            Crossing(5 * S, "main", 3, "in"),
            Crossing(90 * S, "main", 3, "out"),
        ]
    )


def test_events_are_judged_where_there_is_truth():
    truth = MessageLog(
        [
            TruthCrossing(6 * S, "main", 77, "in"),
            TruthInteraction(10 * S, 12 * S, 77, "aa", "flip"),
        ]
    )
    found = events_of(results(), truth, PLAN)
    assert [(e.kind, e.time_ns // S, e.real) for e in found] == [
        ("crossing", 5, True),
        ("flip", 10, True),
        ("interaction", 10, None),  # names nobody: no claim
        ("flip", 40, False),
        ("crossing", 90, False),
    ]


def test_without_truth_nothing_is_judged():
    found = events_of(results(), MessageLog(), PLAN)
    assert len(found) == 5
    assert all(event.real is None for event in found)
