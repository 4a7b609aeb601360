"""How people walk: towards their goal, round one another, never into anything.

Every tick each walker picks a velocity out of a fan of candidates by sampling in velocity space
(as in Fiorini and Shiller 1998, "velocity obstacles", with soft costs): near the wanted velocity,
smooth, and with a wide berth at the closest approach to everyone else. Candidates that would
bring two centres nearer than `GAP_M`, or a centre nearer than `WALL_GAP_M` to an obstacle, are
never taken; people move one after the other, so the guarantee needs no luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.crowding import AHEAD_M, crowd_ahead, pace_share
from retailsim.simulate.navigation import CELL_M, Field, Navigator
from retailsim.store.obstacles import clearance_m

F64 = NDArray[np.float64]
TICK_S = 0.1
GAP_M = 0.4  # centres never come nearer than this
BERTH_M = 0.75  # walkers stay this far apart where there is room,
BERTH_STANDING_M = 0.58  # and this far from who stands
WALL_GAP_M = 0.2
LEAST_BERTH_M = 0.5
NEARNESS = 3.2
SMOOTHNESS = 0.25
SPACING = 0.8
HORIZON_S = 3.0
NEIGHBOURS = 12  # so many of the nearest others a walker minds,
NEAR_M = 4.5  # if they are nearer than this
PARTING_S = 0.3
IMPATIENCE = 0.8  # cost of standing still, per second of waiting
ACCELERATION_MPS2 = 3.0
TURN_RAD = 0.32  # a tick, walking
FACE_RAD = 0.26  # a tick, standing
STEP_PER_HEIGHT = 0.41  # step length over stature (pedometer rule of thumb, 0.41 to 0.42)
ARRIVED_M = 0.04
MEANDER_RAD = 0.14  # nobody walks along a ruler: directions sway by this ...
MEANDER_CYCLES = 4.3  # ... once in so many cycles of two steps (assumed)
STUCK_S = 2.0
LEAST_HURRY = 0.3
_TURNS = np.deg2rad([0, 8, -8, 16, -16, 28, -28, 45, -45, 70, -70, 100, -100, 140, -140])
_SHARES = (1.0, 0.65, 0.3)


@dataclass(eq=False)
class Mover:
    """The moving part of a person.

    Attributes:
        xy_m, velocity_mps: float64 (2,).
        heading_rad: where the body faces.
        gait_phase: cycles of two steps walked so far.
        speed_mps: preferred walking speed.
        goal: where to, None while standing.
        face_rad: what to turn to while standing, None for no matter.
        arrived: called once when the goal is reached.
    """

    xy_m: F64
    heading_rad: float
    height_m: float
    speed_mps: float
    velocity_mps: F64 = field(default_factory=lambda: np.zeros(2))
    gait_phase: float = 0.0
    goal: Field | None = None
    face_rad: float | None = None
    arrived: Callable[[], None] | None = None
    within_m: float = ARRIVED_M
    best_way_m: float = np.inf
    waited_s: float = 0.0
    detours: int = 0

    def walk_to(
        self, goal: Field, arrived: Callable[[], None], *, within_m: float = ARRIVED_M
    ) -> None:
        """Start walking; being nearer to the goal than `within_m` is having arrived."""
        self.goal, self.arrived, self.within_m = goal, arrived, within_m
        self.best_way_m, self.waited_s, self.detours = np.inf, 0.0, 0

    @property
    def speed_now_mps(self) -> float:
        """Present speed."""
        return math.hypot(*self.velocity_mps)


def step(movers: Sequence[Mover], navigator: Navigator) -> None:
    """Move everyone by one tick, in the given order."""
    walkers = [i for i, mover in enumerate(movers) if mover.goal is not None]
    if walkers:
        position = np.array([mover.xy_m for mover in movers])
        velocity = np.array([mover.velocity_mps for mover in movers])
        _walk(movers, walkers, position, velocity, navigator)
    for mover in movers:
        _turn(mover)


def _walk(
    movers: Sequence[Mover], walkers: list[int], position: F64, velocity: F64, navigator: Navigator
) -> None:
    at, now = position[walkers], velocity[walkers]
    wanted = np.array([_wanted(movers[i], navigator) for i in walkers])
    speed = np.array([movers[i].speed_mps for i in walkers])
    density = _density_ahead(at, wanted, position, navigator)
    share = pace_share(density)
    wanted = _not_faster(wanted, speed * share)
    fan = _fan(wanted)
    cost = np.hypot(*np.moveaxis(fan - wanted[:, None], -1, 0)) / speed[:, None]
    cost += SMOOTHNESS * np.hypot(*np.moveaxis(fan - now[:, None], -1, 0)) / speed[:, None]
    others, distance = _neighbours(at, position, walkers)
    squeeze = np.clip(SPACING / np.sqrt(density) / BERTH_M, 0.6, 1.0)
    soft = _approach_cost(at, fan, position, velocity, others, distance, squeeze, speed)
    soft += _wall_cost(at, fan, navigator)
    # Who brakes for the goal cares less about room: the place itself may be a tight one.
    cost += soft * (np.hypot(wanted[:, 0], wanted[:, 1]) / speed)[:, None]
    reach = _within_reach(now, fan)
    new = at[:, None] + reach * TICK_S
    cost[:, -1] += [IMPATIENCE * movers[i].waited_s for i in walkers]
    cost[_in_walls(new, navigator)] = np.inf
    stride = np.hypot(reach[..., 0], reach[..., 1]).max(initial=0.0) * TICK_S
    close = distance < GAP_M + 2 * stride
    best = cost.argmin(axis=1)
    for row, i in enumerate(walkers):
        choice: int | None = int(best[row])
        near = others[row, close[row]]
        if len(near):
            choice = _first_free(cost[row], new[row], position, i, near)
        elif not np.isfinite(cost[row, choice]):
            choice = None
        moved = np.zeros(2) if choice is None else new[row, choice] - position[i]
        position[i] += moved
        hurry = max(float(share[row]), LEAST_HURRY)
        _advance(movers[i], moved, hurry, movers, navigator)


def _wanted(mover: Mover, navigator: Navigator) -> tuple[float, float]:
    """Return the velocity that the way asks for."""
    assert mover.goal is not None
    x, y = float(mover.goal.goal_m[0] - mover.xy_m[0]), float(mover.goal.goal_m[1] - mover.xy_m[1])
    distance = math.hypot(x, y)
    ux, uy = mover.goal.direction(navigator.cell(mover.xy_m))
    if distance < 0.5 or ux == uy == 0.0:
        ux, uy = x / max(distance, 1e-9), y / max(distance, 1e-9)
    else:
        angle = MEANDER_RAD * math.sin(2 * math.pi * mover.gait_phase / MEANDER_CYCLES)
        cos, sin = math.cos(angle), math.sin(angle)
        ux, uy = cos * ux - sin * uy, sin * ux + cos * uy
    # Brake over the last half metre, and never overshoot within one tick.
    speed = min(mover.speed_mps, max(distance / 0.5, 0.25), distance / TICK_S)
    return ux * speed, uy * speed


def _density_ahead(at: F64, wanted: F64, position: F64, navigator: Navigator) -> F64:
    size = np.maximum(np.hypot(wanted[:, 0], wanted[:, 1]), 1e-9)[:, None]
    ahead = at + AHEAD_M * wanted / size
    return crowd_ahead(ahead, position, navigator.sample(navigator.room, ahead))


def _not_faster(wanted: F64, most: F64) -> F64:
    """Cut velocities (w, 2) down to the greatest speeds (w,)."""
    size = np.maximum(np.hypot(wanted[:, 0], wanted[:, 1]), 1e-9)
    return wanted * np.minimum(1.0, most / size)[:, None]


def _fan(wanted: F64) -> F64:
    """Return candidate velocities (w, c, 2): the wanted one turned and slowed, and a stop."""
    cos, sin = np.cos(_TURNS), np.sin(_TURNS)
    x, y = wanted[:, :1], wanted[:, 1:]
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    parts = [turned * share for share in _SHARES]
    return np.concatenate([*parts, np.zeros((len(wanted), 1, 2))], axis=1)


def _neighbours(at: F64, position: F64, walkers: list[int]) -> tuple[NDArray[np.int64], F64]:
    """Return the nearest others of every walker, indices and distances (w, k)."""
    distance = np.hypot(at[:, :1] - position[:, 0], at[:, 1:] - position[:, 1])
    distance[np.arange(len(walkers)), walkers] = np.inf
    k = min(NEIGHBOURS, len(position))
    others = np.argpartition(distance, k - 1, axis=1)[:, :k]
    return others, np.take_along_axis(distance, others, axis=1)


def _approach_cost(
    at: F64, fan: F64, position: F64, velocity: F64, others: NDArray[np.int64], distance: F64, squeeze: F64, speed: F64
) -> F64:
    """Charge for closest approaches within the horizon, nearer and sooner more, (w, c)."""
    dx = (position[others, 0] - at[:, :1])[:, None]  # (w, 1, k)
    dy = (position[others, 1] - at[:, 1:])[:, None]
    moving = velocity[others]
    per_pace = (1 / speed)[:, None, None]
    vx = (fan[..., 0, None] - moving[:, None, :, 0]) * per_pace  # (w, c, k)
    vy = (fan[..., 1, None] - moving[:, None, :, 1]) * per_pace
    squared = np.maximum(vx * vx + vy * vy, 1e-9)
    # Not before a short while from now, so that two who touch see the good of parting.
    when = np.clip((vx * dx + vy * dy) / squared, PARTING_S, HORIZON_S)
    miss = np.hypot(dx - vx * when, dy - vy * when)
    berth = np.where(np.hypot(moving[..., 0], moving[..., 1]) > 0.1, BERTH_M, BERTH_STANDING_M)
    berth = (berth * squeeze[:, None])[:, None]
    least = np.minimum(berth, LEAST_BERTH_M)
    berth = least + (berth - least) * np.minimum(np.sqrt(squared), 1.0)
    charge = NEARNESS * np.maximum(1 - miss / berth, 0.0) / (0.1 + when)
    total: F64 = np.where((distance < NEAR_M)[:, None], charge, 0.0).sum(-1)
    # People who meet head-on keep to the right.
    total[:, 1:-1:2] += 0.02
    return total


def _wall_cost(at: F64, fan: F64, navigator: Navigator) -> F64:
    cost = np.zeros(fan.shape[:2])
    for ahead_s in (0.3, 0.7):
        clear = navigator.clearance_near(at[:, None] + fan * ahead_s)
        cost += 3.0 * np.clip(0.32 - clear, 0.0, 0.32)
    return cost


def _in_walls(new: F64, navigator: Navigator) -> NDArray[np.bool_]:
    """Return which of the points (w, c, 2) are too near to an obstacle, exactly, bool (w, c)."""
    # The interpolated clearance is off by less than a cell; only near walls it must be exact.
    about = navigator.clearance_near(new)
    inside = about < WALL_GAP_M
    unsure = np.abs(about - WALL_GAP_M) < CELL_M
    inside[unsure] = clearance_m(navigator.boxes, new[unsure]) < WALL_GAP_M
    return inside


def _within_reach(now: F64, fan: F64) -> F64:
    """Return what velocities a walker can really have after one tick; stopping is always one."""
    change = fan - now[:, None]
    size = np.hypot(change[..., 0], change[..., 1])[..., None]
    limit = ACCELERATION_MPS2 * TICK_S
    reach = now[:, None] + change * np.minimum(1.0, limit / np.maximum(size, 1e-9))
    reach[:, -1] = 0.0
    return reach


def _first_free(
    cost: F64, new: F64, position: F64, i: int, near: NDArray[np.int64]
) -> int | None:
    """Return the cheapest candidate that keeps the distance of those near, None if none does."""
    x, y = position[near, 0], position[near, 1]
    before = np.hypot(position[i, 0] - x, position[i, 1] - y)
    gap = np.hypot(new[:, :1] - x, new[:, 1:] - y)
    # Should two be nearer already, they may only part.
    least = np.minimum(GAP_M, before - 1e-9)
    cost = np.where((gap < least).any(axis=1), np.inf, cost)
    best = int(cost.argmin())
    return best if np.isfinite(cost[best]) else None


def _advance(
    mover: Mover, moved: F64, hurry: float, movers: Sequence[Mover], navigator: Navigator
) -> None:
    assert mover.goal is not None
    length = math.hypot(moved[0], moved[1])
    mover.xy_m = mover.xy_m + moved
    mover.velocity_mps = moved / TICK_S
    mover.gait_phase += length / (2 * STEP_PER_HEIGHT * mover.height_m)
    goal = mover.goal.goal_m
    if math.hypot(goal[0] - mover.xy_m[0], goal[1] - mover.xy_m[1]) < mover.within_m:
        arrived, mover.arrived, mover.goal = mover.arrived, None, None
        mover.velocity_mps = np.zeros(2)
        if arrived:
            arrived()
        return
    _notice_being_stuck(mover, hurry, movers, navigator)


def _notice_being_stuck(
    mover: Mover, hurry: float, movers: Sequence[Mover], navigator: Navigator
) -> None:
    """After two seconds without progress look for a way round those who stand."""
    assert mover.goal is not None
    way = float(mover.goal.way_m[navigator.cell(mover.xy_m)])
    if way < mover.best_way_m - 0.2:
        mover.best_way_m, mover.waited_s = way, 0.0
        return
    mover.waited_s += TICK_S * hurry
    if mover.waited_s > STUCK_S:
        slow = [m.xy_m for m in movers if m is not mover and m.speed_now_mps < 0.2]
        far = [xy for xy in slow if np.hypot(*(xy - mover.goal.goal_m)) > 0.5]
        goal = (float(mover.goal.goal_m[0]), float(mover.goal.goal_m[1]))
        gap_m = (0.55, 0.45)[mover.detours % 2]
        mover.goal = navigator.detour(goal, np.array(far).reshape(-1, 2), gap_m)
        mover.best_way_m, mover.waited_s = np.inf, 0.0
        mover.detours += 1


def _turn(mover: Mover) -> None:
    speed = mover.speed_now_mps
    if mover.goal is not None and speed > 0.2:
        target, limit = math.atan2(*mover.velocity_mps[::-1]), TURN_RAD
    elif mover.goal is None and mover.face_rad is not None:
        target, limit = mover.face_rad, FACE_RAD
    else:
        return
    turn = (target - mover.heading_rad + math.pi) % (2 * math.pi) - math.pi
    # Most of the way at once looks like a machine; a share of it looks like a body.
    mover.heading_rad += min(max(0.5 * turn, -limit), limit)
