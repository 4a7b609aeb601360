"""Who handled which garment."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import (
    EPC,
    at,
    boxes,
    handled,
    identities,
    interaction,
    people,
    plan,
    reads,
)

from retailsim.evaluate.flip import handling
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.interaction import WhoIsWho, calibration_error, score_interaction
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion

ANNA, BEN = 1, 2
LEFT, RIGHT = (100, 100, 140, 200), (300, 100, 340, 200)


def session(*, swap_at: float = 1e9):
    """Anna left and Ben right for 40 s; the stack calls them 51 and 52, swapped from a time on."""
    truth, results = [], []
    for s in np.arange(0, 40, 0.5):
        truth.append(boxes([(ANNA, LEFT), (BEN, RIGHT)], seconds=s))
        truth.append(people([(ANNA, 1.0, 1.0), (BEN, 3.5, 1.0)], seconds=s))
        a, b = (51, 52) if s < swap_at else (52, 51)
        results.append(identities([(a, LEFT), (b, RIGHT)], seconds=s))
    return truth, results


def score(events, said, *, swap_at=1e9, alarms=(), found=True):
    truth, results = session(swap_at=swap_at)
    world = MessageLog([*truth, *events])
    log = MessageLog([*results, *said, *alarms])
    times = ReadTimes(MessageLog([reads(np.arange(0, 40, 0.25))]))
    who = WhoIsWho(world, log, FloorTruth.of(world, plan()))
    return score_interaction(handling(world, times), log, who, found=found)


def test_right_wrong_and_missed_by_hand():
    events = [
        handled(5, 7, person=ANNA),
        handled(15, 17, person=BEN),
        handled(25, 27, person=BEN, kind="pickup"),
        handled(35, 37, person=ANNA),
    ]
    said = [
        interaction(5, 7, person=51),
        interaction(15, 17, person=51),  # it was Ben
        interaction(25, 27, person=52),
        interaction(30, 31, person=52),  # nobody did that
    ]
    figures = score(events, said)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["precision"] == pytest.approx(2 / 4)
    assert figures["recall"] == pytest.approx(2 / 4)
    assert figures["ece"] == pytest.approx(abs(0.5 - 0.9))


def test_a_found_flip_that_was_given_to_nobody_lowers_accuracy_not_precision():
    events = [handled(5, 7, person=ANNA), handled(15, 17, person=BEN)]
    said = [interaction(5, 7, person=51), interaction(15, 17, person=0)]
    figures = score(events, said)
    assert (figures["accuracy"], figures["precision"], figures["recall"]) == (0.5, 1.0, 0.5)


def test_a_flip_found_by_its_alarm_alone_counts_as_found():
    alarm = TagMotion(at(15), at(17), EPC, "flip", 0.9)
    events = [handled(5, 7, person=ANNA), handled(15, 17, person=BEN)]
    assert score(events, [interaction(5, 7, person=51)], alarms=[alarm])["accuracy"] == 0.5
    assert score(events, [interaction(5, 7, person=51)])["accuracy"] == 1.0


def test_numbers_are_looked_up_around_the_interaction():
    events = [handled(5, 7, person=ANNA), handled(35, 37, person=ANNA)]
    said = [interaction(5, 7, person=51), interaction(35, 37, person=52)]
    assert score(events, said, swap_at=20)["accuracy"] == 1.0


def test_without_boxes_of_that_number_the_nearest_true_person_within_1_m_is_meant():
    events = [handled(5, 7, person=ANNA)]
    near = interaction(5, 7, person=99, xy_m=(1.5, 1.5))
    far = interaction(5, 7, person=99, xy_m=(1.9, 1.9))
    unknown = interaction(5, 7, person=99)
    assert [score(events, [said])["accuracy"] for said in (near, far, unknown)] == [1.0, 0.0, 0.0]


def test_an_interaction_on_a_put_back_is_ignored():
    events = [handled(5, 7, person=ANNA), handled(15, 17, person=ANNA, kind="putback")]
    said = [interaction(5, 7, person=51), interaction(15, 17, person=51)]
    figures = score(events, said)
    assert (figures["precision"], figures["recall"]) == (1.0, 1.0)


def test_what_cannot_be_computed_is_null():
    assert score([], [])["accuracy"] is None
    assert set(score([handled(5, 7)], [], found=False).values()) == {None}


def test_calibration_error_by_hand():
    # Bin .9: two claims, one right, gap |1.8 - 1| = .8; bin .2: one wrong claim, gap .2.
    assert calibration_error([0.9, 0.9, 0.2], [True, False, False]) == pytest.approx(1.0 / 3)
    assert calibration_error([1.0, 0.0], [True, False]) == pytest.approx(0.0)
    assert calibration_error([], []) is None
