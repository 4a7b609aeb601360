"""Rendered people for training the embedder: many identities, each seen by many cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.appearance import draw_body, draw_clothes, draw_profile
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.studio import PeopleStudio, StudioShot
from retailsim.simulate.snapshot import Body, People, Pose
from retailsim.simulate.streams import stream
from retailsim.stack.reid.crops import F32, covered_share
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

U8 = NDArray[np.uint8]
FRAME_PX = (640, 360)
KEPT_PX = (80, 160)  # a crop of 64 x 128 with an eighth of its size around it, to jitter in
MARGIN = 0.125
PER_SHOT = 6
ALIKE_SHARE = 0.45
POSES = {
    Pose.STAND: 0.27, Pose.WALK: 0.32, Pose.REACH: 0.15, Pose.HOLD: 0.1, Pose.BEND: 0.05,
    Pose.FLIP: 0.05, Pose.TRY: 0.03, Pose.FOLD: 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Bank:
    """Crops of people before nothing.

    Attributes:
        bgra: colours weighted by alpha, uint8 (n, 160, 80, 4); the box with its margin.
        person: int64 (n,); persons 2k and 2k + 1 are often dressed alike.
        view: running number of the shot, another camera each, int64 (n,).
    """

    bgra: U8
    person: NDArray[np.int64]
    view: NDArray[np.int64]


def draw_identities(seed: int, count: int) -> list[Body]:
    """Draw people; almost half of the odd ones wear what the even one before them wears."""
    bodies: list[Body] = []
    for i in range(count):
        rng = stream(seed, "identity", i)
        profile = draw_profile(rng)
        clothes = draw_clothes(rng, profile=profile)
        if i % 2 and rng.random() < ALIKE_SHARE:
            clothes = bodies[-1].clothes
            profile = replace(profile, presentation=bodies[-1].presentation)
        bodies.append(draw_body(rng, label=i, clothes=clothes, profile=profile))
    return bodies


def render_bank(seed: int, *, identities: int, views: int) -> Bank:
    """Render every identity up to `views` times, six to a shot, hiding each other at times.

    Raises:
        DeviceError: OpenGL is missing.
    """
    bodies = draw_identities(seed, identities)
    studio = PeopleStudio(*FRAME_PX)
    found: list[tuple[U8, int, int]] = []
    shot = 0
    for view in range(views):
        order = stream(seed, "order", view).permutation(identities)
        for start in range(0, identities, PER_SHOT):
            group = order[start : start + PER_SHOT]
            rng = stream(seed, "shot", shot)
            found += _shoot(rng, studio, [bodies[i] for i in group], group, shot)
            shot += 1
    return Bank(
        np.stack([crop for crop, *_ in found]),
        np.array([person for _, person, _ in found], np.int64),
        np.array([number for *_, number in found], np.int64),
    )


def _shoot(
    rng: np.random.Generator,
    studio: PeopleStudio,
    bodies: list[Body],
    labels: NDArray[np.int64],
    number: int,
) -> Iterator[tuple[U8, int, int]]:
    projection = Projection.of(draw_camera(rng))
    people = place_people(rng, projection, bodies)
    shot = studio.render(people, projection, light=draw_light(rng))
    for row, bgra in cut_people(shot):
        yield bgra, int(labels[row]), number


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw a camera under a ceiling; one in six looks almost straight down."""
    height_m = float(rng.uniform(2.4, 3.3))
    down = rng.random() < 1 / 6
    ahead_m = float(rng.uniform(0.1, 1.0) if down else rng.uniform(2.5, 7.5))
    return Camera(
        id="studio",
        width_px=FRAME_PX[0],
        height_px=FRAME_PX[1],
        position_m=(0.0, 0.0, height_m),
        look_at_m=(ahead_m, float(rng.normal(0, 0.1)), float(rng.uniform(0.0, 1.0))),
        hfov_deg=float(rng.uniform(62, 108)),
    )


def draw_light(rng: np.random.Generator) -> Light:
    """Vary the shop's light: direction, strength and colour."""
    plain = Light()
    warm = np.exp(rng.normal(0, 0.07, 3))
    key = np.array(plain.key) * warm * np.exp(rng.normal(0, 0.2))
    sky = np.array(plain.sky) * warm * np.exp(rng.normal(0, 0.2))
    return replace(
        plain,
        direction=(float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.8, 0.8)), 1.0),
        key=(float(key[0]), float(key[1]), float(key[2])),
        sky=(float(sky[0]), float(sky[1]), float(sky[2])),
        exposure=plain.exposure * float(np.exp(rng.normal(0, 0.15))),
    )


def place_people(rng: np.random.Generator, projection: Projection, bodies: list[Body]) -> People:
    """Stand people at random places in the picture, each in a random pose."""
    n = len(bodies)
    xy_m = np.array([_spot(rng, projection) for _ in bodies])
    heading = rng.uniform(-np.pi, np.pi, n)
    pose = rng.choice(list(POSES), n, p=list(POSES.values())).astype(np.uint8)
    ahead = np.stack([np.cos(heading), np.sin(heading)], axis=1) * rng.uniform(0.35, 0.65, (n, 1))
    hand = np.concatenate([xy_m + ahead, rng.uniform(0.8, 1.4, (n, 1))], axis=1)
    reaching = np.isin(pose, (Pose.REACH, Pose.HOLD, Pose.FLIP))
    return People(
        body=tuple(bodies),
        xy_m=xy_m,
        heading_rad=heading,
        speed_mps=np.where(pose == Pose.WALK, rng.uniform(0.5, 1.4, n), 0.0),
        gait_phase=rng.uniform(0, 20, n),
        pose=pose,
        reach_xyz_m=np.where(reaching[:, None], hand, np.nan),
        staff=np.zeros(n, bool),
    )


def _spot(rng: np.random.Generator, projection: Projection) -> NDArray[np.float64]:
    """A floor position 0.6 to 11 m from the camera whose person's middle is in the picture."""
    width, height = FRAME_PX
    for _ in range(40):
        pixel = rng.uniform([0.06, 0.15], [0.94, 0.95]) * [width, height]
        xy_m = projection.to_plane(pixel, 0.9)
        if np.isfinite(xy_m).all() and 0.6 < np.linalg.norm(xy_m) < 11.0:
            return xy_m
    return np.array([3.0, 0.0])


def cut_people(shot: StudioShot) -> Iterator[tuple[int, U8]]:
    """Cut out everyone tall and free enough: row and crop with its margin."""
    boxes = np.array([_visible_box(shot.id, row) for row in range(len(shot.full_px))], np.float32)
    full = np.nan_to_num(shot.full_px)
    full_area = (full[:, 2:] - full[:, :2]).prod(axis=1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    height = boxes[:, 3] - boxes[:, 1]
    good = (height >= 36) & (area > 0.45 * full_area) & (covered_share(boxes) <= 0.4)
    image = np.dstack([shot.bgr, shot.alpha])
    for row in np.flatnonzero(good).tolist():
        yield row, _cut_with_margin(image, boxes[row])


def _visible_box(ids: NDArray[np.uint16], row: int) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(ids == row + 1)
    if not len(rows):
        return (0, 0, 0, 0)
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def _cut_with_margin(image: U8, box: F32) -> U8:
    """Cut a box and an eighth of its size around it; nothing (alpha 0) beyond the picture."""
    x1, y1, x2, y2 = box.astype(float)
    dx, dy = (x2 - x1) * MARGIN, (y2 - y1) * MARGIN
    scale = [KEPT_PX[0] / (x2 - x1 + 2 * dx), KEPT_PX[1] / (y2 - y1 + 2 * dy)]
    warp = np.array([[scale[0], 0, -(x1 - dx) * scale[0]], [0, scale[1], -(y1 - dy) * scale[1]]])
    if scale[1] < 1:  # shrinking: average first, or thin stripes alias
        kernel = (max(round(1 / scale[0]), 1), max(round(1 / scale[1]), 1))
        image = cv2.blur(image, kernel).astype(np.uint8)
    return cv2.warpAffine(image, warp, KEPT_PX, flags=cv2.INTER_LINEAR).astype(np.uint8)
