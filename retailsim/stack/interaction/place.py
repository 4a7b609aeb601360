"""Where a moved tag is, and what a person's path says about having moved it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.interaction.history import Path
from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes

F64 = NDArray[np.float64]
FEATURES = ("one", "distance", "distance2", "along", "speed")


@dataclass(frozen=True)
class TagPlace:
    """Where a garment hangs or lies.

    Attributes:
        xy_m: floor position of the tag, shape (2,).
        along: unit vector along the fixture that holds it, shape (2,); zero when the tag is
            known only to be somewhere in a zone.
        radius_m: how far off `xy_m` the tag may be.
    """

    xy_m: F64
    along: F64
    radius_m: float = 0.0


def planogram_place(plan: StorePlan, epc: str) -> TagPlace | None:
    """Return the place of a garment at opening time, None for a tag that is not ours."""
    item = plan.item_by_epc.get(epc)
    if item is None:
        return None
    along, _ = fixture_axes(plan.fixture(item.fixture))
    return TagPlace(plan.slot_xyz_m(item.fixture, item.slot)[:2], along)


def zone_place(plan: StorePlan, zone_id: str) -> TagPlace | None:
    """Return the middle of a zone as a vague place, None for a zone that is not there."""
    for zone in plan.zones:
        if zone.id == zone_id:
            corners = np.array(zone.polygon_m)
            middle = corners.mean(axis=0)
            radius_m = float(np.linalg.norm(corners - middle, axis=1).mean()) / 2
            return TagPlace(middle, np.zeros(2), radius_m)
    return None


def features(place: TagPlace, path: Path) -> F64:
    """Return what speaks for this person having moved that tag, in the order of FEATURES.

    distance: mean distance between person and tag over the interval, m (less the place's own
    vagueness); along: how far along the fixture the person stands from the garment, m (people
    stand before what they handle, not beside it); speed: net speed, m/s (who handles a garment
    stands still).
    """
    offset = path.xy_m - place.xy_m
    distance = float(np.linalg.norm(offset, axis=1).mean())
    distance = max(distance - place.radius_m, 0.0)
    along = float(np.abs(offset @ place.along).mean())
    seconds = float(path.time_ns[-1] - path.time_ns[0]) * 1e-9
    moved = float(np.linalg.norm(path.xy_m[-1] - path.xy_m[0]))
    speed = moved / seconds if seconds > 0 else 0.0
    return np.array([1.0, distance, distance**2, along, min(speed, 2.0)])
