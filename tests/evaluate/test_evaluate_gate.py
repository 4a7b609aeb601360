"""The scorecard's shape and the regression gate."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from retailsim.errors import BagError
from retailsim.evaluate.gate import Expected, Tolerance, compare, failures, flatten
from retailsim.evaluate.scorecard import FAMILIES, Scorecard
from retailsim.evaluate.tolerances import ACCURACY, COUNTS, expect

COUNTED = {
    "frames": 1200,
    "tag_reads": 9000,
    "people": 8,
    "crossings": 4,
    "flips": 3,
    "interactions": 3,
    "sales": 1,
}


def card(changes=None, *, value=0.8, stages=None, reference_ms=2.0, device="cpu: test, 2 cores"):
    """Return a scorecard with every figure at `value` but those changed, by path."""
    accuracy = {family: dict.fromkeys(names, value) for family, names in FAMILIES.items()}
    counts = dict(COUNTED)
    for path, new in (changes or {}).items():
        block, *rest = path.split(".")
        if block == "counts":
            counts[rest[0]] = new
        else:
            accuracy[rest[0]][rest[1]] = new
    times = {"track": 0.4, "detect": 20.0} | (stages or {})
    return Scorecard.model_validate(
        {
            "session": "boutique",
            "scenario": "boutique",
            "seed": 900010,
            "device": device,
            "precision": "fp32",
            "digest": "00",
            "provenance": {"retailsim": "0", "stack": "00"},
            "counts": counts,
            "speed": {
                "fps": 50.0,
                "reference_ms": reference_ms,
                "ratio": 10.0,
                "stages": {
                    name: {"ms_per_item": ms, "busy": 0.1, "items": 1200}
                    for name, ms in times.items()
                },
            },
            "accuracy": accuracy,
        }
    )


def failed(expected, actual):
    return {delta.path: delta.verdict for delta in failures(compare(expected, actual))}


def test_a_scorecard_survives_json_with_its_families_in_order():
    text = card({"accuracy.flip.f1": None}).to_json()
    data = json.loads(text)
    assert list(data["accuracy"]) == list(FAMILIES)
    assert data["accuracy"]["flip"]["f1"] is None
    assert Scorecard.from_json(text, origin="card") == card({"accuracy.flip.f1": None})
    assert "hit@5" in data["accuracy"]["recommendation"]


def test_whole_counts_stay_whole_in_json():
    data = json.loads(card({"accuracy.footfall.truth": 12}).to_json())
    assert data["accuracy"]["footfall"]["truth"] == 12
    assert isinstance(data["accuracy"]["footfall"]["truth"], int)


def test_a_figure_left_out_is_an_error_and_so_is_nan():
    data = json.loads(card().to_json())
    del data["accuracy"]["flip"]["f1"]
    with pytest.raises(BagError, match=r"card\.json: not a scorecard: .*accuracy\.flip must hold"):
        Scorecard.from_json(json.dumps(data), origin="card.json")
    with pytest.raises(ValidationError):
        card({"accuracy.flip.f1": float("nan")})


def test_the_schema_names_every_block():
    assert {"counts", "speed", "accuracy", "digest"} <= set(
        Scorecard.model_json_schema()["properties"]
    )


def test_every_figure_has_a_default_tolerance_but_the_shuffled_map():
    figures = {f"{family}.{name}" for family, names in FAMILIES.items() for name in names}
    assert figures - set(ACCURACY) == {"heatmap.shuffled"}
    assert set(COUNTS) == set(COUNTED)


def test_an_unchanged_replay_passes():
    assert failed(expect(card()), card()) == {}


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("accuracy.detection.ap50", 0.78),
        ("accuracy.tag_zone.accuracy", 0.7),
        ("accuracy.flip.f1", 0.77),
        ("accuracy.dwell.mae_s", 1.5),
        ("accuracy.flip.false_alarms_per_tag_hour", 1.2),
        ("accuracy.identity.unique_error", 1.0),
        ("accuracy.flow.l1", 1.0),
        ("counts.tag_reads", 8999),
        ("counts.frames", 1201),
        ("counts.people", 5),
    ],
)
def test_a_figure_that_got_worse_is_named(path, new):
    assert failed(expect(card()), card({path: new})) == {path: "regression"}


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("accuracy.detection.ap50", 0.791),
        ("accuracy.detection.ap50", 0.99),
        ("accuracy.dwell.mae_s", 0.1),
        ("accuracy.flow.l1", 0.0),
        ("accuracy.heatmap.shuffled", 0.0),
        ("counts.people", 7),
    ],
)
def test_a_figure_that_got_better_or_hardly_moved_passes(path, new):
    assert failed(expect(card()), card({path: new})) == {}


def test_a_number_that_is_now_null_is_a_regression_and_the_other_way_round_is_news():
    path = "accuracy.reid.rank1"
    assert failed(expect(card()), card({path: None})) == {path: "lost"}
    deltas = compare(expect(card({path: None})), card())
    assert {d.path: d.verdict for d in deltas}[path] == "new"
    assert not failures(deltas)


def test_a_light_stage_that_sleeps_3_ms_is_seen_in_its_own_time():
    slept = card(stages={"track": 3.4})
    assert failed(expect(card()), slept) == {"speed.stages.track.ms_per_item": "regression"}


def test_a_machine_half_as_fast_is_no_regression_but_a_stage_that_sleeps_there_is():
    slow = {"track": 0.8, "detect": 40.0}
    assert failed(expect(card()), card(stages=slow, reference_ms=4.0)) == {}
    sleepy = card(stages=slow | {"track": 3.8}, reference_ms=4.0)
    assert failed(expect(card()), sleepy) == {"speed.stages.track.ms_per_item": "regression"}


def test_noise_of_a_busy_machine_passes():
    assert failed(expect(card()), card(stages={"track": 0.9, "detect": 27.0})) == {}


def test_times_are_not_compared_between_cpu_and_cuda():
    deltas = compare(expect(card()), card(stages={"detect": 90.0}, device="cuda: test"))
    assert not failures(deltas)
    assert {d.verdict for d in deltas if d.path.startswith("speed.")} == {"not compared"}


def test_a_stage_that_is_gone_is_a_regression():
    expected = expect(card(stages={"reid": 3.0}))
    assert failed(expected, card()) == {"speed.stages.reid.ms_per_item": "lost"}


def test_a_fixture_in_which_too_little_happens_fails():
    expected = expect(card(), at_least={"counts.people": 9, "accuracy.footfall.truth": 0.5})
    assert failed(expected, card()) == {"counts.people": "vacuous"}
    absent = expect(card(), at_least={"accuracy.flip.f1": 0.1})
    assert failed(absent, card({"accuracy.flip.f1": None}))["accuracy.flip.f1"] in (
        "lost",
        "vacuous",
    )


def test_rewriting_keeps_tolerances_and_adds_new_figures():
    before = expect(card())
    loose = {"accuracy.detection.ap50": Tolerance(down=0.3)}
    edited = before.model_copy(
        update={"tolerances": before.tolerances | loose, "at_least": {"counts.people": 2.0}}
    )
    after = expect(card({"accuracy.detection.ap50": 0.6}, stages={"reid": 1.0}), edited)
    assert after.tolerances["accuracy.detection.ap50"].down == 0.3
    assert "speed.stages.reid.ms_per_item" in after.tolerances
    assert after.at_least == {"counts.people": 2.0}
    assert after.scorecard.accuracy["detection"]["ap50"] == 0.6


def test_the_expected_file_survives_json_and_names_what_is_wrong_in_it():
    expected = expect(card())
    text = expected.to_json()
    assert list(json.loads(text)) == ["schema", "scorecard", "tolerances", "at_least"]
    assert json.loads(text)["tolerances"]["accuracy.detection.ap50"] == {"down": 0.01}
    assert Expected.from_json(text, origin="x") == expected
    wrong = text.replace('"down": 0.01', '"dwon": 0.01')
    with pytest.raises(BagError, match=r"x\.json: not an expected scorecard: tolerances\..*dwon"):
        Expected.from_json(wrong, origin="x.json")
    with pytest.raises(BagError, match="schema"):
        Expected.from_json(text.replace('"schema": 1', '"schema": 2'), origin="x.json")


figures = st.sampled_from(sorted(path for path in flatten(card()) if path.startswith("accuracy.")))


@given(figures, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_worse_figure_never_passes_where_a_better_one_fails(path, old, a, b):
    tolerance = ACCURACY.get(path.removeprefix("accuracy."), Tolerance())
    if tolerance.down is not None and tolerance.up is not None:
        return
    worse, better = (max(a, b), min(a, b)) if tolerance.up is not None else (min(a, b), max(a, b))
    expected = expect(card({path: old}))
    assert len(failed(expected, card({path: better}))) <= len(failed(expected, card({path: worse})))
