"""Session-based nearest neighbours: what visitors with a like visit were interested in.

V-SKNN of Ludewig and Jannach (2018, "Evaluation of session-based recommendation algorithms"),
which matched or beat neural nets on shop sessions when tuned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def recency(count: int, *, power: float) -> F64:
    """Return weights of a visit's articles from first to last, (i / n) ** power, shape (n,)."""
    position = np.arange(1, count + 1) / max(count, 1)
    weights: F64 = position**power
    return weights


def vsknn(query: F64, visits: F64, *, neighbours: int, idf_weight: float) -> tuple[F64, float]:
    """Score articles by the visits most like the query.

    Args:
        query: interest of the present visit in each article, (s,).
        visits: interest of every other visit, (v, s).
        neighbours: at most this many most similar visits count.
        idf_weight: how much rarer articles are raised: score * (1 + idf_weight * idf), with
            idf = log(visits / visits with the article), scaled to [0, 1].

    Returns:
        Scores (s,), and the evidence: the sum of the similarities that made them.
    """
    if not len(visits) or not query.any():
        return np.zeros_like(query), 0.0
    lengths = np.linalg.norm(visits, axis=1) * np.linalg.norm(query)
    likeness = visits @ query / np.maximum(lengths, 1e-12)
    chosen = np.argsort(-likeness, kind="stable")[:neighbours]
    likeness, visits = likeness[chosen], visits[chosen]
    having = np.maximum((visits > 0).sum(axis=0), 1)
    idf = np.log(len(visits) / having)
    idf = idf / idf.max() if idf.max() > 0 else idf
    scores: F64 = (likeness @ visits) * (1 + idf_weight * idf)
    return scores, float(likeness.sum())
