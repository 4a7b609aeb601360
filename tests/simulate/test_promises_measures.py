"""Every promise is measured by what truth tells, on made-up sessions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.truth import (
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
    TruthPerson,
    TruthPlacement,
    TruthQueueing,
)
from retailsim.simulate.promises import Check, checks, measures, rates
from retailsim.simulate.scenario import Promises
from retailsim.store.plan import Fixture, StorePlan

CLERK = 90


def held(plan: StorePlan, messages: Iterable[Message], duration_s: float = 300.0) -> dict:
    return rates(MessageLog(messages), plan, duration_s)


def tick(time_ns: int, people: list[int], inside: int) -> TruthPeople:
    """The first `inside` people stand in the shop, the others before it; 90 is staff."""
    n = len(people)
    xy_m = np.array([(3.0, 3.0 if i < inside else -3.0) for i in range(n)], float).reshape(-1, 2)
    staff = np.array([p == CLERK for p in people], bool)
    return TruthPeople(time_ns, np.array(people, np.int64), xy_m, np.zeros(n), staff)


def person(number: int, top: str = "shirt", group: int = 0, persona: str = "any") -> TruthPerson:
    return TruthPerson(
        0,
        person_id=number,
        customer="",
        persona=persona,
        purpose="browse",
        group=group or number,
        presentation="feminine",
        age_years=30.0,
        height_m=1.7,
        staff=persona == "staff",
        top=top,
        bottom="jeans",
    )


def test_people_at_once_counts_staff_and_the_mean_does_not(small_plan: StorePlan) -> None:
    found = held(small_plan, [tick(0, [CLERK, 1, 2], 2), tick(1, [CLERK, 1, 2], 3)])
    assert found["people_at_once"] == 3
    assert found["people_inside"] == pytest.approx(1.5)


def test_who_comes_in_again_after_leaving_returns(small_plan: StorePlan) -> None:
    ways = [(1, "in"), (1, "out"), (2, "out"), (1, "in"), (2, "in"), (3, "in"), (CLERK, "out")]
    crossings = [
        TruthCrossing(i, door="main", person_id=p, direction=way)  # type: ignore[arg-type]
        for i, (p, way) in enumerate([*ways, (CLERK, "in")])
    ]
    found = held(small_plan, [tick(0, [CLERK], 1), *crossings])
    assert found["returns"] == 2
    assert found["crossings"] == 8


@given(count=st.integers(1, 40))
def test_counts_are_per_five_minutes(small_plan: StorePlan, count: int) -> None:
    queues = [TruthQueueing(i, i + 1, 1, "till-1", "gave-up") for i in range(count)]
    queues.append(TruthQueueing(99, 100, 2, "till-1", "served"))
    found = held(small_plan, queues, duration_s=600.0)
    assert found["gave_up"] == pytest.approx(count / 2)
    assert found["queued"] == pytest.approx((count + 1) / 2)


def test_only_what_staff_do_is_staff_work(small_plan: StorePlan) -> None:
    done = [
        TruthInteraction(1, 2, who, "e", kind)  # type: ignore[arg-type]
        for who, kind in [(CLERK, "tidy"), (CLERK, "putback"), (1, "putback"), (1, "flip")]
    ]
    carries = [TruthCarry(1, 2, CLERK, "a"), TruthCarry(1, 2, CLERK, "b"), TruthCarry(1, 2, 1, "c")]
    found = held(small_plan, [tick(0, [CLERK, 1], 2), *done, *carries])
    assert (found["staff_carries"], found["restocked"], found["tidied"]) == (2, 1, 1)
    assert found["flips"] == 1


def test_only_garments_misplaced_in_the_session_count(small_plan: StorePlan) -> None:
    before, now = TruthPlacement(0, 0, "a", "rail-1"), TruthPlacement(5, 7, "b", "rail-1")
    assert held(small_plan, [before, now])["misplaced"] == 1


def test_only_looks_at_screens_are_screen_looks(small_plan: StorePlan) -> None:
    screen = Fixture(id="wall-1", kind="screen", center_m=(1, 1), size_m=(1.0, 0.1), height_m=1.8)
    plan = small_plan.model_copy(update={"fixtures": [*small_plan.fixtures, screen]})
    looks = [TruthLook(1, 2, 1, "wall-1"), TruthLook(1, 2, 1, "mirror-1")]
    found = held(plan, looks)
    assert found["screen_looks"] == 1
    assert (found["mirrors"], found["mannequins"]) == (1, 0)


def test_alike_are_customers_in_the_same_clothes(small_plan: StorePlan) -> None:
    people = [
        person(1, "red"),
        person(2, "red"),
        person(3, "blue"),
        person(4, "green"),
        person(5, "blue", persona="passer-by"),
        person(CLERK, "green", persona="staff"),
    ]
    found = held(small_plan, people)
    assert found["alike_share"] == pytest.approx(0.5)
    assert held(small_plan, [])["alike_share"] == 0.0


def test_company_is_who_shares_a_group(small_plan: StorePlan) -> None:
    people = [person(1, group=7), person(2, group=7), person(3, group=8), person(4, group=9)]
    assert held(small_plan, people)["company_share"] == pytest.approx(0.5)


def test_bounds_go_both_ways_and_what_is_not_measured_is_not_judged() -> None:
    promises = Promises(sales=2, people_at_once=3, people_at_once_at_most=5, knocked_px=9)
    assert measures(promises) == {"sales", "people_at_once", "knocked_px"}
    found = {c.promise: c.verdict for c in checks(promises, {"sales": 1, "people_at_once": 6})}
    assert found == {
        "sales": "broken",
        "people_at_once": "kept",
        "people_at_once_at_most": "broken",
        "knocked_px": "not measured",
    }


@given(bound=st.floats(0, 100), value=st.floats(0, 100))
def test_a_floor_and_a_ceiling_together_ask_for_equality(bound: float, value: float) -> None:
    floor, ceiling = Check("x", bound, value), Check("x_at_most", bound, value)
    both = floor.verdict == ceiling.verdict == "kept"
    assert both == (value == bound)


def test_every_promise_can_be_measured(small_plan: StorePlan) -> None:
    from retailsim.simulate.promises import FRAMES, PICTURES, READS

    promised = {name.removesuffix("_at_most") for name in Promises.model_fields}
    assert promised <= set(held(small_plan, [])) | READS | FRAMES | PICTURES
