"""Where shade can fall: nothing that throws or takes it may be left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate.camera.optics import NEAR_M, Light
from retailsim.simulate.camera.people import MESH, crowd_mesh
from retailsim.simulate.camera.shade import (
    TILE_PX,
    hull_tiles,
    shade_corners,
    shade_points,
    to_triangles,
)
from retailsim.store.projection import Projection


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(0.2, 5.8), y=st.floats(-1.0, 4.8), turn=st.floats(0, 6.2), which=st.integers(0, 1)
)
def test_bodies_and_their_shadows_lie_in_marked_tiles(corner, crowd_at, x, y, turn, which):
    camera = corner.cameras[which]
    size, projection, light = (camera.width_px, camera.height_px), Projection.of(camera), Light()
    people = crowd_at([(x, y)])
    people.heading_rad[0] = turn
    mesh = crowd_mesh(people)
    grid = hull_tiles(projection, shade_points(mesh, light), size)
    vertices = mesh.position[0].astype(float)
    slope = np.array(light.direction[:2]) / light.direction[2]
    floor = vertices.copy()
    floor[:, :2] -= slope * vertices[:, 2:]
    floor[:, 2] = 0.0
    for points in (vertices, floor):
        before = points[projection.to_camera(points)[:, 2] > NEAR_M]
        if not len(before):
            continue
        pixels = projection.to_image(before)
        inside = ((pixels >= 0) & (pixels < size)).all(1)
        column, row = (pixels[inside] / TILE_PX).astype(int).T
        assert grid[row, column].all()


def test_triangles_cover_the_marked_tiles_once():
    grid = np.zeros((5, 8), np.uint8)
    grid[1, 2:5] = grid[3, 0] = grid[3, 6:] = 1
    size = (8 * TILE_PX, 5 * TILE_PX)
    a, b, c = (to_triangles(grid, size).reshape(-1, 3, 2)[:, k].astype(float) for k in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    area = np.abs(ux * vy - uy * vx).sum() / 2
    np.testing.assert_allclose(area, grid.sum() * (2 / 8) * (2 / 5))


def test_nobody_throws_no_shade(corner, crowd_at):
    camera = corner.cameras[0]
    points = shade_points(crowd_mesh(crowd_at([])), Light())
    assert shade_corners(Projection.of(camera), points, (320, 180)).shape == (0, 2)


def test_far_bodies_keep_both_ends_of_every_tube():
    start = 0
    for tube in MESH.tubes:
        count = tube.rings * (tube.segments + 1)
        own = MESH.far[(MESH.far >= start) & (MESH.far < start + count)] - start
        rings = np.unique(own // (tube.segments + 1))
        assert rings[0] == 0
        assert rings[-1] == tube.rings - 1
        start += count
    assert len(MESH.far) < 0.65 * len(MESH.coarse)
