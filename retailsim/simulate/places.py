"""Where people stand: beside fixtures, in fitting rooms, at the mirror, in the queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.obstacles import Boxes, clearance_m, obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import fixture_axes
from retailsim.store.standing import ROOM_M, as_spot, spots_beside

F64 = NDArray[np.float64]
Spot = tuple[float, float]
APART_M = 0.62  # two people who stand are at least this far apart
QUEUE_STEP_M = 0.75
QUEUE_LENGTH = 5
MIRROR_M = 0.95


@dataclass(frozen=True)
class Places:
    """All standing places of a plan.

    Attributes:
        beside: fixture id -> spots from which its garments can be handled.
        rooms: fitting room id -> spot inside.
        mirrors: mirror id -> spot before it.
        queues: till id -> spots from the till backwards.
        behind: till id -> spots of the staff, the one to serve from first.
    """

    beside: dict[str, list[Spot]]
    rooms: dict[str, Spot]
    mirrors: dict[str, Spot]
    queues: dict[str, list[Spot]]
    behind: dict[str, list[Spot]]


def find_places(plan: StorePlan) -> Places:
    """Work out where people can stand in a plan."""
    boxes = obstacles(plan)
    of = {kind: [f for f in plan.fixtures if f.kind == kind]
          for kind in ("fitting_room", "mirror", "till")}  # fmt: skip
    stocked = [f for f in plan.fixtures if f.id in plan.slots_per_fixture]
    queues, behind = {}, {}
    for till in of["till"]:
        queues[till.id], behind[till.id] = _till_places(till, plan, boxes)
    return Places(
        beside={f.id: spots_beside(f, boxes) for f in stocked},
        rooms={f.id: as_spot(np.array(f.center_m)) for f in of["fitting_room"]},
        mirrors={f.id: _before(f, MIRROR_M, boxes) for f in of["mirror"]},
        queues=queues,
        behind=behind,
    )


class Claims:
    """Who stands or is going to stand where, so that nobody makes for a taken place."""

    def __init__(self) -> None:
        self._spots: dict[object, Spot] = {}

    def free(self, spot: Spot, owner: object) -> bool:
        """Say whether `owner` may stand at `spot`."""
        return all(
            who is owner or np.hypot(spot[0] - taken[0], spot[1] - taken[1]) >= APART_M
            for who, taken in self._spots.items()
        )

    def take(self, spot: Spot, owner: object) -> None:
        """Claim a spot, giving up the one held before."""
        self._spots[owner] = spot

    def leave(self, owner: object) -> None:
        """Give up the spot held, if any."""
        self._spots.pop(owner, None)


def _before(fixture: Fixture, away_m: float, boxes: Boxes) -> Spot:
    """Return the spot before the freer long side of a fixture."""
    _, across = fixture_axes(fixture)
    reach = fixture.size_m[1] / 2 + away_m
    sides = np.array([np.array(fixture.center_m) + sign * reach * across for sign in (-1.0, 1.0)])
    return as_spot(sides[int(clearance_m(boxes, sides).argmax())])


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
