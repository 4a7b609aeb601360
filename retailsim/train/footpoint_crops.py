"""Crops of people in random rendered shops, with the true place of their feet in the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.messages.truth import TruthBoxes
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.snapshot import Snapshot
from retailsim.simulate.streams import stream
from retailsim.stack.identity.footpoint import SLIMMEST, Margin, cut_view, hints, region_px, view_px
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection
from retailsim.train.people_layers import draw_light
from retailsim.train.photometric import disturb
from retailsim.train.seeds import require_training_seed
from retailsim.train.shop_scenes import (
    CARRIED_PER_SHOP,
    SNAPSHOTS_PER_SHOP,
    TICK_NS,
    draw_shop,
    draw_snapshot,
)

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Rng = np.random.Generator

STORED_PX = (80, 160)
# What is stored around a box, in the measures of `footpoint`: more than the network is shown, so
# that the box can be shaken.
STORED_MARGIN = Margin(beside=0.35, above=0.2, below=0.5)
LEAST_SHARE, LEAST_HEIGHT_PX = 0.2, 20.0  # people hidden or far more than that are left out
FARTHEST = 3.0  # feet more box heights away than this are left out
BOX_SHAKE, BOX_SHAKE_PX = 0.03, 0.5  # a detector's error per edge: share of the size, and pixels
CUT_SHORT = 0.08  # share of boxes that miss a part of the legs altogether


@dataclass(frozen=True)
class Crop:
    """One person in one picture.

    Attributes:
        jpeg: of the stored region, BGR `STORED_PX`.
        region_px: x1, y1, x2, y2 of it in the picture, float64 (4,).
        box_px: true box of the visible part, float64 (4,).
        foot_px: where the middle between the feet is, float64 (2,).
        foot_m: the same on the floor, float64 (2,).
        camera: which took the picture.
        visible_share: of the body.
    """

    jpeg: bytes
    region_px: F64
    box_px: F64
    foot_px: F64
    foot_m: F64
    camera: Camera
    visible_share: float


@dataclass(frozen=True)
class Example:
    """What the network learns from: crop (h, w, 3), hints (HINTS,), offset (2,) and box (4,)."""

    crop: U8
    hints: F32
    offset: F64
    box_px: F64


def render_crops(seed: int, shops: int, *, report: Callable[[int, int], None]) -> list[Crop]:
    """Render random shops and cut everybody out; `report(shops done, crops)` after each.

    Raises:
        RetailError: the seed is one kept for judging.
        DeviceError: OpenGL is missing.
    """
    require_training_seed(seed)
    crops: list[Crop] = []
    for number in range(shops):
        crops += _crops_of_shop(stream(seed, "feet", number), seed + number)
        report(number + 1, len(crops))
    return crops


def _crops_of_shop(rng: Rng, seed: int) -> Iterator[Crop]:
    plan = draw_shop(rng)
    light = draw_light(rng)
    carried = rng.permutation(len(plan.items))[:CARRIED_PER_SHOP]
    cameras = {camera.id: camera for camera in plan.cameras}
    with CameraRig(plan, seed=seed, light=light) as rig:
        for tick in range(SNAPSHOTS_PER_SHOP):
            snapshot = draw_snapshot(rng, plan, carried, tick * TICK_NS)
            for view in rig.render(snapshot):
                camera = cameras[view.frame.camera]
                yield from _crops_of_view(view.frame.image, view.boxes, snapshot, camera)


def _crops_of_view(
    image: U8, boxes: TruthBoxes, snapshot: Snapshot, camera: Camera
) -> Iterator[Crop]:
    projection = Projection.of(camera)
    for i, row in enumerate(boxes.person_id.tolist()):  # random people are numbered by row
        box, share = boxes.visible_px[i].astype(float), float(boxes.visible_share[i])
        foot_m = snapshot.people.xy_m[row]
        foot_px = projection.to_image(np.array([*foot_m, 0.0]))
        height = float(box[3] - box[1])
        away = np.abs(foot_px - [(box[0] + box[2]) / 2, box[3]]).max() / max(height, 1.0)
        if share >= LEAST_SHARE and height >= LEAST_HEIGHT_PX and away < FARTHEST:
            region = region_px(box[None], STORED_MARGIN)[0]
            stored = cut_view(image, region, STORED_PX)
            jpeg = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            yield Crop(jpeg, region, box, foot_px, foot_m, camera, share)


def example(crop: Crop, rng: Rng, size_px: tuple[int, int], *, plain: bool = False) -> Example:
    """Show a crop as a detector might have found it.

    Args:
        crop: what was stored.
        rng: draws box errors, camera and mirroring.
        size_px: of the network's input.
        plain: box errors only, for measuring.
    """
    stored = np.asarray(
        cv2.imdecode(np.frombuffer(crop.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8
    )
    box = _shaken(crop, rng, plain=plain)
    scale = np.array(STORED_PX * 2) / np.tile(crop.region_px[2:] - crop.region_px[:2], 2)
    view = (view_px(box[None])[0] - np.tile(crop.region_px[:2], 2)) * scale
    picture = cut_view(stored, view, size_px)
    frame_px = (crop.camera.width_px, crop.camera.height_px)
    told = hints(Projection.of(crop.camera), frame_px, box[None])[0]
    below = np.array([(box[0] + box[2]) / 2, box[3]])
    offset = (crop.foot_px - below) / max(box[3] - box[1], 1.0)
    if not plain and rng.random() < 0.6:
        picture = disturb(rng, picture)
    if not plain and rng.random() < 0.5:
        picture, told, offset = (
            np.ascontiguousarray(picture[:, ::-1]),
            mirrored(told),
            offset * (-1, 1),
        )
    return Example(picture, told, offset, box)


def mirrored(told: F32) -> F32:
    """Return the hints of the mirrored picture."""
    out = told.copy()
    out[0], out[9] = -told[0], -told[9]
    out[5], out[7] = told[7], told[5]
    return out


def _shaken(crop: Crop, rng: Rng, *, plain: bool) -> F64:
    """Return the box with a detector's errors, inside the picture."""
    box = crop.box_px
    high = box[3] - box[1]
    wide = max(box[2] - box[0], SLIMMEST * high)
    error = rng.normal(0, 1, 4) * BOX_SHAKE * np.array([wide, high, wide, high])
    box = box + error + rng.normal(0, BOX_SHAKE_PX, 4)
    if not plain and rng.random() < CUT_SHORT:
        box[3] -= rng.uniform(0, 0.25) * high
    limit = [crop.camera.width_px, crop.camera.height_px] * 2
    return np.asarray(np.clip(box, 0, limit), float)
