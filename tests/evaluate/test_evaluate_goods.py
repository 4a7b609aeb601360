"""Tag zones and recommendations."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import at, plan
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.recommendation import score_recommendation
from retailsim.evaluate.tag_zone import score_tag_zone
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Recommendation, TagZones
from retailsim.messages.sensors import TryOn
from retailsim.messages.truth import (
    TruthCarry,
    TruthSale,
    TruthTagZones,
    TruthTaste,
    TruthTryOn,
)

A, B = "a" * 24, "b" * 24


def zones(kind, seconds: float, rows: dict[str, str]):
    return kind(at(seconds), np.array([*rows]), np.array([*rows.values()]))


def accuracy(true, said, *, end=100.0):
    truth = MessageLog(zones(TruthTagZones, s, rows) for s, rows in true)
    results = MessageLog(zones(TagZones, s, rows) for s, rows in said)
    return score_tag_zone(truth, results, end_ns=at(end), found=True)["accuracy"]


def test_tag_seconds_in_the_right_zone_by_hand():
    true = [(0, {A: "left", B: "left"}), (40, {A: "right"})]
    said = [(0, {A: "left", B: "left"}), (60, {A: "right"}), (90, {B: "right"})]
    assert accuracy(true, said) == pytest.approx((40 + 40 + 90) / 200)


def test_time_out_of_the_shop_is_left_out():
    true = [(0, {A: "left"}), (20, {A: ""})]
    assert accuracy(true, [(0, {A: "left"})]) == pytest.approx(1.0)


def test_a_tag_never_reported_is_wrong_all_the_time():
    true = [(0, {A: "left", B: "left"})]
    assert accuracy(true, [(0, {A: "left"})]) == pytest.approx(0.5)
    assert accuracy(true, [(50, {A: "left", B: "left"})]) == pytest.approx(0.5)
    assert accuracy(true, []) == 0.0


def test_without_tags_or_a_stage_accuracy_is_null():
    assert accuracy([], []) is None
    assert score_tag_zone(MessageLog(), MessageLog(), end_ns=0, found=False) == {
        "accuracy": None,
        "away_accuracy": None,
    }


moves = st.lists(
    st.tuples(st.integers(1, 99), st.sampled_from([A, B]), st.sampled_from(["left", "right", ""])),
    max_size=12,
)


@given(moves)
def test_repeating_the_truth_scores_one(steps):
    rows = [(0, {A: "left", B: "right"})] + [(s, {epc: zone}) for s, epc, zone in sorted(steps)]
    assert accuracy(rows, rows) == 1.0


GARMENTS = ["tee", "knit", "coat", "skirt", "jeans", "dress"]
SHOP = plan(
    fixtures=[
        {"id": "rail", "kind": "rail", "center_m": (1, 1), "size_m": (1, 0.5), "height_m": 1.5}
    ],
    catalogue=[
        {
            "id": sku,
            "name": sku,
            "kind": "coat",
            "colour": "#112233",
            "style": "basic",
            "price_eur": 10,
        }
        for sku in GARMENTS
    ],
    stock=[{"fixture": "rail", "sku": sku, "count": 1} for sku in GARMENTS],
)
EPC_OF = {item.sku: item.epc for item in SHOP.items}


def shown(*skus: str, seconds: float = 10.0, on: str = "tee") -> Recommendation:
    scores = np.arange(len(skus), 0, -1).astype(np.float64)
    return Recommendation(at(seconds), "mirror", EPC_OF[on], np.array(skus, np.str_), scores)


def recommended(*answers: Recommendation, likes, truth=(), questions=((10.0, "tee"),)):
    world = MessageLog(truth)
    world.append(TruthTaste(at(0), 1, np.array(likes, np.str_), np.ones(len(likes))))
    sensors = MessageLog()
    for seconds, sku in questions:
        world.append(TruthTryOn(at(seconds), at(seconds + 9), 1, EPC_OF[sku], "mirror"))
        sensors.append(TryOn(at(seconds), "mirror", EPC_OF[sku]))
    return score_recommendation(world, MessageLog(answers), sensors, SHOP, found=True)


def test_a_liked_article_in_second_place_by_hand():
    figures = recommended(shown("coat", "knit", "skirt"), likes=["knit", "dress"])
    ideal = 1 + 1 / np.log2(3)
    assert figures["hit@5"] == 1.0
    assert figures["mrr"] == pytest.approx(0.5)
    assert figures["ndcg@5"] == pytest.approx((1 / np.log2(3)) / ideal)


def test_the_right_order_scores_one_and_sixth_place_is_no_hit():
    assert set(recommended(shown("knit"), likes=["knit"]).values()) == {1.0}
    late = recommended(shown("coat", "skirt", "jeans", "tee", "shoe", "knit"), likes=["knit"])
    assert late == {"hit@5": 0.0, "ndcg@5": 0.0, "mrr": pytest.approx(1 / 6)}


def test_what_the_visitor_already_has_is_not_relevant():
    carried = TruthCarry(at(5), at(30), 1, EPC_OF["coat"])
    put_back = TruthCarry(at(1), at(3), 1, EPC_OF["knit"])
    likes = ["tee", "coat", "knit"]
    only_knit = recommended(shown("tee", "coat", "knit"), likes=likes, truth=[carried, put_back])
    assert only_knit["mrr"] == pytest.approx(1 / 3)


def test_what_the_visitor_buys_later_is_relevant():
    sale = TruthSale(at(50), 1, np.array([EPC_OF["jeans"]]))
    assert recommended(shown("jeans"), likes=[], truth=[sale])["hit@5"] == 1.0


def test_an_unanswered_question_scores_zero():
    figures = recommended(shown("knit"), likes=["knit"], questions=[(10.0, "tee"), (40.0, "coat")])
    assert figures["hit@5"] == 0.5
    assert recommended(likes=["knit"])["hit@5"] == 0.0


def test_answers_belong_to_the_question_nearest_in_time_within_five_seconds():
    assert recommended(shown("knit", seconds=15.0), likes=["knit"])["hit@5"] == 1.0
    assert recommended(shown("knit", seconds=15.1), likes=["knit"])["hit@5"] == 0.0
    assert recommended(shown("knit", on="coat"), likes=["knit"])["hit@5"] == 0.0


def test_a_mirror_may_be_started_long_after_somebody_began_to_change():
    world = MessageLog(
        [
            TruthTaste(at(0), 1, np.array(["knit"]), np.ones(1)),
            TruthTryOn(at(10), at(60), 1, EPC_OF["tee"], "mirror"),
        ]
    )
    for asked, hit in ((40.0, 1.0), (65.0, 1.0), (65.1, None)):
        sensors = MessageLog([TryOn(at(asked), "mirror", EPC_OF["tee"])])
        answer = MessageLog([shown("knit", seconds=asked)])
        figures = score_recommendation(world, answer, sensors, SHOP, found=True)
        assert figures["hit@5"] == hit


def test_without_questions_or_likes_there_is_nothing_to_score():
    assert set(recommended(shown("knit"), likes=["tee"]).values()) == {None}
    assert set(recommended(likes=["knit"], questions=()).values()) == {None}


@given(st.permutations(GARMENTS[1:]), st.sets(st.sampled_from(GARMENTS[1:]), min_size=1))
def test_putting_a_liked_article_first_never_lowers_any_figure(order, likes):
    best = next(sku for sku in order if sku in likes)
    moved = [best, *(sku for sku in order if sku != best)]
    before = recommended(shown(*order), likes=sorted(likes))
    after = recommended(shown(*moved), likes=sorted(likes))
    assert all(after[name] >= before[name] - 1e-12 for name in before)
