"""What a walker would rather not do: come near others, brush along walls.

Costs of candidate velocities, for many walkers at once. Time counts in steps as much as in
seconds: whoever walks slower looks further ahead in time, and the same way in metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.navigation import Navigator

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
# Berths lie in E. T. Hall's personal distance, 0.45 to 1.2 m (The Hidden Dimension, 1966); how
# they shrink was chosen so that crowds of all densities are as fast as Weidmann's (assumed).
BERTH_M = 0.75  # walkers stay this far from who comes towards them, where there is room,
BERTH_LEAST_M = 0.5  # this far from who walks along with them,
BERTH_STANDING_M = 0.58  # and this far from who stands
BERTH_PER_SPACING = 0.8  # in a crowd a berth is at most this share of people's mean distance,
SMALLEST_BERTH = 0.6  # but never less than this share of the whole
NEARNESS = 3.2  # cost of a collision now, against one for walking elsewhere at full speed
HORIZON_M = 3.0  # of walking, what comes later matters not
PARTING_M = 0.3
AT_ONCE_M = 0.1
NEIGHBOURS = 12  # so many of the nearest others a walker minds,
NEAR_M = 4.5  # if they are nearer than this
TO_THE_RIGHT = 0.02  # a small charge for passing on the left
WALL_M, WALL_COST = 0.32, 3.0
_TURNS = np.deg2rad([0, 8, -8, 16, -16, 28, -28, 45, -45, 70, -70, 100, -100, 140, -140])
_SHARES = (1.0, 0.65, 0.3)


def fan(wanted: F64) -> F64:
    """Return candidate velocities (w, c, 2): the wanted one turned and slowed, and a stop."""
    cos, sin = np.cos(_TURNS), np.sin(_TURNS)
    x, y = wanted[:, :1], wanted[:, 1:]
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    parts = [turned * share for share in _SHARES]
    return np.concatenate([*parts, np.zeros((len(wanted), 1, 2))], axis=1)


def neighbours(at: F64, position: F64, walkers: list[int]) -> tuple[I64, F64]:
    """Return the nearest others of every walker, indices and distances (w, k)."""
    distance = np.hypot(at[:, :1] - position[:, 0], at[:, 1:] - position[:, 1])
    distance[np.arange(len(walkers)), walkers] = np.inf
    k = min(NEIGHBOURS, len(position))
    others = np.argpartition(distance, k - 1, axis=1)[:, :k]
    return others, np.take_along_axis(distance, others, axis=1)


def squeeze(density_per_m2: F64) -> F64:
    """Return what share of their berth people keep at densities (w,)."""
    spacing_m = 1 / np.sqrt(np.maximum(density_per_m2, 1e-6))
    return np.clip(BERTH_PER_SPACING * spacing_m / BERTH_M, SMALLEST_BERTH, 1.0)


def approach_cost(
    candidates: F64, offset: F64, velocity: F64, distance: F64, speed: F64, squeezed: F64
) -> F64:
    """Charge for closest approaches within the horizon, nearer and sooner more, (w, c).

    Args:
        candidates: velocities, (w, c, 2).
        offset: from walkers to their neighbours, (w, k, 2).
        velocity: of the neighbours, (w, k, 2).
        distance: to the neighbours, infinite for nobody, (w, k).
        speed: that walkers like, (w,).
        squeezed: share of their berth that they keep, (w,).
    """
    dx, dy = offset[:, None, :, 0], offset[:, None, :, 1]  # (w, 1, k)
    per_pace = (1 / speed)[:, None, None]
    vx = (candidates[..., 0, None] - velocity[:, None, :, 0]) * per_pace  # (w, c, k)
    vy = (candidates[..., 1, None] - velocity[:, None, :, 1]) * per_pace
    squared = np.maximum(vx * vx + vy * vy, 1e-9)
    # Not before a short while from now, so that two who touch see the good of parting.
    when = np.clip((vx * dx + vy * dy) / squared, PARTING_M, HORIZON_M)
    miss = np.hypot(dx - vx * when, dy - vy * when)
    moving = np.hypot(velocity[..., 0], velocity[..., 1]) > 0.1
    most = (np.where(moving, BERTH_M, BERTH_STANDING_M) * squeezed[:, None])[:, None]
    least = np.minimum(most, BERTH_LEAST_M)
    berth = least + (most - least) * np.minimum(np.sqrt(squared), 1.0)
    charge = NEARNESS * np.maximum(1 - miss / berth, 0.0) / (AT_ONCE_M + when)
    total: F64 = np.where((distance < NEAR_M)[:, None], charge, 0.0).sum(-1)
    # People who meet head-on keep to the right.
    total[:, 1:-1:2] += TO_THE_RIGHT
    return total


def wall_cost(at: F64, candidates: F64, navigator: Navigator) -> F64:
    """Charge for coming near obstacles soon, (w, c)."""
    cost = np.zeros(candidates.shape[:2])
    for ahead_s in (0.3, 0.7):
        clear = navigator.clearance_near(at[:, None] + candidates * ahead_s)
        cost += WALL_COST * np.clip(WALL_M - clear, 0.0, WALL_M)
    return cost
