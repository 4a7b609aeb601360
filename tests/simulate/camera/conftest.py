"""A small shop with a hand-written snapshot, and the skip where OpenGL is missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from retailsim.errors import DeviceError
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.snapshot import Body, Clothes, Garments, People, Pose, Snapshot
from retailsim.store.load import parse_plan
from retailsim.store.plan import StorePlan

PLAN = """
name: corner
size_m: [6.0, 5.0]
height_m: 3.0
doors: [{id: main, segment_m: [[2.0, 0.0], [3.6, 0.0]], inside_m: [2.8, 1.0]}]
fixtures:
  - {id: rail-1, kind: rail, center_m: [5.6, 2.5], size_m: [1.6, 0.5], height_m: 1.5, angle_deg: 90}
  - {id: table-1, kind: table, center_m: [1.2, 3.6], size_m: [1.2, 0.8], height_m: 0.8}
cameras:
  - {id: high, width_px: 320, height_px: 180,
     position_m: [0.4, 0.3, 2.8], look_at_m: [4.0, 3.2, 0.6], hfov_deg: 85}
  - {id: side, width_px: 320, height_px: 180,
     position_m: [3.0, 0.3, 1.7], look_at_m: [3.0, 4.0, 0.9], hfov_deg: 85}
catalogue:
  - {id: red, name: red shirt, kind: shirt, colour: "#b3212b", style: basic, price_eur: 20}
  - {id: blue, name: blue dress, kind: dress, colour: "#1f2c8d", style: smart, price_eur: 50}
stock:
  - {fixture: rail-1, sku: red, count: 5}
  - {fixture: rail-1, sku: blue, count: 5}
  - {fixture: table-1, sku: red, count: 4}
"""


@pytest.fixture(scope="session")
def gl() -> None:
    """Skip where OpenGL is missing; in CI that is a failure."""
    try:
        open_context().release()
    except DeviceError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def corner() -> StorePlan:
    """A shop of 6 x 5 m with a rail, a table and two cameras."""
    return parse_plan(PLAN, origin="corner")


@pytest.fixture(scope="session")
def shopper() -> Body:
    """An ordinary shopper, 1.7 m tall."""
    clothes = Clothes(
        "tshirt", (0.5, 0.05, 0.05), (0.9, 0.9, 0.9), "stripes", "trousers", (0.03, 0.05, 0.2),
        (0.02, 0.02, 0.02),
    )  # fmt: skip
    return Body(7, 1.7, 1.0, (0.6, 0.4, 0.3), (0.05, 0.03, 0.02), "short", clothes, "none", 3)


@pytest.fixture(scope="session")
def crowd_at(shopper: Body) -> Callable[..., People]:
    """Make standing (or walking) people at given places, labels from 100."""

    def make(xy_m: list[tuple[float, float]], pose: Pose = Pose.STAND) -> People:
        n = len(xy_m)
        bodies = tuple(replace(shopper, label=100 + i, texture_seed=i) for i in range(n))
        walking = pose == Pose.WALK
        return People(
            body=bodies,
            xy_m=np.array(xy_m, float).reshape(-1, 2),
            heading_rad=np.linspace(0, 5, n) if n else np.zeros(0),
            speed_mps=np.full(n, 1.0 if walking else 0.0),
            gait_phase=np.linspace(0, 2.3, n) if n else np.zeros(0),
            pose=np.full(n, pose, np.uint8),
            reach_xyz_m=np.full((n, 3), np.nan),
            staff=np.zeros(n, bool),
        )

    return make


@pytest.fixture(scope="session")
def snapshot_of(corner: StorePlan) -> Callable[..., Snapshot]:
    """Make a snapshot of the corner shop with all garments at their places."""

    def make(people: People, tick: int = 0) -> Snapshot:
        tags = np.array([corner.slot_xyz_m(i.fixture, i.slot) for i in corner.items])
        count = len(tags)
        garments = Garments(tags, np.zeros(count, np.uint8), np.full(count, -1))
        return Snapshot(tick * 10**8, people, garments, ())

    return make
