"""Average precision against visible boxes."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import boxes, detections
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.evaluate.detection import score_detection
from retailsim.messages.log import MessageLog

A = (100, 100, 140, 200)
B = (300, 100, 340, 200)
NOBODY = (500, 100, 540, 200)


def score(truth, results):
    return score_detection(MessageLog(truth), MessageLog(results))


def test_perfect_boxes_score_one():
    truth = [boxes([(1, A), (2, B)], seconds=s) for s in range(3)]
    results = [detections([(0.9, A), (0.8, B)], seconds=s) for s in range(3)]
    assert score(truth, results) == {"ap50": pytest.approx(1.0), "ap": pytest.approx(1.0)}


def test_a_missed_person_costs_the_recall_above_one_half():
    # Precision is 1 up to recall 1/2, then nothing: 51 of COCO's 101 recall levels.
    figures = score([boxes([(1, A), (2, B)])], [detections([(0.9, A)])])
    assert figures["ap50"] == pytest.approx(51 / 101)


def test_a_false_box_that_scores_higher_halves_the_precision():
    figures = score([boxes([(1, A)])], [detections([(0.9, NOBODY), (0.5, A)])])
    assert figures["ap50"] == pytest.approx(0.5)


def test_a_loose_box_counts_at_the_loose_thresholds_only():
    loose = (100, 100, 140, 162)  # IoU 0.62: right at .50, .55 and .60 of ten thresholds
    figures = score([boxes([(1, A)])], [detections([(0.9, loose)])])
    assert figures == {"ap50": pytest.approx(1.0), "ap": pytest.approx(0.3)}


def test_a_box_on_an_ignored_person_is_neither_right_nor_wrong():
    truth = [boxes([(1, A), (2, B)], visible=[1.0, 0.1])]
    assert score(truth, [detections([(0.95, B), (0.9, A)])])["ap50"] == pytest.approx(1.0)


def test_a_labelled_frame_without_detections_is_missed():
    truth = [boxes([(1, A)], seconds=s) for s in range(2)]
    assert score(truth, [detections([(0.9, A)])])["ap50"] == pytest.approx(51 / 101)


def test_a_detector_that_finds_nothing_scores_zero():
    assert score([boxes([(1, A)])], [detections([])]) == {"ap50": 0.0, "ap": 0.0}


@pytest.mark.parametrize(
    ("truth", "results"),
    [([], [detections([(0.9, A)])]), ([boxes([])], [detections([])]), ([boxes([(1, A)])], [])],
    ids=["no truth", "nobody there", "no detector"],
)
def test_what_cannot_be_computed_is_null(truth, results):
    assert score(truth, results) == {"ap50": None, "ap": None}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(0.1, 0.9)), min_size=2, max_size=10, unique=True
    ),
    st.data(),
)
def test_dropping_a_right_box_never_raises_the_score(rows, data):
    truth = [boxes([(i, (60 * i, 0, 60 * i + 40, 100)) for i in range(6)])]
    found = [(s, (60 * i, 0, 60 * i + 40, 100)) for i, s in rows]
    real = [row for row in found if row[1][0] < 360]
    if not real:
        return
    dropped = data.draw(st.sampled_from(real))
    same = [row for row in found if row[1] == dropped[1]]
    if len(same) > 1:  # a double is false: dropping the higher one leaves the lower
        return
    fewer = [row for row in found if row != dropped]
    assert score(truth, [detections(fewer)])["ap50"] <= score(truth, [detections(found)])["ap50"]
    assert np.isfinite(score(truth, [detections(found)])["ap"])
