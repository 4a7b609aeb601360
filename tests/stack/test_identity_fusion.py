"""Persons over all cameras: on walkers whose truth is known, and in staged scenes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from walkers import Tick, boutique, path, wander, watch

from retailsim.errors import StageError
from retailsim.evaluate.score import score
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.results import (
    Embeddings,
    FloorPositions,
    Identities,
    People,
    Tracks,
)
from retailsim.stack.identity.floor import FloorFromBoxes
from retailsim.stack.identity.identity import FloorIdentity
from retailsim.stack.identity.per_camera import TrackIsPerson
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.bytetrack import ByteTrack
from retailsim.stack.visits.visits import Visits
from retailsim.store.plan import Camera, StorePlan

PLAN = boutique()
CONTEXT = StageContext(PLAN)
SECOND_NS = 1_000_000_000


def run(ticks: Iterable[Tick], stages: list[Stage]) -> MessageLog:
    """Feed detections through stages tick by tick, as the serial engine does."""
    said = MessageLog()
    for tick in ticks:
        here: list[Message] = list(tick.detections)
        for stage in stages:
            new: list[Message] = []
            for message in here:
                if isinstance(message, stage.inputs):
                    new += stage.process(message)
            here += [*new, *stage.advance(tick.time_ns)]
        said.extend(here)
    for stage in stages:
        said.extend(stage.finish())
    return said


def stack(plan: StorePlan, floor: Stage, identity: type[Stage] = FloorIdentity) -> list[Stage]:
    context = StageContext(plan)
    return [ByteTrack(context), floor, identity(context), Visits(context)]


@pytest.fixture(scope="module")
def crowd() -> list[Tick]:
    """Six walkers, 14 s."""
    rng = np.random.default_rng(5)
    starts = ["middle"] * 4 + ["street"] * 2
    paths = [wander(rng, rng.uniform(-20, 0), 4, start) for start in starts]
    return list(watch(PLAN, paths, duration_s=14, seed=5))


@pytest.fixture(scope="module")
def floor() -> FloorFromBoxes:
    """One for all: it keeps nothing but what it knows of the plan."""
    return FloorFromBoxes(CONTEXT)


@pytest.fixture(scope="module")
def fused(crowd: list[Tick], floor: FloorFromBoxes) -> MessageLog:
    return run(crowd, stack(PLAN, floor))


def figures(ticks: list[Tick], said: MessageLog) -> dict[str, dict[str, float | None]]:
    truth = MessageLog(boxes for tick in ticks for boxes in tick.boxes)
    truth.extend(tick.people for tick in ticks)
    return score(truth, said, PLAN, MessageLog())


def test_fusing_cameras_beats_a_person_per_tracklet(
    crowd: list[Tick], fused: MessageLog, floor: FloorFromBoxes
) -> None:
    ours = figures(crowd, fused)
    rival = figures(crowd, run(crowd, stack(PLAN, floor, TrackIsPerson)))
    assert ours["identity"]["idf1"] > 0.7
    assert ours["identity"]["idf1"] > rival["identity"]["idf1"] + 0.2
    assert ours["identity"]["unique_error"] < rival["identity"]["unique_error"]
    assert ours["heatmap"]["correlation"] > 0.8


def test_two_cameras_with_swapped_calibration_spoil_identity_and_heat_map(
    crowd: list[Tick], fused: MessageLog
) -> None:
    poses = {c.id: (c.position_m, c.look_at_m, c.hfov_deg) for c in PLAN.cameras}
    poses["front-left"], poses["back"] = poses["back"], poses["front-left"]
    cameras = [
        c.model_copy(
            update=dict(zip(("position_m", "look_at_m", "hfov_deg"), poses[c.id], strict=True))
        )
        for c in PLAN.cameras
    ]
    knocked = PLAN.model_copy(update={"cameras": cameras})
    wrong = FloorFromBoxes(StageContext(knocked))
    broken = figures(crowd, run(crowd, stack(knocked, wrong)))
    ours = figures(crowd, fused)
    assert broken["identity"]["idf1"] < ours["identity"]["idf1"] - 0.1
    assert broken["heatmap"]["correlation"] < ours["heatmap"]["correlation"] - 0.1


def test_boxes_exchanged_between_people_spoil_identity(
    crowd: list[Tick], fused: MessageLog
) -> None:
    rng = np.random.default_rng(0)
    shuffled = MessageLog(m for m in fused if not isinstance(m, Identities))
    for m in fused.of(Identities):
        shuffled.append(
            Identities(m.time_ns, m.camera, m.track_id, rng.permutation(m.person), m.boxes_px)
        )
    worse, ours = figures(crowd, shuffled)["identity"], figures(crowd, fused)["identity"]
    assert worse["idf1"] < 0.7 * ours["idf1"]


def test_the_plans_order_of_cameras_changes_nothing_but_numbers(
    crowd: list[Tick], fused: MessageLog, floor: FloorFromBoxes
) -> None:
    turned = PLAN.model_copy(update={"cameras": PLAN.cameras[::-1]})
    again = run(crowd, stack(turned, floor))
    for one, two in zip(fused.of(People), again.of(People), strict=True):
        order_one, order_two = np.argsort(one.xy_m[:, 0]), np.argsort(two.xy_m[:, 0])
        np.testing.assert_allclose(one.xy_m[order_one], two.xy_m[order_two], atol=1e-6)


class Scene:
    """Sights put straight onto the floor, one camera message at a time."""

    def __init__(self, **settings: float) -> None:
        # Most scenes are staged before one camera, where others of the plan should see as well.
        self.stage = FloorIdentity(CONTEXT, **{"alone_s": 0.0, **settings})
        self.now_ns = 0

    def tick(
        self,
        places: dict[str, dict[int, tuple[float, float]]],
        looks: dict[int, np.ndarray] | None = None,
    ) -> tuple[Identities, People]:
        """One tick: camera -> track -> place."""
        self.now_ns += SECOND_NS // 10
        for camera, tracks in places.items():
            number = np.array(list(tracks), np.int64)
            xy = np.array(list(tracks.values()), float).reshape(-1, 2)
            n = len(number)
            boxes, ones = np.zeros((n, 4), np.float32), np.ones(n, np.float32)
            self.stage.process(Tracks(self.now_ns, camera, number, boxes, ones))
            self.stage.process(FloorPositions(self.now_ns, camera, number, xy, np.full(n, 0.15)))
            if looks:
                vectors = np.array([looks[t] for t in tracks], np.float32)
                self.stage.process(Embeddings(self.now_ns, camera, number, vectors))
        identities, people = self.stage.advance(self.now_ns)
        assert isinstance(identities, Identities)
        assert isinstance(people, People)
        return identities, people


RED, BLUE = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def test_one_person_in_three_cameras_is_one() -> None:
    scene = Scene()
    for _ in range(20):
        identities, people = scene.tick(
            {"back": {1: (6.0, 4.4)}, "front-left": {2: (6.1, 4.3)}, "front-right": {3: (5.9, 4.4)}}
        )
    assert identities.person.tolist() == [1, 1, 1]
    assert people.confirmed.tolist() == [True]


def test_two_people_dressed_alike_stay_two() -> None:
    scene = Scene()
    for _ in range(30):
        identities, people = scene.tick(
            {"back": {1: (6.0, 4.4), 2: (6.6, 4.4)}, "front-left": {3: (6.1, 4.4), 4: (6.7, 4.4)}},
            dict.fromkeys((1, 2, 3, 4), RED),
        )
    assert len(people.person) == 2
    by_track = dict(zip(identities.track_id.tolist(), identities.person.tolist(), strict=True))
    assert by_track[1] == by_track[3] != by_track[2] == by_track[4]


def test_two_boxes_on_one_body_are_one_person() -> None:
    """A second box may come with the first, or later, or drift onto it from elsewhere."""
    scene = Scene()
    for i in range(30):
        drifting = (max(6.1, 7.0 - 0.1 * i), 4.4)
        identities, people = scene.tick({"back": {1: (6.0, 4.4), 2: (6.1, 4.5), 3: drifting}})
    assert identities.person.tolist() == [1, 1, 1]
    assert people.person.tolist() == [1]


def test_nobody_is_confirmed_at_first_sight() -> None:
    scene = Scene(confirm_s=1.0)
    sure = [scene.tick({"back": {1: (6.0, 4.4)}})[1].confirmed[0] for _ in range(14)]
    assert not any(sure[:10])
    assert sure[-1]


def test_whom_only_one_of_several_cameras_sees_is_doubted_for_long() -> None:
    scene = Scene(alone_s=10.0)
    for _ in range(60):
        _, alone = scene.tick({"back": {1: (6.0, 4.4)}, "front-left": {}})
    assert alone.confirmed.tolist() == [False]
    for _ in range(60):
        _, alone = scene.tick({"back": {1: (6.0, 4.4)}, "front-left": {}})
    assert alone.confirmed.tolist() == [True]
    scene = Scene(alone_s=10.0)
    for _ in range(30):
        _, both = scene.tick({"back": {1: (6.0, 4.4)}, "front-left": {2: (6.0, 4.4)}})
    assert both.confirmed.tolist() == [True]


def test_a_false_alarm_is_forgotten_soon() -> None:
    scene = Scene()
    for _ in range(3):
        scene.tick({"back": {1: (6.0, 4.4)}})
    for _ in range(8):
        _, people = scene.tick({"back": {}})
    assert len(people.person) == 0


def hidden_and_back(look: np.ndarray, place: tuple[float, float]) -> tuple[int, int]:
    """One person in red is hidden at the back for 4 s; then somebody shows up. Both numbers."""
    scene = Scene()
    for _ in range(20):
        before, _ = scene.tick({"back": {1: (9.9, 7.2)}}, {1: RED})
    for _ in range(40):
        scene.tick({"back": {}})
    for _ in range(15):
        after, _ = scene.tick({"back": {2: place}}, {2: look})
    return int(before.person[0]), int(after.person[0])


def test_who_was_hidden_comes_back_near_by_and_alike() -> None:
    before, after = hidden_and_back(RED, (9.4, 7.0))
    assert before == after


def test_who_looks_different_or_comes_in_at_the_door_is_somebody_else() -> None:
    for look, place in ((BLUE, (9.4, 7.0)), (RED, (6.0, 0.4))):
        before, after = hidden_and_back(look, place)
        assert before != after


def test_who_goes_into_a_fitting_room_stays_in_the_shop_and_comes_out_again() -> None:
    scene = Scene()
    for i in range(30):
        before, _ = scene.tick({"back": {1: (2.25, 6.2 + 0.05 * i)}})
    for _ in range(600):
        _, inside = scene.tick({"back": {}})
    assert inside.person.tolist() == before.person.tolist()
    assert np.hypot(*(inside.xy_m[0] - (2.25, 8.25))) < 0.5
    for _ in range(12):
        after, _ = scene.tick({"back": {9: (2.3, 7.2)}})
    assert after.person.tolist() == before.person.tolist()


def test_who_is_misplaced_while_stepping_behind_a_curtain_is_in_the_room_they_walked_to() -> None:
    """The last sights, of a body half hidden, seem to lie before the room next door."""
    scene = Scene()
    for i in range(30):
        scene.tick({"back": {1: (0.75, 6.2 + 0.04 * i)}})
    for i in range(4):
        scene.tick({"back": {1: (1.0 + 0.3 * i, 7.3)}})
    for _ in range(30):
        _, inside = scene.tick({"back": {}})
    assert np.hypot(*(inside.xy_m[0] - (0.75, 8.25))) < 0.5


def test_a_taken_fitting_room_is_chosen_only_where_there_is_no_other() -> None:
    scene = Scene()
    for track, look in ((1, RED), (2, BLUE)):
        for i in range(30):
            scene.tick({"back": {track: (1.7, 6.0 + 0.05 * i)}}, {track: look})
        for _ in range(30):
            _, inside = scene.tick({"back": {}})
    assert sorted(np.round(inside.xy_m[:, 0], 2).tolist()) == [0.75, 2.25]


def test_a_tracklet_that_jumps_to_somebody_else_changes_its_person() -> None:
    """Camera `back` swaps its two tracks; the other camera knows better."""
    scene, left, right = Scene(), (4.0, 6.4), (8.3, 6.4)
    for _ in range(20):
        scene.tick({"back": {1: left, 2: right}, "front-left": {3: left, 4: right}})
    for _ in range(10):
        swapped, _ = scene.tick({"back": {1: right, 2: left}, "front-left": {3: left, 4: right}})
    person = dict(zip(swapped.track_id.tolist(), swapped.person.tolist(), strict=True))
    assert person[1] == person[4]
    assert person[2] == person[3]


def test_without_calibration_every_tracklet_is_somebody_and_nobody_is_on_the_floor() -> None:
    plan = StorePlan(name="street", cameras=[Camera(id="cam0")])
    stage = FloorIdentity(StageContext(plan))
    tracks = Tracks(5, "cam0", np.array([4, 7]), np.zeros((2, 4), np.float32), np.ones(2, "f4"))
    list(stage.process(tracks))
    (identities,) = stage.advance(5)
    assert isinstance(identities, Identities)
    assert identities.person.tolist() == [1, 2]


def test_a_tick_without_frames_says_nothing_and_a_misspelt_setting_is_named() -> None:
    assert list(FloorIdentity(CONTEXT).advance(5)) == []
    with pytest.raises(StageError, match="gaet"):
        FloorIdentity(CONTEXT, gaet=3.0)


def test_the_scene_of_paths_is_what_it_says() -> None:
    """A walk ends where its nodes do: the tests above stand on it."""
    walk = path(["street", "door", "middle"], 0.0)
    assert walk[-1, 1:].tolist() == [6.0, 4.4]
    assert (np.diff(walk[:, 0]) > 0).all()
