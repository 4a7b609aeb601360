"""The judge's verdicts, on made-up trials."""

from __future__ import annotations

import json

import pytest

from retailsim.evaluate.events import Events
from retailsim.evaluate.scorecard import FAMILIES, Scorecard
from retailsim.experiments.judge import (
    TARGETS,
    Judgement,
    Trial,
    as_json,
    judgement_table,
    lines,
)

GOOD = {
    "detection.ap50": 0.9,
    "tracking.hota": 0.7,
    "footfall.f1": 1.0,
    "heatmap.correlation": 0.95,
    "flip.f1": 0.8,
    "interaction.accuracy": 0.8,
    "tag_zone.accuracy": 0.99,
    "recommendation.hit@5": 0.6,
}
RIVALS = {
    "flip": {"rule": {"f1": 0.6}},
    "tag_zone": {"planogram": {"accuracy": 0.97}},
    "recommendation": {"random": {"hit@5": 0.4}, "popularity": {"hit@5": 0.5}},
}
PLENTY = Events(12.0, 30.0, 20.0, 4.0, 3.0)


def trial(seed=900001, rivals=RIVALS, events=PLENTY, **changes) -> Trial:
    accuracy = {family: dict.fromkeys(names) for family, names in FAMILIES.items()}
    for path, value in (GOOD | {k.replace("__", "."): v for k, v in changes.items()}).items():
        family, name = path.split(".")
        accuracy[family][name] = value
    counted = ("frames", "tag_reads", "people", "crossings", "flips", "interactions", "sales")
    card = Scorecard.model_validate(
        {
            "session": str(seed),
            "device": "cpu",
            "precision": "fp32",
            "digest": "0",
            "provenance": {"retailsim": "0", "stack": "0"},
            "counts": dict.fromkeys(counted, 1),
            "speed": {},
            "accuracy": accuracy,
        }
    )
    return Trial(seed, card, rivals, events)


def verdicts(*trials: Trial) -> dict[str, str]:
    return {line.figure: line.verdict for line in lines(trials)}


def missed(*trials: Trial) -> set[str]:
    return {figure for figure, verdict in verdicts(*trials).items() if verdict == "missed"}


def test_every_target_is_judged_and_can_be_met():
    found = verdicts(trial(), trial(900002))
    assert {f for f, v in found.items() if v == "met"} == set(TARGETS)


@pytest.mark.parametrize("figure", [f for f, t in TARGETS.items() if t.least is not None])
def test_one_seed_below_the_target_misses_it(figure):
    low = TARGETS[figure].least - 0.001
    change = {figure.replace(".", "__"): low}
    assert missed(trial(), trial(900002, **change), trial(900003)) == {figure}


def test_a_figure_that_cannot_be_computed_misses_its_target():
    assert missed(trial(), trial(900002, footfall__f1=None)) == {"footfall.f1"}


def test_flips_must_be_0_15_above_the_rule_on_average():
    close = RIVALS | {"flip": {"rule": {"f1": 0.66}}}
    assert missed(trial(rivals=close)) == {"flip.f1"}
    assert missed(trial(rivals=close), trial(900002, flip__f1=0.85, rivals=close)) == set()


def test_the_best_rival_must_be_beaten_not_equalled():
    equal = RIVALS | {"recommendation": {"random": {"hit@5": 0.4}, "popularity": {"hit@5": 0.6}}}
    assert missed(trial(rivals=equal)) == {"recommendation.hit@5"}


def test_without_its_rivals_a_comparison_shows_nothing():
    assert missed(trial(rivals={})) == {"flip.f1", "tag_zone.accuracy", "recommendation.hit@5"}


def test_too_few_events_fail_the_judgement_whatever_the_figures():
    trials = (trial(),)
    assert Judgement(trials, tuple(lines(trials)), ()).passed
    assert not Judgement(trials, tuple(lines(trials)), ("seed 900001 holds 0 sales",)).passed


def test_json_holds_every_seed_and_rival():
    trials = (trial(), trial(900002, flip__f1=0.9))
    data = json.loads(as_json(Judgement(trials, tuple(lines(trials)), ())))
    assert data["passed"] is True
    assert data["figures"]["flip.f1"]["values"] == [0.8, 0.9]
    assert data["figures"]["recommendation.hit@5"]["baselines"] == {
        "popularity": 0.5,
        "random": 0.4,
    }


def test_the_table_has_a_row_per_figure():
    trials = (trial(),)
    found = lines(trials)
    assert judgement_table(Judgement(trials, tuple(found), ())).row_count == len(found)
