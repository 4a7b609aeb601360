"""Flips by how often their tags were read meanwhile and how far from an antenna they hang."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import numpy as np

from retailsim.evaluate.figures import Figures, f1, share
from retailsim.evaluate.flip import Verdict, tally
from retailsim.store.plan import StorePlan

READ_GROUPS = {"0": (0, 0), "1-2": (1, 2), "3-5": (3, 5), "6-10": (6, 10), ">10": (11, None)}
DISTANCE_GROUPS_M = {
    "<1.5 m": (0.0, 1.5),
    "1.5-2.5 m": (1.5, 2.5),
    "2.5-3.5 m": (2.5, 3.5),
    ">=3.5 m": (3.5, float("inf")),
}
NAMES = ("flips", "false_alarms", "precision", "recall", "f1", "delay_median_s")


def group_figures(verdicts: Sequence[Verdict]) -> Figures:
    """Return the figures of some flips and false alarms.

    Returns:
        flips, false_alarms: how many.
        precision, recall, f1: shares; None where there is nothing to have a share of.
        delay_median_s: median over the flips found.
    """
    hits, missed, false = tally(verdicts)
    return {
        "flips": float(hits + missed),
        "false_alarms": float(false),
        "precision": share(hits, hits + false),
        "recall": share(hits, hits + missed),
        "f1": f1(hits, false, missed) if hits + missed else None,
        "delay_median_s": median_delay_s(verdicts),
    }


def median_delay_s(verdicts: Iterable[Verdict]) -> float | None:
    """Return the median delay of the flips found; None when none was."""
    delays = [v.delay_s for v in verdicts if v.delay_s is not None]
    return float(median(delays)) if delays else None


def by_reads(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Sort verdicts by the reads during the flip; a false alarm by those during the alarm."""
    return {
        name: [v for v in verdicts if low <= v.reads and (high is None or v.reads <= high)]
        for name, (low, high) in READ_GROUPS.items()
    }


def by_distance(
    verdicts: Sequence[Verdict], distance_m: Mapping[str, float]
) -> dict[str, list[Verdict]]:
    """Sort verdicts by the garment's distance from the nearest antenna (EPC -> metres)."""
    return {
        name: [v for v in verdicts if low <= distance_m.get(v.epc, -1.0) < high]
        for name, (low, high) in DISTANCE_GROUPS_M.items()
    }


def nearest_antenna_m(plan: StorePlan) -> dict[str, float]:
    """Return EPC -> distance of its place by the planogram from the nearest antenna, metres."""
    antennas = [a.position_m for reader in plan.readers for a in reader.antennas]
    if not antennas or not plan.items:
        return {}
    place = np.array([plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items], float)
    away = np.linalg.norm(place[:, None] - np.array(antennas, float), axis=2).min(axis=1)
    return {item.epc: float(m) for item, m in zip(plan.items, away, strict=True)}
