"""How well identities hold over time: HOTA, IDF1 and MOTA of one sequence.

HOTA: Luiten et al., IJCV 2021; IDF1: Ristani et al., ECCVW 2016; MOTA: Bernardin and
Stiefelhagen 2008. Conventions (match order, thresholds, empty frames) follow TrackEval, against
which a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

ALPHAS = np.arange(0.05, 0.99, 0.05)
THRESHOLD = 0.5
_EPS = float(np.finfo(np.float64).eps)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """One frame: dense ids of truth (n,) and results (m,), and their IoU (n, m)."""

    truth: I64
    found: I64
    similarity: F64


@dataclass(frozen=True)
class Sequence:
    """Frames with ids counted densely from 0.

    Attributes:
        steps: one per frame, in order of time.
        truth_frames: frames in which each true id is present, float64 (g,).
        found_frames: the same of the found ids, float64 (p,).
    """

    steps: tuple[Step, ...]
    truth_frames: F64
    found_frames: F64

    @classmethod
    def of(cls, frames: Iterable[tuple[I64, I64, F64]]) -> Sequence:
        """Make a sequence from (true ids, found ids, IoU) per frame; ids may be any integers."""
        truth_index: dict[int, int] = {}
        found_index: dict[int, int] = {}
        steps = tuple(
            Step(_dense(truth_ids, truth_index), _dense(found_ids, found_index), similarity)
            for truth_ids, found_ids, similarity in frames
        )
        return cls(
            steps,
            _count([s.truth for s in steps], len(truth_index)),
            _count([s.found for s in steps], len(found_index)),
        )


def hota(sequence: Sequence) -> float | None:
    """Return HOTA averaged over IoU thresholds .05 to .95; None without true boxes."""
    if not sequence.truth_frames.sum():
        return None
    if not sequence.found_frames.sum():
        return 0.0
    alignment = _alignment(sequence)
    shape = (len(ALPHAS), *alignment.shape)
    matches, hits = np.zeros(shape), np.zeros(len(ALPHAS))
    for step in sequence.steps:
        pairs = alignment[np.ix_(step.truth, step.found)] * step.similarity
        rows, cols = linear_sum_assignment(-pairs)
        level, pair = np.nonzero(step.similarity[rows, cols] >= ALPHAS[:, None] - _EPS)
        matches[level, step.truth[rows[pair]], step.found[cols[pair]]] += 1
        hits += np.bincount(level, minlength=len(ALPHAS))
    either = sequence.truth_frames.sum() + sequence.found_frames.sum() - hits
    together = sequence.truth_frames[:, None] + sequence.found_frames - matches
    association = (matches * matches / np.maximum(1.0, together)).sum(axis=(1, 2))
    association /= np.maximum(1.0, hits)
    return float(np.sqrt(hits / np.maximum(1.0, either) * association).mean())


def _alignment(sequence: Sequence) -> F64:
    """Return how much each true and each found id overlap over the whole sequence, (g, p)."""
    shared = np.zeros((len(sequence.truth_frames), len(sequence.found_frames)))
    for step in sequence.steps:
        s = step.similarity
        either = s.sum(axis=0)[None, :] + s.sum(axis=1)[:, None] - s
        shared[np.ix_(step.truth, step.found)] += np.divide(
            s, either, out=np.zeros_like(s), where=either > _EPS
        )
    union: F64 = sequence.truth_frames[:, None] + sequence.found_frames - shared
    aligned: F64 = shared / union
    return aligned


def idf1(sequence: Sequence) -> float | None:
    """Return the F1 of boxes under the best one-to-one mapping of ids; None without truth."""
    if not sequence.truth_frames.sum():
        return None
    shared = np.zeros((len(sequence.truth_frames), len(sequence.found_frames)))
    for step in sequence.steps:
        rows, cols = np.nonzero(step.similarity >= THRESHOLD)
        shared[step.truth[rows], step.found[cols]] += 1
    rows, cols = linear_sum_assignment(-shared)
    total = sequence.truth_frames.sum() + sequence.found_frames.sum()
    return float(2.0 * shared[rows, cols].sum() / total)


def mota(sequence: Sequence) -> float | None:
    """Return 1 - (misses + false boxes + id switches) / true boxes; None without truth."""
    if not sequence.truth_frames.sum():
        return None
    last = np.full(len(sequence.truth_frames), -1)
    just_before = last.copy()
    hits = switches = 0
    for step in sequence.steps:
        if not len(step.truth) or not len(step.found):
            continue
        kept = step.found[None, :] == just_before[step.truth][:, None]
        pairs = np.where(step.similarity < THRESHOLD - _EPS, 0.0, 1000.0 * kept + step.similarity)
        rows, cols = linear_sum_assignment(-pairs)
        real = pairs[rows, cols] > _EPS
        who, matched = step.truth[rows[real]], step.found[cols[real]]
        switches += int(((last[who] >= 0) & (last[who] != matched)).sum())
        hits += len(who)
        last[who] = matched
        just_before[:] = -1
        just_before[who] = matched
    truth, found = sequence.truth_frames.sum(), sequence.found_frames.sum()
    return float((hits - (found - hits) - switches) / truth)


def _dense(ids: I64, index: dict[int, int]) -> I64:
    return np.array([index.setdefault(int(i), len(index)) for i in ids], np.int64)


def _count(ids: list[I64], size: int) -> F64:
    flat = np.concatenate([np.zeros(0, np.int64), *ids])
    return np.bincount(flat, minlength=size).astype(np.float64)
