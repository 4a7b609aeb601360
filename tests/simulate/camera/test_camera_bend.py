"""Bent pictures: everything lies where the lens puts it, and no corner is empty."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.errors import ScenarioError
from retailsim.simulate.camera.bend import Bend, drawn_camera
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

BARREL = Camera(
    id="wide",
    width_px=320,
    height_px=180,
    position_m=(0.0, 0.0, 2.5),
    look_at_m=(3.0, 3.0, 0.5),
    hfov_deg=80,
    distortion=(-0.2, 0.03),
)


def test_a_straight_camera_is_drawn_as_it_is():
    straight = BARREL.model_copy(update={"distortion": (0.0, 0.0)})
    assert drawn_camera(straight) is straight


@pytest.mark.parametrize("distortion", [(-0.2, 0.03), (0.1, 0.0), (-0.05, 0.0)])
def test_the_drawn_picture_has_the_same_focal_length_and_holds_every_corner(distortion):
    camera = BARREL.model_copy(update={"distortion": distortion})
    drawn = drawn_camera(camera)
    wide, real = Projection.of(drawn), Projection.of(camera)
    assert wide.matrix[0, 0] == pytest.approx(real.matrix[0, 0])
    corners = real.rays([[0, 0], [320, 0], [0, 180], [320, 180]])
    pixels = (corners @ wide.matrix.T)[:, :2]
    assert (pixels >= 0).all()
    assert (pixels <= [drawn.width_px, drawn.height_px]).all()


def test_a_pixel_of_the_world_is_fetched_from_where_it_was_drawn():
    drawn, bend = drawn_camera(BARREL), Bend(BARREL)
    y, x = np.mgrid[0 : drawn.height_px, 0 : drawn.width_px]
    half = np.repeat((x // 2 % 256).astype(np.uint8)[..., None], 3, 2)
    picture, rows, columns = bend.picture(half), bend.labels(y), bend.labels(x)
    wide, real = Projection.of(drawn), Projection.of(BARREL)
    for world in ([3.0, 3.0, 0.5], [2.0, 4.0, 1.5], [2.8, 1.6, 0.6]):
        column, row = real.to_image(world).astype(int)
        drawn_at = wide.to_image(world)
        assert np.abs([columns[row, column], rows[row, column]] - drawn_at).max() < 2
        assert abs(int(picture[row, column, 0]) - drawn_at[0] / 2) < 1.5


def test_people_keep_their_drawn_size_in_the_count():
    drawn, bend = drawn_camera(BARREL), Bend(BARREL)
    ids = np.zeros((drawn.height_px, drawn.width_px), np.uint16)
    ids[60:120, 30:70] = 2  # 2400 pixels near the edge, where the lens draws things together
    labels = bend.labels(ids)
    assert (labels == 2).sum() < 2200
    assert bend.drawn_px(labels, 3) == pytest.approx([0, 2400, 0], rel=0.03)


def test_a_lens_that_sees_too_far_to_the_side_is_refused():
    fish = BARREL.model_copy(update={"hfov_deg": 120, "distortion": (-0.4, 0.0)})
    with pytest.raises(ScenarioError, match="camera 'wide': distortion"):
        drawn_camera(fish)
