"""What people did where, as far as a scenario may promise it: measured from truth and plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.log import MessageLog
from retailsim.messages.truth import (
    TruthBoxes,
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
)
from retailsim.store.plan import StorePlan

HAND_M = 0.5  # tags this near to the one that is handled are hard to tell from it
ARMFUL_TAGS = 8
PAST_M = 2.0  # over the floor: an antenna on the ceiling reads nothing stronger
HALF = 0.5

F64 = NDArray[np.float64]


def tags_beside_handled(truth: MessageLog, plan: StorePlan) -> float:
    """Return how many other tags hang within 0.5 m of a handled one at opening time, on average.

    Handled garments count as often as they are flipped or picked up; 0 without any.
    """
    places = [plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items]
    at_m = np.array(places, float).reshape(-1, 3)
    row = {item.epc: i for i, item in enumerate(plan.items)}
    done = [m for m in truth.of(TruthInteraction) if m.kind in ("flip", "pickup")]
    handled = [row[m.epc] for m in done if m.epc in row]
    near = [np.sum(((at_m - at_m[i]) ** 2).sum(axis=1) <= HAND_M**2) - 1 for i in handled]
    return float(np.mean(near)) if near else 0.0


def armfuls_past_antennas(truth: MessageLog, plan: StorePlan) -> int:
    """Count how often one of the staff with at least 8 tags comes within 2 m of an antenna."""
    antennas = [a.position_m[:2] for reader in plan.readers for a in reader.antennas]
    antennas_m = np.array(antennas, float).reshape(-1, 2)
    count = 0
    for person, (time_ns, xy_m) in _ways_of_staff(truth).items():
        carries = [m for m in truth.of(TruthCarry) if m.person_id == person]
        begun = np.searchsorted(np.sort([m.time_ns for m in carries]), time_ns, side="right")
        ended = np.searchsorted(np.sort([m.end_ns for m in carries]), time_ns, side="right")
        laden = begun - ended >= ARMFUL_TAGS
        away_m = np.hypot(*np.moveaxis(xy_m[:, None] - antennas_m, -1, 0))
        by = laden[:, None] & (away_m <= PAST_M)
        count += int(by[0].sum() + (by[1:] & ~by[:-1]).sum())
    return count


def _ways_of_staff(truth: MessageLog) -> dict[int, tuple[NDArray[np.int64], F64]]:
    """Return the times (n,) and places (n, 2) of everyone of the staff."""
    ways: dict[int, list[tuple[int, F64]]] = {}
    for told in truth.of(TruthPeople):
        for person, xy_m in zip(told.person_id[told.staff], told.xy_m[told.staff], strict=True):
            ways.setdefault(int(person), []).append((told.time_ns, xy_m))
    return {
        person: (np.array([t for t, _ in way], np.int64), np.array([xy for _, xy in way]))
        for person, way in ways.items()
    }


def passed_by(truth: MessageLog, plan: StorePlan) -> int:
    """Count the people who came and went without going into a shop.

    Into a shop leads any door of a plan, or in a concourse those that lead to shops.
    """
    shops = shop_doors(plan)
    ticks = truth.of(TruthPeople)
    seen = {int(i) for told in ticks for i in told.person_id[~told.staff]}
    still_here = {int(i) for told in ticks[-1:] for i in told.person_id}
    went_in = {m.person_id for m in truth.of(TruthCrossing) if m.door in shops or not shops}
    return len(seen - still_here - went_in)


def shop_visits(truth: MessageLog, plan: StorePlan) -> int:
    """Count how often somebody goes from a concourse into one of its shops."""
    shops = shop_doors(plan)
    return sum(m.door in shops and m.direction == "out" for m in truth.of(TruthCrossing))


def shop_doors(plan: StorePlan) -> set[str]:
    """Return the doors of a concourse that lead to shops; none in a shop."""
    return {door.id for door in plan.doors if door.leads_to == "shop"}


def screen_group(truth: MessageLog, plan: StorePlan) -> int:
    """Return the most people who look at one screen at the same time."""
    most = 0
    for screen in (fixture.id for fixture in plan.fixtures if fixture.kind == "screen"):
        looks = [m for m in truth.of(TruthLook) if m.fixture == screen]
        for look in looks:
            at_once = sum(m.time_ns <= look.time_ns < m.end_ns for m in looks)
            most = max(most, at_once)
    return most


def half_hidden_share(truth: MessageLog) -> float:
    """Return the share of people in pictures of whom less than half is seen; 0 without any.

    Who is not seen at all has no box.
    """
    shares = [told.visible_share for told in truth.of(TruthBoxes)]
    seen = np.concatenate([np.zeros(0), *shares])
    return float(np.mean(seen < HALF)) if len(seen) else 0.0
