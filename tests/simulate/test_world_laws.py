"""Conservation laws of the world, over random small scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailsim.errors import ScenarioError
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import Sale, TryOn
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
    TruthScenario,
    TruthTagPositions,
    TruthTagZones,
    TruthTaste,
    TruthTryOn,
)
from retailsim.simulate.doors import on_floor
from retailsim.simulate.motion import GAP_M, WALL_GAP_M
from retailsim.simulate.scenario import Scenario, parse_scenario
from retailsim.simulate.snapshot import Place, Snapshot
from retailsim.simulate.world import World
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import StorePlan
from retailsim.store.zones import ZoneMap


@dataclass
class Played:
    plan: StorePlan
    snapshots: list[Snapshot]
    log: MessageLog


def play(scenario: Scenario, plan: StorePlan, seed: int, duration_s: float) -> Played:
    snapshots, log = [], MessageLog()
    for snapshot, messages in World(scenario, plan, seed=seed).run(duration_s):
        snapshots.append(snapshot)
        log.extend(messages)
    return Played(plan, snapshots, log)


@st.composite
def small_days(draw: st.DrawFn) -> dict[str, object]:
    share = st.sampled_from([0.0, 0.3, 0.9])
    weight = st.sampled_from([0.0, 1.0])
    delivery = draw(st.sampled_from([None, {"garments": 6, "armful": 4}]))
    return {
        "arrivals": {
            "visitors": [{"at_s": 0, "per_hour": draw(st.sampled_from([0, 400, 1500]))}],
            "passers_by": [{"at_s": 0, "per_hour": draw(st.sampled_from([0, 300]))}],
        },
        "warm_start": {
            "people": draw(st.integers(0, 5)),
            "warm_up_s": draw(st.sampled_from([0, 10, 25])),
        },
        "habits": {
            "quick_share": draw(share),
            "pick_up_probability": draw(share),
            "try_on_probability": draw(share),
            "buy_probability": draw(share),
            "misplace_probability": draw(share),
        },
        "regulars": {
            "share": draw(share),
            "pool": 6,
            "same_day": draw(share),
            "back_after_s": {"median": 4},
        },
        "personas": [
            {
                "id": "somebody",
                "patience_s": {"median": draw(st.sampled_from([1, 30]))},
                "purposes": {"browse": 1, "find": draw(weight), "return": draw(weight)},
                "company": {"alone": 1, "couple": draw(weight), "family": draw(weight)},
            }
        ],
        "staff": {
            "at_till": draw(st.integers(0, 1)),
            "greeters": draw(st.integers(0, 1)),
            "stockers": draw(st.integers(0, 3)),
            "delivery": delivery,
        },
    }


def changed(scenario: Scenario, changes: dict[str, object]) -> Scenario:
    base = scenario.model_dump(mode="json")
    for key, value in changes.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) else value
    return Scenario.model_validate(base)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(day=small_days(), seed=st.integers(0, 899_999))
def test_laws_hold_on_any_small_day(
    small_plan: StorePlan, small_scenario: Scenario, day: dict[str, object], seed: int
) -> None:
    played = play(changed(small_scenario, day), small_plan, seed, 25)
    check_everything(played)


def test_laws_hold_in_a_rush_with_every_kind_of_event(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    played = play(small_scenario, small_plan, 5, 120)
    check_everything(played)
    kinds = {m.kind for m in played.log.of(TruthInteraction)}
    assert kinds == {"flip", "pickup", "putback"}
    for kind in (Sale, TryOn, TruthCarry, TruthCrossing, TruthTaste):
        assert played.log.of(kind), kind.__name__  # the laws above were not empty words


def test_laws_hold_on_a_day_of_families_staff_and_returns(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    day = {
        "arrivals": {"visitors": [{"at_s": 0, "per_hour": 240}]},
        "habits": {
            "misplace_probability": 0.8,
            "touch_probability": 1.0,
            "buy_probability": 0.9,
            "pay_s": {"median": 9},
        },
        "regulars": {"share": 0.7, "pool": 5, "same_day": 1.0, "back_after_s": {"median": 5}},
        "personas": [
            {"id": "parent", "company": {"alone": 0, "family": 1}},
            {"id": "seeker", "purposes": {"browse": 0, "find": 1}},
            {"id": "bringer", "share": 2, "purposes": {"browse": 0, "return": 1}},
            {"id": "hasty", "share": 3, "patience_s": {"median": 1}},
        ],
        "staff": {"greeters": 1, "stockers": 1, "delivery": {"garments": 5, "armful": 5}},
    }
    played = play(changed(small_scenario, day), small_plan, 4, 200)
    check_everything(played)
    kinds = {m.kind for m in interactions(played)}
    assert kinds == {"flip", "pickup", "putback", "tidy"}
    assert {m.outcome for m in played.log.of(TruthQueueing)} == {"served", "gave-up"}
    assert played.log.of(TruthPlacement)
    assert max(len(m.person_id) for m in played.log.of(TruthPeople)) >= 5
    held = [m.held.max(initial=0) for m in played.log.of(TruthPoses)]
    assert max(held) >= 4, "nobody carried an armful"
    came_back = [label for label, spells in presence(played).items() if len(spells) > 1]
    assert came_back, "nobody came back"


def presence(played: Played) -> dict[int, list[tuple[int, int]]]:
    """When everyone was in the world: spells of ticks by number."""
    spells: dict[int, list[tuple[int, int]]] = {}
    for tick, told in enumerate(played.log.of(TruthPeople)):
        for label in told.person_id.tolist():
            mine = spells.setdefault(label, [])
            if mine and mine[-1][1] == tick - 1:
                mine[-1] = (mine[-1][0], tick)
            else:
                mine.append((tick, tick))
    return spells


def check_everything(played: Played) -> None:
    people_are_conserved(played)
    nobody_is_in_two_places_or_jumps(played)
    nobody_is_in_furniture_or_in_another(played)
    garments_are_in_one_place(played)
    only_what_was_carried_is_sold(played)
    hands_do_one_thing_at_a_time(played)
    fitting_rooms_are_private(played)
    garments_have_one_story(played)
    positions_follow_the_garments(played)
    zones_follow_the_garments(played)
    tells_what_it_should_at_the_start(played)


def people_are_conserved(played: Played) -> None:
    inside = [int(on_floor(played.plan, s.people.xy_m).sum()) for s in played.snapshots]
    balance = {m.time_ns: 0 for m in played.log.of(TruthPeople)}
    for crossing in played.log.of(TruthCrossing):
        balance[crossing.time_ns] += 1 if crossing.direction == "in" else -1
    np.testing.assert_array_equal(inside, inside[0] + np.cumsum(list(balance.values())))


def nobody_is_in_two_places_or_jumps(played: Played) -> None:
    before: dict[int, np.ndarray] = {}
    gone: set[int] = set()
    known = {m.person_id: m for m in played.log.of(TruthPerson)}
    for snapshot, told in zip(played.snapshots, played.log.of(TruthPeople), strict=True):
        ids = told.person_id.tolist()
        assert len(set(ids)) == len(ids)
        assert ids == [body.label for body in snapshot.people.body]
        np.testing.assert_array_equal(told.xy_m, snapshot.people.xy_m)
        assert set(ids) <= set(known), "somebody whom truth never introduced"
        back = {label for label in gone & set(ids) if not known[label].customer}
        assert not back, "a stranger came back under the same number"
        gone |= set(before) - set(ids)
        for label, xy in zip(ids, told.xy_m, strict=True):
            assert np.hypot(*(xy - before.get(label, xy))) < 0.3
        before = dict(zip(ids, told.xy_m, strict=True))


def nobody_is_in_furniture_or_in_another(played: Played) -> None:
    boxes = obstacles(played.plan)
    for snapshot in played.snapshots[::2]:
        xy = snapshot.people.xy_m
        if len(xy):
            assert clearance_m(boxes, xy).min() >= WALL_GAP_M - 1e-9
        gap = np.linalg.norm(xy[:, None] - xy, axis=-1) + 9 * np.eye(len(xy))
        assert gap.min(initial=9) >= GAP_M - 1e-9


MAY_BECOME = {
    Place.ON_FIXTURE: {Place.CARRIED},
    Place.CARRIED: {Place.ON_FIXTURE, Place.FITTING, Place.SOLD},
    Place.FITTING: {Place.CARRIED},
    Place.SOLD: {Place.BACK_ROOM},
    Place.BACK_ROOM: {Place.CARRIED},
}


def garments_are_in_one_place(played: Played) -> None:
    count = len(played.plan.items)
    slots = np.array([played.plan.slot_xyz_m(i.fixture, i.slot) for i in played.plan.items])
    before = played.snapshots[0].garments.place
    for snapshot in played.snapshots:
        garments = snapshot.garments
        assert len(garments.place) == len(garments.tag_xyz_m) == count
        in_hand = np.isin(garments.place, (Place.CARRIED, Place.FITTING))
        assert (garments.holder[in_hand] >= 0).all()
        nobody = np.isin(garments.place, (Place.ON_FIXTURE, Place.BACK_ROOM))
        assert (garments.holder[nobody] == -1).all()
        for was, now in zip(before, garments.place, strict=True):
            assert was == now or Place(now) in MAY_BECOME[Place(was)], (was, now)
        before = garments.place
        holder = snapshot.people.xy_m[garments.holder[in_hand]]
        assert (np.hypot(*(garments.tag_xyz_m[in_hand, :2] - holder).T) < 1.2).all()
    resting = played.snapshots[-1].garments.place == Place.ON_FIXTURE
    off = np.linalg.norm(played.snapshots[-1].garments.tag_xyz_m - slots, axis=1)
    misplaced = {m.epc for m in played.log.of(TruthPlacement)}
    astray = {played.plan.items[i].epc for i in np.flatnonzero(resting & (off >= 1.2))}
    on_the_way = {m.epc for m in interactions(played, "putback")}
    assert astray <= misplaced | on_the_way
    assert np.median(off[resting]) == 0


def only_what_was_carried_is_sold(played: Played) -> None:
    carries = played.log.of(TruthCarry)
    twice: set[str] = set()
    for receipt, truth in zip(played.log.of(Sale), played.log.of(TruthSale), strict=True):
        assert receipt.epc.tolist() == truth.epc.tolist()
        assert receipt.time_ns == truth.time_ns
        assert len(receipt.epc) > 0
        for epc in receipt.epc.tolist():
            assert epc not in twice
            twice.add(epc)
            assert any(
                c.epc == epc and c.person_id == truth.person_id and c.end_ns == truth.time_ns
                for c in carries
            )
    start = played.snapshots[0].time_ns
    picked = {(m.person_id, m.epc, m.end_ns) for m in interactions(played, "pickup", "tidy")}
    fetched = {(epc, time_ns) for epc, time_ns in out_of_the_back_room(played)}
    for carry in carries:
        known = (carry.person_id, carry.epc, carry.time_ns) in picked
        known |= (carry.epc, carry.time_ns) in fetched
        assert carry.time_ns == start or known
    back = {(m.person_id, m.epc, m.time_ns) for m in interactions(played, "putback")}
    paid = {(m.person_id, e, m.time_ns) for m in played.log.of(TruthSale) for e in m.epc.tolist()}
    end = played.snapshots[-1].time_ns
    for carry in carries:
        over = (carry.person_id, carry.epc, carry.end_ns)
        assert carry.end_ns == end or over in back | paid


def out_of_the_back_room(played: Played) -> Iterator[tuple[str, int]]:
    """Yield EPC and time of every garment that was fetched."""
    for before, after in pairwise(played.snapshots):
        fetched = before.garments.place == Place.BACK_ROOM
        fetched &= after.garments.place == Place.CARRIED
        for i in np.flatnonzero(fetched):
            yield played.plan.items[i].epc, after.time_ns


def fitting_rooms_are_private(played: Played) -> None:
    for room in played.plan.fixtures:
        if room.kind == "fitting_room":
            for snapshot in played.snapshots:
                inside = np.abs(snapshot.people.xy_m - room.center_m).max(axis=1, initial=0)
                assert (inside < max(room.size_m) / 2 - 0.2).sum() <= 1


def hands_do_one_thing_at_a_time(played: Played) -> None:
    by_person: dict[int, list[tuple[int, int]]] = {}
    for m in played.log.of(TruthInteraction):
        by_person.setdefault(m.person_id, []).append((m.time_ns, m.end_ns))
    for t in played.log.of(TruthTryOn):
        by_person.setdefault(t.person_id, []).append((t.time_ns, t.end_ns))
    for spans in by_person.values():
        assert_apart(spans)


def garments_have_one_story(played: Played) -> None:
    by_garment: dict[str, list[tuple[int, int]]] = {}
    for m in (*played.log.of(TruthInteraction), *played.log.of(TruthCarry)):
        by_garment.setdefault(m.epc, []).append((m.time_ns, m.end_ns))
    for spans in by_garment.values():
        assert_apart(spans)


def positions_follow_the_garments(played: Played) -> None:
    told = played.log.of(TruthTagPositions)
    assert told[0].epc.tolist() == [item.epc for item in played.plan.items]
    index = {item.epc: i for i, item in enumerate(played.plan.items)}
    known = told[0].xyz_m.copy()
    by_time = {m.time_ns: m for m in told[1:]}
    start_ns = played.snapshots[0].time_ns
    for snapshot in played.snapshots[1:]:
        news = by_time.get(snapshot.time_ns)
        if news is not None:
            known[[index[str(epc)] for epc in news.epc]] = news.xyz_m
        if (snapshot.time_ns - start_ns) % 10**9 == 0:
            off_m = np.linalg.norm(known - snapshot.garments.tag_xyz_m, axis=1)
            assert off_m.max(initial=0.0) < 0.1


def zones_follow_the_garments(played: Played) -> None:
    zones = ZoneMap(played.plan)
    changes = played.log.of(TruthTagZones)
    assert changes[0].epc.tolist() == [item.epc for item in played.plan.items]
    index = {item.epc: i for i, item in enumerate(played.plan.items)}
    known = changes[0].zone.astype("U40").copy()
    pending = changes[1:]
    for snapshot in played.snapshots:
        while pending and pending[0].time_ns <= snapshot.time_ns:
            for epc, zone in zip(pending[0].epc, pending[0].zone, strict=True):
                assert known[index[str(epc)]] != zone
                known[index[str(epc)]] = zone
            pending = pending[1:]
        there = np.isin(snapshot.garments.place, (Place.ON_FIXTURE, Place.CARRIED, Place.FITTING))
        assert (known[snapshot.garments.place == Place.BACK_ROOM] == "").all()
        np.testing.assert_array_equal(
            known[there], zones.at(snapshot.garments.tag_xyz_m[there, :2])
        )
        held = (snapshot.garments.place == Place.SOLD) & (snapshot.garments.holder >= 0)
        street = snapshot.people.xy_m[snapshot.garments.holder[held], 1] < -0.5
        assert (known[held][street] == "").all()


def tells_what_it_should_at_the_start(played: Played) -> None:
    start, end = played.snapshots[0].time_ns, played.snapshots[-1].time_ns
    assert [m.time_ns for m in played.log.of(TruthScenario)] == [start]
    staff = {m.person_id for m in played.log.of(TruthPerson) if m.staff}
    told = [m.person_id for m in played.log.of(TruthPerson)]
    assert len(set(told)) == len(told)
    tasted = [m.person_id for m in played.log.of(TruthTaste)]
    assert len(set(tasted)) == len(tasted)
    assert all(start <= m.time_ns <= end for m in played.log)
    for m in (*played.log.of(TruthInteraction), *played.log.of(TruthCarry)):
        assert m.time_ns <= m.end_ns <= end
        if m.person_id not in staff:
            assert m.person_id in tasted, "somebody without a taste handled a garment"
    for m in (*played.log.of(TruthLook), *played.log.of(TruthQueueing)):
        assert start <= m.time_ns <= m.end_ns <= end


def interactions(played: Played, *kinds: str) -> list[TruthInteraction]:
    return [m for m in played.log.of(TruthInteraction) if not kinds or m.kind in kinds]


def assert_apart(spans: Iterable[tuple[int, int]]) -> None:
    ordered = sorted(spans)
    for (_, end), (start, _) in pairwise(ordered):
        assert end <= start


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 1e9, float("nan")])
def test_an_impossible_duration_is_refused(
    small_plan: StorePlan, small_scenario: Scenario, duration_s: float
) -> None:
    with pytest.raises(ScenarioError, match="duration"):
        next(World(small_scenario, small_plan, seed=1).run(duration_s))


def test_a_plan_nobody_can_enter_is_refused(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    for changes, word in (({"doors": []}, "door"), ({"size_m": None}, "size_m")):
        with pytest.raises(ScenarioError, match=word):
            World(small_scenario, small_plan.model_copy(update=changes), seed=1)


def test_the_till_goes_on_serving_when_the_line_overtakes_who_walks_to_it(
    boutique: StorePlan,
) -> None:
    # On this day somebody is still on the way to their place when the first one leaves, five times.
    crowded = yaml.safe_load(Path("scenarios/boutique.yaml").read_text())
    visitors = [{"at_s": s, "per_hour": n} for s, n in ((0, 190), (450, 205), (900, 190))]
    crowded["arrivals"]["visitors"] = visitors
    crowded["warm_start"]["people"] = 12
    crowded["staff"] = {"at_till": 1}
    del crowded["personas"], crowded["habits"]["misplace_probability"]
    day = parse_scenario(yaml.safe_dump(crowded), origin="crowded")
    late = [
        message.time_ns
        for tick, (_, messages) in enumerate(World(day, boutique, seed=2).run(600.0))
        for message in messages
        if isinstance(message, Sale) and tick > 4600
    ]
    assert len(late) >= 3
