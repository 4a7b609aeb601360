"""Positions in metres and misplaced garments, against courses written by hand."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import at

from retailsim.evaluate.misplaced import score_misplaced
from retailsim.evaluate.position import score_position
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Misplaced, TagPositions
from retailsim.messages.truth import (
    TruthCarry,
    TruthPlacement,
    TruthTagPositions,
    TruthTagZones,
)
from retailsim.store.load import load_plan

PLAN = load_plan("scenarios/stores/boutique.yaml")
FIRST, SECOND = PLAN.items[0], PLAN.items[100]
A, B = FIRST.epc, SECOND.epc
SLOT_M = {i.epc: np.array(PLAN.slot_xyz_m(i.fixture, i.slot)) for i in (FIRST, SECOND)}
THERE_M = np.array([6.0, 4.0, 1.0])
END_S = 200
WRONG = next(f.id for f in PLAN.fixtures if f.kind == "rail" and f.id != FIRST.fixture)


def true_positions(seconds: float, **where: np.ndarray) -> TruthTagPositions:
    return TruthTagPositions(at(seconds), np.array(list(where)), np.array(list(where.values())))


def said(seconds: float, epc: str, xy_m: tuple[float, float], state: str = "resting"):
    return TagPositions(
        at(seconds), np.array([epc]), np.array([xy_m]), np.array([0.5]), np.array([state])
    )


def claim(since_s, found_s, *, epc=A, fixture=WRONG, end_s=None, xy_m=THERE_M[:2]):
    return Misplaced(
        at(since_s), 0 if end_s is None else at(end_s), at(found_s), epc, fixture, 0.9, 0.5,
        np.array([fixture]), np.array([0.9]), np.array(xy_m),
    )  # fmt: skip


def truth() -> MessageLog:
    """One garment hangs elsewhere from second 50 to 150, is carried then, and the other stays."""
    return MessageLog(
        [
            true_positions(0, **{A: SLOT_M[A], B: SLOT_M[B]}),
            true_positions(50, **{A: THERE_M}),
            TruthPlacement(at(50), 7, A, WRONG),
            TruthCarry(at(150), at(160), 7, A),
            true_positions(160, **{A: SLOT_M[A]}),
        ]
    )


def position(*messages: TagPositions) -> dict[str, float | None]:
    results = MessageLog([said(0, A, SLOT_M[A][:2]), said(0, B, SLOT_M[B][:2]), *messages])
    return score_position(truth(), results, PLAN, end_ns=at(END_S), found=True)


def misplaced(*messages: Misplaced) -> dict[str, float | None]:
    return score_misplaced(truth(), MessageLog(messages), end_ns=at(END_S), found=True)


def test_a_planogram_that_never_changes_is_wrong_about_garments_elsewhere_alone():
    figures = position()
    assert figures["median_m"] == 0.0
    way_m = float(np.linalg.norm((THERE_M - SLOT_M[A])[:2]))
    assert figures["resting_median_m"] == pytest.approx(way_m)
    assert figures["away_p90_m"] == pytest.approx(way_m)


def test_an_estimate_counts_from_the_second_it_is_told():
    late = position(said(140, A, (6.0, 4.5)))
    soon = position(said(60, A, (6.0, 4.5)))
    assert soon["resting_median_m"] == pytest.approx(0.5)
    assert late["resting_median_m"] > 1.0


def test_a_garment_said_to_be_gone_while_it_is_there_is_as_wrong_as_can_be():
    figures = position(said(50, A, (np.nan, np.nan), "gone"))
    assert figures["resting_median_m"] == pytest.approx(float(np.hypot(*PLAN.size_m)))


def test_time_out_of_the_shop_does_not_count():
    away = MessageLog([*truth(), TruthTagZones(at(50), np.array([A]), np.array([""]))])
    results = MessageLog([said(0, A, SLOT_M[A][:2]), said(0, B, SLOT_M[B][:2])])
    figures = score_position(away, results, PLAN, end_ns=at(END_S), found=True)
    assert figures["resting_median_m"] is None
    assert figures["p90_m"] == 0.0


def test_without_true_positions_or_a_stage_all_is_null():
    assert set(score_position(MessageLog(), MessageLog(), PLAN, end_ns=0, found=True).values()) == {
        None
    }
    assert set(score_misplaced(truth(), MessageLog(), end_ns=at(9), found=False).values()) == {None}


def test_a_claim_at_the_right_fixture_is_a_hit():
    figures = misplaced(claim(55, 90))
    assert (figures["precision"], figures["recall"], figures["delay_s"]) == (1.0, 1.0, 40.0)


def test_a_claim_at_another_fixture_is_a_hit_within_a_metre_alone():
    near = misplaced(claim(55, 90, fixture="elsewhere", xy_m=(6.0, 4.9)))
    far = misplaced(claim(55, 90, fixture="elsewhere", xy_m=(6.0, 5.2)))
    assert (near["precision"], far["precision"]) == (1.0, 0.0)
    assert far["anywhere_precision"] == far["anywhere_recall"] == 1.0


def test_a_claim_of_another_time_or_garment_is_false():
    for wrong in (claim(160, 190), claim(10, 40, end_s=45), claim(55, 90, epc=B)):
        figures = misplaced(wrong)
        assert (figures["found"], figures["anywhere_precision"]) == (1, 0.0)
        assert figures["anywhere_recall"] == 0.0


def test_the_last_word_on_a_claim_holds():
    figures = misplaced(
        claim(55, 90, fixture="elsewhere", xy_m=(0.0, 0.0)), claim(55, 90, end_s=150)
    )
    assert (figures["found"], figures["precision"]) == (1, 1.0)


def test_two_claims_of_one_stay_are_one_hit():
    figures = misplaced(claim(55, 90, end_s=100), claim(105, 140))
    assert (figures["precision"], figures["recall"]) == (0.5, 1.0)


def test_short_stays_need_not_be_found_and_who_finds_them_is_not_wrong():
    brief = MessageLog(
        [
            true_positions(0, **{A: SLOT_M[A]}),
            true_positions(50, **{A: THERE_M}),
            TruthPlacement(at(50), 7, A, WRONG),
            TruthCarry(at(100), at(110), 7, A),
        ]
    )
    figures = score_misplaced(brief, MessageLog([claim(55, 90)]), end_ns=at(END_S), found=True)
    assert (figures["truth"], figures["found"], figures["precision"]) == (0, 0, None)
