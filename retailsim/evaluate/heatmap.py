"""Heat map: where customers spent their time, on cells of 1 m."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.figures import Figures, nulls
from retailsim.evaluate.floor import FloorTruth
from retailsim.messages.log import MessageLog
from retailsim.messages.results import HeatMap
from retailsim.store.plan import StorePlan
from retailsim.store.zones import walkable_cells

CELL_M = 1.0
SHUFFLES = 100

F64 = NDArray[np.float64]


def score_heatmap(results: MessageLog, plan: StorePlan, floor: FloorTruth) -> Figures:
    """Return `correlation` and `shuffled` of the last heat map the stack gave.

    Pearson over walkable cells, neither map smoothed; the truth is customers only, staff left
    out. `shuffled` is the mean over 100 seeded permutations of the true cells: what a map with
    the right values in the wrong places reaches. None where a map is missing or flat.
    """
    maps = results.of(HeatMap)
    if not maps or plan.size_m is None or not floor.tick_s:
        return nulls("correlation", "shuffled")
    walkable = walkable_cells(plan, CELL_M)
    real = true_seconds(floor, walkable.shape)[walkable]
    said = in_cells(maps[-1], walkable.shape)[walkable]
    rng = np.random.default_rng(0)
    shuffled = [pearson(rng.permutation(real), said) for _ in range(SHUFFLES)]
    known = [value for value in shuffled if value is not None]
    return {
        "correlation": pearson(real, said),
        "shuffled": float(np.mean(known)) if known else None,
    }


def true_seconds(floor: FloorTruth, shape: tuple[int, ...]) -> F64:
    """Return customers' person-seconds per cell, row = y, float64 (ny, nx)."""
    customers = floor.customers()
    seconds = np.zeros(shape)
    cell = np.minimum((customers.xy_m / CELL_M).astype(int), [shape[1] - 1, shape[0] - 1])
    np.add.at(seconds, (cell[:, 1], cell[:, 0]), floor.tick_s)
    return seconds


def in_cells(heat: HeatMap, shape: tuple[int, ...]) -> F64:
    """Return a heat map's seconds on cells of 1 m, by each of its cells' centre, (ny, nx)."""
    seconds = np.zeros(shape)
    y, x = ((np.arange(n) + 0.5) * heat.cell_m / CELL_M for n in heat.seconds.shape)
    rows, cols = np.meshgrid(y.astype(int), x.astype(int), indexing="ij")
    inside = (rows < shape[0]) & (cols < shape[1])
    np.add.at(seconds, (rows[inside], cols[inside]), heat.seconds[inside])
    return seconds


def pearson(a: F64, b: F64) -> float | None:
    """Return Pearson's correlation; None where one side does not vary."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / norm) if norm > 1e-12 else None
