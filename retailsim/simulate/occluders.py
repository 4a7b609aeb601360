"""Plants, mannequins and benches put at free places of a shop, to stand in the way of cameras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.streams import stream
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.zones import zone_at

F64 = NDArray[np.float64]
# Length, depth, and least and greatest height of what is put there (assumed).
KINDS = {
    "plant": (0.5, 0.5, 1.0, 1.9),
    "mannequin": (0.5, 0.4, 1.7, 1.9),
    "bench": (1.2, 0.4, 0.45, 0.45),
}
SHARES = (0.4, 0.4, 0.2)
PASSAGE_M = 0.8  # free floor all round, so that every way stays open
FROM_DOOR_M = 1.8
KEPT_FREE = ("entrance", "fitting", "mirror", "till")
FLOOR_M2 = 10.0  # with full strength, one on so much floor
CELL_M = 0.1


def with_occluders(plan: StorePlan, strength: float, *, seed: int) -> StorePlan:
    """Return the plan with furniture added at free places; unchanged without a floor.

    There may be fewer than the strength asks for where the shop has no room. Nothing comes nearer
    than PASSAGE_M to other furniture and walls, nor into zones where people queue or change.
    """
    if plan.size_m is None:
        return plan
    rng = stream(seed, "randomise", "occluders")
    wanted = round(strength * plan.size_m[0] * plan.size_m[1] / FLOOR_M2)
    for number in range(wanted):
        kind = str(rng.choice(list(KINDS), p=SHARES))
        length, depth, low, high = KINDS[kind]
        height, angle = rng.uniform(low, high), rng.uniform(0, 360)
        spots = _free_spots(plan, float(np.hypot(length, depth)) / 2 + PASSAGE_M)
        if not len(spots):
            continue
        x, y = spots[int(rng.integers(len(spots)))]
        fixture = Fixture(
            id=f"random-{kind}-{number + 1}",
            kind=kind,
            center_m=(round(float(x), 3), round(float(y), 3)),
            size_m=(length, depth),
            height_m=round(height, 3),
            angle_deg=round(angle, 1),
        )
        plan = plan.model_copy(update={"fixtures": [*plan.fixtures, fixture]})
    return StorePlan.model_validate(plan.model_dump())


def _free_spots(plan: StorePlan, room_m: float) -> F64:
    """Return grid points (n, 2) with so much room that may be built upon."""
    assert plan.size_m is not None
    axes = [np.arange(CELL_M / 2, extent, CELL_M) for extent in plan.size_m]
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    points = points[clearance_m(obstacles(plan), points) >= room_m]
    for door in plan.doors:
        middle = np.array(door.segment_m).mean(axis=0)
        points = points[np.hypot(*(points - middle).T) >= FROM_DOOR_M]
    kept = {zone.id for zone in plan.zones if zone.kind in KEPT_FREE}
    free: F64 = points[[zone not in kept for zone in zone_at(plan, points).tolist()]]
    return free
