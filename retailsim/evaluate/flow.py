"""Flow: which zone people go to next."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.figures import Figures
from retailsim.evaluate.floor import FloorTruth
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Flow
from retailsim.store.plan import StorePlan

MIN_STAY_S = 1.0

F64 = NDArray[np.float64]


def score_flow(results: MessageLog, plan: StorePlan, floor: FloorTruth) -> Figures:
    """Return `l1`: the distance between true and reported shares of zone-to-zone moves.

    Each table of moves between named zones (from, to) is divided by its sum; `l1` is the sum of
    absolute differences, 0 for equal tables, 2 for tables with nothing in common. True moves
    are those of customers; a zone counts once somebody stays 1 s, aisles are passed over. None
    without moves on either side.
    """
    flows = results.of(Flow)
    if not flows:
        return {"l1": None}
    zones = [zone.id for zone in plan.zones]
    real, said = true_moves(floor, zones), _in_order(flows[-1], zones)
    if not real.sum() or not said.sum():
        return {"l1": None if not real.sum() else 2.0}
    return {"l1": float(np.abs(real / real.sum() - said / said.sum()).sum())}


def true_moves(floor: FloorTruth, zones: list[str]) -> F64:
    """Count customers' moves between zones, row = from, column = to, float64 (z, z)."""
    customers = floor.customers()
    index = {zone: i for i, zone in enumerate(zones)}
    where = np.array([index.get(str(zone), -1) for zone in customers.zone], np.int64)
    moves = np.zeros((len(zones), len(zones)))
    for person in np.unique(customers.person_id):
        path = _stays(where[customers.person_id == person], floor.tick_s)
        for start, end in pairwise(path):
            moves[start, end] += 1
    return moves


def _stays(where: NDArray[np.int64], tick_s: float) -> list[int]:
    """Return the zones somebody stayed in, in order, without immediate repeats."""
    changes = np.flatnonzero(np.diff(where)) + 1
    path: list[int] = []
    for run in np.split(where, changes):
        zone = int(run[0]) if len(run) else -1
        long_enough = len(run) * tick_s >= MIN_STAY_S - 1e-9
        if zone >= 0 and long_enough and (not path or path[-1] != zone):
            path.append(zone)
    return path


def _in_order(flow: Flow, zones: list[str]) -> F64:
    """Return a flow's counts in the plan's order of zones; a zone it lacks has none."""
    table = np.zeros((len(zones), len(zones)))
    place = {str(zone): i for i, zone in enumerate(flow.zones)}
    known = [i for i, zone in enumerate(zones) if zone in place]
    rows = [place[zones[i]] for i in known]
    table[np.ix_(known, known)] = flow.count[np.ix_(rows, rows)]
    np.fill_diagonal(table, 0.0)
    return table
