"""`retail simulate`: what it lists, draws and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.session import BagReader

SHIPPED = {path.stem for path in Path("scenarios").glob("*.yaml")}


def test_the_list_names_every_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    outcome = CliRunner().invoke(app, ["simulate", "--list"])
    assert outcome.exit_code == 0
    assert "something for every metric" in outcome.stdout
    for name in SHIPPED:
        assert name in outcome.stdout


def test_the_list_is_json_on_demand() -> None:
    outcome = CliRunner().invoke(app, ["simulate", "--list", "--json"])
    found = {one["name"]: one for one in json.loads(outcome.stdout)}
    assert set(found) == SHIPPED
    assert found["boutique"]["duration_s"] == 900
    assert all(one["error"] is None and one["purpose"] for one in found.values())


def test_without_a_scenario_it_says_where_to_look() -> None:
    outcome = CliRunner().invoke(app, ["simulate"])
    assert outcome.exit_code == 2
    assert "--list" in outcome.output


def test_without_video_and_radio_only_decisions_are_recorded(tmp_path: Path) -> None:
    bag = tmp_path / "day.bag"
    options = ["--no-video", "--no-radio", "--duration", "2", "-o", str(bag)]
    outcome = CliRunner().invoke(app, ["simulate", "boutique", *options])
    assert outcome.exit_code == 0, outcome.output
    topics = {topic.name for topic in BagReader(bag).summary().topics}
    assert "/truth/people" in topics
    assert not [t for t in topics if t.startswith("/rfid") or t.endswith("/video")]


@pytest.mark.gl
def test_a_contact_sheet_alone_writes_no_bag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--contact-sheet", "sheet.png", "--moments", "1", "--duration", "1"]
    outcome = CliRunner().invoke(app, ["simulate", "boutique", *options])
    assert outcome.exit_code == 0, outcome.output
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
