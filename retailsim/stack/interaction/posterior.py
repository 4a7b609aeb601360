"""From evidence to a posterior over people: a conditional logit with 'nobody' as a choice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.stack.interaction.place import FEATURES

F64 = NDArray[np.float64]


# Log odds against 'nobody', one weight per entry of `place.FEATURES`. Fitted by maximum likelihood
# (conditional logit, McFadden 1974) by `retailsim.train.matching` on 400 s of the boutique with
# each of the seeds 101 to 104, disturbed twice (1,496 motions).
WEIGHTS: Mapping[str, float] = {
    "one": 1.23,
    "distance": 6.11,
    "distance2": -7.16,
    "along": -0.35,
    "speed": -1.51,
}


def weights_of(changes: Mapping[str, float]) -> F64:
    """Return the logit's weights with some replaced, shape (len(FEATURES),).

    Raises:
        StageError: a change names no feature.
    """
    unknown = sorted(set(changes) - set(FEATURES))
    if unknown:
        raise StageError(f"interaction weights: no feature '{unknown[0]}'; {', '.join(FEATURES)}")
    return np.array([{**WEIGHTS, **changes}[name] for name in FEATURES])


def softmax_with_nobody(utility: F64) -> F64:
    """Return probabilities of each choice with 'nobody' (utility 0) appended, shape (n + 1,)."""
    padded = np.append(utility, 0.0)
    weights = np.exp(padded - padded.max())
    share: F64 = weights / weights.sum()
    return share


def joint_posterior(
    utility: F64, overlaps: NDArray[np.bool_], *, second_log_odds: float, rounds: int = 8
) -> F64:
    """Return each motion's posterior over people when several tags move at the same time.

    Two hands: a person who already handles one garment takes another at the same moment with
    odds lowered by `second_log_odds` (negative), and a third never. Mean field: each motion
    sees the others' current posteriors; a few rounds settle it.

    Args:
        utility: log odds against nobody, -inf for people out of reach, (motions, people).
        overlaps: which motions overlap in time, symmetric, (motions, motions).
        second_log_odds: log odds of a second garment in the other hand.
        rounds: of mean field.

    Returns:
        Probabilities, the last column 'nobody', (motions, people + 1).
    """
    motions = len(utility)
    posterior = np.array([softmax_with_nobody(row) for row in utility]).reshape(motions, -1)
    for _ in range(rounds if overlaps.any() else 0):
        for m in range(motions):
            others = posterior[overlaps[m] & (np.arange(motions) != m), :-1]
            busy = second_log_odds * _expected_use(others)
            posterior[m] = softmax_with_nobody(utility[m] + busy)
    return posterior


def _expected_use(others: F64) -> F64:
    """Return the penalty factor per person: 1 for one garment in hand, 4 for two or more."""
    use: F64 = others.sum(axis=0)
    return use + 2.0 * np.maximum(use - 1.0, 0.0)


def overlap_matrix(intervals_ns: list[tuple[int, int]], *, least_s: float) -> NDArray[np.bool_]:
    """Return which intervals share at least `least_s`, (n, n), False on the diagonal."""
    start = np.array([interval[0] for interval in intervals_ns], np.int64)
    end = np.array([interval[1] for interval in intervals_ns], np.int64)
    shared_ns = np.minimum(end[:, None], end) - np.maximum(start[:, None], start)
    overlaps: NDArray[np.bool_] = shared_ns >= least_s * 1e9
    np.fill_diagonal(overlaps, False)
    return overlaps
