"""Fit the tag-to-person logit on simulated truth, seen as badly as the stack sees it.

The stack's own people and tag motions would do, but take hours of rendering; instead true
positions and handlings are disturbed by what the stages before the matcher do to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from retailsim.messages.base import Message
from retailsim.messages.results import People, TagMotion
from retailsim.messages.truth import TruthInteraction, TruthPeople
from retailsim.stack.interaction.history import PeopleHistory
from retailsim.stack.interaction.place import FEATURES, features, planogram_place
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Disturbance:
    """What stages before the matcher do to the truth (assumed, after their own figures).

    Attributes:
        slow_m: standard deviation of a floor position's slow error (2 s correlation).
        fast_m: of its error from tick to tick.
        lost_share: share of time a person is not on the plan, in spells of about 2 s.
        found_share: share of handlings whose motion is found.
        edge_s: standard deviation of a motion's start and end.
        false_share: false motions, half of them near somebody, per true handling.
    """

    slow_m: float = 0.18
    fast_m: float = 0.05
    lost_share: float = 0.08
    found_share: float = 0.8
    edge_s: float = 0.4
    false_share: float = 0.3


@dataclass(frozen=True)
class Choice:
    """One motion's candidates: features (n, f), and the row of who did it, -1 for nobody."""

    evidence: F64
    chosen: int


def disturb_people(
    truth: Iterable[Message], rng: Rng, how: Disturbance, *, tick_s: float = 0.1
) -> list[People]:
    """Turn true positions into what a tracker might say, keeping the people's true numbers."""
    keep = float(np.exp(-tick_s / 2.0))
    slow: dict[int, F64] = {}
    lost: dict[int, bool] = {}
    people = []
    for message in truth:
        if not isinstance(message, TruthPeople):
            continue
        rows = []
        for i, person in enumerate(message.person_id.tolist()):
            push = rng.normal(0, how.slow_m * np.sqrt(1 - keep**2), 2)
            slow[person] = keep * slow.get(person, rng.normal(0, how.slow_m, 2)) + push
            if rng.random() < tick_s / 2.0:
                lost[person] = bool(rng.random() < how.lost_share)
            if not lost.get(person, False):
                rows.append((i, person, slow[person] + rng.normal(0, how.fast_m, 2)))
        own = np.array([i for i, _, _ in rows], np.int64)
        error = np.array([e for _, _, e in rows]).reshape(-1, 2)
        people.append(
            People(
                message.time_ns,
                person=message.person_id[own],
                xy_m=message.xy_m[own] + error,
                confirmed=np.ones(len(own), bool),
            )
        )
    return people


def disturb_motions(
    truth: Sequence[Message], people: Sequence[People], plan: StorePlan, rng: Rng, how: Disturbance
) -> list[tuple[TagMotion, int]]:
    """Turn true handlings into motions with who did them (0 for false ones), by end."""
    found: list[tuple[TagMotion, int]] = []
    handlings = [m for m in truth if isinstance(m, TruthInteraction)]
    for handling in handlings:
        if rng.random() < how.found_share:
            start_ns, end_ns = handling.time_ns, handling.end_ns
            motion = _motion(rng, handling.epc, start_ns, end_ns, how)
            found.append((motion, handling.person_id))
    for _ in range(round(len(handlings) * how.false_share)):
        tick = people[int(rng.integers(len(people)))]
        item = plan.items[int(rng.integers(len(plan.items)))]
        if rng.random() < 0.5 and len(tick.person):
            there = tick.xy_m[int(rng.integers(len(tick.person)))]
            item = min(
                plan.items,
                key=lambda i: float(np.linalg.norm(plan.slot_xyz_m(i.fixture, i.slot)[:2] - there)),
            )
        end_ns = tick.time_ns + int(rng.uniform(1, 4) * 1e9)
        found.append((_motion(rng, item.epc, tick.time_ns, end_ns, how), 0))
    return sorted(found, key=lambda pair: (pair[0].end_ns, pair[0].epc))


def _motion(rng: Rng, epc: str, start_ns: int, end_ns: int, how: Disturbance) -> TagMotion:
    start_ns += int(rng.normal(0, how.edge_s) * 1e9)
    end_ns = max(end_ns + int(rng.normal(0, how.edge_s) * 1e9), start_ns + 500_000_000)
    return TagMotion(start_ns, end_ns=end_ns, epc=epc, kind="flip", score=1.0)


def choices(
    people: Sequence[People],
    motions: Sequence[tuple[TagMotion, int]],
    plan: StorePlan,
    *,
    reach_m: float = 2.0,
    pad_s: float = 0.3,
) -> list[Choice]:
    """Collect the candidates of every motion, as the matcher sees them."""
    history = PeopleHistory(keep_s=1e9)
    for tick in people:
        history.add(tick)
    pad_ns = int(pad_s * 1e9)
    found = []
    for motion, who in motions:
        place = planogram_place(plan, motion.epc)
        if place is None:
            continue
        paths = history.paths(motion.time_ns - pad_ns, motion.end_ns + pad_ns)
        near = [(p.person, f) for p in paths if (f := features(place, p))[1] <= reach_m]
        names = [person for person, _ in near]
        evidence = np.array([f for _, f in near]).reshape(-1, len(FEATURES))
        found.append(Choice(evidence, names.index(who) if who in names else -1))
    return found


def fit_weights(found: Sequence[Choice], *, ridge: float = 0.02) -> dict[str, float]:
    """Return the logit's maximum-likelihood weights by name, with a little ridge penalty."""

    def loss(weights: F64) -> tuple[float, F64]:
        total, gradient = ridge * float(weights @ weights), 2 * ridge * weights
        for choice in found:
            utility = np.append(choice.evidence @ weights, 0.0)
            share = np.exp(utility - utility.max())
            share /= share.sum()
            total -= float(np.log(max(share[choice.chosen], 1e-300)))
            gradient = gradient + share[:-1] @ choice.evidence
            if choice.chosen >= 0:
                gradient = gradient - choice.evidence[choice.chosen]
        return total, gradient

    best = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B")
    return {name: round(float(w), 2) for name, w in zip(FEATURES, best.x, strict=True)}
