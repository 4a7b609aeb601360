"""Dwell: how long each visitor stayed in each zone."""

from __future__ import annotations

from collections import Counter

from retailsim.evaluate.figures import Figures, mean
from retailsim.evaluate.floor import FloorTruth, same_people
from retailsim.messages.log import MessageLog
from retailsim.messages.results import ZoneStay
from retailsim.store.plan import StorePlan

WORTH_S = 3.0

Stays = dict[tuple[int, str], float]


def score_dwell(results: MessageLog, plan: StorePlan, floor: FloorTruth, *, found: bool) -> Figures:
    """Return `mae_s`: the mean error of the seconds one visitor spent in one zone.

    It runs over all pairs of visitor and named zone (aisles are left out) in which truth or
    stack see at least 3 s. The stack's people are mapped one to one to true ones (see
    `same_people`); what the map leaves over counts with its whole length, as time missed or as
    time made up. Staff are left out on both sides. None without true positions or, when `found`
    is False, without a stage that reports stays.
    """
    if not found or not floor.tick_s:
        return {"mae_s": None}
    zones = {zone.id for zone in plan.zones}
    real = {key: s for key, s in _true_stays(floor).items() if key[1] in zones}
    said = {key: s for key, s in _said_stays(results, floor).items() if key[1] in zones}
    pairs = sorted({*real, *said})
    both = [(real.get(pair, 0.0), said.get(pair, 0.0)) for pair in pairs]
    return {"mae_s": mean(abs(a - b) for a, b in both if max(a, b) >= WORTH_S)}


def _true_stays(floor: FloorTruth) -> Stays:
    customers = floor.customers()
    ticks = Counter(zip(customers.person_id.tolist(), customers.zone.tolist(), strict=True))
    return {pair: count * floor.tick_s for pair, count in ticks.items()}


def _said_stays(results: MessageLog, floor: FloorTruth) -> Stays:
    """Sum the stack's stays by true person; who is nobody gets a negative number."""
    known = same_people(floor, results)
    staff = set(floor.person_id[floor.staff].tolist())
    stays: Stays = {}
    for stay in results.of(ZoneStay):
        person = known.get(stay.person, -1 - stay.person)
        if person not in staff:
            key = (person, stay.zone)
            stays[key] = stays.get(key, 0.0) + (stay.end_ns - stay.time_ns) * 1e-9
    return stays
