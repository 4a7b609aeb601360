"""Misplaced garments: found, at the right fixture, and how soon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailsim.evaluate.figures import Figures, nulls, share
from retailsim.evaluate.rests import Stay, stays
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Misplaced
from retailsim.messages.truth import TruthTagPositions

NAMES = (
    "truth",
    "found",
    "precision",
    "recall",
    "anywhere_precision",
    "anywhere_recall",
    "delay_s",
)
LEAST_NS = 60_000_000_000  # shorter stays need not be found; who finds them is not wrong
WITHIN_M = 1.0


@dataclass(frozen=True)
class Match:
    """A claim and the stay it belongs to; `right` when fixture or position agree too."""

    claim: Misplaced
    stay: Stay
    right: bool


def claims(results: MessageLog) -> list[Misplaced]:
    """Return what was said to be misplaced, each as last told."""
    latest = {(message.epc, message.time_ns): message for message in results.of(Misplaced)}
    return sorted(latest.values(), key=lambda m: (m.time_ns, m.epc))


def matches(said: list[Misplaced], true: list[Stay]) -> list[Match]:
    """Pair claims with stays of the same garment that they overlap, one to one.

    Right ones first, then those at another place.
    """
    pairs = [
        Match(claim, stay, _right(claim, stay))
        for claim in said
        for stay in true
        if claim.epc == stay.epc and _overlap(claim, stay)
    ]
    taken: set[int] = set()
    found = []
    for pair in sorted(pairs, key=lambda p: (not p.right, p.claim.found_ns, p.stay.begin_ns)):
        if id(pair.claim) not in taken and id(pair.stay) not in taken:
            taken |= {id(pair.claim), id(pair.stay)}
            found.append(pair)
    return found


def score_misplaced(truth: MessageLog, results: MessageLog, *, end_ns: int, found: bool) -> Figures:
    """Return how many garments were misplaced, and how well that was found.

    `truth` counts stays of at least a minute at a wrong fixture, `found` the claims, those of
    shorter stays left out. `precision` and `recall` ask for the right fixture, or a position
    within a metre; the `anywhere` ones only for the right garment at that time. `delay_s` is the
    median time from putting down to finding. None without true positions, and when `found` is
    False; shares are None without claims or stays.
    """
    if not (found and truth.of(TruthTagPositions)):
        return nulls(*NAMES)
    everything, said = stays(truth, end_ns), claims(results)
    pairs = matches(said, everything)
    short = {id(p.claim) for p in pairs if _brief(p.stay)}
    pairs = [p for p in pairs if not _brief(p.stay)]
    right = [p for p in pairs if p.right]
    true = sum(not _brief(stay) for stay in everything)
    count = len(said) - len(short)
    delay = [(p.claim.found_ns - p.stay.begin_ns) * 1e-9 for p in right]
    return {
        "truth": true,
        "found": count,
        "precision": share(len(right), count),
        "recall": share(len(right), true),
        "anywhere_precision": share(len(pairs), count),
        "anywhere_recall": share(len(pairs), true),
        "delay_s": float(np.median(delay)) if delay else None,
    }


def _brief(stay: Stay) -> bool:
    return stay.end_ns - stay.begin_ns < LEAST_NS


def _overlap(claim: Misplaced, stay: Stay) -> bool:
    """Say whether a claim was up while the garment was there, found before it was gone."""
    until_ns = claim.end_ns or stay.end_ns
    return claim.time_ns < stay.end_ns and until_ns > stay.begin_ns


def _right(claim: Misplaced, stay: Stay) -> bool:
    near = float(np.linalg.norm(claim.xy_m - stay.xy_m)) <= WITHIN_M
    return claim.fixture == stay.fixture or near
