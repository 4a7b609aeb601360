"""Feet in the picture: geometry of what the network is told, and what it makes of people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import ModelError, StageError
from retailsim.messages.results import FloorPositions, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthBoxes, TruthPeople
from retailsim.resources import find
from retailsim.session.reader import BagReader
from retailsim.stack.identity.floor import FloorFromBoxes
from retailsim.stack.identity.footpoint import HINTS, cut_view, foot_points_px, hints, view_px
from retailsim.stack.identity.pictures import FloorFromPictures, on_floor
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.projection import Projection

CAMERA = Camera(id="c", position_m=(0.0, 0.0, 3.0), look_at_m=(0.0, 5.0, 0.5), hfov_deg=90.0)
VIEW = Projection.of(CAMERA)
SIZE_PX = (CAMERA.width_px, CAMERA.height_px)


def box_of(xy_m: tuple[float, float], height_m: float = 1.66) -> np.ndarray:
    """A slim box from head to feet of somebody upright."""
    head, feet = VIEW.to_image(np.array([[*xy_m, height_m], [*xy_m, 0.0]]))
    middle, half = (head[0] + feet[0]) / 2, 0.2 * (feet[1] - head[1])
    return np.array([middle - half, head[1], middle + half, feet[1]])


@given(st.floats(-2, 2), st.floats(3, 9))
def test_a_pixel_known_exactly_is_a_place_known_exactly(x_m: float, y_m: float) -> None:
    point = VIEW.to_image(np.array([[x_m, y_m, 0.0]]))
    xy_m, sigma_m = on_floor(VIEW, point, np.full((1, 2), 1e-6))
    np.testing.assert_allclose(xy_m, [[x_m, y_m]], atol=1e-6)
    _, wide = on_floor(VIEW, point, np.full((1, 2), 3.0))
    _, wider = on_floor(VIEW, point, np.full((1, 2), 12.0))
    assert 0 < sigma_m[0] <= wide[0] < wider[0] < 2.0


def test_above_the_horizon_there_is_no_floor() -> None:
    xy_m, sigma_m = on_floor(VIEW, np.array([[320.0, 5.0]]), np.ones((1, 2)))
    assert np.isnan(xy_m).all()
    assert np.isnan(sigma_m).all()


@given(st.floats(-1.5, 1.5), st.floats(4, 9))
def test_hints_know_the_feet_of_somebody_upright(x_m: float, y_m: float) -> None:
    box = box_of((x_m, y_m))
    told = hints(VIEW, SIZE_PX, box[None])[0]
    assert told.shape == (HINTS,)
    says = np.array([[*told[9:11], 0.0, 0.0]], np.float32)  # as if the network repeated the hint
    point, _ = foot_points_px(says, box[None])
    feet = VIEW.to_image(np.array([x_m, y_m, 0.0]))
    slim = 0.25 * (box[3] - box[1])  # a leaning body's box has its middle between head and feet
    assert np.hypot(*(point[0] - feet)) < slim
    assert told[11] == 0


def test_hints_of_a_head_above_the_horizon_say_so() -> None:
    told = hints(VIEW, SIZE_PX, np.array([[300.0, 0.0, 340.0, 359.0]]))[0]
    assert told[11] == 1
    assert told[5:9].tolist() == [0, 1, 0, 1]


def test_a_view_beyond_the_picture_is_padded_with_grey() -> None:
    image = np.full((360, 640, 3), 200, np.uint8)
    view = view_px(np.array([[-10.0, 250.0, 40.0, 360.0]]))[0]
    crop = cut_view(image, view, (56, 112))
    assert crop.shape == (112, 56, 3)
    assert (crop[-1] == 114).all(), "below the picture"
    assert (crop[40, 40] == 200).all()


def sights(stage: Stage, frames: tuple[Frame, ...], tracks: list[Tracks]) -> list[FloorPositions]:
    stage.process(FrameBatch(frames[0].time_ns, frames))
    said = [m for t in tracks for m in stage.process(t)]
    said += stage.advance(frames[0].time_ns)
    assert all(isinstance(m, FloorPositions) for m in said)
    return [m for m in said if isinstance(m, FloorPositions)]


@pytest.fixture(scope="module")
def shop() -> tuple[StorePlan, list[tuple[FrameBatch, list[TruthBoxes], TruthPeople]]]:
    """Every 20th tick of the fixture with the truth of its cameras."""
    reader = BagReader(find("fixtures/boutique.bag"))
    boxes: dict[int, list[TruthBoxes]] = {}
    people: dict[int, TruthPeople] = {}
    for message in reader.truth():
        if isinstance(message, TruthBoxes):
            boxes.setdefault(message.time_ns, []).append(message)
        elif isinstance(message, TruthPeople):
            people[message.time_ns] = message
    batches = [m for m in reader.messages() if isinstance(m, FrameBatch)][5::20]
    return reader.plan, [(b, boxes[b.time_ns], people[b.time_ns]) for b in batches]


def errors_m(stage: Stage, ticks: list[tuple[FrameBatch, list[TruthBoxes], TruthPeople]]) -> float:
    """Mean distance between said and true places of the people well visible."""
    found: list[float] = []
    for batch, boxes, people in ticks:
        kept = [b.visible_share >= 0.5 for b in boxes]
        tracks = [
            Tracks(b.time_ns, b.camera, b.person_id[k], b.visible_px[k], np.ones(k.sum(), "f4"))
            for b, k in zip(boxes, kept, strict=True)
        ]
        true = dict(zip(people.person_id.tolist(), people.xy_m, strict=True))
        for places in sights(stage, batch.frames, tracks):
            for person, xy in zip(places.track_id.tolist(), places.xy_m, strict=True):
                found.append(float(np.hypot(*(xy - true[person]))))
    return float(np.nanmean(found))


def test_pictures_place_people_better_than_boxes_and_blinded_ones_do_not(shop) -> None:  # type: ignore[no-untyped-def]
    plan, ticks = shop
    context = StageContext(plan, options={"threads": 1})
    seeing = errors_m(FloorFromPictures(context), ticks)
    boxes = errors_m(FloorFromBoxes(context), ticks)
    dark = [
        (replace(b, frames=tuple(replace(f, image=f.image[::-1].copy()) for f in b.frames)), t, p)
        for b, t, p in ticks
    ]
    blinded = errors_m(FloorFromPictures(context), dark)
    assert seeing < 0.95 * boxes
    assert blinded > 1.2 * seeing


def test_without_its_frame_a_box_alone_counts() -> None:
    plan = StorePlan(name="s", cameras=[CAMERA], size_m=(6.0, 12.0))
    context = StageContext(plan, options={"threads": 1})
    stage, alone = FloorFromPictures(context), FloorFromBoxes(context)
    box = box_of((1.0, 5.0)).astype(np.float32)
    tracks = Tracks(7, "c", np.array([3]), box[None], np.ones(1, np.float32))
    assert list(stage.process(tracks)) == []
    (said,) = stage.advance(7)
    assert isinstance(said, FloorPositions)
    (expected,) = alone.process(tracks)
    assert isinstance(expected, FloorPositions)
    np.testing.assert_array_equal(said.xy_m, expected.xy_m)


def test_an_unknown_model_is_refused() -> None:
    context = StageContext(StorePlan(name="s", cameras=[CAMERA]))
    with pytest.raises(ModelError, match="no-such-model"):
        FloorFromPictures(context, model="no-such-model")


class CountingFloor(FloorFromPictures):
    """Notes how many crops the network is asked about."""

    def __init__(self, context: StageContext, *, every_s: float, still_s: float = 1.0) -> None:
        super().__init__(context, every_s=every_s, still_s=still_s)
        network, self.asked = self._network, 0

        def counted(*batch: np.ndarray) -> list[np.ndarray]:
            self.asked += len(batch[0])
            return network(*batch)

        self._network = counted  # type: ignore[assignment]


def follow(stage: Stage, boxes: list[np.ndarray], image: np.ndarray) -> list[FloorPositions]:
    """One tracklet through frames 0.1 s apart."""
    said: list[FloorPositions] = []
    for i, box in enumerate(boxes):
        time_ns = i * 100_000_000
        stage.process(FrameBatch(time_ns, (Frame(time_ns, "c", i, image),)))
        sure = np.ones(1, np.float32)
        stage.process(Tracks(time_ns, "c", np.array([7]), box[None].astype(np.float32), sure))
        said += [m for m in stage.advance(time_ns) if isinstance(m, FloorPositions)]
    return said


PLAN = StorePlan(name="p", cameras=[CAMERA])


def test_a_box_that_moves_a_little_takes_its_feet_along() -> None:
    image = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    boxes = [np.array([300.0 + i, 100.0, 360.0 + i, 260.0]) for i in range(7)]
    stage = CountingFloor(StageContext(PLAN), every_s=0.3)
    said = follow(stage, boxes, image)
    assert stage.asked == 3, "in frames 0, 3 and 6"
    feet = [VIEW.to_image(np.append(m.xy_m[0], 0.0)) for m in said]
    np.testing.assert_allclose(feet[1] - feet[0], [1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(feet[2] - feet[0], [2.0, 0.0], atol=1e-6)


def test_the_network_looks_at_once_when_the_box_changes_and_late_when_it_stands_still() -> None:
    image = np.full((360, 640, 3), 90, np.uint8)
    whole, half = np.array([300.0, 100, 360, 260]), np.array([300.0, 100, 360, 180])
    stage = CountingFloor(StageContext(PLAN), every_s=0.3)
    follow(stage, [whole, half, whole], image)
    assert stage.asked == 3
    still = CountingFloor(StageContext(PLAN), every_s=0.3, still_s=1.0)
    follow(still, [whole] * 11, image)
    assert still.asked == 2, "at once, and after a second"
    every = CountingFloor(StageContext(PLAN), every_s=0.0, still_s=0.0)
    follow(every, [whole] * 5, image)
    assert every.asked == 5


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StageError, match="floor"):
        FloorFromPictures(StageContext(PLAN), every_s=-1.0)
    with pytest.raises(StageError, match="floor"):
        FloorFromPictures(StageContext(PLAN), same_iou=1.5)
