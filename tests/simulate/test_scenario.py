"""Scenarios: what may be written, and how errors name their place."""

from pathlib import Path

import pytest

from retailsim.errors import ScenarioError
from retailsim.simulate.scenario import (
    Scenario,
    dump_scenario,
    json_schema,
    load_scenario,
    load_store,
    parse_scenario,
)

TEXT = """name: test
purpose: a test
store: stores/boutique.yaml
start_time: 2026-03-14T14:30:00Z
duration_s: 60
arrivals:
  visitors:
    - {at_s: 0, per_hour: 10}
    - {at_s: 60, per_hour: 20}
"""


def test_the_shipped_boutique_keeps_the_issue_s_promises_in_writing() -> None:
    scenario = load_scenario("scenarios/boutique.yaml")
    promises = scenario.promises
    assert scenario.duration_s == 900
    assert scenario.warm_start.people > 0
    assert promises.people_inside is not None
    assert promises.people_inside >= 8
    assert (promises.crossings, promises.covered_flips) == (20, 15)
    assert (promises.try_ons, promises.sales) == (2, 2)
    assert scenario.dress_alike.share > 0


def test_the_store_is_found_beside_the_scenario_wherever_one_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = load_scenario("scenarios/boutique.yaml")
    assert load_store(scenario, "scenarios/boutique.yaml").name == "boutique"


def test_a_missing_store_is_named() -> None:
    scenario = parse_scenario(TEXT.replace("boutique", "nowhere"), origin="x.yaml")
    with pytest.raises(ScenarioError, match=r"store: there is no plan at stores/nowhere\.yaml"):
        load_store(scenario, "scenarios/x.yaml")


def test_a_store_that_cannot_be_is_refused_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "stores").mkdir()
    plan = Path("scenarios/stores/boutique.yaml").read_text()
    moved = plan.replace("center_m: [7.2, 3.2]", "center_m: [5.2, 3.2]")
    (tmp_path / "stores" / "boutique.yaml").write_text(moved)
    (tmp_path / "x.yaml").write_text(TEXT)
    line = moved[: moved.index("id: table-2")].count("\n") + 1
    where = (
        rf"boutique\.yaml:{line}: table 'table-2' at \(5\.20, 3\.20\) m overlaps table 'table-1'"
    )
    with pytest.raises(ScenarioError, match=where):
        load_store(parse_scenario(TEXT, origin="x.yaml"), tmp_path / "x.yaml")


def test_more_people_at_the_start_than_a_floor_can_hold_are_refused_with_file_and_line(
    tmp_path: Path,
) -> None:
    small = Path("scenarios/stores/dense-rails.yaml").resolve()
    text = TEXT.replace("stores/boutique.yaml", str(small)) + "warm_start: {people: 199}\n"
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ScenarioError, match=r"x\.yaml:10: warm_start\.people: 199 do not fit"):
        load_store(load_scenario(tmp_path / "x.yaml"), tmp_path / "x.yaml")


def test_writing_and_reading_back_changes_nothing() -> None:
    scenario = load_scenario("scenarios/boutique.yaml")
    assert parse_scenario(dump_scenario(scenario), origin="dumped") == scenario


def test_a_purpose_is_written_as_the_truth_calls_it() -> None:
    text = TEXT + "personas:\n  - {id: bringer, purposes: {browse: 0, return: 1}}\n"
    scenario = parse_scenario(text, origin="x.yaml")
    assert scenario.personas[0].purposes.return_ == 1
    assert "return: 1.0" in dump_scenario(scenario)
    assert parse_scenario(dump_scenario(scenario), origin="dumped") == scenario


def test_the_start_is_exact_nanoseconds() -> None:
    text = TEXT.replace("14:30:00Z", "14:30:00.000007Z")
    assert parse_scenario(text, origin="x").start_ns == 1_773_498_600_000_007_000


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("duration_s: 60", "duration_s: -60", 5, "duration_s"),
        ("purpose", "porpoise", 2, "porpoise"),
        ("2026-03-14T14:30:00Z", "2026-03-14T14:30:00", 4, "start_time"),
        ("per_hour: 20", "per_hour: -20", 9, "per_hour"),
        ("at_s: 60", "at_s: 0", 6, "at_s of rate points must rise"),
        *(
            (
                "duration_s: 60\n",
                f"duration_s: 60\n{block}:\n{rows}\n",
                line,
                f"{block}.*{words}",
            )
            for block, rows, line, words in (
                ("habits", "  quick_share: 0.1\n  flip_s: [4, 1]", 8, "flip_s: the least, 4"),
                ("habits", "  flip_s: [-1, 1]", 7, "flip_s"),
                ("personas", "  - id: p\n    age_years: [30, 20]", 8, "age_years: the least, 30"),
                ("personas", "  - id: p\n    height_m: [1.9, 1.5]", 8, "height_m: the least, 1.9"),
                (
                    "promises",
                    "  people_at_once: 9\n  people_at_once_at_most: 4",
                    6,
                    "people_at_once promises more",
                ),
                ("faults", "  cameras: [{camera: a}, {camera: a}]", 6, "flaws given twice: a"),
            )
        ),
    ],
)
def test_errors_name_file_line_and_field(old: str, new: str, line: int, field: str) -> None:
    with pytest.raises(ScenarioError, match=rf"^day\.yaml:{line}: .*{field}"):
        parse_scenario(TEXT.replace(old, new, 1), origin="day.yaml")


def test_the_schema_tells_every_field() -> None:
    assert set(json_schema()["properties"]) == set(Scenario.model_fields)
