"""ByteTrack and its rival, on boxes whose owners are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import StageError
from retailsim.messages.results import Detections, Looks, Tracks
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.association import iou, match, paired_iou
from retailsim.stack.track.bytetrack import IDS_PER_CAMERA, ByteTrack
from retailsim.stack.track.greedy import GreedyIou
from retailsim.store.plan import Camera, StorePlan

PLAN = StorePlan(name="street", cameras=[Camera(id="left"), Camera(id="right")])
WALKER = np.array([100.0, 100.0, 140.0, 220.0])


def detections(
    time_s: float, boxes: list[np.ndarray], scores: list[float] | None = None, camera: str = "left"
) -> Detections:
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    score = np.array(scores if scores is not None else [0.9] * len(rows), np.float32)
    return Detections(round(time_s * 1e9), camera, rows, score)


def only(stage: Stage, message: Detections, looks: Looks | None = None) -> Tracks:
    said = [*stage.process(message), *(stage.process(looks) if looks else ())]
    (tracks,) = [*said, *stage.advance(message.time_ns)]
    assert isinstance(tracks, Tracks)
    return tracks


def shifted(x_px: float, y_px: float = 0.0) -> np.ndarray:
    return WALKER + np.array([x_px, y_px, x_px, y_px])


def test_first_frame_is_told_at_once_and_later_arrivals_after_a_second_look() -> None:
    stage = ByteTrack(StageContext(PLAN))
    assert len(only(stage, detections(0.0, [WALKER])).track_id) == 1
    assert len(only(stage, detections(0.1, [WALKER, shifted(200)])).track_id) == 1
    assert len(only(stage, detections(0.2, [WALKER, shifted(200)])).track_id) == 2


def test_numbers_are_unique_over_cameras() -> None:
    stage = ByteTrack(StageContext(PLAN))
    left = only(stage, detections(0.0, [WALKER, shifted(200)], camera="left"))
    right = only(stage, detections(0.0, [WALKER], camera="right"))
    assert left.track_id.tolist() == [1, 2]
    assert right.track_id.tolist() == [IDS_PER_CAMERA + 1]


@pytest.mark.parametrize("rate_hz", [10, 25])
def test_a_hidden_walker_keeps_the_number_at_any_frame_rate(rate_hz: int) -> None:
    stage = ByteTrack(StageContext(PLAN), lost_s=1.5)
    numbers = set()
    for i in range(4 * rate_hz):
        time_s = i / rate_hz
        hidden = 1.5 < time_s < 2.3
        tracks = only(stage, detections(time_s, [] if hidden else [shifted(60 * time_s)]))
        numbers |= set(tracks.track_id.tolist())
    assert numbers == {1}


def test_a_walker_away_longer_than_the_lost_time_is_new() -> None:
    stage = ByteTrack(StageContext(PLAN), lost_s=0.5)
    only(stage, detections(0.0, [WALKER]))
    for i in range(1, 10):
        only(stage, detections(i / 10, []))
    only(stage, detections(1.0, [WALKER]))
    assert only(stage, detections(1.1, [WALKER])).track_id.tolist() == [2]


def test_doubtful_boxes_carry_a_track_on_but_start_none() -> None:
    stage = ByteTrack(StageContext(PLAN))
    only(stage, detections(0.0, [WALKER]))
    for i in range(1, 6):
        tracks = only(stage, detections(i / 10, [WALKER, shifted(300)], [0.2, 0.2]))
        assert tracks.track_id.tolist() == [1]
        assert tracks.score.tolist() == pytest.approx([0.2])


def test_two_who_pass_each_other_keep_their_numbers_where_the_greedy_rival_fails() -> None:
    """They meet at 2 s, and the one behind is not detected for half a second."""
    byte, greedy = ByteTrack(StageContext(PLAN)), GreedyIou(StageContext(PLAN))
    owners: dict[str, dict[int, set[int]]] = {"byte": {}, "greedy": {}}
    for i in range(41):
        boxes = [shifted(8 * i), shifted(320 - 8 * i)]
        present = [0] if 17 <= i <= 23 else [0, 1]
        message = detections(i / 10, [boxes[k] for k in present])
        for name, stage in (("byte", byte), ("greedy", greedy)):
            tracks = only(stage, message)
            for number, box in zip(tracks.track_id.tolist(), tracks.boxes_px, strict=True):
                owner = int(np.argmin([abs(box - b).sum() for b in boxes]))
                owners[name].setdefault(owner, set()).add(number)
    assert [len(numbers) for numbers in owners["byte"].values()] == [1, 1]
    assert sum(len(numbers) for numbers in owners["greedy"].values()) > 2


def test_shuffled_numbers_would_be_seen() -> None:
    """The test above can fail: with boxes of the two exchanged halfway, numbers follow boxes."""
    stage = ByteTrack(StageContext(PLAN))
    first = only(stage, detections(0.0, [WALKER, shifted(300)]))
    after = only(stage, detections(0.1, [shifted(300), WALKER]))
    by_x = [t.track_id[np.argsort(t.boxes_px[:, 0])].tolist() for t in (first, after)]
    assert by_x[0] == by_x[1]


PLANT = np.array([400.0, 100.0, 440.0, 220.0])


def test_a_thing_taken_for_somebody_is_not_told_and_keeps_nobodys_track() -> None:
    """A plant is found all day with a doubtful score; somebody walks past it and out of sight."""
    stage = ByteTrack(StageContext(PLAN))
    on_plant, walkers = 0, set()
    for i in range(120):
        walker = shifted(8 * i)
        boxes = [PLANT, walker] if i < 40 else [PLANT]
        tracks = only(stage, detections(i / 10, boxes, [0.45, 0.8][: len(boxes)]))
        near = np.abs(tracks.boxes_px - PLANT).max(axis=1, initial=0.0) < 1
        on_plant += int(near.sum())
        walkers |= set(tracks.track_id[~near].tolist())
    assert on_plant == 0
    assert len(walkers) == 1


def test_a_doubtful_walker_is_told_once_he_has_moved() -> None:
    stage = ByteTrack(StageContext(PLAN))
    told = [
        len(only(stage, detections(i / 10, [shifted(6 * i)], [0.45])).track_id) for i in range(20)
    ]
    assert told[0] == 0
    assert told[-1] == 1
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("part", "score", "people"),
    [
        ([100.0, 100.0, 140.0, 160.0], 0.5, 1),
        ([100.0, 100.0, 140.0, 160.0], 0.8, 2),
        ([300.0, 100.0, 340.0, 160.0], 0.55, 2),
    ],
    ids=["half of somebody", "a sure box in front", "a box apart"],
)
def test_a_second_box_on_somebody_starts_a_track_only_if_it_is_sure(
    part: list[float], score: float, people: int
) -> None:
    stage = ByteTrack(StageContext(PLAN))
    only(stage, detections(0.0, [WALKER]))
    for i in range(1, 6):
        tracks = only(stage, detections(i / 10, [WALKER, np.array(part)], [0.9, score]))
    assert len(tracks.track_id) == people


def test_who_was_just_seen_comes_before_who_is_lost() -> None:
    """Two stand side by side, one is lost, and the box left lies a little nearer to the lost."""

    def carried_on(doubt_keep: float) -> list[int]:
        stage = ByteTrack(StageContext(PLAN), doubt_keep=doubt_keep)
        only(stage, detections(0.0, [WALKER, shifted(20)]))
        for i in range(1, 4):
            only(stage, detections(i / 10, [WALKER]))
        return only(stage, detections(0.4, [shifted(11)])).track_id.tolist()

    assert carried_on(doubt_keep=0.8) == [1]
    assert carried_on(doubt_keep=1.0) == [2]


RED, BLUE = np.eye(2, dtype=np.float32)


def looks(message: Detections, vectors: list[np.ndarray]) -> Looks:
    rows = np.arange(len(vectors), dtype=np.int64)
    return Looks(message.time_ns, message.camera, rows, np.array(vectors, np.float32))


def test_two_who_change_places_in_one_step_are_told_apart_by_their_looks_alone() -> None:
    """Place says that nobody moved; looks say that both did."""

    def numbers_of_red(**settings: float) -> list[int]:
        stage = ByteTrack(StageContext(PLAN), **settings)
        told = []
        for i in range(8):
            message = detections(i / 10, [WALKER, shifted(18)])
            seen = looks(message, [RED, BLUE] if i < 4 else [BLUE, RED])
            tracks = only(stage, message, seen)
            red_px = [WALKER, shifted(18)][0 if i < 4 else 1]
            row = int(np.argmin(np.abs(tracks.boxes_px - red_px).sum(axis=1)))
            told.append(int(tracks.track_id[row]))
        return told

    assert len(set(numbers_of_red())) == 1
    assert len(set(numbers_of_red(look_weight=0.0, memory_s=0.0))) == 2


@pytest.mark.parametrize(
    ("back_px", "look", "number"),
    [(40.0, RED, 1), (40.0, BLUE, 2), (2000.0, RED, 2)],
    ids=["same look nearby", "another look", "too far to walk"],
)
def test_who_comes_back_after_long_is_known_by_look_and_way(
    back_px: float, look: np.ndarray, number: int
) -> None:
    stage = ByteTrack(StageContext(PLAN), lost_s=1.0)
    for i in range(5):
        message = detections(i / 10, [WALKER])
        only(stage, message, looks(message, [RED]))
    for i in range(5, 60):
        only(stage, detections(i / 10, []))
    for i in range(60, 63):
        message = detections(i / 10, [shifted(back_px)])
        tracks = only(stage, message, looks(message, [look]))
    assert tracks.track_id.tolist() == [number]


def test_matching_is_optimal_and_respects_its_limit() -> None:
    cost = np.array([[0.1, 0.2], [0.15, 0.9]])
    rows, columns = match(cost, 1.0)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert match(cost, 0.12)[0].tolist() == [0]
    assert match(np.zeros((0, 3)), 1.0)[0].tolist() == []


def test_overlap_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 5, 5]], float)
    np.testing.assert_allclose(iou(boxes[:1], boxes), [[1, 1 / 3, 0]])


def test_a_frame_out_of_order_and_an_unknown_camera_are_refused() -> None:
    stage = ByteTrack(StageContext(PLAN))
    only(stage, detections(1.0, [WALKER]))
    with pytest.raises(StageError, match="not later"):
        only(stage, detections(0.9, [WALKER]))
    stage = ByteTrack(StageContext(PLAN))
    with pytest.raises(StageError, match="'roof'"):
        only(stage, detections(1.0, [WALKER], camera="roof"))


def test_a_misspelt_parameter_is_named() -> None:
    with pytest.raises(StageError, match="hihg_score"):
        ByteTrack(StageContext(PLAN), hihg_score=0.5)


@given(st.integers(0, 6), st.integers(0, 2**31))
def test_paired_overlaps_are_the_diagonal_of_all_overlaps(count: int, seed: int) -> None:
    low = np.random.default_rng(seed).uniform(0, 50, (2, count, 2))
    size = np.random.default_rng(seed + 1).uniform(-1, 40, (2, count, 2))
    one, other = np.concatenate([low, low + size], axis=2)
    np.testing.assert_array_equal(paired_iou(one, other), iou(one, other).diagonal())
