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

from retailsim.simulate.navigation import CELL_M, Field, Navigator
from retailsim.store.obstacles import clearance_m

F64 = NDArray[np.float64]
TICK_S = 0.1
GAP_M = 0.4  # centres never come nearer than this
BERTH_M = 0.75  # walkers stay this far apart where there is room,
BERTH_STANDING_M = 0.58  # and this far from who stands
WALL_GAP_M = 0.2
HORIZON_S = 2.5
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
    fan = _fan(wanted)
    speed = np.array([movers[i].speed_mps for i in walkers])
    cost = np.hypot(*np.moveaxis(fan - wanted[:, None], -1, 0)) / speed[:, None]
    cost += 0.25 * np.hypot(*np.moveaxis(fan - now[:, None], -1, 0)) / speed[:, None]
    soft = _approach_cost(at, fan, position, velocity, walkers) + _wall_cost(at, fan, navigator)
    # Who brakes for the goal cares less about room: the place itself may be a tight one.
    cost += soft * (np.hypot(wanted[:, 0], wanted[:, 1]) / speed)[:, None]
    reach = _within_reach(now, fan)
    new = at[:, None] + reach * TICK_S
    cost[:, -1] += [IMPATIENCE * movers[i].waited_s for i in walkers]
    cost[_in_walls(new, navigator)] = np.inf
    for row, i in enumerate(walkers):
        choice = _first_free(cost[row], new[row], position, i)
        moved = np.zeros(2) if choice is None else new[row, choice] - position[i]
        position[i] += moved
        _advance(movers[i], moved, position, movers, navigator)


def _wanted(mover: Mover, navigator: Navigator) -> F64:
    """Return the velocity that the way asks for."""
    assert mover.goal is not None
    offset = mover.goal.goal_m - mover.xy_m
    distance = math.hypot(*offset)
    row, column = navigator.cell(mover.xy_m)
    direction: F64 = mover.goal.direction[row, column]
    if distance < 0.5 or not direction.any():
        direction = offset / max(distance, 1e-9)
    else:
        angle = MEANDER_RAD * math.sin(2 * math.pi * mover.gait_phase / MEANDER_CYCLES)
        cos, sin = math.cos(angle), math.sin(angle)
        direction = np.array(
            [cos * direction[0] - sin * direction[1], sin * direction[0] + cos * direction[1]]
        )
    # Brake over the last half metre, and never overshoot within one tick.
    return direction * min(mover.speed_mps, max(distance / 0.5, 0.25), distance / TICK_S)


def _fan(wanted: F64) -> F64:
    """Return candidate velocities (w, c, 2): the wanted one turned and slowed, and a stop."""
    cos, sin = np.cos(_TURNS), np.sin(_TURNS)
    x, y = wanted[:, :1], wanted[:, 1:]
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    parts = [turned * share for share in _SHARES]
    return np.concatenate([*parts, np.zeros((len(wanted), 1, 2))], axis=1)


def _approach_cost(at: F64, fan: F64, position: F64, velocity: F64, walkers: list[int]) -> F64:
    """Charge for closest approaches within the horizon, nearer and sooner more, (w, c)."""
    offset = position[None] - at[:, None]  # (w, n, 2)
    relative = fan[:, :, None] - velocity[None, None]  # (w, c, n, 2)
    squared = np.maximum((relative**2).sum(-1), 1e-9)
    # Not before a short while from now, so that two who touch see the good of parting.
    when = np.clip((relative * offset[:, None]).sum(-1) / squared, PARTING_S, HORIZON_S)
    miss = np.hypot(*np.moveaxis(offset[:, None] - relative * when[..., None], -1, 0))
    berth = np.where(np.hypot(velocity[:, 0], velocity[:, 1]) > 0.1, BERTH_M, BERTH_STANDING_M)
    charge = 1.6 * np.clip(1 - miss / berth, 0.0, 1.0) / (0.1 + when)
    charge[np.arange(len(walkers)), :, walkers] = 0.0
    total: F64 = charge.sum(-1)
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
    inside = navigator.clearance_near(new) < WALL_GAP_M + CELL_M
    inside[inside] = clearance_m(navigator.boxes, new[inside]) < WALL_GAP_M
    return inside


def _within_reach(now: F64, fan: F64) -> F64:
    """Return what velocities a walker can really have after one tick; stopping is always one."""
    change = fan - now[:, None]
    size = np.hypot(change[..., 0], change[..., 1])[..., None]
    limit = ACCELERATION_MPS2 * TICK_S
    reach = now[:, None] + change * np.minimum(1.0, limit / np.maximum(size, 1e-9))
    reach[:, -1] = 0.0
    return reach


def _first_free(cost: F64, new: F64, position: F64, i: int) -> int | None:
    """Return the cheapest candidate that keeps everyone's distance, None if none does."""
    x, y = position[:, 0], position[:, 1]
    before = np.hypot(x[i] - x, y[i] - y)
    gap = np.hypot(new[:, :1] - x, new[:, 1:] - y)
    # Should two be nearer already, they may only part; nobody keeps off themselves.
    least = np.minimum(GAP_M, before - 1e-9)
    cost = np.where((gap < least).any(axis=1), np.inf, cost)
    best = int(cost.argmin())
    return best if np.isfinite(cost[best]) else None


def _advance(
    mover: Mover, moved: F64, position: F64, movers: Sequence[Mover], navigator: Navigator
) -> None:
    assert mover.goal is not None
    mover.xy_m = mover.xy_m + moved
    mover.velocity_mps = moved / TICK_S
    mover.gait_phase += float(np.hypot(*moved)) / (2 * STEP_PER_HEIGHT * mover.height_m)
    if np.hypot(*(mover.goal.goal_m - mover.xy_m)) < mover.within_m:
        arrived, mover.arrived, mover.goal = mover.arrived, None, None
        mover.velocity_mps = np.zeros(2)
        if arrived:
            arrived()
        return
    _notice_being_stuck(mover, position, movers, navigator)


def _notice_being_stuck(
    mover: Mover, position: F64, movers: Sequence[Mover], navigator: Navigator
) -> None:
    """After two seconds without progress look for a way round those who stand."""
    assert mover.goal is not None
    way = mover.goal.way_m[navigator.cell(mover.xy_m)]
    if way < mover.best_way_m - 0.2:
        mover.best_way_m, mover.waited_s = way, 0.0
        return
    mover.waited_s += TICK_S
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
