"""One-to-one matching of intervals and of instants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

MIN_OVERLAP_S = 0.3


class TagInterval(Protocol):
    """Something that a garment did from `time_ns` to `end_ns`."""

    @property
    def time_ns(self) -> int:
        """Start."""

    @property
    def end_ns(self) -> int:
        """End."""

    @property
    def epc(self) -> str:
        """The garment's tag."""


def overlap_s(a: Sequence[TagInterval], b: Sequence[TagInterval]) -> NDArray[np.float64]:
    """Return for how long pairs of intervals of the same tag overlap, seconds, (n, m)."""
    start_a, end_a = _column(a, "time_ns"), _column(a, "end_ns")
    start_b, end_b = _column(b, "time_ns"), _column(b, "end_ns")
    shared = np.minimum(end_a[:, None], end_b) - np.maximum(start_a[:, None], start_b)
    same = np.array([i.epc for i in a], str)[:, None] == np.array([i.epc for i in b], str)
    seconds: NDArray[np.float64] = np.where(same, np.maximum(shared, 0) * 1e-9, 0.0)
    return seconds


def match_intervals(
    truth: Sequence[TagInterval], found: Sequence[TagInterval]
) -> list[tuple[int, int]]:
    """Pair intervals of the same tag one to one, (row of truth, row of found).

    As many pairs as possible overlap by at least 0.3 s; of those pairings the one with the most
    overlap is taken.
    """
    seconds = overlap_s(truth, found)
    return _assign(seconds >= MIN_OVERLAP_S - 1e-9, seconds)


def match_instants(
    truth_ns: NDArray[np.int64], found_ns: NDArray[np.int64], *, within_s: float
) -> list[tuple[int, int]]:
    """Pair instants one to one that are at most `within_s` apart, closest overall."""
    apart_s = np.abs(truth_ns[:, None] - found_ns[None, :]) * 1e-9
    return _assign(apart_s <= within_s, within_s - apart_s)


def _assign(allowed: NDArray[np.bool_], gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pair as many allowed pairs as possible, then with the greatest sum of gains."""
    if not allowed.any():
        return []
    worth = np.where(allowed, 1.0 + gain / (1.0 + gain.max() * min(gain.shape)), 0.0)
    rows, cols = linear_sum_assignment(-worth)
    return [(int(r), int(c)) for r, c in zip(rows, cols, strict=True) if allowed[r, c]]


def _column(intervals: Sequence[TagInterval], name: str) -> NDArray[np.int64]:
    return np.array([getattr(i, name) for i in intervals], np.int64)
