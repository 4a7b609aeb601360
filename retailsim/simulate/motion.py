"""How people walk: towards their goal, round one another, never into anything.

Every tick each walker picks a velocity out of a fan of candidates by sampling in velocity space
(as in Fiorini and Shiller 1998, "velocity obstacles", with soft costs): near the wanted velocity,
smooth, and with a wide berth at the closest approach to everyone else. What is wanted is no
faster than people walk in a crowd as dense as the one ahead. Candidates that would bring two
centres nearer than `GAP_M`, or a centre nearer than `WALL_GAP_M` to an obstacle, are never taken;
people move one after the other, so the guarantee needs no luck.
Where no source is named, numbers are assumed: they were chosen so that walkers neither jam nor
shove, and the crowd keeps to Weidmann's relation (tests/simulate/test_corridor.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.avoidance import approach_cost, fan, neighbours, squeeze, wall_cost
from retailsim.simulate.company import CATCH_UP, keep_beside, together
from retailsim.simulate.crowding import AHEAD_M, crowd_ahead, pace_share
from retailsim.simulate.navigation import CELL_M, Field, Navigator, Spot
from retailsim.store.obstacles import clearance_m

F64 = NDArray[np.float64]
TICK_S = 0.1
GAP_M = 0.4  # centres never come nearer than this
WALL_GAP_M = 0.2
SMOOTHNESS = 0.25  # cost of changing one's velocity, over that of not having the wanted one
IMPATIENCE = 0.8  # cost of standing still, per second of waiting
ACCELERATION_MPS2 = 3.0
BRAKING_M = 0.5  # before the goal
TURN_RAD = 0.32  # a tick, walking
FACE_RAD = 0.26  # a tick, standing
STEP_PER_HEIGHT = 0.41  # step length over stature (pedometer rule of thumb, 0.41 to 0.42)
ARRIVED_M = 0.04
MEANDER_RAD = 0.14  # nobody walks along a ruler: directions sway by this ...
MEANDER_CYCLES = 4.3  # ... once in so many cycles of two steps (assumed)
PROGRESS_M = 0.2
STUCK_S = 2.0  # without progress; in a crowd that is slow anyhow it takes longer,
LEAST_HURRY = 0.3  # up to so much


@dataclass(eq=False)
class Mover:
    """The moving part of a person.

    Attributes:
        xy_m, velocity_mps: float64 (2,).
        heading_rad: where the body faces.
        gait_phase: cycles of two steps walked so far.
        speed_mps: preferred walking speed.
        goal: where to, None while standing (and for followers in sight of their leader).
        face_rad: what to turn to while standing, None for no matter.
        arrived: called once when the goal is reached.
        companions: the others of the group; those with a goal near this one's, and followers,
            are waited for and walked beside.
        leader: who is followed, None for nobody.
        room: the fitting room they have been given; nobody else steps into it.
        loose_m: how far a follower strays from the place beside the leader.
        resting: a follower standing by a leader who stands.
        last_m: where a follower was when last seen to get on.
        settling: ticks that a follower has looked for a place beside a leader who stands.
        place: which of the places beside the leader a follower makes for.
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
    companions: tuple[Mover, ...] = field(default=(), repr=False)
    leader: Mover | None = field(default=None, repr=False)
    room: str | None = None
    loose_m: float = 0.0
    resting: bool = False
    last_m: F64 = field(default_factory=lambda: np.zeros(2), repr=False)
    settling: int = 0
    place: int | None = None

    def walk_to(
        self, goal: Field, arrived: Callable[[], None], *, within_m: float = ARRIVED_M
    ) -> None:
        """Start walking; being nearer to the goal than `within_m` is having arrived."""
        self._forget()
        self.goal, self.arrived, self.within_m = goal, arrived, within_m

    def follow(
        self, leader: Mover, arrived: Callable[[], None] | None = None, *, loose_m: float = 0.0
    ) -> None:
        """Keep beside somebody, through doors and round furniture, and stand where they stand.

        Ends with `stop` or `walk_to`; or, if `arrived` is given, by calling it once the leader
        stands and the follower stands by them.

        Args:
            leader: whom to follow; nobody who follows this mover.
            arrived: called once both stand.
            loose_m: how far ahead and behind the follower strays: 0 for adults, 0.5 to 1 for
                children.
        """
        self._forget()
        self.leader, self.arrived, self.loose_m = leader, arrived, loose_m

    def stop(self) -> None:
        """Stand still, here and now; nobody is told of an arrival."""
        self._forget()
        self.velocity_mps = np.zeros(2)

    @property
    def walking(self) -> bool:
        """Whether on the way to somewhere, or to someone."""
        return self.goal is not None or (self.leader is not None and not self.resting)

    @property
    def speed_now_mps(self) -> float:
        """Present speed."""
        return math.hypot(*self.velocity_mps)

    @property
    def pace_mps(self) -> float:
        """The speed not exceeded: followers hurry a little."""
        return self.speed_mps * (1.0 if self.leader is None else CATCH_UP)

    def _forget(self) -> None:
        self.goal, self.arrived, self.within_m, self.leader = None, None, ARRIVED_M, None
        self.best_way_m, self.waited_s, self.detours = np.inf, 0.0, 0
        self.loose_m, self.resting, self.settling, self.place = 0.0, False, 0, None


@dataclass
class _Wish:
    """What velocity a mover wants, and what share of the pace it is to be content with."""

    row: int
    velocity_mps: Spot
    content: float = 1.0


def step(movers: Sequence[Mover], navigator: Navigator) -> None:
    """Move everyone by one tick, in the given order."""
    wishes = []
    for row, mover in enumerate(movers):
        wish = _wish(row, mover, movers, navigator)
        if wish is not None:
            wishes.append(wish)
    if wishes:
        _walk(movers, wishes, navigator)
    for mover in movers:
        _turn(mover)


def _wish(row: int, mover: Mover, movers: Sequence[Mover], navigator: Navigator) -> _Wish | None:
    """Return what a mover wants, None for standing."""
    if mover.leader is not None:
        velocity = keep_beside(mover, movers, navigator)
        if velocity is not None:
            return _Wish(row, velocity)
        mover.velocity_mps, mover.waited_s = np.zeros(2), 0.0
        if mover.arrived is not None:
            _arrive(mover)
        return None
    if mover.goal is None:
        return None
    velocity = _wanted(mover, navigator)
    if not mover.companions:
        return _Wish(row, velocity)
    x, y, content = together(mover, velocity, navigator)
    return _Wish(row, (x, y), content)


def _walk(movers: Sequence[Mover], wishes: list[_Wish], navigator: Navigator) -> None:
    position = np.array([mover.xy_m for mover in movers])
    velocity = np.array([mover.velocity_mps for mover in movers])
    walkers = [wish.row for wish in wishes]
    at, now = position[walkers], velocity[walkers]
    wanted = np.array([wish.velocity_mps for wish in wishes])
    speed = np.array([movers[i].pace_mps for i in walkers])
    density = _density_ahead(at, wanted, position, navigator)
    share = pace_share(density)
    wanted = _not_faster(wanted, speed * share)
    candidates = fan(wanted)
    cost = _length(candidates - wanted[:, None]) + SMOOTHNESS * _length(candidates - now[:, None])
    others, distance = neighbours(at, position, walkers)
    soft = approach_cost(
        candidates, position[others] - at[:, None], velocity[others], distance, speed,
        squeeze(density),
    )  # fmt: skip
    soft += wall_cost(at, candidates, navigator)
    # Who brakes for the goal cares less about room: the place itself may be a tight one.
    cost = (cost + soft * _length(wanted)[:, None]) / speed[:, None]
    cost[:, -1] += [IMPATIENCE * movers[i].waited_s for i in walkers]
    reach = _within_reach(now, candidates)
    new = at[:, None] + reach * TICK_S
    cost[_in_walls(new, navigator)] = np.inf
    cost[navigator.not_theirs(at, new, [movers[i].room for i in walkers])] = np.inf
    close = distance < GAP_M + 2 * TICK_S * _length(reach).max()
    for row, wish in enumerate(wishes):
        near = others[row, close[row]]
        if len(near) == others.shape[1]:
            near = np.delete(np.arange(len(position)), wish.row)  # perhaps there are more of them
        choice = _first_free(cost[row], new[row], position, wish.row, near)
        moved = np.zeros(2) if choice is None else new[row, choice] - at[row]
        position[wish.row] += moved
        hurry = max(float(share[row]) * wish.content, LEAST_HURRY)
        _advance(movers[wish.row], moved, wish, hurry, movers, navigator)


def _wanted(mover: Mover, navigator: Navigator) -> Spot:
    """Return the velocity that the way asks for."""
    assert mover.goal is not None
    x, y = float(mover.goal.goal_m[0] - mover.xy_m[0]), float(mover.goal.goal_m[1] - mover.xy_m[1])
    distance = math.hypot(x, y)
    ux, uy = mover.goal.direction(navigator.cell(mover.xy_m))
    if distance < BRAKING_M or ux == uy == 0.0:
        ux, uy = x / max(distance, 1e-9), y / max(distance, 1e-9)
    else:
        angle = MEANDER_RAD * math.sin(2 * math.pi * mover.gait_phase / MEANDER_CYCLES)
        cos, sin = math.cos(angle), math.sin(angle)
        ux, uy = cos * ux - sin * uy, sin * ux + cos * uy
    # Brake before the goal, and never overshoot within one tick.
    speed = min(mover.speed_mps, max(distance / BRAKING_M, 0.25), distance / TICK_S)
    return ux * speed, uy * speed


def _length(vectors: F64) -> F64:
    """Return the lengths of vectors (..., 2)."""
    length: F64 = np.hypot(vectors[..., 0], vectors[..., 1])
    return length


def _density_ahead(at: F64, wanted: F64, position: F64, navigator: Navigator) -> F64:
    """Return the density of people before each walker, those walkers included, (w,)."""
    ahead = at + AHEAD_M * wanted / np.maximum(_length(wanted), 1e-9)[:, None]
    return crowd_ahead(ahead, position, navigator.sample(navigator.room, ahead))


def _not_faster(wanted: F64, most: F64) -> F64:
    """Cut velocities (w, 2) down to the greatest speeds (w,)."""
    return wanted * np.minimum(1.0, most / np.maximum(_length(wanted), 1e-9))[:, None]


def _in_walls(new: F64, navigator: Navigator) -> NDArray[np.bool_]:
    """Return which of the points (w, c, 2) are too near to an obstacle, exactly, bool (w, c)."""
    # The interpolated clearance is off by less than a cell; only about the limit it must be exact.
    about = navigator.clearance_near(new)
    inside = about < WALL_GAP_M
    unsure = np.abs(about - WALL_GAP_M) < CELL_M
    inside[unsure] = clearance_m(navigator.boxes, new[unsure]) < WALL_GAP_M
    return inside


def _within_reach(now: F64, candidates: F64) -> F64:
    """Return what velocities a walker can really have after one tick; stopping is always one."""
    change = candidates - now[:, None]
    limit = ACCELERATION_MPS2 * TICK_S
    share = np.minimum(1.0, limit / np.maximum(_length(change), 1e-9))
    reach: F64 = now[:, None] + change * share[..., None]
    reach[:, -1] = 0.0
    return reach


def _first_free(cost: F64, new: F64, position: F64, i: int, near: NDArray[np.int64]) -> int | None:
    """Return the cheapest candidate that keeps the distance of those near, None if none does."""
    if len(near):
        x, y = position[near, 0], position[near, 1]
        before = np.hypot(position[i, 0] - x, position[i, 1] - y)
        gap = np.hypot(new[:, :1] - x, new[:, 1:] - y)
        # Should two be nearer already, they may only part.
        least = np.minimum(GAP_M, before - 1e-9)
        cost = np.where((gap < least).any(axis=1), np.inf, cost)
    best = int(cost.argmin())
    return best if np.isfinite(cost[best]) else None


def _advance(
    mover: Mover, moved: F64, wish: _Wish, hurry: float, movers: Sequence[Mover],
    navigator: Navigator,
) -> None:  # fmt: skip
    length = math.hypot(moved[0], moved[1])
    mover.xy_m = mover.xy_m + moved
    mover.velocity_mps = moved / TICK_S
    mover.gait_phase += length / (2 * STEP_PER_HEIGHT * mover.height_m)
    if mover.leader is not None:
        content = math.hypot(*wish.velocity_mps) < 0.3 * mover.pace_mps
        progress = content or math.hypot(*(mover.xy_m - mover.last_m)) > PROGRESS_M
        if progress:
            mover.last_m = mover.xy_m
        there = mover.leader.xy_m if mover.goal is None else mover.goal.goal_m
        _wait(mover, progress, hurry, there, movers, navigator)
        return
    assert mover.goal is not None
    goal = mover.goal.goal_m
    if math.hypot(goal[0] - mover.xy_m[0], goal[1] - mover.xy_m[1]) < mover.within_m:
        mover.velocity_mps = np.zeros(2)
        _arrive(mover)
        return
    way = float(mover.goal.way_m[navigator.cell(mover.xy_m)])
    nearer = way < mover.best_way_m - PROGRESS_M
    if nearer:
        mover.best_way_m = way
    _wait(mover, nearer, hurry, goal, movers, navigator)


def _arrive(mover: Mover) -> None:
    arrived = mover.arrived
    mover.arrived, mover.goal, mover.leader = None, None, None
    if arrived is not None:
        arrived()


def _wait(
    mover: Mover, progress: bool, hurry: float, goal_m: F64, movers: Sequence[Mover],
    navigator: Navigator,
) -> None:  # fmt: skip
    """After two seconds without progress look for a way round those who stand."""
    if progress:
        mover.waited_s = 0.0
        return
    mover.waited_s += TICK_S * hurry
    if mover.waited_s > STUCK_S:
        slow = [m.xy_m for m in movers if m is not mover and m.speed_now_mps < 0.2]
        far = [xy for xy in slow if np.hypot(*(xy - goal_m)) > 0.5]
        gap_m = (0.55, 0.45)[mover.detours % 2]
        spot = (float(goal_m[0]), float(goal_m[1]))
        mover.goal = navigator.detour(spot, np.array(far).reshape(-1, 2), gap_m, mover.xy_m)
        mover.best_way_m, mover.waited_s = np.inf, 0.0
        mover.detours += 1


def _turn(mover: Mover) -> None:
    speed = mover.speed_now_mps
    if mover.walking and speed > 0.2:
        target, limit = math.atan2(*mover.velocity_mps[::-1]), TURN_RAD
    elif not mover.walking and mover.face_rad is not None:
        target, limit = mover.face_rad, FACE_RAD
    else:
        return
    turn = (target - mover.heading_rad + math.pi) % (2 * math.pi) - math.pi
    # Most of the way at once looks like a machine; a share of it looks like a body.
    mover.heading_rad += min(max(0.5 * turn, -limit), limit)
