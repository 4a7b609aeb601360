"""An endless corridor: how fast a crowd of a given density walks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.crowding import FREE_SPEED_MPS
from retailsim.simulate.motion import TICK_S, Mover, step
from retailsim.simulate.navigation import CELL_M, Field, Navigator
from retailsim.simulate.streams import stream
from retailsim.simulate.street import Street
from retailsim.store.plan import Door, StorePlan

F64 = NDArray[np.float64]
SEAM_M = 3.0  # so far beyond both ends walkers see who is at the other end
LOOK_M = 2.0  # walkers aim this far down the corridor


def corridor_speed_mps(
    density_per_m2: float,
    *,
    free_speed_mps: float = FREE_SPEED_MPS,
    spread: float = 0.0,
    walkers: int = 50,
    width_m: float = 2.5,
    settle_s: float = 20.0,
    measure_s: float = 20.0,
    seed: int = 1,
) -> float:
    """Return the mean speed along an endless corridor in which all walk one way, m/s.

    The corridor is as long as `walkers` at that density need; who leaves at its end comes in at
    its beginning, and across the seam people see one another as everywhere else.

    Args:
        density_per_m2: people per square metre of floor.
        free_speed_mps: mean speed that the walkers like.
        spread: standard deviation of those speeds over their mean.
        walkers: how many; the more, the steadier the mean.
        width_m: between the walls.
        settle_s, measure_s: walked before, and while, speeds are averaged.
        seed: draws the places people start at, and their speeds.
    """
    length_m = walkers / (density_per_m2 * width_m)
    rng = stream(seed, "corridor", walkers)
    navigator = Navigator(_plan(length_m, width_m), Street(0.0, length_m + 2 * SEAM_M))
    ahead = _straight_ahead(navigator, length_m)
    pace = np.clip(rng.normal(1.0, spread, walkers), 0.5, 1.5)
    pace *= free_speed_mps / pace.mean()
    crowd = [
        Mover(xy, 0.0, 1.7, float(v), np.array([0.5 * v, 0.0]), float(rng.uniform(0, 100)))
        for xy, v in zip(_starts(walkers, length_m, width_m, rng), pace, strict=True)
    ]
    for mover in crowd:
        mover.walk_to(ahead, _nobody_arrives)
    total = 0.0
    settle, measure = round(settle_s / TICK_S), round(measure_s / TICK_S)
    for tick in range(settle + measure):
        step([*crowd, *_beyond_the_seam(crowd, length_m)], navigator)
        if tick >= settle:
            total += sum(float(mover.velocity_mps[0]) for mover in crowd)
        for mover in crowd:
            if mover.xy_m[0] >= SEAM_M + length_m:
                mover.xy_m = mover.xy_m - (length_m, 0.0)
                mover.walk_to(ahead, _nobody_arrives)
    return total / (measure * walkers)


def _plan(length_m: float, width_m: float) -> StorePlan:
    # The only opening is off the stretch that is walked.
    door = Door(id="end", segment_m=((0.1, 0.0), (0.2, 0.0)), inside_m=(0.15, 1.0))
    return StorePlan(name="corridor", size_m=(length_m + 2 * SEAM_M, width_m), doors=[door])


def _straight_ahead(navigator: Navigator, length_m: float) -> Field:
    """Return a field that leads straight down the corridor from everywhere."""
    ny, nx = navigator.clearance.shape
    row, column = np.mgrid[:ny, :nx]
    aim = row * nx + np.minimum(column + round(LOOK_M / CELL_M), nx - 1)
    far_m = np.array([length_m + 2 * SEAM_M, 0.0])
    way_m = (nx - column) * CELL_M
    return Field(far_m, way_m.astype(np.float32), aim.astype(np.int32))


def _starts(walkers: int, length_m: float, width_m: float, rng: np.random.Generator) -> F64:
    """Return places on a jittered grid of about square meshes, (walkers, 2)."""
    inner_m = width_m - 0.5
    rows = max(1, round(math.sqrt(walkers * inner_m / length_m)))
    columns = math.ceil(walkers / rows)
    # Places left over are spread over the grid, not at its end.
    cells = np.floor(np.arange(walkers) * (rows * columns / walkers)).astype(int)
    mesh = np.array([length_m / columns, inner_m / rows])
    free = np.maximum(mesh - 0.45, 0.0)
    corner = np.stack([cells // rows, cells % rows], axis=-1) + 0.5
    start: F64 = corner * mesh + rng.uniform(-0.5, 0.5, (walkers, 2)) * free
    return start + (SEAM_M, (width_m - inner_m) / 2)


def _beyond_the_seam(crowd: list[Mover], length_m: float) -> list[Mover]:
    """Return who is near one end, as seen from the other."""
    images = []
    for mover in crowd:
        x = float(mover.xy_m[0]) - SEAM_M
        for shift in (-length_m, length_m):
            if -SEAM_M < x + shift < length_m + SEAM_M:
                there = mover.xy_m + (shift, 0.0)
                images.append(Mover(there, 0.0, 1.7, 1.0, velocity_mps=mover.velocity_mps))
    return images


def _nobody_arrives() -> None:
    """Walk on."""
