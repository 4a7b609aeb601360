"""Where people stand: beside fixtures, in fitting rooms, at the mirror, in the queue.

Distances are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.waiting import outside_m, stays_open, waiting_spots
from retailsim.store.obstacles import Boxes, clearance_m, obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import fixture_axes
from retailsim.store.standing import ROOM_M, as_spot, points_before, spots_beside

F64 = NDArray[np.float64]
Spot = tuple[float, float]
APART_M = 0.62  # two people who stand are at least this far apart
QUEUE_STEP_M = 0.75
QUEUE_LENGTH = 5
MIRROR_M = 0.95
STAND_M = 0.35  # clearance of a spot to stand at without business
BESIDE_M = (0.65, 1.4)
GRID_M = 0.25  # places near people are taken from a grid, so that ways to them are found once
AUDIENCE_M = (1.4, 2.1)
POST_M = 1.6  # how far inside the door staff stand


@dataclass(frozen=True)
class Places:
    """All standing places of a plan.

    Attributes:
        beside: fixture id -> spots from which its garments can be handled.
        beside_m: the same as arrays, float64 (k, 2).
        fixture_at: spot -> index of its fixture among the keys of `beside`.
        rooms: fitting room id -> spot inside.
        mirrors: mirror id -> spot before it.
        queues: till id -> spots from the till backwards.
        behind: till id -> spots of the staff, the one to serve from first.
        fitting: spots of those who wait for a fitting room, from the rooms backwards.
        screens: screen id -> spots before it.
        posts: spots beside the doors from which staff see who comes in.
        stock_room: where staff come out of the stock room: behind the till or, without one,
            beside a door; None where there is neither.
        idle_m: where somebody without business may stand: points of a grid that are in nobody's
            way, float64 (k, 2).
    """

    beside: dict[str, list[Spot]]
    beside_m: dict[str, F64]
    fixture_at: dict[Spot, int]
    rooms: dict[str, Spot]
    mirrors: dict[str, Spot]
    queues: dict[str, list[Spot]]
    behind: dict[str, list[Spot]]
    fitting: list[Spot]
    screens: dict[str, list[Spot]]
    posts: list[Spot]
    stock_room: Spot | None
    idle_m: F64


def most_standing(size_m: tuple[float, float]) -> int:
    """Return a number of people that a floor certainly cannot hold more of, furniture or not.

    Points at least d apart in a convex region of area A and perimeter P are at most
    2 A / (sqrt(3) d^2) + P / (2 d) + 1 (Oler 1961).
    """
    x, y = size_m
    return int(2 * x * y / (sqrt(3) * APART_M**2) + (x + y) / APART_M + 1)


def find_places(plan: StorePlan) -> Places:
    """Work out where people can stand in a plan."""
    boxes = obstacles(plan)
    of = {kind: [f for f in plan.fixtures if f.kind == kind]
          for kind in ("fitting_room", "mirror", "till", "screen")}  # fmt: skip
    stocked = [plan.fixture(fixture) for fixture in plan.slots_per_fixture]
    queues, behind = {}, {}
    for till in of["till"]:
        queues[till.id], behind[till.id] = _till_places(till, plan, boxes)
    beside = {f.id: spots_beside(f, boxes) for f in stocked}
    posts = _posts(plan, boxes)
    rooms = {f.id: as_spot(np.array(f.center_m)) for f in of["fitting_room"]}
    mirrors = {f.id: _before(f, plan, boxes) for f in of["mirror"]}
    ways = [*rooms.values(), *mirrors.values(), *(door.inside_m for door in plan.doors)]
    waiting = waiting_spots(
        of["fitting_room"], boxes, plan.size_m or (0.0, 0.0), ways, QUEUE_LENGTH
    )
    lines = [spot for line in queues.values() for spot in line]
    in_demand = [*mirrors.values(), *lines, *(as_spot(spot) for spot in waiting), *posts]
    stock_room = _stock_room(behind, posts, plan, boxes)
    return Places(
        beside=beside,
        beside_m={f: np.array(spots, float).reshape(-1, 2) for f, spots in beside.items()},
        fixture_at={spot: i for i, spots in enumerate(beside.values()) for spot in spots},
        rooms=rooms,
        mirrors=mirrors,
        queues=queues,
        behind=behind,
        fitting=[as_spot(spot) for spot in waiting],
        screens={f.id: _audience(f, plan, boxes) for f in of["screen"]},
        posts=posts,
        stock_room=stock_room,
        idle_m=_idle_m(plan.size_m or (0.0, 0.0), boxes, of["fitting_room"], in_demand),
    )


class Claims:
    """Who stands or is going to stand where, so that nobody makes for a taken place."""

    def __init__(self) -> None:
        self._spots: dict[object, Spot] = {}

    def free(self, spot: Spot, owner: object) -> bool:
        """Say whether `owner` may stand at `spot`."""
        return all(
            who is owner or hypot(spot[0] - taken[0], spot[1] - taken[1]) >= APART_M
            for who, taken in self._spots.items()
        )

    def of(self, owner: object) -> Spot | None:
        """Return the spot that `owner` stands or is going to stand at."""
        return self._spots.get(owner)

    def among(self, spots: Mapping[Spot, int], count: int) -> NDArray[np.int64]:
        """Count the claims by what number `spots` gives them, int64 (count,)."""
        found = [spots[spot] for spot in self._spots.values() if spot in spots]
        return np.bincount(np.array(found, np.int64), minlength=count).astype(np.int64)

    def take(self, spot: Spot, owner: object) -> None:
        """Claim a spot, giving up the one held before."""
        self._spots[owner] = spot

    def leave(self, owner: object) -> None:
        """Give up the spot held, if any."""
        self._spots.pop(owner, None)


def place_near(
    places: Places,
    claims: Claims,
    owner: object,
    anchor_m: F64,
    here_m: F64,
    away_m: tuple[float, float] = BESIDE_M,
) -> Spot | None:
    """Return a free place to stand, so far from a point, the nearest to `here_m`; or None."""
    apart = np.hypot(*(places.idle_m - anchor_m).T)
    around = places.idle_m[(apart >= away_m[0]) & (apart <= away_m[1])]
    order = np.argsort(np.hypot(*(around - here_m).T), kind="stable")
    spots = (as_spot(around[i]) for i in order)
    return next((spot for spot in spots if claims.free(spot, owner)), None)


def _idle_m(
    size_m: tuple[float, float], boxes: Boxes, rooms: list[Fixture], in_demand: list[Spot]
) -> F64:
    """Return the points of a grid over the floor where nobody is in the way, (k, 2).

    In the way is who stands close to furniture, in a fitting room or its door, or where others
    need to stand: before mirrors, in line, at their posts.
    """
    x, y = (np.arange(GRID_M, extent, GRID_M) for extent in size_m)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    free = ((grid > STAND_M) & (grid < np.array(size_m) - STAND_M)).all(axis=1)
    for room in rooms:
        free &= outside_m(grid, room) > STAND_M
    for spot in in_demand:
        free &= np.hypot(*(grid - spot).T) > APART_M
    free &= clearance_m(boxes, grid) >= STAND_M
    return np.asarray(grid[free])


def _before(fixture: Fixture, plan: StorePlan, boxes: Boxes) -> Spot:
    """Return the spot before the freer long side of a mirror."""
    assert plan.size_m is not None
    points = points_before(fixture, MIRROR_M, plan.size_m)
    return as_spot(points[int(clearance_m(boxes, points).argmax())])


def _stock_room(
    behind: dict[str, list[Spot]], posts: list[Spot], plan: StorePlan, boxes: Boxes
) -> Spot | None:
    """Return a spot behind a till that whoever serves there does not shut in, else a post."""
    assert plan.size_m is not None
    for spots in behind.values():
        for spot in reversed(spots[1:]):
            ways = [spot, *(door.inside_m for door in plan.doors)]
            if stays_open(boxes, plan.size_m, ways, [np.array(spots[0])]):
                return spot
    return next(iter(posts), None)


def _audience(screen: Fixture, plan: StorePlan, boxes: Boxes) -> list[Spot]:
    """Return spots before a screen, on the sides that show something, from which one can read."""
    assert plan.size_m is not None
    along, _ = fixture_axes(screen)
    spots = []
    for away in AUDIENCE_M:
        for point in points_before(screen, away, plan.size_m):
            for u in (-0.8, 0.0, 0.8):
                spot = point + u * along
                if clearance_m(boxes, spot[None])[0] >= STAND_M:
                    spots.append(as_spot(spot))
    return spots


def _posts(plan: StorePlan, boxes: Boxes) -> list[Spot]:
    """Return spots inside the doors to the street, at their sides."""
    spots = []
    for door in plan.doors:
        if door.leads_to == "shop":
            continue
        a, b = np.array(door.segment_m)
        along = (b - a) / np.linalg.norm(b - a)
        inward = np.array(door.inside_m) - (a + b) / 2
        inward -= (inward @ along) * along
        inward /= max(float(np.linalg.norm(inward)), 1e-9)
        for end, sign in ((a, -1.0), (b, 1.0)):
            spot = end + sign * 0.3 * along + POST_M * inward
            if clearance_m(boxes, spot[None])[0] >= STAND_M:
                spots.append(as_spot(spot))
    return spots


def _till_places(till: Fixture, plan: StorePlan, boxes: Boxes) -> tuple[list[Spot], list[Spot]]:
    """Return the queue before a till and the places behind it.

    Customers stand on the side that faces the middle of the shop, in a line that leaves the way
    out past the till free.
    """
    assert plan.size_m is not None
    along, across = fixture_axes(till)
    center = np.array(till.center_m)
    middle = np.array(plan.size_m) / 2
    outward = across if across @ (middle - center) > 0 else -across
    front = center + outward * (till.size_m[1] / 2 + 0.38)
    sideways = along if along @ (middle - center) > 0 else -along
    lines = [
        [front + k * QUEUE_STEP_M * way / np.linalg.norm(way) for k in range(QUEUE_LENGTH)]
        for way in (sideways + outward, outward, sideways, -sideways, outward - sideways)
    ]
    clear = [float(clearance_m(boxes, np.array(line)).min()) for line in lines]
    line = next((n for n, c in zip(lines, clear, strict=True) if c >= 0.3), None)
    queue = lines[int(np.argmax(clear))] if line is None else line
    back = [center + u * along - outward * (till.size_m[1] / 2 + 0.42) for u in (0.0, 0.45, -0.45)]
    room = clearance_m(boxes, np.array(back))
    staff = [as_spot(spot) for spot, gap in zip(back, room, strict=True) if gap >= ROOM_M]
    return [as_spot(spot) for spot in queue], staff
