"""What box an upright person at a given place would give in a camera of the plan.

A box's bottom is not where the feet are: ceiling cameras look down on heads, furniture hides
legs, and the image border cuts people. So instead of reading the feet off a box, every place on
the floor is asked beforehand which box a person standing there would give, furniture, walls and
image border taken into account.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.projection import Projection
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]

# A body as stacked rings: share of the height, radius in metres. Half shoulder width and head
# breadth after DIN 33402-2 (medians), the feet's ring half a standing stride (assumed), all an
# eighth wider for arms, bags and swinging legs (fitted to the detector's boxes on tuning seed 42).
RINGS = ((0.0, 0.21), (0.12, 0.145), (0.28, 0.17), (0.48, 0.215), (0.62, 0.225), (0.76, 0.26))
HEAD = ((0.83, 0.235), (0.92, 0.11), (1.0, 0.065))
SIDES = 8
# What of a fixture one cannot look through, downwards from its top (assumed): garments of a rail
# down to where gaps show feet, the board of a table with what lies on it, nothing of a plant. All
# other furniture is opaque to the floor.
OPAQUE_M = {"rail": 0.55, "table": 0.12, "plant": 0.0}
CELL_M = 0.2
MARGIN_M = 2.4  # how far beyond the shop floor people are looked for
LEAST_VISIBLE = 0.12  # share of body points; less than that is no detection
SLACK = 0.1  # how far beside an expected box the middle of a matching one may be, in box sizes
AT_ONCE = 4096  # points whose sight is tested together, so that little memory is taken
STANDING_ROOM_M = 0.1  # centres come no nearer to furniture and walls


@dataclass(frozen=True)
class Silhouettes:
    """The boxes that people would give in one camera; row i of every field is one candidate.

    Attributes:
        xy_m: where the person stands, float64 (n, 2).
        height_m: how tall they are, float64 (n,).
        boxes_px: visible part, x1, y1, x2, y2, float64 (n, 4).
        px_per_m: image scale at the body's middle, float64 (n,).
    """

    xy_m: F64
    height_m: F64
    boxes_px: F64
    px_per_m: F64

    @cached_property
    def reach_px(self) -> F64:
        """Where the middle of a matching box may lie: low x, low y, high x, high y, (4, n)."""
        slack = SLACK * (self.boxes_px[:, 2:] - self.boxes_px[:, :2])
        reach = np.concatenate([self.boxes_px[:, :2] - slack, self.boxes_px[:, 2:] + slack], axis=1)
        return np.ascontiguousarray(reach.T)

    def near(self, box_px: F64) -> NDArray[np.int64]:
        """Return the candidates whose box is not plainly elsewhere, int64 (m,)."""
        x, y = (box_px[:2] + box_px[2:]) / 2
        low_x, low_y, high_x, high_y = self.reach_px
        return np.flatnonzero((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y))


def silhouettes(plan: StorePlan, camera: Camera, heights_m: tuple[float, ...]) -> Silhouettes:
    """Return the candidates of a calibrated camera on a grid over the floor.

    Raises ValueError without calibration.
    """
    projection = Projection.of(camera)
    solids = solid_boxes(plan)
    cells = _cells_m(plan)
    parts = [_of_height(projection, camera, solids, cells, height) for height in heights_m]
    return Silhouettes(
        np.concatenate([p.xy_m for p in parts]),
        np.concatenate([p.height_m for p in parts]),
        np.concatenate([p.boxes_px for p in parts]),
        np.concatenate([p.px_per_m for p in parts]),
    )


@dataclass(frozen=True)
class Solids:
    """Opaque boxes, turned about the vertical.

    Attributes:
        low_m, high_m: extents in each box's own axes from its centre, float64 (k, 3).
        center_m: float64 (k, 2).
        along: unit vector of the first axis, float64 (k, 2).
    """

    low_m: F64
    high_m: F64
    center_m: F64
    along: F64


def solid_boxes(plan: StorePlan) -> Solids:
    """Return furniture and outer walls as opaque boxes."""
    low, high, center, along = [], [], [], []
    for fixture in plan.fixtures:
        half = np.array(fixture.size_m) / 2
        opaque_m = OPAQUE_M.get(fixture.kind, fixture.height_m)
        low.append([*-half, max(fixture.height_m - opaque_m, 0.0)])
        high.append([*half, fixture.height_m])
        center.append(fixture.center_m)
        along.append(fixture_axes(fixture)[0])
    walls = obstacles(plan.model_copy(update={"fixtures": []}))
    for i in range(len(walls.center_m)):
        low.append([*-walls.half_m[i], 0.0])
        high.append([*walls.half_m[i], plan.height_m])
        center.append(tuple(walls.center_m[i]))
        along.append(walls.along[i])
    return Solids(
        np.array(low, float).reshape(-1, 3),
        np.array(high, float).reshape(-1, 3),
        np.array(center, float).reshape(-1, 2),
        np.array(along, float).reshape(-1, 2),
    )


def hidden(solids: Solids, eye_m: F64, xyz_m: F64) -> NDArray[np.bool_]:
    """Return which points (n, 3) cannot be seen from the eye (3,), bool (n,)."""
    blocked = np.zeros(len(xyz_m), bool)
    middle, widest = _spread(solids, eye_m)
    start = _local(eye_m[None], solids.center_m, solids.along)
    for begin in range(0, len(xyz_m), AT_ONCE):
        points = xyz_m[begin : begin + AT_ONCE]
        bearing = _unit(points[:, :2] - eye_m[:2])
        row, i = np.nonzero(bearing @ middle.T >= widest)  # few solids are in line with a point
        end = _local(points[row], solids.center_m[i], solids.along[i])
        enter, leave = np.full(len(row), -np.inf), np.full(len(row), np.inf)
        for axis in range(3):  # slab by slab; a loop is faster than reducing an axis of three
            way = end[:, axis] - start[i, axis]
            way[np.abs(way) < 1e-9] = 1e-9
            one = (solids.low_m[i, axis] - start[i, axis]) / way
            two = (solids.high_m[i, axis] - start[i, axis]) / way
            enter = np.maximum(enter, np.minimum(one, two))
            leave = np.minimum(leave, np.maximum(one, two))
        blocked[begin + row[(enter < leave) & (leave > 0.0) & (enter < 0.99)]] = True
    return blocked


def _spread(solids: Solids, eye_m: F64) -> tuple[F64, F64]:
    """Return in which level directions from the eye the solids may lie, for a cheap first test.

    Returns:
        Unit vectors to their middles (k, 2), and the least cosine between those and a direction
        that meets them (k,); -inf where the eye is above the footprint, or nearly so.
    """
    along = solids.along
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    extents = (solids.low_m, solids.high_m)
    ends = [(one[:, :1], other[:, 1:2]) for one in extents for other in extents]
    corners = np.stack([u * along + v * across for u, v in ends], axis=1)
    corners += (solids.center_m - eye_m[:2])[:, None]
    middle = _unit(corners.mean(axis=1))
    widest = (_unit(corners) * middle[:, None]).sum(axis=2).min(axis=1)
    return middle, np.where(widest <= 0.0, -np.inf, widest - 1e-9)


def _unit(xy: F64) -> F64:
    length: F64 = np.linalg.norm(xy, axis=-1, keepdims=True)
    return xy / np.maximum(length, 1e-9)


def body_points_m(height_m: float) -> F64:
    """Return points on an upright body at the origin, (n, 3)."""
    angle = np.arange(SIDES) * 2 * np.pi / SIDES
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rows = []
    for share, radius in (*RINGS, *HEAD):
        rows.append(np.concatenate([radius * ring, np.full((SIDES, 1), share * height_m)], axis=1))
    return np.concatenate(rows)


def _of_height(
    projection: Projection, camera: Camera, solids: Solids, cells: F64, height_m: float
) -> Silhouettes:
    body = body_points_m(height_m)
    base = np.concatenate([cells, np.zeros((len(cells), 1))], axis=1)
    points = base[:, None, :] + body[None]
    pixels = projection.to_image(points)
    size = np.array([camera.width_px, camera.height_px], float)
    # A point behind the camera is NaN, hence outside.
    inside = np.asarray(((pixels >= 0) & (pixels <= size)).all(axis=-1))
    row, column = np.nonzero(inside)
    inside[row, column] = ~hidden(solids, projection.position_m, points[row, column])
    kept = inside.mean(axis=1) >= LEAST_VISIBLE
    pixels, inside = pixels[kept], inside[kept][..., None]
    low = np.where(inside, pixels, np.inf).min(axis=1)
    high = np.where(inside, pixels, -np.inf).max(axis=1)
    middle = base[kept] + [0.0, 0.0, height_m / 2]
    depth = np.linalg.norm(middle - projection.position_m, axis=1)
    return Silhouettes(
        cells[kept],
        np.full(int(kept.sum()), height_m),
        np.concatenate([low, high], axis=1),
        projection.matrix[0, 0] / np.maximum(depth, 0.3),
    )


def _cells_m(plan: StorePlan) -> F64:
    """Return the centres of all cells a person could stand in, (n, 2)."""
    if plan.size_m is not None:
        low, high = np.zeros(2), np.array(plan.size_m)
    else:
        eyes = np.array([c.position_m[:2] for c in plan.cameras if c.position_m is not None])
        low, high = eyes.min(axis=0) - 15.0, eyes.max(axis=0) + 15.0
    x = np.arange(low[0] - MARGIN_M, high[0] + MARGIN_M, CELL_M) + CELL_M / 2
    y = np.arange(low[1] - MARGIN_M, high[1] + MARGIN_M, CELL_M) + CELL_M / 2
    cells = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    free: F64 = cells[clearance_m(obstacles(plan), cells) >= STANDING_ROOM_M]
    return free


def _local(xyz_m: F64, center_m: F64, along: F64) -> F64:
    """Return points in axes of solids, one for each point or one point for all, (n, 3)."""
    x, y = (xyz_m[:, :2] - center_m).T
    u = x * along[:, 0] + y * along[:, 1]
    v = y * along[:, 0] - x * along[:, 1]
    return np.stack([u, v, np.broadcast_to(xyz_m[:, 2], u.shape)], axis=1)
