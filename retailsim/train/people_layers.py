"""Random people before random cameras: the street, the corner of a ceiling, straight down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.appearance import Profile, draw_body, draw_clothes, draw_profile
from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.people import crowd_mesh
from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.simulate.garment_maker import PATTERNS
from retailsim.simulate.snapshot import Body, People, Pose
from retailsim.store.projection import Projection, look_at_rotation
from retailsim.train.layers import Layer, fill_outside
from retailsim.train.randomisers import ALL, Randomisers

F64 = NDArray[np.float64]
Rng = np.random.Generator
SIZE_PX = (640, 384)
BODY_OF_HULL = 0.7  # pixels of a body over those of its convex hull, about, over all poses
CLEARANCE_M = 0.38
POSE_SHARES = (0.22, 0.40, 0.10, 0.08, 0.07, 0.04, 0.03, 0.02, 0.02, 0.02)  # in the order of Pose
REACHING = (Pose.REACH, Pose.HOLD, Pose.FLIP)
CHILD_SHARE, PRAM_SHARE = 0.12, 0.03
MAX_PEOPLE = 14
FEW_PEOPLE = 4  # without crowding


@dataclass(frozen=True)
class Viewpoint:
    """A camera over the origin and where people may stand before it.

    Attributes:
        projection: the camera.
        place: draws a floor position (2,) in metres, in view or a little beside it.
    """

    projection: Projection
    place: Callable[[Rng], F64]


def people_layer(rng: Rng, studio: PeopleStudio, *, randomisers: Randomisers = ALL) -> Layer:
    """Render one layer of 1 to 14 people for a random camera."""
    view = draw_viewpoint(rng)
    people = draw_people(rng, view, int(np.clip(rng.geometric(0.17), 1, MAX_PEOPLE)))
    people = dressed(people, randomisers)
    if not randomisers.crowding:
        people = apart(people, [view.projection])
    shot = studio.render(people, view.projection, light=draw_light(rng, randomisers))
    alpha = np.maximum(shot.alpha, 1)[..., None].astype(np.float32)
    colour = np.clip(shot.bgr * (255 / alpha), 0, 255).astype(np.uint8)
    label = np.where(shot.alpha > 100, shot.id, 0).astype(np.uint8)
    area = hull_areas_px(view.projection, crowd_mesh(people).position) * BODY_OF_HULL
    return Layer(fill_outside(colour, label), label, area.astype(np.float32), opaque=False)


def draw_viewpoint(rng: Rng) -> Viewpoint:
    """Draw a camera: at eye level, up in a corner, or looking nearly straight down."""
    kind = rng.random()
    if kind < 0.45:
        height, pitch, hfov = rng.uniform(1.1, 2.8), rng.uniform(-4, 14), rng.uniform(35, 80)
    elif kind < 0.8:
        height, pitch, hfov = rng.uniform(2.2, 4.2), rng.uniform(14, 50), rng.uniform(55, 110)
    else:
        height, pitch, hfov = rng.uniform(2.6, 4.5), rng.uniform(62, 90), rng.uniform(75, 115)
    down = np.deg2rad(pitch)
    position = np.array([0.0, 0.0, height])
    ahead = np.array([0.0, np.cos(down), -np.sin(down)])
    roll = np.deg2rad(rng.normal(0, 2.5))
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ look_at_rotation(
        position, position + ahead
    )
    focal = SIZE_PX[0] / 2 / np.tan(np.deg2rad(hfov) / 2)
    matrix = np.array([[focal, 0, SIZE_PX[0] / 2], [0, focal, SIZE_PX[1] / 2], [0, 0, 1]])
    projection = Projection(matrix, rotation, position)
    if kind < 0.8:
        nearest = 1.7 * focal / 420  # nobody taller than about 420 px
        farthest = max(nearest * 1.5, 1.7 * focal / 32)
        return Viewpoint(projection, lambda r: _ahead(r, nearest, farthest, hfov))
    return Viewpoint(projection, lambda r: _below(r, projection))


def _ahead(rng: Rng, nearest_m: float, farthest_m: float, hfov_deg: float) -> F64:
    distance = np.exp(rng.uniform(np.log(max(nearest_m, 0.7)), np.log(farthest_m)))
    side = np.deg2rad(hfov_deg / 2 * rng.uniform(-1.08, 1.08))
    return np.array([np.tan(side) * distance, distance])


def _below(rng: Rng, projection: Projection) -> F64:
    """Pick a pixel a person's chest may be seen at and go down from there."""
    pixel = rng.uniform(-0.05, 1.05, 2) * SIZE_PX
    xy = projection.to_plane(pixel, 1.2)
    return np.array([0.0, 1.0]) if np.isnan(xy).any() or np.hypot(*xy) > 9 else xy


def draw_people(rng: Rng, view: Viewpoint, count: int) -> People:
    """Draw people, half of them close beside another, never inside one another."""
    xy = [view.place(rng)]
    for _ in range(20 * count):
        if len(xy) == count:
            break
        near = xy[int(rng.integers(len(xy)))]
        turn, apart = rng.uniform(0, 2 * np.pi), rng.uniform(CLEARANCE_M, 1.1)
        beside = near + apart * np.array([np.cos(turn), np.sin(turn)])
        spot = beside if rng.random() < 0.5 else view.place(rng)
        if min(np.hypot(*(spot - other)) for other in xy) >= CLEARANCE_M:
            xy.append(spot)
    n = len(xy)
    pose = rng.choice(len(Pose), n, p=POSE_SHARES).astype(np.uint8)
    heading = rng.uniform(-np.pi, np.pi, n)
    reach = np.full((n, 3), np.nan)
    for i in np.flatnonzero(np.isin(pose, REACHING)):
        at = heading[i] + rng.normal(0, 0.4)
        step = rng.uniform(0.3, 0.65)
        reach[i] = (*(xy[i] + step * np.array([np.cos(at), np.sin(at)])), rng.uniform(0.7, 1.7))
    return People(
        body=tuple(wild_body(rng, i) for i in range(n)),
        xy_m=np.array(xy),
        heading_rad=heading,
        speed_mps=np.where(np.isin(pose, (Pose.WALK, Pose.PUSH)), rng.uniform(0.3, 1.7, n), 0.0),
        gait_phase=rng.uniform(0, 50, n),
        pose=pose,
        reach_xyz_m=reach,
        staff=np.zeros(n, bool),
    )


def wild_body(rng: Rng, label: int) -> Body:
    """Draw a shopper whose colours, half of the time, are anything at all."""
    profile = draw_profile(rng)
    if rng.random() < CHILD_SHARE:
        profile = Profile(profile.presentation, float(rng.uniform(3, 17)))
    elif rng.random() < PRAM_SHARE:
        profile = replace(profile, pram=True)
    clothes = draw_clothes(rng, profile=profile)
    if rng.random() < 0.5:
        inks = [_any_colour(rng) for _ in range(6)]
        clothes = replace(
            clothes,
            top_colour=inks[0],
            top_colour2=inks[1],
            bottom_colour=inks[0] if clothes.top_kind == "dress" else inks[2],
            bottom_colour2=inks[1] if clothes.top_kind == "dress" else inks[4],
            shoe_colour=inks[3],
            inner_colour=clothes.inner_colour and inks[5],
            top_pattern=str(rng.choice(PATTERNS)),
        )
    return draw_body(rng, label=label, clothes=clothes, profile=profile)


def dressed(people: People, randomisers: Randomisers) -> People:
    """Return people as they are, or without clothing in flat clothes of the same colours."""
    if randomisers.clothing:
        return people
    return replace(people, body=tuple(flat(body) for body in people.body))


def flat(body: Body) -> Body:
    """Return somebody whose clothes have one colour each, no pattern, and are closed."""
    worn = body.clothes
    clothes = replace(
        worn,
        top_pattern="plain",
        bottom_pattern="plain",
        top_colour2=worn.top_colour,
        bottom_colour2=worn.bottom_colour,
        inner_colour=None,
    )
    return replace(body, clothes=clothes)


def apart(people: People, projections: Sequence[Projection]) -> People:
    """Keep at most FEW_PEOPLE, the first first, of whom no two overlap for any camera."""
    position = crowd_mesh(people).position
    boxes = np.stack([full_boxes_px(view, position) for view in projections])
    kept: list[int] = []
    for i in range(len(people.body)):
        if len(kept) < FEW_PEOPLE and not _touch(boxes[:, i, None], boxes[:, kept]).any():
            kept.append(i)
    rows = np.array(kept, np.int64)
    return People(
        body=tuple(people.body[i] for i in kept),
        xy_m=people.xy_m[rows],
        heading_rad=people.heading_rad[rows],
        speed_mps=people.speed_mps[rows],
        gait_phase=people.gait_phase[rows],
        pose=people.pose[rows],
        reach_xyz_m=people.reach_xyz_m[rows],
        staff=people.staff[rows],
    )


def _touch(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say which boxes (..., 4) overlap; those behind the camera (NaN) overlap nothing."""
    near, far = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    touching: NDArray[np.bool_] = np.all(near < far, axis=-1, keepdims=True)[..., 0]
    return touching


def _any_colour(rng: Rng) -> tuple[float, float, float]:
    """Draw a linear RGB colour; dark ones as often as they are worn."""
    value = rng.uniform(0.02, 0.95) ** rng.choice([1, 2.2, 4])
    red, green, blue = np.clip(value * np.exp(rng.normal(0, rng.choice([0.1, 0.6]), 3)), 0.004, 1)
    return float(red), float(green), float(blue)


def draw_light(rng: Rng, randomisers: Randomisers = ALL) -> Light:
    """Draw a light from soft indoor to hard sun, warm or cold, dim or bright; or the one light."""
    turn, up = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.5)
    tint = np.exp(rng.normal(0, 0.1, 3))
    share = rng.uniform(0.2, 1.0)
    key = share * 1.1 * tint
    sky = (1.25 - share * 0.9) * np.exp(rng.normal(0, 0.07, 3)) * 0.75
    ground = sky * rng.uniform(0.2, 0.8)
    drawn = Light(
        direction=(float(np.cos(turn)), float(np.sin(turn)), float(up)),
        key=(float(key[0]), float(key[1]), float(key[2])),
        sky=(float(sky[0]), float(sky[1]), float(sky[2])),
        ground=(float(ground[0]), float(ground[1]), float(ground[2])),
        exposure=float(np.exp(rng.normal(0.1, 0.35))),
        shadow_share=float(rng.uniform(0.4, 0.95)),
    )
    return drawn if randomisers.lighting else Light()


def hull_areas_px(projection: Projection, position: NDArray[np.float32]) -> F64:
    """Return the area of each body's convex hull in the picture; (n, v, 3) metres to (n,)."""
    areas = np.zeros(len(position))
    for i, body in enumerate(position):
        seen = body[projection.to_camera(body)[:, 2] > 0.1]
        if len(seen) > 2:
            areas[i] = cv2.contourArea(cv2.convexHull(projection.to_image(seen).astype(np.float32)))
    return areas
