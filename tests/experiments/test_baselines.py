"""Weak methods stay below their ceilings, given what `retail replay --baselines` gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailsim import api
from retailsim.experiments.baselines import (
    CEILINGS,
    Hardness,
    Weakness,
    bench_baselines,
    weak_figures,
    weak_stack,
)
from retailsim.experiments.bench_tables import hardness_table
from retailsim.session.cutting import cut_session

LOW = {ceiling: ceiling.most - 0.01 for ceiling in CEILINGS}


def hardness(*days: dict[object, float | None]) -> Hardness:
    found = [Weakness(f"day{i}", c, (v,)) for i, day in enumerate(days) for c, v in day.items()]  # type: ignore[arg-type]
    return Hardness((1,), 10.0, tuple(found))


def test_methods_below_their_ceilings_pass() -> None:
    assert hardness(LOW).passed
    assert hardness({c: c.most for c in CEILINGS}).passed


@pytest.mark.parametrize("ceiling", CEILINGS, ids=lambda c: c.name)
def test_one_method_above_its_ceiling_on_one_day_fails(ceiling: object) -> None:
    assert not hardness(LOW, LOW | {ceiling: 0.99}).passed


def test_every_seed_must_stay_below() -> None:
    ceiling = CEILINGS[0]
    weak = Weakness("day", ceiling, (0.1, None, ceiling.most + 0.01))
    assert weak.verdict == "above"
    assert Weakness("day", ceiling, (0.1, None)).verdict == "below"


def test_a_method_that_was_measured_nowhere_shows_nothing() -> None:
    unmeasured = LOW | {CEILINGS[2]: None}
    assert not hardness(unmeasured).passed
    assert hardness(unmeasured, LOW).passed


def test_only_what_makes_tracklets_runs_beside_the_weak_methods() -> None:
    spec, shadows = weak_stack()
    assert set(spec.stages) == {"detect", "looks", "track", "reid", "tagmotion"}
    assert set(shadows.roles) == {"detect"}
    for role in ("reid", "tagmotion"):
        stage = spec.stages[role]
        assert stage is not None
        assert "baseline" in str(stage.uses)


def test_the_figures_are_those_of_a_replay_with_baselines(tmp_path: Path) -> None:
    bag = tmp_path / "cut.bag"
    cut_session(Path("fixtures/boutique.bag"), bag, start_s=10.0, duration_s=5.0)
    figures = weak_figures(bag, device="cpu")
    replayed = api.replay(bag, baselines=True, device="cpu")
    assert figures == {c.name: replayed.baselines[c.family][c.name][c.figure] for c in CEILINGS}
    assert figures["background subtraction"] is not None


@pytest.mark.gl
def test_days_are_simulated_and_judged(kiosk: Path, tmp_path: Path) -> None:
    told: list[str] = []
    found = bench_baselines([kiosk], seeds=(7,), seconds=4.0, cache=tmp_path, progress=told.append)
    assert [weak.ceiling for weak in found.found] == list(CEILINGS)
    assert any("seed 7" in line for line in told)
    by_name = {weak.ceiling.name: weak for weak in found.found}
    assert by_name["background subtraction"].highest is not None
    assert found.as_dict()["passed"] is found.passed
    assert hardness_table(found).row_count == len(CEILINGS)
