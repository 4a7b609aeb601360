"""Floor positions from boxes, against bodies whose place is known."""

from __future__ import annotations

import numpy as np
import pytest
from walkers import boutique

from retailsim.messages.results import FloorPositions, Tracks
from retailsim.stack.identity import floor
from retailsim.stack.identity.floor import (
    MEAN_HEIGHT_M,
    FloorFromBoxes,
    FloorFromFeet,
    covered_edges,
)
from retailsim.stack.identity.silhouette import body_points_m, hidden, solid_boxes
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.projection import Projection

PLAN = boutique()
OPEN_FLOOR = [(6.0, 1.5), (6.0, 4.4), (3.3, 6.2), (9.9, 3.2), (7.0, 7.4)]
BEHIND_TABLES = [(4.9, 3.9), (7.2, 6.3), (4.7, 6.3)]


def seen_box(
    plan: StorePlan, camera_id: str, xy: tuple[float, float], height_m: float
) -> np.ndarray:
    """Return the box of the visible points of a body, furniture and image border applied."""
    camera = plan.camera(camera_id)
    view = Projection.of(camera)
    points = body_points_m(height_m) + [*xy, 0.0]
    px = view.to_image(points)
    seen = ((px >= 0) & (px <= [camera.width_px, camera.height_px])).all(axis=1)
    seen[seen] = ~hidden(solid_boxes(plan), view.position_m, points[seen])
    if seen.mean() < 0.25:
        pytest.skip(f"nobody at {xy} is seen by {camera_id}")
    return np.array([*px[seen].min(axis=0), *px[seen].max(axis=0)])


def positions(stage: Stage, camera: str, boxes: list[np.ndarray]) -> FloorPositions:
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    numbers = np.arange(1, len(rows) + 1)
    (floor,) = stage.process(Tracks(0, camera, numbers, rows, np.ones(len(rows), np.float32)))
    assert isinstance(floor, FloorPositions)
    return floor


@pytest.fixture(scope="module")
def stage() -> FloorFromBoxes:
    return FloorFromBoxes(StageContext(PLAN))


@pytest.mark.parametrize("camera", ["front-left", "front-right", "back"])
@pytest.mark.parametrize("xy", OPEN_FLOOR)
def test_a_person_of_usual_height_is_placed_where_they_stand(
    stage: FloorFromBoxes, camera: str, xy: tuple[float, float]
) -> None:
    floor = positions(stage, camera, [seen_box(PLAN, camera, xy, MEAN_HEIGHT_M + 0.02)])
    assert np.hypot(*(floor.xy_m[0] - xy)) < 0.3
    assert 0.05 < floor.sigma_m[0] < 1.0


def test_looking_down_the_bottom_of_the_box_is_not_the_feet(stage: FloorFromBoxes) -> None:
    for xy in ((5.4, 0.9), (6.8, 0.8), (6.0, -0.5)):
        box = seen_box(PLAN, "door", xy, 1.75)
        model = positions(stage, "door", [box]).xy_m[0]
        assert np.hypot(*(model - xy)) < 0.25


def test_cut_by_furniture_the_model_beats_the_bottom_edge(stage: FloorFromBoxes) -> None:
    """Legs hidden by rails and the till: the rival takes the cut for the feet."""
    rival, ours, theirs = FloorFromFeet(StageContext(PLAN)), [], []
    for camera, xy in (("front-left", (10.4, 2.0)), ("back", (1.1, 0.9)), ("back", (10.6, 0.5))):
        box = seen_box(PLAN, camera, xy, 1.71)
        ours.append(np.hypot(*(positions(stage, camera, [box]).xy_m[0] - xy)))
        theirs.append(np.hypot(*(positions(rival, camera, [box]).xy_m[0] - xy)))
    assert max(ours) < 0.7
    assert np.mean(ours) < np.mean(theirs)


def test_a_knocked_camera_puts_people_in_the_wrong_place() -> None:
    """Breaking the calibration breaks the answer: the test above can fail."""
    left, right = PLAN.camera("front-left"), PLAN.camera("front-right")
    pose = {"position_m": right.position_m, "look_at_m": right.look_at_m}
    swapped = PLAN.model_copy(update={"cameras": [left.model_copy(update=pose)]})
    wrong = FloorFromBoxes(StageContext(swapped))
    floor = positions(wrong, "front-left", [seen_box(PLAN, "front-left", (9.9, 3.2), 1.71)])
    assert not np.hypot(*(floor.xy_m[0] - (9.9, 3.2))) < 1.0


def test_the_worse_a_box_fits_the_larger_its_sigma(stage: FloorFromBoxes) -> None:
    box = seen_box(PLAN, "front-left", (6.0, 4.4), 1.71)
    cut = box.copy()
    cut[3] -= 0.5 * (box[3] - box[1])  # somebody in front hides the legs
    floor = positions(stage, "front-left", [box, cut])
    assert floor.sigma_m[1] > floor.sigma_m[0]


def test_a_nearer_box_below_excuses_a_missing_lower_edge() -> None:
    behind, nearer = np.array([100.0, 50, 130, 110]), np.array([95.0, 90, 135, 200])
    covered = covered_edges(np.stack([behind, nearer]))
    assert covered[0, 3]
    assert not covered[0, 1]
    assert not covered[1].any()
    apart = covered_edges(np.stack([behind, nearer + [300, 0, 300, 0]]))
    assert not apart.any()


def test_a_camera_without_calibration_gives_nan_and_nobody_gives_nothing(
    stage: FloorFromBoxes,
) -> None:
    plan = StorePlan(name="street", cameras=[Camera(id="cam0")])
    for kind in (FloorFromBoxes, FloorFromFeet):
        floor = positions(kind(StageContext(plan)), "cam0", [np.array([10, 10, 40, 90])])
        assert np.isnan(floor.xy_m).all()
        assert np.isnan(floor.sigma_m).all()
    assert positions(stage, "back", []).xy_m.shape == (0, 2)


@pytest.mark.parametrize("kind", ["shelf", "mannequin", "till", "fitting_room", "screen", "column"])
def test_furniture_that_nobody_looks_through_hides_feet_down_to_the_floor(kind: str) -> None:
    fixture = {"id": "x", "kind": kind, "center_m": [3, 3], "size_m": [1, 1], "height_m": 1.5}
    plan = StorePlan.model_validate({"name": "bare", "fixtures": [fixture]})
    feet = np.array([[3.0, 4.0, 0.05], [3.0, 4.0, 1.7]])
    assert hidden(solid_boxes(plan), np.array([3.0, 0.0, 1.6]), feet).tolist() == [True, False]
    plant = plan.model_copy(
        update={"fixtures": [plan.fixtures[0].model_copy(update={"kind": "plant"})]}
    )
    assert not hidden(solid_boxes(plant), np.array([3.0, 0.0, 1.6]), feet).any()


def test_nothing_is_made_for_a_camera_that_sees_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def silhouettes(*_: object) -> None:
        raise AssertionError("these take tenths of a second")

    monkeypatch.setattr(floor, "silhouettes", silhouettes)
    nobody = positions(FloorFromBoxes(StageContext(PLAN)), "door", [])
    assert nobody.xy_m.shape == (0, 2)
    assert nobody.sigma_m.shape == (0,)
