"""Shops that cannot be: furniture in furniture, devices in walls, places nobody can get to.

`parse_plan` sees to it that a plan is well formed; what is said here is that one can build it and
shop in it. Bags of real shops may hold plans without a floor: nothing is checked of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import dist, hypot

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.store.obstacles import (
    WALL_M,
    Boxes,
    clearance_m,
    fixture_boxes,
    obstacles,
)
from retailsim.store.plan import Fixture, Point2, Point3, StorePlan
from retailsim.store.reach import CELL_M, Reach
from retailsim.store.sides import ALONG, side_of
from retailsim.store.slots import HOLD_GOODS, fixture_axes, footprint_m, most_slots
from retailsim.store.standing import spots_before, spots_beside
from retailsim.store.zones import ZoneMap

F64 = NDArray[np.float64]
MOST_FLOOR_M2 = 50_000.0  # more than any one shop; larger grids would only take memory
TOUCH_M = 0.02  # what overlaps by less only touches
FLAT_M = 0.12  # a mirror or screen thinner than this hangs on something and may be let into it
ZONES_SHARE_M2 = 0.03  # zones may share this much, by rounding at their edge
BEFORE_M = {"mirror": 0.95, "till": 0.4, "screen": 1.2}  # where one stands to use them


@dataclass(frozen=True)
class Problem:
    """One thing that cannot be.

    Attributes:
        field, index: the plan's field and the row in it that names the object.
        text: what is wrong and what to do; names the object and says where it is.
    """

    field: str
    index: int
    text: str


def check_plan(plan: StorePlan) -> None:
    """Refuse a shop that cannot be; raises ScenarioError naming object, position and remedy."""
    for problem in problems(plan):
        raise ScenarioError(f"plan '{plan.name}': {problem.text}")


def problems(plan: StorePlan) -> Iterator[Problem]:
    """Yield everything in a plan that cannot be; nothing when the plan has no floor."""
    if plan.size_m is None:
        return
    size_m = np.array(plan.size_m)
    if size_m.prod() > MOST_FLOOR_M2:
        text = f"a floor of {size_m.prod():.0f} m2 is larger than {MOST_FLOOR_M2:g}; plan a part"
        yield Problem("size_m", 0, text)
        return
    yield from _openings(plan, size_m)
    yield from _furniture(plan, size_m)
    yield from _devices(plan, size_m)
    yield from _zones_on_floor(plan, size_m)
    yield from _stock(plan)
    if all(side_of(door.segment_m, size_m) is not None for door in plan.doors):
        boxes = obstacles(plan)
        yield from _ways(plan, Reach(plan, boxes), boxes)


def overlap_m(one: Fixture, other: Fixture) -> float:
    """Return how deep two turned rectangles are in each other, metres; negative when apart.

    By the separating axis theorem: the least overlap of their shadows on any side's normal.
    """
    corners = footprint_m(one), footprint_m(other)
    depth = np.inf
    for axis in (*fixture_axes(one), *fixture_axes(other)):
        a, b = (c @ axis for c in corners)
        depth = min(depth, float(min(a.max() - b.min(), b.max() - a.min())))
    return depth


def _openings(plan: StorePlan, size_m: F64) -> Iterator[Problem]:
    if not plan.doors:
        yield Problem("doors", 0, "no door leads in; give doors")
    for i, door in enumerate(plan.doors):
        what = f"door '{door.id}' at {_at(_middle(door.segment_m))}"
        if side_of(door.segment_m, size_m) is None:
            yield Problem("doors", i, f"{what} is not on a side of the floor; move it to a wall")
        elif not _inside(door.inside_m, size_m):
            where = _at(door.inside_m)
            yield Problem("doors", i, f"{what}: inside_m {where} is off the floor")
    for i, window in enumerate(plan.windows):
        what = f"window '{window.id}' at {_at(_middle(window.segment_m))}"
        side = side_of(window.segment_m, size_m)
        if side is None:
            yield Problem("windows", i, f"{what} is not on a side of the floor; move it to a wall")
        elif not window.sill_m < window.top_m <= plan.height_m:
            heights = f"{window.sill_m:g} to {window.top_m:g} m"
            text = f"{what} reaches from {heights}; it must rise and end below the ceiling"
            yield Problem("windows", i, text)
        for door in plan.doors:
            if side is not None and side == side_of(door.segment_m, size_m):
                shared = _shared_m(window.segment_m, door.segment_m, ALONG[side])
                if shared > TOUCH_M:
                    text = f"{what} and door '{door.id}' share {shared:.2f} m of wall; part them"
                    yield Problem("windows", i, text)


def _furniture(plan: StorePlan, size_m: F64) -> Iterator[Problem]:
    for i, fixture in enumerate(plan.fixtures):
        corners = footprint_m(fixture)
        beyond = float(np.maximum(-corners, corners - size_m).max())
        if beyond > TOUCH_M:
            yield Problem(
                "fixtures",
                i,
                f"{_name(fixture)} stands {beyond:.2f} m outside the floor; move it in",
            )
        if fixture.height_m > plan.height_m:
            text = f"{_name(fixture)} is {fixture.height_m:g} m high, above the ceiling; lower it"
            yield Problem("fixtures", i, text)
    for (_, one), (j, other) in combinations(enumerate(plan.fixtures), 2):
        if dist(one.center_m, other.center_m) > (hypot(*one.size_m) + hypot(*other.size_m)) / 2:
            continue
        depth = overlap_m(one, other)
        if depth > _may_overlap_m(one, other):
            yield Problem(
                "fixtures",
                j,
                f"{_name(other)} overlaps {_name(one)} by {depth:.2f} m; move one of them",
            )


def _may_overlap_m(one: Fixture, other: Fixture) -> float:
    flat = [
        min(f.size_m)
        for f in (one, other)
        if f.kind in ("mirror", "screen") and min(f.size_m) <= FLAT_M
    ]
    return max([TOUCH_M, *flat])


def _devices(plan: StorePlan, size_m: F64) -> Iterator[Problem]:
    for i, camera in enumerate(plan.cameras):
        if camera.position_m is None:
            continue
        what = f"camera '{camera.id}' at {_at(camera.position_m)}"
        inside = _off_building(camera.position_m, size_m, plan.height_m)
        for fixture in plan.fixtures:
            solid = clearance_m(fixture_boxes(fixture), [camera.position_m[:2]])[0] < 0
            if not inside and solid and camera.position_m[2] < fixture.height_m:
                inside = f"inside {_name(fixture)}"
        if inside:
            yield Problem("cameras", i, f"{what} is {inside}; move it into the free")
        elif camera.position_m == camera.look_at_m:
            yield Problem("cameras", i, f"{what} looks at itself; give another look_at_m")
    for i, reader in enumerate(plan.readers):
        for antenna in reader.antennas:
            off = _off_building(antenna.position_m, size_m, plan.height_m)
            if off:
                at = _at(antenna.position_m)
                text = f"antenna {antenna.port} of reader '{reader.id}' at {at} is {off}"
                yield Problem("readers", i, f"{text}; move it into the shop")
            elif antenna.position_m == antenna.look_at_m:
                text = (
                    f"antenna {antenna.port} of reader '{reader.id}' at {_at(antenna.position_m)}"
                )
                yield Problem("readers", i, f"{text} looks at itself; give another look_at_m")


def _off_building(xyz_m: Point3, size_m: F64, height_m: float) -> str:
    """Say where a point is that is not between floor, walls and ceiling; '' for one that is."""
    out_m = float(np.maximum(-np.array(xyz_m[:2]), np.array(xyz_m[:2]) - size_m).max())
    if out_m > WALL_M:
        return "outside the building"
    if out_m > 0:
        return "inside a wall of the building"
    if xyz_m[2] > height_m:
        return f"above the ceiling, which is {height_m:g} m high"
    return "below the floor" if xyz_m[2] < 0 else ""


def _zones_on_floor(plan: StorePlan, size_m: F64) -> Iterator[Problem]:
    for i, zone in enumerate(plan.zones):
        corners = np.array(zone.polygon_m)
        off = np.maximum(-corners, corners - size_m).max(axis=1)
        if off.max() > TOUCH_M:
            where = _at(corners[int(off.argmax())])
            text = f"zone '{zone.id}' lies off the floor at {where}; keep it within the walls"
            yield Problem("zones", i, text)
    xy = _raster(size_m)
    inside = ZoneMap(plan).inside(xy)
    for (i, one), (j, other) in combinations(enumerate(plan.zones), 2):
        both = inside[:, i] & inside[:, j]
        area_m2 = both.sum() * CELL_M**2
        if area_m2 > ZONES_SHARE_M2:
            where, shared = _at(xy[both].mean(axis=0)), f"{area_m2:.2f} m2"
            text = f"zone '{other.id}' overlaps zone '{one.id}' by {shared} at {where}; part them"
            yield Problem("zones", j, text)


def _stock(plan: StorePlan) -> Iterator[Problem]:
    numbers = {f.id: i for i, f in enumerate(plan.fixtures)}
    for fixture_id, count in plan.slots_per_fixture.items():
        fixture, most = plan.fixture(fixture_id), most_slots(plan.fixture(fixture_id))
        if fixture.kind not in HOLD_GOODS:
            kinds = ", ".join(HOLD_GOODS)
            text = f"{_name(fixture)} cannot hold {count} garments; stock one of: {kinds}"
        elif count > most:
            text = (
                f"{_name(fixture)} has no room for {count} garments; stock at most {most}"
                " or make it longer"
            )
        else:
            continue
        yield Problem("fixtures", numbers[fixture_id], text)


def _ways(plan: StorePlan, reach: Reach, boxes: Boxes) -> Iterator[Problem]:
    """Yield what visitors who come in by the doors cannot use."""
    for i, door in enumerate(plan.doors):
        if not reach.enters(door):
            where = _at(_middle(door.segment_m))
            yield Problem("doors", i, f"door '{door.id}' at {where} is blocked; clear its inside")
    zones = ZoneMap(plan).inside(reach.cells_m[reach.reached])
    for i, zone in enumerate(plan.zones):
        if not zones[:, i].any():
            where = _at(np.mean(zone.polygon_m, axis=0))
            text = f"zone '{zone.id}' around {where} cannot be reached from a door; clear a way"
            yield Problem("zones", i, text)
    for i, fixture in enumerate(plan.fixtures):
        text = _use(fixture, plan, reach, boxes)
        if text:
            yield Problem("fixtures", i, f"{_name(fixture)} {text}")


def _use(fixture: Fixture, plan: StorePlan, reach: Reach, boxes: Boxes) -> str:
    """Say why nobody can use a piece of furniture; '' where somebody can, or nobody need."""
    cut_off = "cannot be reached from a door; clear a way of 0.5 m or more"
    assert plan.size_m is not None
    if fixture.id in plan.slots_per_fixture:
        spots = spots_beside(fixture, boxes)
        if not spots:
            return "has no room to stand beside it; leave 1 m free along one of its long sides"
        return "" if reach.gets_to(spots) else cut_off
    if fixture.kind == "fitting_room":
        return "" if reach.gets_to([fixture.center_m]) else cut_off
    if fixture.kind in BEFORE_M:
        spots = spots_before(fixture, BEFORE_M[fixture.kind], boxes, plan.size_m)
        sides = 2 if fixture.kind == "till" else 1
        if len(spots) < sides:
            need = "on both sides of it" if sides == 2 else "before it"
            return f"has no room to stand {need}; leave {BEFORE_M[fixture.kind] + 0.3:.1f} m free"
        # Staff must get behind a till, customers before it; one spot of the others is enough.
        usable = sum(reach.gets_to([spot]) for spot in spots)
        return "" if usable >= sides else cut_off
    return ""


def _raster(size_m: F64) -> F64:
    """Return points (n, 2) all over the floor, one in each cell."""
    x, y = (np.arange(CELL_M / 2, extent, CELL_M) for extent in size_m)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _shared_m(one: tuple[Point2, Point2], other: tuple[Point2, Point2], axis: int) -> float:
    a, b = np.array(one)[:, axis], np.array(other)[:, axis]
    return float(min(a.max(), b.max()) - max(a.min(), b.min()))


def _inside(xy_m: Point2, size_m: F64) -> bool:
    return bool((np.array(xy_m) > 0).all() and (np.array(xy_m) < size_m).all())


def _middle(segment_m: tuple[Point2, Point2]) -> F64:
    middle: F64 = np.mean(segment_m, axis=0)
    return middle


def _name(fixture: Fixture) -> str:
    return f"{fixture.kind.replace('_', ' ')} '{fixture.id}' at {_at(fixture.center_m)}"


def _at(place_m: Point2 | Point3 | F64) -> str:
    return f"({', '.join(f'{value:.2f}' for value in place_m)}) m"
