"""Where people stand: beside fixtures, in fitting rooms, at the mirror, in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import Boxes, clearance_m, obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
Spot = tuple[float, float]
AWAY_M = {"rail": 0.32, "table": 0.3}  # from a fixture's edge to the centre of who stands there
SPACING_M = 0.28
PASS_M = 0.45  # where somebody passes behind the back of who stands at a spot
ROOM_M = 0.24  # a spot has at least this much clearance
APART_M = 0.62  # two people who stand are at least this far apart
QUEUE_STEP_M = 0.75
QUEUE_LENGTH = 5
MIRROR_M = 0.95
WAITING_ROOM_M = 0.35  # clearance of a spot to wait at
DOORWAY_M = 0.5  # nobody waits nearer to a fitting room
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
        boxes: what nobody can stand in.
        size_m: of the floor.
        room_m: side of the largest fitting room.
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
    boxes: Boxes
    size_m: tuple[float, float]
    room_m: float

    def standable(self, xy_m: F64) -> NDArray[np.bool_]:
        """Return at which points (n, 2) of the floor somebody may wait, bool (n,)."""
        inside = ((xy_m > WAITING_ROOM_M) & (xy_m < np.array(self.size_m) - WAITING_ROOM_M)).all(1)
        for room in self.rooms.values():
            inside &= _outside(xy_m, np.array(room), self.room_m) > 0.0
        out: NDArray[np.bool_] = inside & (clearance_m(self.boxes, xy_m) >= WAITING_ROOM_M)
        return out


def find_places(plan: StorePlan) -> Places:
    """Work out where people can stand in a plan."""
    boxes = obstacles(plan)
    of = {kind: [f for f in plan.fixtures if f.kind == kind]
          for kind in ("fitting_room", "mirror", "till", "screen")}  # fmt: skip
    stocked = [plan.fixture(fixture) for fixture in plan.slots_per_fixture]
    queues, behind = {}, {}
    for till in of["till"]:
        queues[till.id], behind[till.id] = _till_places(till, plan, boxes)
    beside = {f.id: _beside(f, boxes) for f in stocked}
    posts = _posts(plan, boxes)
    staff_only = [spots[-1] for spots in behind.values() if spots]
    return Places(
        beside=beside,
        beside_m={f: np.array(spots, float).reshape(-1, 2) for f, spots in beside.items()},
        fixture_at={spot: i for i, spots in enumerate(beside.values()) for spot in spots},
        rooms={f.id: _spot(np.array(f.center_m)) for f in of["fitting_room"]},
        mirrors={f.id: _before(f, MIRROR_M, boxes) for f in of["mirror"]},
        queues=queues,
        behind=behind,
        fitting=_waiting(of["fitting_room"], boxes),
        screens={f.id: _audience(f, boxes) for f in of["screen"]},
        posts=posts,
        stock_room=next(iter(staff_only + posts), None),
        boxes=boxes,
        size_m=plan.size_m or (0.0, 0.0),
        room_m=max((max(f.size_m) for f in of["fitting_room"]), default=0.0),
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


def _spot(xy_m: F64) -> Spot:
    return (round(float(xy_m[0]), 3), round(float(xy_m[1]), 3))


def _beside(fixture: Fixture, boxes: Boxes) -> list[Spot]:
    """Return spots along both long sides of a fixture that leave room to pass behind."""
    along, across = fixture_axes(fixture)
    center, half = np.array(fixture.center_m), np.array(fixture.size_m) / 2
    away = half[1] + AWAY_M.get(fixture.kind, 0.3)
    count = max(1, round(2 * half[0] / SPACING_M))
    spots = []
    for sign in (-1.0, 1.0):
        for k in range(count):
            u = ((k + 0.5) / count - 0.5) * 2 * half[0]
            spot = center + u * along + sign * away * across
            behind = spot + sign * PASS_M * across
            if clearance_m(boxes, np.array([spot, behind])).min() >= ROOM_M:
                spots.append(_spot(spot))
    return spots


def _before(fixture: Fixture, away_m: float, boxes: Boxes) -> Spot:
    """Return the spot before the freer long side of a fixture."""
    _, across = fixture_axes(fixture)
    reach = fixture.size_m[1] / 2 + away_m
    sides = np.array([np.array(fixture.center_m) + sign * reach * across for sign in (-1.0, 1.0)])
    return _spot(sides[int(clearance_m(boxes, sides).argmax())])


def _waiting(rooms: list[Fixture], boxes: Boxes) -> list[Spot]:
    """Return spots near the openings of fitting rooms that leave the way to them free."""
    if not rooms:
        return []
    fronts, aheads = [], []
    for room in rooms:
        angle = np.deg2rad(270.0 if room.opening_deg is None else room.opening_deg)
        ahead = np.array([np.cos(angle), np.sin(angle)])
        fronts.append(np.array(room.center_m) + ahead * max(room.size_m) / 2)
        aheads.append(ahead)
    middle = np.mean([f + 1.3 * a for f, a in zip(fronts, aheads, strict=True)], axis=0)
    step = np.arange(-4.0, 4.01, 0.4)
    grid = middle + np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
    from_rooms = np.min(
        [_outside(grid, np.array(r.center_m), max(r.size_m)) for r in rooms], axis=0
    )
    usable = (clearance_m(boxes, grid) >= WAITING_ROOM_M) & (from_rooms > DOORWAY_M)
    near = grid[usable][np.argsort(np.hypot(*(grid[usable] - middle).T), kind="stable")]
    line: list[F64] = []
    for spot in near:
        if all(np.hypot(*(spot - other)) >= QUEUE_STEP_M for other in line):
            line.append(spot)
    return [_spot(spot) for spot in line[:QUEUE_LENGTH]]


def _outside(xy_m: F64, center_m: F64, size_m: float) -> F64:
    """Return how far points (n, 2) are outside a square, (n,)."""
    away: F64 = np.abs(xy_m - center_m).max(axis=1) - size_m / 2
    return away


def _audience(screen: Fixture, boxes: Boxes) -> list[Spot]:
    """Return spots on both sides of a screen from which it can be read."""
    along, across = fixture_axes(screen)
    spots = []
    for sign in (-1.0, 1.0):
        for away in AUDIENCE_M:
            for u in (-0.8, 0.0, 0.8):
                spot = np.array(screen.center_m) + sign * away * across + u * along
                if clearance_m(boxes, spot[None])[0] >= WAITING_ROOM_M:
                    spots.append(_spot(spot))
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
            if clearance_m(boxes, spot[None])[0] >= WAITING_ROOM_M:
                spots.append(_spot(spot))
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
    staff = [_spot(spot) for spot, gap in zip(back, room, strict=True) if gap >= ROOM_M]
    return [_spot(spot) for spot in queue], staff
