"""Recommendation: does the fitting mirror show what this visitor likes or goes on to buy?

Each try-on is a question. Relevant are the articles the visitor likes and those they buy in this
session, without what they already have: the garment being tried on, what they carry then, and
what they have tried on before. Gains are binary. A try-on that got no answer scores 0; one whose
visitor has nothing relevant left is no question.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import numpy as np

from retailsim.evaluate.figures import Figures, mean, nulls
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Recommendation
from retailsim.messages.sensors import TryOn
from retailsim.messages.truth import TruthCarry, TruthSale, TruthTaste, TruthTryOn
from retailsim.store.plan import StorePlan

TOP = 5
SAME_TRY_ON_NS = 5_000_000_000
NAMES = ("hit@5", "ndcg@5", "mrr")

E = TypeVar("E", TruthTryOn, Recommendation)


def score_recommendation(
    truth: MessageLog, results: MessageLog, sensors: MessageLog, plan: StorePlan, *, found: bool
) -> Figures:
    """Return `hit@5`, `ndcg@5` and `mrr`, means over try-ons; None without any.

    An answer belongs to the try-on of the same mirror and garment nearest in time, at most 5 s
    away. Who asks is the person who truly tries that garment on then (changing and looking into
    the mirror), 5 s of grace on either side.
    """
    if not found:
        return nulls(*NAMES)
    people, answers = truth.of(TruthTryOn), results.of(Recommendation)
    rows = []
    for question in sensors.of(TryOn):
        event = _nearest(question, people)
        relevant = _relevant(question, event.person_id, truth, plan) if event else set()
        if relevant:
            answer = _nearest(question, answers)
            rows.append(_gains([str(s) for s in answer.sku] if answer else [], relevant))
    return {name: mean(row[i] for row in rows) for i, name in enumerate(NAMES)}


def _gains(shown: Sequence[str], relevant: Collection[str]) -> tuple[float, float, float]:
    """Return hit@5, ndcg@5 and reciprocal rank of one ranking (each article counts once)."""
    ranked = list(dict.fromkeys(shown))
    good = np.array([sku in relevant for sku in ranked], bool)
    discount = 1.0 / np.log2(np.arange(2, TOP + 2))
    gain = float(discount[: len(good[:TOP])][good[:TOP]].sum())
    ideal = float(discount[: min(TOP, len(relevant))].sum())
    first = np.flatnonzero(good)
    return float(good[:TOP].any()), gain / ideal, 1.0 / (first[0] + 1) if len(first) else 0.0


def _relevant(question: TryOn, who: int, truth: MessageLog, plan: StorePlan) -> set[str]:
    when_ns = question.time_ns
    tastes = [t for t in truth.of(TruthTaste) if t.person_id == who]
    sales = [s for s in truth.of(TruthSale) if s.person_id == who]
    liked = {str(sku) for taste in tastes for sku in taste.sku}
    bought = {str(epc) for sale in sales for epc in sale.epc}
    carried = {
        c.epc
        for c in truth.of(TruthCarry)
        if c.person_id == who and c.time_ns <= when_ns <= c.end_ns
    }
    tried = {t.epc for t in truth.of(TruthTryOn) if t.person_id == who and t.time_ns <= when_ns}
    return (liked | _skus(bought, plan)) - _skus(carried | tried | {question.epc}, plan)


def _skus(epcs: Collection[str], plan: StorePlan) -> set[str]:
    return {plan.item_by_epc[epc].sku for epc in epcs if epc in plan.item_by_epc}


def _nearest(question: TryOn, events: Sequence[E]) -> E | None:
    """Return the event of the same mirror and garment nearest in time, at most 5 s away."""

    def apart_ns(event: E) -> int:
        end_ns = event.end_ns if isinstance(event, TruthTryOn) else event.time_ns
        return max(event.time_ns - question.time_ns, question.time_ns - end_ns, 0)

    same = [e for e in events if (e.mirror, e.epc) == (question.mirror, question.epc)]
    near = min(same, key=apart_ns, default=None)
    return near if near is not None and apart_ns(near) <= SAME_TRY_ON_NS else None
