"""Doing for all reads at once what is said read by read: order within groups, running means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def in_groups(group: I64) -> tuple[I64, I64, I64]:
    """Return an order of elements (n,) by group, each group's as they came.

    Also, in that order, how many of the same group come before each, and how many after.
    """
    order = np.argsort(group, kind="stable")
    sorted_ = group[order]
    place = np.arange(len(group))
    before = place - np.searchsorted(sorted_, sorted_)
    after = np.searchsorted(sorted_, sorted_, side="right") - 1 - place
    return order, before, after


def running_mean(mean: F64, row: I64, value: F64, share: float) -> F64:
    """Return running means (rows,) after values came one by one, `mean += share (value - mean)`.

    Args:
        mean: before, (rows,).
        row, value: which mean each value goes into, and the value, (n,).
        share: of a new value in its mean.
    """
    order, _, after = in_groups(row)
    row, weighted = row[order], value[order] * share * (1 - share) ** after
    kept = (1 - share) ** np.bincount(row, minlength=len(mean))
    new: F64 = mean * kept + np.bincount(row, weighted, len(mean))
    return new
