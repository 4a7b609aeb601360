"""Crossings: once, in the right direction, and only of people who really went through."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.messages.results import Crossing, People
from retailsim.stack.identity.doors import door_lines
from retailsim.stack.stage import StageContext
from retailsim.stack.visits.baseline import RawVisits
from retailsim.stack.visits.visits import Visits
from retailsim.store.plan import Door, StorePlan

PLAN = StorePlan(
    name="shop",
    size_m=(12.0, 9.0),
    doors=[Door(id="main", segment_m=((5.1, 0.0), (6.9, 0.0)), inside_m=(6.0, 1.0))],
)
TICK_NS = 100_000_000


def people(tick: int, places: dict[int, tuple[float, float]], *, sure: bool = True) -> People:
    xy = np.array(list(places.values()), float).reshape(-1, 2)
    return People(
        tick * TICK_NS, np.array(list(places), np.int64), xy, np.full(len(places), sure, bool)
    )


def counted(
    walk: list[tuple[float, float] | None], *, sure: bool = True, stage: str = "real"
) -> list[Crossing]:
    """Crossings of person 1 on a walk of one place a tick; None is out of sight."""
    visits = Visits(StageContext(PLAN)) if stage == "real" else RawVisits(StageContext(PLAN))
    said = [
        message
        for tick, place in enumerate(walk)
        for message in visits.process(people(tick, {} if place is None else {1: place}, sure=sure))
    ]
    said += visits.finish()
    return [m for m in said if isinstance(m, Crossing)]


def straight(
    start: tuple[float, float], end: tuple[float, float], ticks: int
) -> list[tuple[float, float] | None]:
    return [(float(x), float(y)) for x, y in np.linspace(start, end, ticks)]


def test_walking_in_and_out_counts_once_each_at_the_time_of_the_line() -> None:
    walk = straight((6.0, -2.0), (6.0, 2.0), 41) + straight((6.0, 2.0), (6.2, -2.0), 41)
    crossings = counted(walk)
    assert [c.direction for c in crossings] == ["in", "out"]
    assert [c.door for c in crossings] == ["main", "main"]
    np.testing.assert_allclose([c.time_ns / 1e9 for c in crossings], [2.0, 6.1], atol=0.15)


def test_lingering_in_the_doorway_is_not_a_crossing_but_fools_the_raw_counter() -> None:
    rng = np.random.default_rng(1)
    walk = straight((6.0, -2.0), (6.0, -0.1), 20)
    walk += [(6.0, float(rng.normal(0, 0.1))) for _ in range(60)]
    walk += straight((6.0, -0.1), (6.0, -2.0), 20)
    assert counted(walk) == []
    assert len(counted(walk, stage="raw")) > 4


def test_passing_by_on_the_street_counts_nobody() -> None:
    assert counted(straight((2.0, -0.6), (10.0, -0.6), 60)) == []


def test_people_never_confirmed_are_not_counted() -> None:
    walk = straight((6.0, -2.0), (6.0, 2.0), 41)
    assert counted(walk, sure=False) == []
    assert len(counted(walk, sure=False, stage="raw")) == 1


def test_confirmed_late_is_counted_late_at_the_right_time() -> None:
    visits, said = Visits(StageContext(PLAN)), []
    for tick, place in enumerate(straight((6.0, -1.0), (6.0, 2.0), 31)):
        assert place is not None
        said += visits.process(people(tick, {1: place}, sure=tick > 25))
    crossings = [m for m in said if isinstance(m, Crossing)]
    assert [c.direction for c in crossings] == ["in"]
    assert abs(crossings[0].time_ns / 1e9 - 1.0) < 0.15


def test_first_seen_in_the_doorway_came_in_but_not_at_the_very_start() -> None:
    came: list[tuple[float, float] | None] = [None] * 30
    assert [c.direction for c in counted(came + straight((6, 0.1), (6, 3), 30))] == ["in"]
    assert counted(straight((6, 0.1), (6, 3), 30)) == []


def test_vanishing_in_the_doorway_on_the_way_out_is_leaving() -> None:
    walk = straight((6.0, 3.0), (6.0, 0.2), 30) + [None] * 20
    assert [c.direction for c in counted(walk)] == ["out"]
    still = straight((6.0, 3.0), (6.0, 1.5), 30) + [None] * 20
    assert counted(still) == []


def test_doors_know_inside_from_outside_whichever_way_they_are_drawn() -> None:
    for ends in (((5.1, 0.0), (6.9, 0.0)), ((6.9, 0.0), (5.1, 0.0))):
        door = Door(id="d", segment_m=ends, inside_m=(6.0, 1.0))
        (line,) = door_lines(PLAN.model_copy(update={"doors": [door]}))
        assert line.depth_m(np.array([6.0, 2.0])) > 0 > line.depth_m(np.array([6.0, -2.0]))
        assert line.distance_m(np.array([8.9, 0.0])) == np.float64(2.0)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(-2.5, 2.5), min_size=2, max_size=8), st.integers(0, 2**31))
def test_ins_and_outs_alternate_and_balance_with_where_the_walk_ends(
    corners: list[float], seed: int
) -> None:
    """Whatever the walk: ins minus outs is what changed between the clear ends of it."""
    rng = np.random.default_rng(seed)
    depths = [-2.0]
    for corner in [*corners, -2.0 if rng.random() < 0.5 else 2.0]:
        steps = max(2, int(abs(corner - depths[-1]) / 0.12))
        depths += np.linspace(depths[-1], corner, steps).tolist()
    noise = rng.normal(0, 0.03, len(depths))
    walk: list[tuple[float, float] | None] = [
        (6.0, float(d + e)) for d, e in zip(depths, noise, strict=True)
    ]
    ways = [c.direction for c in counted(walk)]
    assert all(one != two for one, two in pairwise(ways))
    assert ways.count("in") - ways.count("out") == (1 if depths[-1] > 0 else 0)
