"""Stays, heat map and flow of people whose ways are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Flow, HeatMap, People, ZoneStay
from retailsim.stack.stage import StageContext
from retailsim.stack.visits.visits import Visits
from retailsim.store.plan import Camera, Fixture, StorePlan, Zone

PLAN = StorePlan(
    name="shop",
    size_m=(6.0, 4.0),
    zones=[
        Zone(id="left", kind="display", polygon_m=[(0, 0), (2, 0), (2, 4), (0, 4)]),
        Zone(id="right", kind="display", polygon_m=[(4, 0), (6, 0), (6, 4), (4, 4)]),
    ],
    fixtures=[
        Fixture(id="till", kind="till", center_m=(5.0, 0.9), size_m=(1.6, 0.6), height_m=1.0)
    ],
)
Places = dict[int, tuple[float, float]]


def play(ticks: list[Places], *, sure: bool = True, **parameters: float) -> list[Message]:
    stage = Visits(StageContext(PLAN), **parameters)  # type: ignore[arg-type]
    said: list[Message] = []
    for tick, places in enumerate(ticks):
        xy = np.array(list(places.values()), float).reshape(-1, 2)
        number = np.array(list(places), np.int64)
        said += stage.process(People(tick * 10**8, number, xy, np.full(len(number), sure)))
    return said + list(stage.finish())


def stays(said: list[Message]) -> list[tuple[int, str, float]]:
    return [
        (m.person, m.zone, round((m.end_ns - m.time_ns) / 1e9, 1))
        for m in said
        if isinstance(m, ZoneStay)
    ]


def only(said: list[Message], kind: type) -> Message:
    (found,) = [m for m in said if isinstance(m, kind)]
    return found


WALK: list[Places] = [
    {1: (x, 3.0)} for x, ticks in ((1.0, 50), (3.0, 20), (5.0, 30), (1.0, 11)) for _ in range(ticks)
]


def test_stays_last_as_long_as_people_were_there_and_aisles_are_none() -> None:
    assert stays(play(WALK)) == [(1, "left", 4.9), (1, "right", 3.0), (1, "left", 1.1)]


def test_a_step_out_of_a_zone_does_not_end_the_stay() -> None:
    flicker = [{1: (1.9 if i % 5 else 2.1, 3.0)} for i in range(60)]
    assert stays(play(flicker)) == [(1, "left", 5.9)]
    assert len(stays(play(flicker, settle_s=0.0, least_stay_s=0.0))) > 5


def test_people_who_vanish_end_their_stay_where_they_were_last_seen() -> None:
    assert stays(play(WALK[:30] + [{}] * 30)) == [(1, "left", 2.9)]


def test_flow_counts_moves_between_named_zones_and_passes_over_aisles() -> None:
    flow = only(play(WALK), Flow)
    assert isinstance(flow, Flow)
    assert flow.zones.tolist() == ["left", "right"]
    assert flow.count.tolist() == [[0, 1], [1, 0]]


def test_unconfirmed_people_leave_no_trace() -> None:
    said = play(WALK, sure=False)
    heat = only(said, HeatMap)
    assert isinstance(heat, HeatMap)
    assert stays(said) == []
    assert heat.seconds.sum() == 0


def test_who_stands_behind_the_till_is_staff_and_left_out_of_the_map() -> None:
    served = [{1: (5.0, 0.3), 2: (5.0, 1.6)}] * 300
    heat = only(play(served), HeatMap)
    assert isinstance(heat, HeatMap)
    assert heat.seconds.sum() == pytest.approx(29.9)
    assert heat.seconds[1, 5] == pytest.approx(29.9)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.integers(1, 4), st.tuples(st.floats(-1, 7), st.floats(1.5, 5)), max_size=4
        ),
        min_size=2,
        max_size=40,
    )
)
def test_the_map_holds_every_person_second_inside_and_none_other(ticks: list[Places]) -> None:
    heat = only(play(ticks), HeatMap)
    assert isinstance(heat, HeatMap)
    inside = sum(0 <= x <= 6 and 0 <= y <= 4 for places in ticks[1:] for x, y in places.values())
    assert heat.seconds.shape == (4, 6)
    assert heat.seconds.sum() == pytest.approx(0.1 * inside)


def test_mixing_up_who_is_who_spoils_the_flow() -> None:
    """Numbers exchanged every two seconds: the tests above can fail."""
    steady = [{1: (1.0, 3.0), 2: (5.0, 3.0)}] * 100
    mixed = [{1 + (i // 20) % 2: (1.0, 3.0), 2 - (i // 20) % 2: (5.0, 3.0)} for i in range(100)]
    flows = [only(play(ticks), Flow) for ticks in (steady, mixed)]
    assert [int(f.count.sum()) for f in flows if isinstance(f, Flow)] == [0, 8]


def test_a_plan_without_a_floor_has_neither_map_nor_flow() -> None:
    plan = StorePlan(name="street", cameras=[Camera(id="cam0")])
    stage = Visits(StageContext(plan))
    one = People(0, np.array([1]), np.array([[1.0, 1.0]]), np.array([True]))
    assert list(stage.process(one)) == []
    assert list(stage.finish()) == []


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(StageError, match="claer_m"):
        Visits(StageContext(PLAN), footfall={"claer_m": 0.3})
