"""Fitting the tag-to-person logit."""

from __future__ import annotations

import numpy as np

from retailsim.messages.truth import TruthInteraction, TruthPeople
from retailsim.resources import find
from retailsim.stack.interaction.place import FEATURES
from retailsim.stack.interaction.posterior import WEIGHTS
from retailsim.store.load import load_plan
from retailsim.train.matching import (
    Choice,
    Disturbance,
    choices,
    disturb_motions,
    disturb_people,
    fit_weights,
)

SECOND = 1_000_000_000
PLAN = load_plan(find("scenarios/stores/boutique.yaml"))


def test_the_fit_finds_the_weights_that_made_the_choices() -> None:
    rng = np.random.default_rng(1)
    true = np.array([1.0, -2.0, -1.0, -1.5, -0.8])
    made = []
    for _ in range(3000):
        evidence = np.column_stack([np.ones(4), rng.uniform(0, 2, (4, len(FEATURES) - 1))])
        utility = np.append(evidence @ true, 0.0)
        share = np.exp(utility) / np.exp(utility).sum()
        chosen = int(rng.choice(5, p=share))
        made.append(Choice(evidence, chosen if chosen < 4 else -1))
    fitted = fit_weights(made)
    np.testing.assert_allclose([fitted[name] for name in FEATURES], true, atol=0.35)
    assert set(fitted) == set(WEIGHTS)


def one_person_before_a_rail() -> list[TruthPeople | TruthInteraction]:
    item = PLAN.items[5]
    spot = PLAN.slot_xyz_m(item.fixture, item.slot)[:2] + [0.57, 0.0]
    people = [
        TruthPeople(
            tick * SECOND // 10,
            person_id=np.array([9, 4]),
            xy_m=np.array([spot, [11.0, 8.0]]),
            heading_rad=np.zeros(2),
            staff=np.zeros(2, bool),
        )
        for tick in range(200)
    ]
    flips = [
        TruthInteraction(
            s * SECOND, end_ns=(s + 2) * SECOND, person_id=9, epc=item.epc, kind="flip"
        )
        for s in range(2, 18, 4)
    ]
    return [*people, *flips]


def test_undisturbed_truth_gives_the_true_choices() -> None:
    truth, none = one_person_before_a_rail(), Disturbance(0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    people = disturb_people(truth, np.random.default_rng(0), none)
    motions = disturb_motions(truth, people, PLAN, np.random.default_rng(0), none)
    found = choices(people, motions, PLAN)
    assert [who for _, who in motions] == [9] * 4
    assert [(choice.chosen, len(choice.evidence)) for choice in found] == [(0, 1)] * 4
    np.testing.assert_allclose(found[0].evidence[0], [1, 0.57, 0.57**2, 0, 0], atol=1e-6)


def test_a_disturbance_is_the_same_twice_and_as_large_as_said() -> None:
    truth, how = one_person_before_a_rail(), Disturbance(lost_share=0.0)
    once = disturb_people(truth, np.random.default_rng(3), how)
    again = disturb_people(truth, np.random.default_rng(3), how)
    error = np.array([p.xy_m - t.xy_m for p, t in zip(once, truth[:200], strict=True)])
    np.testing.assert_array_equal([p.xy_m for p in once], [p.xy_m for p in again])
    assert 0.05 < error.std() < 0.35
