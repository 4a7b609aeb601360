"""Shipped scenarios are found by name, and listed whatever is wrong with one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from retailsim import resources
from retailsim.errors import ScenarioError
from retailsim.simulate.library import (
    expected_visitors,
    find_scenario,
    listed,
    mean_party,
    shipped,
)
from retailsim.simulate.personas import Company, Persona
from retailsim.simulate.scenario import Arrivals, RatePoint, Scenario, load_scenario


def test_every_shipped_scenario_is_listed_with_what_it_is_for() -> None:
    found = {one.name: one for one in shipped()}
    assert set(found) == {path.stem for path in Path("scenarios").glob("*.yaml")}
    boutique = found["boutique"]
    day = load_scenario("scenarios/boutique.yaml")
    assert boutique.error is None
    assert (boutique.purpose, boutique.duration_s) == (day.purpose, day.duration_s)
    assert boutique.store == "boutique"


def test_a_scenario_that_cannot_be_read_is_listed_with_its_error(tmp_path: Path) -> None:
    text = Path("scenarios/boutique.yaml").read_text()
    (tmp_path / "wrong.yaml").write_text(text.replace("purpose:", "porpose:"))
    (tmp_path / "homeless.yaml").write_text(text.replace("stores/boutique", "stores/nowhere"))
    wrong, homeless = listed(tmp_path / "wrong.yaml"), listed(tmp_path / "homeless.yaml")
    assert wrong.error is not None
    assert "porpose" in wrong.error
    assert homeless.error is not None
    assert "nowhere" in homeless.error


def test_a_bare_name_finds_the_shipped_scenario_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boutique").mkdir()
    assert load_scenario(find_scenario("boutique")).name == "boutique"
    assert find_scenario("scenarios/boutique.yaml").exists()


def test_an_installed_package_lists_what_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "retailsim" / "_data"
    shutil.copytree("scenarios", data / "scenarios")
    (data / "scenarios" / "broken.yaml").write_text("name: [")
    monkeypatch.setattr(resources, "_ROOTS", (tmp_path, data))
    monkeypatch.chdir(tmp_path)
    found = {one.name: one for one in shipped()}
    assert found["boutique"].error is None
    assert found["broken"].error is not None
    assert find_scenario("boutique") == data / "scenarios" / "boutique.yaml"


def test_a_file_of_ones_own_comes_before_a_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(find_scenario("boutique"), tmp_path / "mine.yaml")
    assert find_scenario("mine.yaml") == Path("mine.yaml")


@pytest.mark.parametrize("name", ["boutiqe", "scenarios/boutiqe.yaml", "boutqiue.yaml"])
def test_a_misspelt_name_is_answered_with_a_near_one(name: str) -> None:
    with pytest.raises(ScenarioError, match="did you mean boutique") as caught:
        find_scenario(name)
    assert name in str(caught.value)


def test_a_name_like_no_other_is_answered_with_where_to_look() -> None:
    with pytest.raises(ScenarioError, match="retail simulate --list"):
        find_scenario("zzz")


def test_expected_visitors_are_the_area_under_the_rate(small_scenario: Scenario) -> None:
    points = [RatePoint(at_s=-100, per_hour=0), RatePoint(at_s=100, per_hour=720)]
    day = small_scenario.model_copy(
        update={"arrivals": Arrivals(visitors=points), "duration_s": 200.0}
    )
    # From 0.1 a second at the start to 0.2 after 100 s, level from there.
    assert expected_visitors(day) == pytest.approx(0.15 * 100 + 0.2 * 100)


def test_company_is_expected_too(small_scenario: Scenario) -> None:
    couples = Persona(id="couples", share=3, company=Company(alone=0, couple=1))
    alone = Persona(id="loners", share=1)
    day = small_scenario.model_copy(update={"personas": [couples, alone]})
    ordinary = small_scenario.model_copy(update={"personas": [alone]})
    assert expected_visitors(day) == pytest.approx(1.75 * expected_visitors(ordinary))
    assert mean_party(Company(alone=0, family=1)) == pytest.approx(2.8)
