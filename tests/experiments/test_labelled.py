"""Thresholds and figures of labelled frames, and the shipped detector on a real street."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.experiments.labelled import (
    Clip,
    Ranked,
    average_precision,
    bag_clip,
    detect,
    rank,
    video_clip,
)
from retailsim.experiments.street import measure_street, person_detector
from retailsim.messages.results import Detections
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthBoxes
from retailsim.store.plan import Camera, StorePlan

NOTHING = np.zeros((1, 1, 3), np.uint8)


def clip_of(*people: list[list[float]]) -> Clip:
    """Frames with the given true boxes."""
    batches, truth = [], []
    for t, rows in enumerate(people):
        boxes = np.array(rows, np.float32).reshape(-1, 4)
        batches.append(FrameBatch(t, (Frame(t, "cam0", t, NOTHING),)))
        ids, seen = np.arange(len(boxes)), np.ones(len(boxes), np.float32)
        truth.append(TruthBoxes(t, "cam0", ids.astype(np.int64), boxes, boxes, seen))
    plan = StorePlan(name="street", cameras=[Camera(id="cam0")])
    return Clip(plan, tuple(batches), tuple(truth))


def told(time_ns: int, *rows: tuple[float, ...]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(time_ns, "cam0", table[:, :4], table[:, 4])


def test_a_person_is_hit_once_and_by_the_best_box():
    clip = clip_of([[0, 0, 20, 60]], [[50, 0, 70, 60]])
    twice = told(0, (0, 0, 20, 60, 0.9), (0, 1, 20, 60, 0.8))
    ranked = rank(clip, [twice, told(1, (200, 0, 220, 60, 0.85))])
    assert ranked.hit.tolist() == [True, False, False]
    assert ranked.score == pytest.approx([0.9, 0.85, 0.8])
    assert ranked.people == 2
    assert ranked.at(0.7) == {"precision": 1 / 3, "recall": 0.5, "f1": 0.4}
    assert ranked.best_threshold() == pytest.approx(0.9)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1), st.integers(0, 9))
def test_no_other_threshold_is_better(boxes, missed):
    boxes = sorted(boxes, reverse=True)
    score = np.array([b[0] for b in boxes]) / 20
    hit = np.array([b[1] for b in boxes])
    ranked = Ranked(score, hit, int(hit.sum()) + missed)
    best = ranked.at(ranked.best_threshold())["f1"] or 0.0
    assert all((ranked.at(t)["f1"] or 0.0) <= best + 1e-12 for t in score)


def test_a_part_of_a_clip_knows_nothing_of_the_rest():
    clip = clip_of(*[[[0, 0, 20, 60]]] * 4)
    later = clip.between(3, 4)
    assert [t.time_ns for t in later.truth] == [2, 3]
    found = [told(t, (0, 0, 20, 60, 0.9)) for t in (0, 2)]
    assert average_precision(later, found)["ap50"] == pytest.approx(0.5, abs=0.01)


def test_bags_are_sampled(request):
    bag = request.config.rootpath / "fixtures" / "boutique.bag"
    clip = bag_clip(bag, every=100)
    assert len(clip.batches) > 1
    assert {t.time_ns for t in clip.truth} <= {
        frame.time_ns for batch in clip.batches for frame in batch.frames
    }
    found = detect(person_detector(clip), clip)
    assert len(found) == sum(len(batch.frames) for batch in clip.batches)


@pytest.mark.real
def test_what_simulation_taught_holds_in_a_real_street(real):
    street = real / "pedestrians" / "tud-stadtmitte"
    clip = video_clip(street.with_suffix(".mp4"), street.with_suffix(".gt.txt"))
    assert len(clip.batches) == 179
    figures = measure_street(person_detector(clip), clip)
    assert figures.frames == 90
    assert figures.ap50 is not None
    assert figures.ap50 >= 0.85
    assert figures.f1 is not None
    assert figures.f1 >= 0.75
