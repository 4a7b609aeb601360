"""Places to stand in the stores that ship: there, walkable, and seen by a camera."""

import numpy as np
import pytest

from retailsim.simulate.places import Places, find_places
from retailsim.store.load import load_shop
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.projection import Projection

SHOPS = ["boutique", "fast-fashion", "sports-shop", "dense-rails"]
FACE_M = 1.5
LEAST_PX = 20.0  # of a metre in the picture: below 24 px a person is not judged


def customer_spots(places: Places) -> np.ndarray:
    spots = [spot for beside in places.beside.values() for spot in beside]
    spots += [spot for queue in places.queues.values() for spot in queue]
    return np.array([*spots, *places.mirrors.values()])


@pytest.mark.parametrize("name", SHOPS)
def test_all_stock_has_standing_places_with_room_for_a_body(name: str) -> None:
    plan = load_shop(f"scenarios/stores/{name}.yaml")
    places = find_places(plan)
    assert set(places.beside) == set(plan.slots_per_fixture)
    assert all(places.beside.values())
    assert clearance_m(obstacles(plan), customer_spots(places)).min() > 0.2


@pytest.mark.parametrize("name", SHOPS)
def test_whoever_stands_anywhere_is_in_some_camera_s_picture(name: str) -> None:
    plan = load_shop(f"scenarios/stores/{name}.yaml")
    spots = customer_spots(find_places(plan))
    faces = np.column_stack([spots, np.full(len(spots), FACE_M)])
    seen = np.zeros(len(faces), bool)
    for camera in plan.cameras:
        projection = Projection.of(camera)
        size = (camera.width_px, camera.height_px)
        pixels, depth = projection.to_image(faces), projection.to_camera(faces)[:, 2]
        within = ((pixels >= 0) & (pixels <= size)).all(axis=1)
        seen |= within & (projection.matrix[0, 0] / depth >= LEAST_PX)
    assert seen.all()


def test_two_tills_queues_do_not_cross() -> None:
    places = find_places(load_shop("scenarios/stores/fast-fashion.yaml"))
    one, other = (np.array(queue) for queue in places.queues.values())
    assert np.linalg.norm(one[:, None] - other[None], axis=-1).min() > 0.62


def test_a_shelf_at_a_wall_is_served_from_its_front_alone() -> None:
    plan = load_shop("scenarios/stores/sports-shop.yaml")
    shelf = plan.fixture("shelf-4")  # at the north wall
    ys = [y for _, y in find_places(plan).beside[shelf.id]]
    assert max(ys) < shelf.center_m[1] - shelf.size_m[1] / 2
