"""Walking together: who is ahead waits, pairs go abreast, followers keep beside their leader.

Groups walk abreast where there is room, and fall back behind one another where there is not
(M. Moussaïd et al., PLoS ONE 5(4): e10047, 2010; how it is done here is assumed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from retailsim.simulate.navigation import Navigator, Spot

if TYPE_CHECKING:
    from retailsim.simulate.motion import Mover

ABREAST_M = 0.75  # between neighbours in a group; Moussaïd et al. fit 0.8 m
SAME_GOAL_M = 1.5  # companions whose goals are nearer than this walk together
WAIT_M = 0.8  # who is further ahead than this slows down ...
LOST_M, LOST_S = 8.0, 4.0  # ... unless the other is this far behind, or stuck for so long
WAITING_M, WAITING_SHARE = 1.0, 0.25  # ... down to this share of the pace so much further on
SIDEWAYS = 0.6  # metres per second back to the right distance, for each metre off it,
SIDEWAYS_SHARE = 0.3  # but at most this share of the pace
ROOM_M = 0.45  # clearance to walk abreast
CATCH_UP = 1.25  # followers walk this much faster than they like, to be beside their leader
SETTLE_S = 0.6  # in about which they close a gap
IN_SIGHT_M = 4.0  # farther off, or out of sight, they look for the way
RESTING_M = 1.15  # so near to a leader who stands, standing is being there
SETTLED_M, SETTLING_TICKS = 0.12, 25  # nor is the best place looked for any longer than this
IN_THE_WAY_S = 0.6  # a leader who gets nowhere for so long may be held up by who follows
DETOUR_M = 1.5  # the leader's goal is made for no longer when they are so near
MOVED_M = 1.5  # a way to the leader is good until the leader has moved so far
PLACE_GAP_M, PLACE_WALL_M = 0.5, 0.27  # a place beside the leader is this far from all else
# Places in the leader's own axes, ahead and left, the best first.
PLACES = ((0.0, 1.0), (0.0, -1.0), (-0.6, 0.85), (-0.6, -0.85), (-1.0, 0.35), (-1.0, -0.35))
PLACES_STANDING = ((0.6, 0.85), (0.6, -0.85), *PLACES)


def together(mover: Mover, wanted: Spot, navigator: Navigator) -> tuple[float, float, float]:
    """Return a wanted velocity, and what share of it is left, minding the mover's companions."""
    size = math.hypot(*wanted)
    share, sideways = 1.0, 0.0
    if size < 1e-6 or mover.goal is None:
        return *wanted, share
    way = _way(mover, navigator)
    if way < SAME_GOAL_M:
        return *wanted, share
    left = (-wanted[1] / size, wanted[0] / size)
    for other in mover.companions:
        offset = other.xy_m - mover.xy_m
        behind = _behind(mover, other, way, math.hypot(*offset), navigator)
        if behind is None:
            continue
        slower = 1 - (1 - WAITING_SHARE) * (behind - WAIT_M) / WAITING_M
        share = min(share, max(slower, WAITING_SHARE))
        aside = float(offset[0] * left[0] + offset[1] * left[1])
        if abs(behind) < SAME_GOAL_M and abs(aside) < 2 * ABREAST_M:
            sideways += aside - math.copysign(ABREAST_M, aside)
    room = float(navigator.clearance_near(mover.xy_m[None])[0])
    most = SIDEWAYS_SHARE * mover.speed_mps if room > ROOM_M else 0.0
    sideways = min(max(SIDEWAYS * sideways, -most), most)
    x, y = wanted[0] * share + left[0] * sideways, wanted[1] * share + left[1] * sideways
    shorter = min(1.0, size / max(math.hypot(x, y), 1e-9))
    return x * shorter, y * shorter, share


def _way(mover: Mover, navigator: Navigator) -> float:
    assert mover.goal is not None
    return float(mover.goal.way_m[navigator.cell(mover.xy_m)])


def _behind(
    mover: Mover, other: Mover, way: float, apart: float, navigator: Navigator
) -> float | None:
    """Return how far behind a companion is on the common way, None for one not on it."""
    if apart > LOST_M or other.waited_s > LOST_S:
        return None
    if other.leader is mover:
        return apart if not other.resting else None
    if mover.goal is None or other.goal is None or other.leader is not None:
        return None
    if math.hypot(*(other.goal.goal_m - mover.goal.goal_m)) > SAME_GOAL_M:
        return None
    behind = _way(other, navigator) - way
    return behind if math.isfinite(behind) else None


def keep_beside(
    mover: Mover, movers: Sequence[Mover], navigator: Navigator
) -> tuple[float, float] | None:
    """Return the velocity a follower wants, None when it is good to stand here.

    In sight of the leader they make for a place beside them; else `mover.goal` becomes a way to
    where the leader goes or is.
    """
    leader = mover.leader
    assert leader is not None
    apart = math.hypot(*(leader.xy_m - mover.xy_m))
    standing = not leader.walking or (leader.leader is not None and leader.resting)
    if standing and apart < RESTING_M + mover.loose_m:
        mover.settling += 1
        mover.resting = mover.resting or _settled(mover, movers, navigator)
        if mover.resting:
            mover.goal = None
            return None
    mover.resting = False
    if leader.goal is not None and leader.waited_s > IN_THE_WAY_S and apart < RESTING_M:
        # Whoever is in the leader's way goes ahead of them.
        ux, uy = leader.goal.direction(navigator.cell(mover.xy_m))
        return ux * mover.speed_mps, uy * mover.speed_mps
    mover.settling = 0 if not standing else mover.settling
    if not _on_detour(mover, leader, apart):
        mover.detours = 0
        if apart > IN_SIGHT_M or not navigator.in_sight(mover.xy_m, leader.xy_m):
            _look_for(mover, leader, navigator)
        else:
            mover.goal = None
    if mover.goal is not None:
        ux, uy = mover.goal.direction(navigator.cell(mover.xy_m))
        if (ux, uy) != (0.0, 0.0):
            return ux * mover.pace_mps, uy * mover.pace_mps
    x, y = _place(mover, movers, navigator)
    vx, vy = (0.0, 0.0) if standing else (float(v) for v in leader.velocity_mps)
    vx += (x - float(mover.xy_m[0])) / SETTLE_S
    vy += (y - float(mover.xy_m[1])) / SETTLE_S
    slower = min(1.0, mover.pace_mps / max(math.hypot(vx, vy), 1e-9))
    return vx * slower, vy * slower


def _settled(mover: Mover, movers: Sequence[Mover], navigator: Navigator) -> bool:
    """Say whether the place beside a leader who stands is reached, or cannot be."""
    x, y = _place(mover, movers, navigator)
    off = math.hypot(x - float(mover.xy_m[0]), y - float(mover.xy_m[1]))
    return off < SETTLED_M or mover.settling > SETTLING_TICKS


def _on_detour(mover: Mover, leader: Mover, apart: float) -> bool:
    """Say whether a follower goes round somebody, to where the leader is or goes."""
    if mover.goal is None or not mover.detours:
        return False
    if leader.goal is not None and (mover.goal.goal_m == leader.goal.goal_m).all():
        return apart > DETOUR_M
    here = math.hypot(*(mover.goal.goal_m - mover.xy_m))
    moved = math.hypot(*(mover.goal.goal_m - leader.xy_m))
    return moved < MOVED_M and here > ABREAST_M


def _look_for(mover: Mover, leader: Mover, navigator: Navigator) -> None:
    """Give a follower a way: the leader's own while it leads past them, else one to them."""
    ahead = leader.goal
    if ahead is not None and leader.leader is None:
        behind = ahead.way_m[navigator.cell(mover.xy_m)]
        if behind > ahead.way_m[navigator.cell(leader.xy_m)]:
            mover.goal = ahead
            return
    old = mover.goal
    if old is None or math.hypot(*(old.goal_m - leader.xy_m)) > MOVED_M or old is ahead:
        mover.goal = navigator.field(navigator.center(navigator.cell(leader.xy_m)))


def _place(mover: Mover, movers: Sequence[Mover], navigator: Navigator) -> Spot:
    """Return where a follower should be now, beside the leader if anywhere there is free."""
    leader = mover.leader
    assert leader is not None
    places = PLACES if leader.walking else PLACES_STANDING
    spots = [_spot(mover, leader, place) for place in places]
    away = [
        math.hypot(x - float(mover.xy_m[0]), y - float(mover.xy_m[1])) + 0.2 * k
        for k, (x, y) in enumerate(spots)
    ]
    if mover.place is not None and mover.place < len(spots):
        away[mover.place] -= 0.35  # rather the same side than to and fro
    for k in sorted(range(len(spots)), key=lambda k: away[k]):
        if _free(spots[k], mover, movers, navigator):
            mover.place = k
            return spots[k]
    mover.place = None
    x, y = leader.xy_m - mover.xy_m
    apart = max(math.hypot(x, y), 1e-9)
    share = max(apart - ABREAST_M, 0.0) / apart
    return float(mover.xy_m[0] + share * x), float(mover.xy_m[1] + share * y)


def _spot(mover: Mover, leader: Mover, place: tuple[float, float]) -> Spot:
    ahead, left = ABREAST_M * place[0], ABREAST_M * place[1]
    if mover.loose_m and leader.walking:
        # Children run ahead and fall behind, in their own rhythm.
        ahead += mover.loose_m * math.sin(0.7 * mover.gait_phase)
        left += math.copysign(0.3 * mover.loose_m * (1 + math.cos(0.4 * mover.gait_phase)), left)
    cos, sin = math.cos(leader.heading_rad), math.sin(leader.heading_rad)
    x, y = float(leader.xy_m[0]), float(leader.xy_m[1])
    return x + ahead * cos - left * sin, y + ahead * sin + left * cos


def _free(spot: Spot, mover: Mover, movers: Sequence[Mover], navigator: Navigator) -> bool:
    """Say whether nothing and nobody else is at a place, nor between it and the leader."""
    assert mover.leader is not None
    there = np.array(spot)
    line = np.array([there, (there + mover.leader.xy_m) / 2])
    if navigator.clearance_near(line).min() < PLACE_WALL_M:
        return False
    for other in movers:
        if other is not mover and other is not mover.leader:
            x, y = other.xy_m
            if abs(x - spot[0]) < PLACE_GAP_M and abs(y - spot[1]) < PLACE_GAP_M:
                return False
    return True
