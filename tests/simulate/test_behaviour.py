"""What people do: families stay together, staff keep order, queues lose the impatient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from retailsim.errors import ScenarioError
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import Sale
from retailsim.messages.truth import (
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
    TruthPerson,
    TruthPlacement,
    TruthPoses,
    TruthQueueing,
    TruthTagZones,
    TruthTryOn,
)
from retailsim.simulate.scenario import Scenario, parse_scenario
from retailsim.simulate.snapshot import Place, Pose, Snapshot
from retailsim.simulate.world import World
from retailsim.store.load import parse_plan
from retailsim.store.plan import StorePlan
from tests.simulate.malls import CONCOURSE, STROLL


@dataclass
class Day:
    snapshots: list[Snapshot]
    log: MessageLog

    def where(self) -> dict[int, dict[int, np.ndarray]]:
        """Positions by tick and person."""
        return {
            tick: dict(zip(told.person_id.tolist(), told.xy_m, strict=True))
            for tick, told in enumerate(self.log.of(TruthPeople))
        }


Play = Callable[..., Day]


@pytest.fixture(scope="module")
def play(small_plan: StorePlan, small_scenario: Scenario) -> Play:
    """Play the kiosk with changes to its scenario."""

    def run(seed: int, duration_s: float, **changes: Any) -> Day:
        tree = small_scenario.model_dump(mode="json")
        for key, value in changes.items():
            tree[key] = {**tree[key], **value} if isinstance(value, dict) else value
        day, log = [], MessageLog()
        for snapshot, messages in World(Scenario.model_validate(tree), small_plan, seed=seed).run(
            duration_s
        ):
            day.append(snapshot)
            log.extend(messages)
        return Day(day, log)

    return run


def test_who_finds_no_place_by_a_fixture_at_the_start_stands_elsewhere(play: Play) -> None:
    day = play(1, 0.1, arrivals=NOBODY, warm_start={"people": 24, "warm_up_s": 0})
    staff = day.log.of(TruthPeople)[0].staff
    assert np.sum(~staff) == 24


def test_a_shop_that_is_full_before_all_are_inside_is_refused(play: Play) -> None:
    with pytest.raises(ScenarioError, match=r"warm_start\.people: the shop is full with \d+ part"):
        play(1, 0.1, arrivals=NOBODY, warm_start={"people": 150, "warm_up_s": 0})


@pytest.fixture(scope="module")
def concourse() -> tuple[StorePlan, Scenario]:
    """A mall's concourse in which couples stroll."""
    tree = parse_scenario(STROLL.replace("EFFECT", "none"), origin="stroll").model_dump(mode="json")
    tree["arrivals"] = {"visitors": [{"at_s": 0, "per_hour": 300}]}
    tree["personas"] = [{"id": "pair", "company": {"alone": 0, "couple": 1}}]
    return parse_plan(CONCOURSE, origin="mall"), Scenario.model_validate(tree)


QUIET = {"visitors": [{"at_s": 0, "per_hour": 60}], "passers_by": []}
NOBODY = {"visitors": [{"at_s": 0, "per_hour": 0}], "passers_by": []}


def test_a_family_stays_together_and_acts_apart(play: Play) -> None:
    day = play(
        2, 120, arrivals=QUIET, warm_start={"people": 1},
        habits={"visit_s": {"median": 90}, "quick_share": 0.0},
        personas=[{"id": "parent", "company": {"alone": 0, "family": 1}}],
    )  # fmt: skip
    people = {m.person_id: m for m in day.log.of(TruthPerson) if not m.staff}
    children = [p for p in people.values() if p.age_years < 13]
    assert children
    apart = []
    for here in day.where().values():
        for child in children:
            others = [p for p in people.values() if p.group == child.group and p is not child]
            near = [
                float(np.hypot(*(here[child.person_id] - here[o.person_id])))
                for o in others
                if o.person_id in here and child.person_id in here
            ]
            apart += [min(near)] if near else []
    assert np.median(apart) < 2.6
    assert np.quantile(apart, 0.95) < 5.0
    looks = {(m.person_id, m.fixture) for m in day.log.of(TruthLook)}
    lookers = {who for who, _ in looks}
    assert len(lookers & set(people)) >= 2, "only one of the family looked at anything"


def test_staff_bring_misplaced_garments_home(play: Play) -> None:
    untidy = {
        "misplace_probability": 1.0, "buy_probability": 0.0, "pick_up_probability": 0.9,
        "try_on_probability": 0.0, "touch_probability": 1.0,
    }  # fmt: skip
    some = {"visitors": [{"at_s": 0, "per_hour": 240}]}
    mess = play(7, 150, arrivals=some, habits=untidy)
    kept = play(7, 150, arrivals=some, habits=untidy, staff={"stockers": 1})
    assert len(mess.log.of(TruthPlacement)) >= 3
    # What a member of staff takes up somewhere and hangs up again is where it belongs.
    tidied = {m.epc for m in kept.log.of(TruthInteraction) if m.kind == "tidy"}
    staff = {m.person_id for m in kept.log.of(TruthPerson) if m.staff}
    homed = [
        m
        for m in kept.log.of(TruthInteraction)
        if m.kind == "putback" and m.person_id in staff and m.epc in tidied
    ]
    assert homed
    wrong = {(m.epc, m.time_ns) for m in kept.log.of(TruthPlacement)}
    assert not {(m.epc, m.end_ns) for m in homed} & wrong


def test_a_delivery_is_carried_in_by_the_armful_until_all_hangs(play: Play) -> None:
    day = play(
        3, 150, arrivals=NOBODY, warm_start={"people": 0, "warm_up_s": 0},
        staff={"at_till": 0, "stockers": 1, "delivery": {"garments": 7, "armful": 5}},
    )  # fmt: skip
    places = np.array([s.garments.place for s in day.snapshots])
    away = (places == Place.BACK_ROOM).sum(axis=1)
    assert away[0] == 7
    assert away[-1] == 0
    assert (places[-1] == Place.ON_FIXTURE).all()
    poses = np.concatenate([m.pose for m in day.log.of(TruthPoses)])
    assert (poses == Pose.ARMFUL).sum() > 20
    assert (poses == Pose.FOLD).sum() + (poses == Pose.FLIP).sum() > 10  # tidies afterwards
    start = day.log.of(TruthTagZones)[0]
    assert (start.zone == "").sum() == 7


def test_the_impatient_leave_the_line_and_buy_nothing(play: Play) -> None:
    greedy = {
        "buy_probability": 0.95, "pick_up_probability": 0.9, "try_on_probability": 0.0,
        "touch_probability": 1.0, "pay_s": {"median": 15},
    }  # fmt: skip
    hasty = [{"id": "hasty", "patience_s": {"median": 1, "spread": 0}}]
    patient = [{"id": "patient", "patience_s": {"median": 500, "spread": 0}}]
    lost = play(11, 150, habits=greedy, personas=hasty)
    kept = play(11, 150, habits=greedy, personas=patient)
    gave_up = [m for m in lost.log.of(TruthQueueing) if m.outcome == "gave-up"]
    assert len(gave_up) >= 3
    assert "gave-up" not in {m.outcome for m in kept.log.of(TruthQueueing)}
    assert len(kept.log.of(Sale)) > len(lost.log.of(Sale))
    for m in gave_up:
        assert (m.end_ns - m.time_ns) / 1e9 < 6.0


def test_the_fitting_room_has_one_guest_at_a_time_and_a_line(play: Play) -> None:
    day = play(
        4, 200,
        habits={
            "pick_up_probability": 0.9, "try_on_probability": 1.0, "touch_probability": 1.0,
            "change_s": {"median": 12}, "visit_s": {"median": 60}, "quick_share": 0.0,
        },
        personas=[{"id": "patient", "patience_s": {"median": 500, "spread": 0}}],
    )  # fmt: skip
    spans = sorted((m.time_ns, m.end_ns, m.person_id) for m in day.log.of(TruthTryOn))
    assert len(spans) >= 3
    for (_, end, one), (start, _, other) in pairwise(spans):
        assert end <= start or one == other  # a single room
    waited = [m for m in day.log.of(TruthQueueing) if m.place == "fitting"]
    assert any((m.end_ns - m.time_ns) / 1e9 > 5 for m in waited)
    poses = np.concatenate([m.pose for m in day.log.of(TruthPoses)])
    assert (poses == Pose.TRY).any()


def test_a_greeter_turns_to_who_comes_in(play: Play) -> None:
    day = play(5, 90, staff={"greeters": 1, "at_till": 0}, warm_start={"people": 0})
    greeter = next(m.person_id for m in day.log.of(TruthPerson) if m.staff)
    turned, met = [], 0
    for told in day.log.of(TruthPeople):
        row = told.person_id.tolist().index(greeter)
        turned.append(told.heading_rad[row])
        others = np.delete(told.xy_m, row, axis=0)
        met += bool((np.hypot(*(others - told.xy_m[row]).T) < 1.6).any())
    assert np.ptp(np.unwrap(turned)) > 0.8
    assert met > 20


def test_regulars_wear_the_same_on_a_day_and_something_else_on_another(play: Play) -> None:
    regulars = {"share": 1.0, "pool": 4, "same_day": 1.0, "back_after_s": {"median": 5}}
    monday = play(1, 120, regulars=regulars)
    again = play(2, 120, regulars=regulars)
    tuesday = play(2, 120, regulars=regulars, start_time="2026-03-17T09:00:00Z")

    def looks(day: Day) -> dict[str, set[tuple[Any, ...]]]:
        found: dict[str, set[tuple[Any, ...]]] = {}
        for m in day.log.of(TruthPerson):
            if m.customer:
                found.setdefault(m.customer, set()).add((m.height_m, m.top, m.bottom))
        return found

    one, two, other = looks(monday), looks(again), looks(tuesday)
    both = set(one) & set(two) & set(other)
    assert both
    for customer in both:
        assert one[customer] == two[customer], "another seed, the same day"
        assert len(one[customer]) == 1
        assert {h for h, *_ in one[customer]} == {h for h, *_ in other[customer]}
    assert any(one[c] != other[c] for c in both), "nobody changed clothes"


def test_who_comes_for_one_kind_touches_that_kind(play: Play, small_plan: StorePlan) -> None:
    day = play(
        9, 120, personas=[{"id": "seeker", "purposes": {"browse": 0, "find": 1}}],
        choice={"wanted": 8.0}, habits={"touch_probability": 1.0},
    )  # fmt: skip
    kind = {i.epc: small_plan.sku(i.sku).kind for i in small_plan.items}
    by_person: dict[int, list[str]] = {}
    for m in day.log.of(TruthInteraction):
        if m.kind != "putback":
            by_person.setdefault(m.person_id, []).append(kind[m.epc])
    share = [
        max(kinds.count(k) for k in kinds) / len(kinds)
        for kinds in by_person.values()
        if len(kinds) >= 2
    ]
    assert len(share) >= 3
    assert np.mean(share) > 0.8
    assert np.mean(np.array(share) == 1.0) >= 0.5


def test_changing_a_persona_leaves_arrivals_alone(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    def appeared(**persona: Any) -> list[int]:
        tree = small_scenario.model_dump(mode="json")
        tree["personas"] = [{"id": "one", **persona}]
        world = World(Scenario.model_validate(tree), small_plan, seed=6, coarse=True)
        log = MessageLog()
        for messages in world.run_coarse(120):
            log.extend(messages)
        return [m.time_ns for m in log.of(TruthPerson) if m.persona == "one"]

    plain = appeared()
    assert len(plain) > 12
    assert appeared(feminine=1.0, age_years=[60, 80], stay=3.0, pace=0.7) == plain


def test_nobody_is_held_up_for_a_minute_in_a_shop_full_of_families(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    tree = small_scenario.model_dump(mode="json")
    tree["arrivals"] = {"visitors": [{"at_s": 0, "per_hour": 240}]}
    tree["habits"] |= {"pick_up_probability": 0.8, "try_on_probability": 0.9}
    tree["personas"] = [{"id": "parent", "company": {"alone": 1, "family": 2}}]
    tree["staff"] |= {"stockers": 1}
    world = World(Scenario.model_validate(tree), small_plan, seed=3)
    last_moved: dict[int, tuple[np.ndarray, int]] = {}
    longest_s = 0.0
    for tick, _ in enumerate(world.run(240)):
        for person in world._shop.people:
            place, since = last_moved.get(person.label, (person.xy_m, tick))
            if not person.mover.walking or np.hypot(*(person.xy_m - place)) > 0.5:
                last_moved[person.label] = (person.xy_m.copy(), tick)
            else:
                last_moved[person.label] = (place, since)
                longest_s = max(longest_s, (tick - since) / 10)
    assert longest_s < 60


def test_a_party_goes_into_a_shop_of_the_mall_and_comes_out_together(
    concourse: tuple[StorePlan, Scenario],
) -> None:
    plan, scenario = concourse
    log = MessageLog()
    for _, messages in World(scenario, plan, seed=4).run(150):
        log.extend(messages)
    group = {m.person_id: m.group for m in log.of(TruthPerson)}
    entered: dict[tuple[int, str], set[int]] = {}
    for m in log.of(TruthCrossing):
        if m.door in ("shoes", "books", "toys") and m.direction == "out":
            entered.setdefault((group[m.person_id], m.door), set()).add(m.person_id)
    assert len(entered) >= 4
    size = {g: list(group.values()).count(g) for g, _ in entered}
    whole = [len(people) == size[g] for (g, _), people in entered.items()]
    assert np.mean(whole) > 0.7, "companions stay outside"
