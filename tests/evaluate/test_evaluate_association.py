"""HOTA, IDF1 and MOTA: by hand, by law, and against TrackEval and py-motmetrics."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.association import Sequence, hota, idf1, mota

Frame = tuple[np.ndarray, np.ndarray, np.ndarray]


def frame(truth, found, similarity=None) -> Frame:
    """Return one frame; without `similarity`, equal ids overlap wholly and others not at all."""
    truth, found = np.array(truth, np.int64), np.array(found, np.int64)
    if similarity is None:
        similarity = (truth[:, None] == found[None, :]).astype(float)
    return truth, found, np.asarray(similarity, float).reshape(len(truth), len(found))


def scores(frames: list[Frame]) -> tuple[float | None, float | None, float | None]:
    sequence = Sequence.of(frames)
    return hota(sequence), idf1(sequence), mota(sequence)


def test_perfect_tracks_score_one():
    assert scores([frame([1, 2], [1, 2])] * 4) == pytest.approx((1.0, 1.0, 1.0))


def test_a_number_that_changes_half_way_by_hand():
    # One person, 4 frames, found as 7 and then as 8: all boxes right, every pair of id and
    # person agrees in 2 of 4 frames, one switch.
    frames = [frame([1], [7], [[1.0]])] * 2 + [frame([1], [8], [[1.0]])] * 2
    assert scores(frames) == pytest.approx((np.sqrt(1.0 * 0.5), 0.5, 1 - 1 / 4))


def test_a_person_never_found_by_hand():
    # Of two people in three frames one is followed: DetA 3/6, AssA 1; IDF1 2*3/(6+3).
    frames = [frame([1, 2], [1])] * 3
    assert scores(frames) == pytest.approx((np.sqrt(0.5), 6 / 9, 0.5))


def test_false_boxes_by_hand_may_make_mota_negative():
    frames = [frame([1], [5, 6, 7], np.zeros((1, 3)))] * 2
    assert scores(frames) == pytest.approx((0.0, 0.0, -3.0))


def test_a_loose_box_counts_at_low_thresholds_only():
    # IoU 0.52 passes 10 of 19 thresholds (.05 to .50).
    assert scores([frame([1], [1], [[0.52]])] * 3) == pytest.approx((10 / 19, 1.0, 1.0))


def test_nothing_found_scores_zero_and_nobody_there_is_null():
    assert scores([frame([1], [])]) == (0.0, 0.0, 0.0)
    assert scores([frame([], [1])]) == (None, None, None)
    assert scores([]) == (None, None, None)


@st.composite
def sequences(draw) -> list[Frame]:
    """Random people and tracks with some order in them: ids persist, boxes jitter."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people, length = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    miss, false, swap = (draw(st.sampled_from([0.0, 0.1, 0.4])) for _ in range(3))
    number = np.arange(people) + 10
    frames = []
    for _ in range(length):
        truth = np.flatnonzero(rng.random(people) < 0.8)
        if people > 1 and rng.random() < swap:
            a, b = rng.choice(people, 2, replace=False)
            number[[a, b]] = number[[b, a]]
        seen = truth[rng.random(len(truth)) >= miss]
        extra = np.arange(rng.binomial(3, false)) + 100
        overlap = rng.random((len(truth), len(seen) + len(extra))) * 0.45
        own = truth[:, None] == seen[None, :]
        overlap[:, : len(seen)][own] = 0.4 + 0.6 * rng.random(int(own.sum()))
        frames.append(frame(truth, [*number[seen], *extra], overlap))
    return frames


@given(sequences())
def test_scores_lie_in_their_ranges(frames):
    h, i, m = scores(frames)
    if h is not None and i is not None and m is not None:
        assert 0.0 <= h <= 1.0
        assert 0.0 <= i <= 1.0
        assert m <= 1.0


@given(sequences(), st.randoms(use_true_random=False))
def test_numbers_may_be_given_out_anew_on_either_side(frames, random):
    ids = sorted({int(i) for t, f, _ in frames for i in (*t, *f)})
    new = dict(zip(ids, random.sample(range(1000), len(ids)), strict=True))
    renamed = [
        (np.array([new[int(i)] + 5000 for i in t]), np.array([new[int(i)] for i in f]), s)
        for t, f, s in frames
    ]
    assert scores(renamed) == pytest.approx(scores(frames))


@given(sequences(), st.data())
def test_a_box_on_nobody_never_raises_any_score(frames, data):
    step = data.draw(st.integers(0, len(frames) - 1))
    truth, found, similarity = frames[step]
    false = (truth, np.append(found, 999), np.pad(similarity, ((0, 0), (0, 1))))
    worse = scores([*frames[:step], false, *frames[step + 1 :]])
    for before, after in zip(scores(frames), worse, strict=True):
        assert (before is None) == (after is None)
        assert before is None or after <= before + 1e-12


def trackeval_scores(frames: list[Frame]) -> tuple[float, float, float]:
    trackeval = pytest.importorskip("trackeval", reason="pip install --no-deps trackeval==1.3.0")
    truth_ids = sorted({int(i) for t, _, _ in frames for i in t})
    found_ids = sorted({int(i) for _, f, _ in frames for i in f})
    data = {
        "num_timesteps": len(frames),
        "num_gt_ids": len(truth_ids),
        "num_tracker_ids": len(found_ids),
        "num_gt_dets": sum(len(t) for t, _, _ in frames),
        "num_tracker_dets": sum(len(f) for _, f, _ in frames),
        "gt_ids": [np.searchsorted(truth_ids, t) for t, _, _ in frames],
        "tracker_ids": [np.searchsorted(found_ids, f) for _, f, _ in frames],
        "similarity_scores": [s for _, _, s in frames],
    }
    quiet = {"PRINT_CONFIG": False}
    return (
        float(trackeval.metrics.HOTA().eval_sequence(data)["HOTA"].mean()),
        float(trackeval.metrics.Identity(quiet).eval_sequence(data)["IDF1"]),
        float(trackeval.metrics.CLEAR(quiet).eval_sequence(data)["MOTA"]),
    )


@given(sequences())
def test_scores_equal_trackevals(frames):
    if any(len(t) for t, _, _ in frames) and any(len(f) for _, f, _ in frames):
        assert scores(frames) == pytest.approx(trackeval_scores(frames), abs=1e-9)


def motmetrics_scores(frames: list[Frame]) -> tuple[float, float]:
    logging.disable(logging.WARNING)
    motmetrics = pytest.importorskip("motmetrics")
    book = motmetrics.MOTAccumulator(auto_id=True)
    for truth, found, similarity in frames:
        book.update(truth, found, np.where(similarity >= 0.5, 1 - similarity, np.nan))
    summary = motmetrics.metrics.create().compute(book, metrics=["idf1", "mota"], name="all")
    return float(summary["idf1"].iloc[0]), float(summary["mota"].iloc[0])


def test_idf1_and_mota_equal_motmetrics_on_a_longer_scene():
    rng = np.random.default_rng(3)
    frames = []
    number = np.arange(6)
    for step in range(60):
        truth = np.flatnonzero(rng.random(6) < 0.9)
        if step % 17 == 16:
            number = rng.permutation(number)
        seen = truth[rng.random(len(truth)) < 0.85]
        overlap = (truth[:, None] == seen[None, :]) * (
            0.6 + 0.4 * rng.random((len(truth), len(seen)))
        )
        frames.append(frame(truth, number[seen] + 10, overlap))
    _, ours, clear = scores(frames)
    assert (ours, clear) == pytest.approx(motmetrics_scores(frames))
