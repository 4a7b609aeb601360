"""Two stacks' figures side by side: means over bags, differences and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import t as student

from retailsim.evaluate.scorecard import FAMILIES, Scorecard
from retailsim.report.table import LOWER_IS_BETTER

CONFIDENCE = 0.95
# What is in the recording or merely counts, of which neither more nor less is better.
NEITHER = frozenset({"coverage", "truth", "counted", "found", "shuffled"})
LESS_TIME = ("_ms", "ms_per_item", "ratio")

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Paired:
    """One figure of two stacks over the bags on which both have it.

    Attributes:
        first, second: means over those bags; None when there is no such bag.
        difference: mean of second - first.
        low, high: the 95 % interval of the difference; None with fewer than two bags.
        bags: how many.
        verdict: 'better' or 'worse' when the interval is clear of 0, else ''.
    """

    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    bags: int
    verdict: Literal["better", "worse", ""] = ""


def figures_of(card: Scorecard) -> Figures:
    """Return a scorecard's figures by name: accuracy, counts of what was found, speed."""
    flat: Figures = {
        f"{family}.{name}": card.accuracy[family][name]
        for family, names in FAMILIES.items()
        for name in names
    }
    counted = card.counts
    for name in ("people", "crossings", "flips", "interactions"):
        flat[f"counts.{name}"] = getattr(counted, name)
    speed = card.speed
    flat |= {
        "speed.fps": speed.fps,
        "speed.realtime_factor": speed.realtime_factor,
        "speed.ratio": speed.ratio,
        "speed.latency_p50_ms": speed.latency_ms.p50,
        "speed.latency_p95_ms": speed.latency_ms.p95,
    }
    for stage, time in speed.stages.items():
        flat[f"speed.stages.{stage}.ms_per_item"] = time.ms_per_item
    return flat


def pair_figures(first: Sequence[Figures], second: Sequence[Figures]) -> dict[str, Paired]:
    """Compare two stacks' figures bag by bag; figures that neither ever has are left out.

    Args:
        first, second: figures of the same bags in the same order.
    """
    names = dict.fromkeys(name for figures in (*first, *second) for name in figures)
    return {
        name: paired([f.get(name) for f in first], [s.get(name) for s in second], name=name)
        for name in names
        if any(figures.get(name) is not None for figures in (*first, *second))
    }


def paired(
    first: Sequence[float | None], second: Sequence[float | None], *, name: str = ""
) -> Paired:
    """Compare one figure bag by bag with a paired t interval.

    The interval is Student's for the mean of paired differences, which takes them to be about
    normal; it is wide for few bags, as it should be. A figure that only one stack has is shown
    with that stack's mean and no difference.

    Args:
        first, second: the figure on the same bags; None where it could not be computed.
        name: decides whether more or less is better; '' for neither.
    """
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not both:
        return Paired(_mean(first), _mean(second), None, None, None, 0)
    a, b = np.array(both, np.float64).T
    apart = b - a
    middle = float(apart.mean())
    low, high = t_interval(apart.tolist())
    return Paired(
        float(a.mean()), float(b.mean()), middle, low, high, len(both), _verdict(name, low, high)
    )


def t_interval(
    values: Sequence[float], *, confidence: float = CONFIDENCE
) -> tuple[float | None, float | None]:
    """Return Student's interval for the mean of values; (None, None) for fewer than two."""
    if len(values) < 2:
        return None, None
    given = np.asarray(values, np.float64)
    reach = student.ppf((1 + confidence) / 2, len(given) - 1) * given.std(ddof=1)
    reach = float(reach / np.sqrt(len(given)))
    return float(given.mean()) - reach, float(given.mean()) + reach


def more_is_better(name: str) -> bool | None:
    """Return whether a figure should be large; None where it is neither good nor bad."""
    if not name or name.startswith("counts."):
        return None
    last = name.rsplit(".", 1)[-1]
    if last in NEITHER:
        return None
    return not (
        last in LOWER_IS_BETTER
        or last.endswith("_m")
        or (name.startswith("speed.") and last.endswith(LESS_TIME))
    )


def _verdict(name: str, low: float | None, high: float | None) -> Literal["better", "worse", ""]:
    more = more_is_better(name)
    if more is None or low is None or high is None or low <= 0 <= high:
        return ""
    return "better" if (low > 0) == more else "worse"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def moved(figures: Mapping[str, Paired]) -> dict[str, Paired]:
    """Return the figures that differ, or that only one stack has."""
    return {name: p for name, p in figures.items() if p.difference != 0}
