"""Which boxes are judged: the ignore rules."""

from __future__ import annotations

import numpy as np
from evaluate_scenes import boxes
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.boxes import counted, iou, judged, match_people

A = (100, 100, 140, 200)
B = (300, 100, 340, 200)


def found(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_iou_of_boxes_that_share_a_third():
    overlap = iou(found((0, 0, 10, 10)), found((5, 0, 15, 10), (10, 0, 20, 10), (3, 3, 3, 9)))
    np.testing.assert_allclose(overlap, [[1 / 3, 0.0, 0.0]])


def test_people_under_a_quarter_visible_or_under_24_px_do_not_count():
    truth = boxes(
        [(1, A), (2, B), (3, (0, 0, 10, 23)), (4, (0, 0, 10, 24))], visible=[0.25, 0.24, 1.0, 1.0]
    )
    assert counted(truth).tolist() == [True, False, False, True]


def test_a_box_on_an_ignored_person_is_ignored():
    truth = boxes([(1, A), (2, B)], visible=[1.0, 0.1])
    assert judged(truth, found(A, B)).tolist() == [True, False]


def test_a_box_that_guesses_the_whole_body_of_an_ignored_person_is_ignored():
    truth = boxes([(2, (300, 100, 340, 130))], visible=[0.2], full=[B])
    assert judged(truth, found(B)).tolist() == [False]


def test_a_box_on_a_counted_person_counts_although_somebody_is_hidden_behind():
    truth = boxes([(1, A), (2, (100, 100, 140, 115))], visible=[1.0, 0.15], full=[A, A])
    assert judged(truth, found(A)).tolist() == [True]


def test_a_small_box_counts_only_where_it_shows_somebody():
    truth = boxes([(1, (0, 0, 10, 24))])
    assert judged(truth, found((0, 0, 10, 23), (500, 0, 510, 23))).tolist() == [True, False]


def test_a_box_on_nobody_is_judged():
    assert judged(boxes([]), found(A)).tolist() == [True]


def test_who_a_box_shows_is_the_best_match_or_nobody():
    truth = boxes([(7, A), (8, (110, 100, 150, 200))])
    near_a, far = (101, 100, 141, 200), (400, 0, 440, 100)
    assert match_people(truth, found(near_a, far)).tolist() == [7, -1]
    assert match_people(boxes([]), found(A)).tolist() == [-1]


box = st.tuples(*[st.integers(0, 60)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


@given(st.lists(box, min_size=1, max_size=6), st.lists(box, min_size=1, max_size=6))
def test_iou_is_symmetric_bounded_and_one_only_for_equal_boxes(a, b):
    overlap = iou(found(*a), found(*b))
    np.testing.assert_allclose(overlap, iou(found(*b), found(*a)).T)
    assert overlap.min() >= 0.0
    assert overlap.max() <= 1.0
    equal = (found(*a)[:, None] == found(*b)[None]).all(axis=2)
    np.testing.assert_array_equal(overlap == 1.0, equal)
