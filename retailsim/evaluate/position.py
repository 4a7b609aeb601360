"""Tag positions: how far, in metres, each garment is from where it is said to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.figures import Figures, nulls
from retailsim.evaluate.rests import InShop, courses, stays
from retailsim.messages.log import MessageLog
from retailsim.messages.truth import TruthTagPositions
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

NAMES = (
    "median_m",
    "p90_m",
    "away_median_m",
    "away_p90_m",
    "resting_median_m",
    "resting_p90_m",
)
STEP_NS = 1_000_000_000
AWAY_M = 0.3  # a garment that far from its slot is away from home


@dataclass(frozen=True)
class PositionErrors:
    """Errors of all garments in the shop, one row per garment and second.

    Attributes:
        error_m: distance of the estimate on the floor, (n,); the shop's diagonal where there is
            no estimate or it says 'out of the shop'.
        sigma_m: what the stack said of its uncertainty, (n,); NaN where it said nothing.
        away: whether the garment was away from its slot, (n,).
        resting: whether it was at rest at a fixture that is not its own, (n,).
    """

    error_m: F64
    sigma_m: F64
    away: Bool
    resting: Bool


def position_errors(
    truth: MessageLog, results: MessageLog, plan: StorePlan, *, end_ns: int
) -> PositionErrors:
    """Compare positions once a second from the first truth about a garment to `end_ns`."""
    real, said = courses(MessageLog(truth.of(TruthTagPositions))), courses(results)
    lost_m = float(np.hypot(*(plan.size_m or (0.0, 0.0))))
    put: dict[str, list[tuple[int, int]]] = {}
    for stay in stays(truth, end_ns):
        put.setdefault(stay.epc, []).append((stay.begin_ns, stay.end_ns))
    inside, parts = InShop(truth), []
    for epc, course in real.items():
        time_ns = np.arange(int(course.time_ns[0]), end_ns, STEP_NS, dtype=np.int64)
        time_ns = time_ns[inside.at(epc, time_ns)]
        true_m = course.xy_m[course.at(time_ns)]
        error_m, sigma_m = np.full(len(time_ns), lost_m), np.full(len(time_ns), np.nan)
        if epc in said:
            row = said[epc].at(time_ns)
            way_m = np.linalg.norm(said[epc].xy_m[row] - true_m, axis=1)
            told = (row >= 0) & np.isfinite(way_m)
            error_m[told], sigma_m[told] = way_m[told], said[epc].sigma_m[row][told]
        item = plan.item_by_epc.get(epc)
        slot_m = plan.slot_xyz_m(item.fixture, item.slot)[:2] if item else np.full(2, np.inf)
        away = np.linalg.norm(true_m - np.asarray(slot_m), axis=1) > AWAY_M
        resting = np.zeros(len(time_ns), np.bool_)
        for begin, end in put.get(epc, []):
            resting |= (time_ns >= begin) & (time_ns < end)
        parts.append((error_m, sigma_m, away, resting))
    if not parts:
        return PositionErrors(np.zeros(0), np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))
    return PositionErrors(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def score_position(
    truth: MessageLog, results: MessageLog, plan: StorePlan, *, end_ns: int, found: bool
) -> Figures:
    """Return median and 90 % quantile of the errors in metres.

    Of all garments in the shop at all seconds, of those `away` from their slots (carried or
    elsewhere), and of those `resting` at a fixture that is not their own. None without true
    positions, without such seconds, and when `found` is False.
    """
    if not (found and truth.of(TruthTagPositions)):
        return nulls(*NAMES)
    errors = position_errors(truth, results, plan, end_ns=end_ns)
    groups = {"": np.ones(len(errors.error_m), bool)}
    groups |= {"away_": errors.away, "resting_": errors.resting}
    figures: Figures = {}
    for prefix, rows in groups.items():
        some = errors.error_m[rows]
        figures[f"{prefix}median_m"] = float(np.median(some)) if len(some) else None
        figures[f"{prefix}p90_m"] = float(np.quantile(some, 0.9)) if len(some) else None
    return figures
