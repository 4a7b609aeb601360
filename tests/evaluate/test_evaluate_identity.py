"""Re-identification and identity over all cameras."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import at, boxes, identities, people, plan, tracks

from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.identity import count_people, score_identity
from retailsim.evaluate.reid import rank, score_reid
from retailsim.evaluate.tracking import score_tracking
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Embeddings, People

LEFT, RIGHT = (100, 100, 140, 200), (300, 100, 340, 200)


def ranked(rows):
    """Rank (vector, person, camera) rows."""
    vectors, person, camera = zip(*rows, strict=True)
    return rank(np.array(vectors, np.float32), np.array(person), np.array(camera))


def test_the_same_person_in_another_camera_comes_first():
    rows = [((1, 0), 1, "a"), ((0.9, 0.1), 1, "b"), ((0, 1), 2, "a"), ((0.1, 0.9), 2, "b")]
    assert ranked(rows) == {"rank1": 1.0, "map": 1.0}


def test_second_place_by_hand():
    # Query 1a sees 2b (closer) before 1b, 1b sees 1a first: precision 1/2 and 1.
    rows = [((1, 0), 1, "a"), ((0.6, -0.8), 1, "b"), ((0.9, 0.43), 2, "b")]
    assert ranked(rows) == {"rank1": 0.5, "map": pytest.approx(0.75)}


def test_two_right_answers_at_places_one_and_three_by_hand():
    rows = [
        ((1.0, 0.0), 1, "a"),
        ((0.99, 0.14), 1, "b"),
        ((0.9, 0.44), 2, "b"),
        ((0.8, 0.6), 1, "c"),
    ]
    vectors, person, camera = zip(*rows, strict=True)
    alone = np.array(person), np.array(camera)
    figures = rank(np.array(vectors, np.float32), *alone)
    # Queries: 1a -> places 1, 3; 1b -> 1a first, 1c third behind 2b; 1c -> 2b, 1b, 1a: 2, 3.
    expected = np.mean([(1 + 2 / 3) / 2, (1 + 2 / 3) / 2, (1 / 2 + 2 / 3) / 2])
    assert figures == {"rank1": pytest.approx(2 / 3), "map": pytest.approx(expected)}


def test_the_same_person_in_the_same_camera_is_dropped_from_the_gallery():
    rows = [((1, 0), 1, "a"), ((1, 0), 1, "a"), ((0, 1), 2, "b")]
    assert ranked(rows) == {"rank1": None, "map": None}


def embedded(camera: str, vectors: dict[int, tuple[float, float]], seconds: float) -> Embeddings:
    return Embeddings(
        at(seconds),
        camera,
        np.array([*vectors], np.int64),
        np.array([*vectors.values()], np.float32),
    )


def test_tracklets_belong_to_whom_their_boxes_show():
    truth, results = [], []
    for s in range(3):
        for camera, first in (("a", 10), ("b", 20)):
            truth.append(boxes([(1, LEFT), (2, RIGHT)], seconds=s, camera=camera))
            results += [
                tracks([(first, LEFT), (first + 1, RIGHT)], seconds=s, camera=camera),
                embedded(camera, {first: (1, 0), first + 1: (0, 1)}, s),
            ]
    assert score_reid(MessageLog(truth), MessageLog(results)) == {"rank1": 1.0, "map": 1.0}
    assert score_reid(MessageLog(), MessageLog(results)) == {"rank1": None, "map": None}
    assert score_reid(MessageLog(truth), MessageLog()) == {"rank1": None, "map": None}


def session(number):
    """Two people in two cameras for four frames; `number(person, camera, frame)` names them."""
    truth, results = [], []
    for frame in range(4):
        truth.append(people([(1, 1.0, 1.0), (2, 2.5, 1.0), (3, 2.0, -0.5)], seconds=frame))
        for camera in ("a", "b"):
            truth.append(boxes([(1, LEFT), (2, RIGHT)], seconds=frame, camera=camera))
            rows = [(number(1, camera, frame), LEFT), (number(2, camera, frame), RIGHT)]
            results.append(identities(rows, seconds=frame, camera=camera))
    return MessageLog(truth), MessageLog(results)


def score(truth, results):
    return score_identity(truth, results, plan(), FloorTruth.of(truth, plan()))


def test_one_number_per_person_scores_one():
    figures = score(*session(lambda person, camera, frame: person + 70))
    assert figures == {"idf1": 1.0, "hota": pytest.approx(1.0), "unique_error": 0.0}


def test_a_number_of_its_own_in_every_camera_halves_idf1_and_doubles_the_people():
    figures = score(*session(lambda person, camera, frame: person + (10 if camera == "b" else 0)))
    assert figures["idf1"] == pytest.approx(0.5)
    assert figures["hota"] == pytest.approx(np.sqrt(0.5))
    assert figures["unique_error"] == pytest.approx(1.0)


def test_confirmed_people_inside_the_shop_are_counted_where_positions_are_known():
    truth, results = session(lambda person, camera, frame: person)
    xy_m = np.array([(1.0, 1.0), (2.5, 1.0), (1.0, -0.5), (1.0, 2.0), (1.5, 2.0)])
    sure = np.array([True, True, True, False, True])
    results.append(People(at(0), np.arange(5), xy_m, sure))
    assert count_people(results, plan()) == 3  # one is in the street, one not confirmed
    assert score(truth, results)["unique_error"] == pytest.approx(0.5)


def test_without_calibration_the_numbers_given_to_boxes_are_counted():
    truth, results = session(lambda person, camera, frame: person)
    labels = MessageLog(m for m in truth if hasattr(m, "visible_px"))
    nowhere = People(at(0), np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0, bool))
    results.append(nowhere)
    assert score(labels, results)["unique_error"] == 0.0


def test_identity_without_labels_or_numbers_is_null():
    truth, results = session(lambda person, camera, frame: person)
    assert set(score(MessageLog(), results).values()) == {None}
    assert set(score(truth, MessageLog()).values()) == {None}


def test_tracking_is_the_mean_over_cameras():
    truth = [boxes([(1, LEFT)], seconds=s, camera=c) for s in range(4) for c in ("a", "b")]
    results = [tracks([(5, LEFT)], seconds=s, camera="a") for s in range(4)]
    results += [tracks([(6 + s // 2, LEFT)], seconds=s, camera="b") for s in range(4)]
    figures = score_tracking(MessageLog(truth), MessageLog(results))
    assert figures["idf1"] == pytest.approx((1.0 + 0.5) / 2)
    assert figures["mota"] == pytest.approx((1.0 + 0.75) / 2)
    assert figures["hota"] == pytest.approx((1.0 + np.sqrt(0.5)) / 2)


def test_tracks_of_ignored_people_cost_nothing():
    truth = [boxes([(1, LEFT), (2, RIGHT)], seconds=s, visible=[1.0, 0.1]) for s in range(3)]
    results = [tracks([(5, LEFT), (6, RIGHT)], seconds=s) for s in range(3)]
    assert score_tracking(MessageLog(truth), MessageLog(results))["mota"] == 1.0


def test_tracking_without_truth_or_tracks_is_null():
    truth, results = [boxes([(1, LEFT)])], [tracks([(1, LEFT)])]
    assert set(score_tracking(MessageLog(), MessageLog(results)).values()) == {None}
    assert set(score_tracking(MessageLog(truth), MessageLog()).values()) == {None}
