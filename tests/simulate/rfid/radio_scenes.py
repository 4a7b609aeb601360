"""Hand-written worlds for the radio: tags on their slots, people where a test wants them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retailsim.messages.sensors import TagReads
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.snapshot import Body, Clothes, Garments, People, Place, Snapshot, Swing
from retailsim.store.plan import StorePlan

START_NS = 1_700_000_000_000_000_000
TICK_NS = 100_000_000
_CLOTHES = Clothes("tshirt", (0, 0, 0), (0, 0, 0), "plain", "trousers", (0, 0, 0), (0, 0, 0))


def body(label: int) -> Body:
    return Body(label, 1.75, 1.0, (0, 0, 0), (0, 0, 0), "short", _CLOTHES, "none", 0)


def slot_positions(plan: StorePlan) -> np.ndarray:
    return np.array([plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items])


def snapshot(
    tick: int,
    tag_xyz_m: np.ndarray,
    *,
    bodies: tuple[Body, ...] = (),
    people_xy_m: np.ndarray | None = None,
    swings: tuple[Swing, ...] = (),
    place: np.ndarray | None = None,
) -> Snapshot:
    n, g = len(bodies), len(tag_xyz_m)
    xy = np.zeros((0, 2)) if people_xy_m is None else people_xy_m
    people = People(
        bodies,
        xy,
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n, np.uint8),
        np.full((n, 3), np.nan),
        np.zeros(n, bool),
    )
    where = np.full(g, Place.ON_FIXTURE, np.uint8) if place is None else place
    garments = Garments(tag_xyz_m, where, np.full(g, -1))
    return Snapshot(START_NS + tick * TICK_NS, people, garments, swings)


def play(rig: RadioRig, snapshots: Iterator[Snapshot]) -> list[TagReads]:
    before = next(snapshots)
    batches = []
    for after in snapshots:
        batches += rig.advance(before, after)
        before = after
    return batches


def still_shop(plan: StorePlan, seconds: float) -> Iterator[Snapshot]:
    xyz = slot_positions(plan)
    return (snapshot(tick, xyz) for tick in range(round(seconds * 10) + 1))


def column(batches: list[TagReads], name: str) -> np.ndarray:
    return np.concatenate([getattr(batch, name) for batch in batches])
