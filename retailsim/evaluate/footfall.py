"""Footfall: every crossing of a door, once, in the right direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.figures import Figures, f1, nulls
from retailsim.evaluate.intervals import match_instants
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing
from retailsim.messages.truth import TruthCrossing

WITHIN_S = 2.0


def score_footfall(truth: MessageLog, results: MessageLog, *, found: bool) -> Figures:
    """Return `truth` and `counted` crossings, both directions, and `f1`.

    Crossings match one to one within 2 s, by door and direction. When `found` is False (no such
    stage) only `truth` is known; `f1` is None when nobody crossed and nobody was counted.
    """
    real, said = truth.of(TruthCrossing), results.of(Crossing)
    figures = nulls("truth", "counted", "f1") | {"truth": len(real)}
    if not found:
        return figures
    both: list[TruthCrossing | Crossing] = [*real, *said]
    ways = sorted({(c.door, c.direction) for c in both})
    hits = sum(
        len(match_instants(_times(real, way), _times(said, way), within_s=WITHIN_S)) for way in ways
    )
    score = f1(hits, len(said) - hits, len(real) - hits)
    return figures | {"counted": len(said), "f1": score}


def _times(
    crossings: Sequence[TruthCrossing | Crossing], way: tuple[str, str]
) -> NDArray[np.int64]:
    return np.array([c.time_ns for c in crossings if (c.door, c.direction) == way], np.int64)
