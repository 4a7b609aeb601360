"""Visits: footfall, dwell, heat map and flow against true positions."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import at, people, plan
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.dwell import score_dwell
from retailsim.evaluate.floor import FloorTruth, same_people
from retailsim.evaluate.flow import score_flow
from retailsim.evaluate.footfall import score_footfall
from retailsim.evaluate.heatmap import in_cells, pearson, score_heatmap, true_seconds
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, Flow, HeatMap, People, ZoneStay
from retailsim.messages.truth import TruthCrossing

SHOP = plan()
STAFF = 9


def walk(*stays: tuple[float, float, float], person: int = 1, staff=()) -> list:
    """Return ticks of 0.1 s of somebody who stays (seconds, x, y) here and there."""
    spots = [(x, y) for seconds, x, y in stays for _ in range(round(seconds * 10))]
    return [people([(person, *xy)], seconds=i / 10, staff=staff) for i, xy in enumerate(spots)]


def found(truth, *, number=40, confirmed=True, moved=(0.0, 0.0)) -> list[People]:
    """Return what a perfect stack says about true ticks, under its own numbers."""
    return [
        People(
            t.time_ns, t.person_id + number, t.xy_m + moved, np.full(len(t.person_id), confirmed)
        )
        for t in truth
    ]


def floor(truth) -> FloorTruth:
    return FloorTruth.of(MessageLog(truth), SHOP)


def door(seconds: float, direction="in", *, true=False):
    kind = TruthCrossing if true else Crossing
    return kind(at(seconds), "door", 1, direction)


def footfall(true, said):
    log = MessageLog([door(s, d, true=True) for s, d in true])
    return score_footfall(log, MessageLog([door(s, d) for s, d in said]), found=True)


def test_crossings_match_within_two_seconds_in_the_right_direction():
    true = [(10, "in"), (20, "in"), (30, "out"), (40, "out")]
    said = [(11.9, "in"), (22.1, "in"), (30, "in"), (40, "out")]
    assert footfall(true, said) == {"truth": 4, "counted": 4, "f1": pytest.approx(2 / 4)}


def test_each_crossing_matches_once_and_as_many_as_possible_match():
    assert footfall([(10, "in")], [(10, "in"), (10.5, "in")])["f1"] == pytest.approx(2 / 3)
    # Greedy by closeness would pair 11.5 with 11 and strand the others.
    assert footfall([(10, "in"), (11.5, "in")], [(11, "in"), (13, "in")])["f1"] == 1.0


def test_a_quiet_door_has_no_f1_and_a_missing_counter_nulls():
    assert footfall([], []) == {"truth": 0, "counted": 0, "f1": None}
    assert footfall([(10, "in")], []) == {"truth": 1, "counted": 0, "f1": 0.0}
    silent = score_footfall(MessageLog([door(1, true=True)]), MessageLog(), found=False)
    assert silent == {"truth": 1, "counted": None, "f1": None}


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["in", "out"])), min_size=1))
def test_a_perfect_counter_scores_one(crossings):
    assert footfall(crossings, crossings)["f1"] == 1.0


def test_the_street_is_not_the_shop():
    truth = [people([(1, 1.0, 1.0), (2, 1.0, -0.5)], seconds=0)]
    assert floor(truth).person_id.tolist() == [1]
    assert floor(truth).zone.tolist() == ["left"]


def test_people_map_one_to_one_by_shared_places():
    truth = walk((5, 1.0, 1.0))
    short, long = found(truth[:10], number=10), found(truth[10:], number=20)
    assert same_people(floor(truth), MessageLog([*short, *long])) == {21: 1}
    far = found(truth, moved=(1.1, 0.0))
    assert same_people(floor(truth), MessageLog(far)) == {}
    assert same_people(floor(truth), MessageLog(found(truth, confirmed=False))) == {}


def dwell(truth, stays, people_found=None):
    said = people_found if people_found is not None else found(truth)
    log = MessageLog([*said, *stays])
    return score_dwell(log, SHOP, floor(truth), found=True)["mae_s"]


def stay(begin: float, end: float, zone: str, person: int = 41) -> ZoneStay:
    return ZoneStay(at(begin), at(end), zone, person)


def test_dwell_error_by_hand():
    truth = walk((10, 1.0, 1.0), (6, 2.5, 1.0), (5, 1.0, 2.0), (9, 3.5, 1.0))
    exact = [stay(0, 10, "left"), stay(10, 16, "right"), stay(16, 21, "left")]
    assert dwell(truth, exact) == pytest.approx(0.0)
    rough = [stay(0, 12, "left"), stay(12, 16, "right"), stay(16, 21, "left")]
    assert dwell(truth, rough) == pytest.approx((2 + 2) / 2)


def test_time_of_a_stranger_is_made_up_and_time_of_nobody_missed():
    truth = walk((10, 1.0, 1.0))
    assert dwell(truth, [stay(0, 10, "left"), stay(0, 4, "left", person=77)]) == pytest.approx(2.0)
    assert dwell(truth, []) == pytest.approx(10.0)


def test_passing_through_for_under_three_seconds_is_no_dwell():
    truth = walk((10, 1.0, 1.0), (2, 2.5, 1.0))
    assert dwell(truth, [stay(0, 10, "left")]) == pytest.approx(0.0)


def test_staff_are_left_out_of_dwell():
    truth = walk((30, 2.5, 1.0), person=STAFF, staff=[STAFF])
    assert dwell(truth, [stay(0, 10, "right", person=STAFF + 40)]) is None


def heat(seconds, cell_m=1.0) -> HeatMap:
    return HeatMap(at(60), cell_m, np.asarray(seconds, np.float64))


def test_true_person_seconds_fall_into_their_cells_without_staff():
    truth = [
        people([(1, 0.5, 0.5), (2, 3.5, 2.5), (STAFF, 1.5, 1.5)], seconds=i / 10, staff=[STAFF])
        for i in range(20)
    ]
    np.testing.assert_allclose(
        true_seconds(floor(truth), (3, 4)), [[2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]]
    )


def test_finer_maps_are_summed_into_cells_of_one_metre():
    fine = heat(np.ones((6, 8)), cell_m=0.5)
    np.testing.assert_allclose(in_cells(fine, (3, 4)), np.full((3, 4), 4.0))


WANDER = walk(*[(1 + (3 * i) % 7, x + 0.5, y + 0.5) for i, (x, y) in enumerate(np.ndindex(4, 3))])


def test_the_true_map_correlates_wholly_and_a_shuffled_one_hardly():
    truth = floor(WANDER)
    figures = score_heatmap(MessageLog([heat(true_seconds(truth, (3, 4)))]), SHOP, truth)
    assert figures["correlation"] == pytest.approx(1.0)
    assert abs(figures["shuffled"]) < 0.15


@given(st.permutations(range(12)))
def test_permuting_cells_never_raises_the_correlation(order):
    truth = floor(WANDER)
    real = true_seconds(truth, (3, 4))
    moved = real.ravel()[list(order)].reshape(3, 4)
    figures = score_heatmap(MessageLog([heat(moved)]), SHOP, truth)
    assert figures["correlation"] <= 1.0 + 1e-12
    if not np.array_equal(moved, real):
        assert figures["correlation"] < 1.0 - 1e-6


@given(st.floats(0.1, 50))
def test_the_unit_of_the_map_does_not_matter(factor):
    truth = floor(WANDER)
    scaled = heat(factor * true_seconds(truth, (3, 4)))
    assert score_heatmap(MessageLog([scaled]), SHOP, truth)["correlation"] == pytest.approx(1.0)


def test_a_flat_map_and_a_missing_one_have_no_correlation():
    assert pearson(np.ones(4), np.arange(4.0)) is None
    truth = floor(WANDER)
    assert score_heatmap(MessageLog([heat(np.ones((3, 4)))]), SHOP, truth)["correlation"] is None
    assert score_heatmap(MessageLog(), SHOP, truth) == {"correlation": None, "shuffled": None}


def flow(zones, count):
    return MessageLog([Flow(at(60), np.array(zones), np.array(count, np.int64))])


HOP = walk(
    (3, 1.0, 1.0), (2, 2.5, 1.0), (2, 3.5, 1.0), (2, 1.0, 1.0), (0.5, 2.5, 1.0), (1, 1.0, 1.0)
)


def test_flow_distance_by_hand():
    # Left to right, over the aisle back to left; half a second on the right is no stay.
    zones = ["right", "left"]
    assert score_flow(flow(zones, [[0, 5], [5, 0]]), SHOP, floor(HOP))["l1"] == pytest.approx(0.0)
    assert score_flow(flow(zones, [[0, 1], [3, 0]]), SHOP, floor(HOP))["l1"] == pytest.approx(0.5)
    assert score_flow(flow(zones, [[7, 0], [2, 0]]), SHOP, floor(HOP))["l1"] == pytest.approx(1.0)


def test_flow_without_moves_is_null_and_without_reported_moves_wholly_wrong():
    assert score_flow(flow(["left"], [[0]]), SHOP, floor(walk((3, 1.0, 1.0))))["l1"] is None
    assert score_flow(flow(["left"], [[0]]), SHOP, floor(HOP))["l1"] == 2.0
    assert score_flow(MessageLog(), SHOP, floor(HOP))["l1"] is None
