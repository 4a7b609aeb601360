"""Whole rendered shops with random stock, furniture, cameras and light, full of random people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.resources import find
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.view import View
from retailsim.simulate.faults import Faults, Flaws
from retailsim.simulate.occluders import with_occluders
from retailsim.simulate.snapshot import Garments, People, Place, Pose, Snapshot
from retailsim.simulate.wild import CORNER_BEND, wild_decor, wild_flaws
from retailsim.store.load import load_plan
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Camera, Fixture, StorePlan
from retailsim.store.projection import Projection
from retailsim.train.layers import Layer
from retailsim.train.people_layers import (
    CLEARANCE_M,
    REACHING,
    apart,
    draw_light,
    dressed,
    wild_body,
)
from retailsim.train.randomisers import ALL, Randomisers

Rng = np.random.Generator
F64 = NDArray[np.float64]
# Shops to begin from and how often; the sports shop and the concourse are kept for judging.
BASE_STORES = {"boutique": 0.5, "showroom": 0.2, "dense-rails": 0.15, "fast-fashion": 0.15}
MOST_ON_FIXTURE = 6  # garments; every one is drawn
SNAPSHOTS_PER_SHOP = 16
CAMERAS_PER_SHOP = 6
CARRIED_PER_SHOP = 5
# Shares of Pose, in its order: shoppers reach, hold and fold more often than people in a street.
POSE_SHARES = (0.27, 0.33, 0.10, 0.06, 0.06, 0.06, 0.03, 0.03, 0.02, 0.04)
TICK_NS = 100_000_000
BODY_CLEARANCE_M = 0.22
NO_GARMENTS = Garments(np.zeros((0, 3)), np.zeros(0, np.uint8), np.zeros(0, np.int64))


def shop_layers(rng: Rng, seed: int, *, randomisers: Randomisers = ALL) -> Iterator[Layer]:
    """Yield SNAPSHOTS_PER_SHOP * CAMERAS_PER_SHOP pictures of one random shop."""
    plan = draw_shop(rng)
    shown = plan if randomisers.clutter else plan.model_copy(update={"stock": []})
    flaws = draw_flaws(rng, plan) if randomisers.lighting else Faults()
    light = draw_light(rng, randomisers)
    # The same garments are carried all the time: every change redraws a part of the shop.
    carried = rng.permutation(len(plan.items))[:CARRIED_PER_SHOP]
    with CameraRig(shown, seed=seed, light=light, faults=flaws) as rig:
        for tick in range(SNAPSHOTS_PER_SHOP):
            snapshot = draw_snapshot(rng, plan, carried, tick * TICK_NS, randomisers)
            if not randomisers.clutter:
                snapshot = replace(snapshot, garments=NO_GARMENTS)
            for view in rig.render(snapshot):
                yield to_layer(view)


def to_layer(view: View) -> Layer:
    """Turn a rendered view into a layer; labels beyond 255 people are left out."""
    label = np.where(view.id < 256, view.id, 0).astype(np.uint8)
    count = int(label.max())
    area = np.zeros(count, np.float32)
    pixels = np.bincount(label.reshape(-1), minlength=count + 1)[1:]
    seen = np.flatnonzero(pixels)  # rows of the snapshot, in the order of the truth's rows
    share = np.maximum(view.boxes.visible_share, 1e-3)
    area[seen] = pixels[seen] / share[: len(seen)]
    return Layer(view.frame.image, label, area, opaque=True)


def draw_shop(rng: Rng) -> StorePlan:
    """Draw a shop: one of the shipped ones with all that can be seen of it changed."""
    store = rng.choice(list(BASE_STORES), p=list(BASE_STORES.values()))
    base = load_plan(find(f"scenarios/stores/{store}.yaml"))
    looks, things = rng.integers(2**31, size=2)
    base = base.model_copy(update={"decor": wild_decor(base.decor, 0.7, seed=int(looks))})
    base = with_occluders(base, float(rng.uniform(0, 0.6)), seed=int(things))
    tree = base.model_dump(mode="json")
    for sku in tree["catalogue"]:
        if rng.random() < 0.6:
            sku["colour"], sku["colour2"] = _hex(rng), _hex(rng)
            sku["pattern"] = str(rng.choice(["plain", "plain", "stripes", "checks", "dots"]))
    _rearrange(rng, tree["stock"], base)
    for fixture, known in zip(tree["fixtures"], base.fixtures, strict=True):
        if known.kind in ("rail", "table", "shelf") and _stands_free(known, base):
            shift = rng.normal(0, 0.3, 2)
            fixture["center_m"] = [float(v) for v in np.array(known.center_m) + shift]
            fixture["angle_deg"] = float(rng.choice([known.angle_deg, known.angle_deg + 90]))
    cameras = [_camera(rng, f"cam-{i}", base) for i in range(CAMERAS_PER_SHOP)]
    tree["cameras"] = [camera.model_dump(mode="json") for camera in cameras]
    return StorePlan.model_validate(tree)


def draw_flaws(rng: Rng, plan: StorePlan) -> Faults:
    """Draw how blurred, noisy, dark, dirty and flickering every camera's pictures are."""
    seed, strength = int(rng.integers(2**31)), float(rng.uniform(0, 1))
    cameras = [wild_flaws(c.id, Flaws(), strength, seed=seed) for c in plan.cameras]
    return Faults(cameras=cameras)


def _rearrange(rng: Rng, stock: list[dict[str, Any]], plan: StorePlan) -> None:
    """Exchange the articles of furniture of one kind and draw how many lie or hang there."""
    kinds = {fixture.id: fixture.kind for fixture in plan.fixtures}
    for kind in sorted(set(kinds.values())):
        rows = [row for row in stock if kinds[row["fixture"]] == kind]
        for row, sku in zip(rows, rng.permutation([row["sku"] for row in rows]), strict=True):
            row["sku"] = str(sku)
            row["count"] = min(row["count"], int(rng.integers(2, MOST_ON_FIXTURE)))


def _stands_free(fixture: Fixture, plan: StorePlan) -> bool:
    width, depth = plan.size_m or (0.0, 0.0)
    x, y = fixture.center_m
    return 1.5 < x < width - 1.5 and 1.5 < y < depth - 1.5


def _camera(rng: Rng, name: str, plan: StorePlan) -> Camera:
    """Draw a camera: one of the shop's, knocked a little, or one placed anywhere."""
    width, depth = plan.size_m or (10.0, 10.0)
    kind = rng.random()
    if kind < 0.45:
        doors = [c for c in plan.cameras if _looks_down(c)] or plan.cameras
        some = doors if rng.random() < 0.3 else plan.cameras
        known = some[int(rng.integers(len(some)))]
        position = np.array(known.position_m) + rng.normal(0, [0.15, 0.15, 0.1])
        target = np.array(known.look_at_m) + rng.normal(0, [0.3, 0.3, 0.1])
        hfov = float(known.hfov_deg or 90) + rng.normal(0, 4)
    elif kind < 0.7:
        position = np.array([*rng.uniform(0.5, [width - 0.5, depth - 0.5]), rng.uniform(2.7, 3.15)])
        target = np.array([*(position[:2] + rng.normal(0, 0.4, 2)), 0.0])
        hfov = rng.uniform(85, 112)
    else:
        corner = rng.uniform([0.2, 0.2], [width - 0.2, depth - 0.2])
        position = np.array([*corner, rng.uniform(1.4, 3.1)])
        target = np.array([*rng.uniform([2, 1.5], [width - 2, depth - 1.5]), rng.uniform(0.3, 1.2)])
        hfov = rng.uniform(55, 105)
    corner = np.tan(np.deg2rad(hfov) / 2) * np.hypot(1, 360 / 640)
    bend = float(-rng.uniform(0, CORNER_BEND) / corner**2) if rng.random() < 0.5 else 0.0
    inside = np.clip(position, [0.1, 0.1, 1.2], [width - 0.1, depth - 0.1, 3.15])
    return Camera(
        id=name,
        position_m=(float(inside[0]), float(inside[1]), float(inside[2])),
        look_at_m=(float(target[0]), float(target[1]), float(target[2])),
        hfov_deg=float(hfov),
        distortion=(bend, 0.0),
    )


def _looks_down(camera: Camera) -> bool:
    """Whether a camera looks nearly straight down: people are seen from above there."""
    position, target = np.array(camera.position_m), np.array(camera.look_at_m)
    return bool(np.hypot(*(position - target)[:2]) < 0.3 * abs(position[2] - target[2]))


def draw_snapshot(
    rng: Rng,
    plan: StorePlan,
    carried: NDArray[np.int64],
    time_ns: int,
    randomisers: Randomisers = ALL,
) -> Snapshot:
    """Draw people on the free floor and in the street; some have the `carried` garments."""
    people = dressed(_draw_people(rng, plan), randomisers)
    if not randomisers.crowding:
        people = apart(people, [Projection.of(camera) for camera in plan.cameras])
    items = plan.items
    tags = np.array([plan.slot_xyz_m(item.fixture, item.slot) for item in items])
    place = np.full(len(items), Place.ON_FIXTURE, np.uint8)
    holder = np.full(len(items), -1, np.int64)
    place[carried] = Place.CARRIED
    holder[carried] = rng.integers(0, len(people.body), len(carried))
    tags[carried, :2] = people.xy_m[holder[carried]]
    return Snapshot(time_ns, people, Garments(tags, place, holder), ())


def _draw_people(rng: Rng, plan: StorePlan) -> People:
    width, depth = plan.size_m or (10.0, 10.0)
    furniture = obstacles(plan)
    count = int(rng.integers(1, 22))
    spots: list[F64] = []
    for _ in range(count * 12):
        if len(spots) == count:
            break
        if spots and rng.random() < 0.35:
            turn = rng.uniform(0, 2 * np.pi)
            near = spots[int(rng.integers(len(spots)))]
            spot = near + rng.uniform(CLEARANCE_M, 1.0) * np.array([np.cos(turn), np.sin(turn)])
        else:
            spot = rng.uniform([0.2, -2.0], [width - 0.2, depth - 0.2])
        free = float(clearance_m(furniture, spot[None])[0]) > BODY_CLEARANCE_M
        if free and all(np.hypot(*(spot - other)) > CLEARANCE_M for other in spots):
            spots.append(spot)
    n = len(spots)
    xy = np.array(spots).reshape(n, 2)
    pose = rng.choice(len(Pose), n, p=POSE_SHARES).astype(np.uint8)
    heading = rng.uniform(-np.pi, np.pi, n)
    reach = np.full((n, 3), np.nan)
    for i in np.flatnonzero(np.isin(pose, REACHING)):
        ahead = np.array([np.cos(heading[i]), np.sin(heading[i])])
        reach[i] = (*(xy[i] + rng.uniform(0.35, 0.6) * ahead), rng.uniform(0.8, 1.5))
    return People(
        body=tuple(wild_body(rng, row) for row in range(n)),
        xy_m=xy,
        heading_rad=heading,
        speed_mps=np.where(np.isin(pose, (Pose.WALK, Pose.PUSH)), rng.uniform(0.3, 1.5, n), 0.0),
        gait_phase=rng.uniform(0, 50, n),
        pose=pose,
        reach_xyz_m=reach,
        staff=np.zeros(n, bool),
    )


def _hex(rng: Rng) -> str:
    """Draw a cloth colour as '#rrggbb'."""
    value = rng.uniform(20, 245)
    red, green, blue = np.clip(value + rng.normal(0, rng.choice([8, 60]), 3), 0, 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
