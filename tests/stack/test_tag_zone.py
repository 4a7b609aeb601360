"""Which zone each garment is in: the stage against a planogram that never changes."""

from __future__ import annotations

import pytest

from retailsim.evaluate.tag_zone import score_tag_zone
from retailsim.messages.results import TagZones
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.baseline import StaticPlanogram
from retailsim.stack.tagmotion.zone import TagZoneLocator
from retailsim.store.plan import StorePlan
from tests.stack.tag_sessions import (
    CARRIED,
    END_S,
    EPC,
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


def test_a_plan_without_a_floor_has_no_zones_to_tell():
    stage = TagZoneLocator(StageContext(StorePlan(name="empty")))
    assert list(stage.process(carry_session()[0][0])) == []
    assert list(stage.advance(10**18)) == []
