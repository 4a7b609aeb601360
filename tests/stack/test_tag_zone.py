"""Which zone each garment is in: the stage against a planogram that never changes."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from retailsim.evaluate.tag_zone import score_tag_zone
from retailsim.messages.results import TagPositions, TagZones
from retailsim.messages.sensors import Sale, TagReads
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.baseline import NearestAntenna, StaticPlanogram
from retailsim.stack.tagmotion.zone import TagZoneLocator
from retailsim.store.plan import StorePlan
from tests.stack.tag_sessions import (
    CARRIED,
    END_S,
    EPC,
    HOME_M,
    PLAN,
    SOLD_S,
    at_ns,
    carry_session,
    run,
    swapped_readers,
)


def accuracy(said):
    truth = carry_session()[1]
    return score_tag_zone(truth, said, end_ns=at_ns(END_S), found=True)["accuracy"]


def history(said, epc):
    return [
        str(zone)
        for message in said.of(TagZones)
        for name, zone in zip(message.epc, message.zone, strict=True)
        if name == epc
    ]


@pytest.fixture(scope="module")
def said():
    return run(TagZoneLocator, carry_session()[0])


def test_the_first_message_lists_every_garment_at_its_planogram_place(said):
    first = said.of(TagZones)[0]
    assert first.epc.tolist() == EPC
    assert "" not in first.zone


def test_garments_that_travel_are_followed_better_than_not_at_all(said):
    rest = accuracy(run(StaticPlanogram, carry_session()[0]))
    assert rest < 0.995
    assert accuracy(said) > rest


def test_carried_garments_are_seen_in_the_fitting_room(said):
    seen = [EPC[g] for g in CARRIED if "fitting" in history(said, EPC[g])]
    assert len(seen) >= 2


def test_garments_that_hang_still_stay_where_they_are(said):
    moved = {
        str(epc) for m in said.of(TagZones)[1:] for epc in m.epc if EPC.index(epc) not in CARRIED
    }
    assert len(moved) <= 5


def test_a_sold_garment_is_at_the_till(said):
    sold = [
        (m.time_ns, str(zone))
        for m in said.of(TagZones)
        for epc, zone in zip(m.epc, m.zone, strict=True)
        if epc == EPC[CARRIED[0]] and m.time_ns >= at_ns(SOLD_S)
    ]
    last = history(said, EPC[CARRIED[0]])[-1]
    assert last == "till"
    assert all(zone == "till" for _, zone in sold)


def test_swapped_antennas_put_garments_into_wrong_zones(said):
    assert accuracy(run(TagZoneLocator, swapped_readers(carry_session()[0]))) < accuracy(said)


def test_positions_begin_at_home_and_carried_garments_leave_it(said):
    first, *later = said.of(TagPositions)
    assert first.epc.tolist() == EPC
    assert set(first.state.tolist()) == {"home"}
    assert np.allclose(first.xy_m, HOME_M[:, :2])
    away = {str(e) for m in later for e, s in zip(m.epc, m.state, strict=True) if s != "home"}
    assert away & {EPC[g] for g in CARRIED}
    assert len(away) <= len(CARRIED) + 5


def test_a_garment_sold_and_taken_along_has_no_position():
    sold_ns = at_ns(30)
    sale = Sale(sold_ns, till="till-1", epc=np.array([EPC[0]]))
    others = [m for m in carry_session()[0] if isinstance(m, TagReads)]
    said = run(TagZoneLocator, (*others, sale))
    states = [
        str(s)
        for m in said.of(TagPositions)
        for e, s in zip(m.epc, m.state, strict=True)
        if e == EPC[0]
    ]
    assert [state for state, _ in groupby(states)] == ["home", "moving", "gone"]


def test_the_loudest_antenna_puts_garments_under_antennas(said):
    under = {a.position_m[:2] for r in PLAN.readers for a in r.antennas}
    told = run(NearestAntenna, carry_session()[0]).of(TagPositions)
    assert {tuple(xy) for m in told for xy in m.xy_m.tolist()} <= under
    assert len({e for m in told for e in m.epc.tolist()}) > len(EPC) / 2


def test_a_plan_without_a_floor_has_no_zones_to_tell():
    stage = TagZoneLocator(StageContext(StorePlan(name="empty")))
    assert list(stage.process(carry_session()[0][0])) == []
    assert list(stage.advance(10**18)) == []
