"""What a metric family returns, and the arithmetic of shares that may have no denominator."""

from __future__ import annotations

from collections.abc import Iterable

Figures = dict[str, float | None]


def share(part: float, whole: float) -> float | None:
    """Return part / whole; None when there is nothing to have a share of."""
    return float(part / whole) if whole > 0 else None


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that could be computed; None when none could."""
    known = [value for value in values if value is not None]
    return share(sum(known), len(known))


def f1(hits: float, false: float, missed: float) -> float | None:
    """Return 2 hits / (2 hits + false + missed); None when there is nothing to find or claim."""
    return share(2.0 * hits, 2.0 * hits + false + missed)


def nulls(*names: str) -> Figures:
    """Return the figures of a family that cannot be computed."""
    return dict.fromkeys(names)
