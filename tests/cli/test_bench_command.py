"""`retail bench`: every command says how it is used, and refuses what makes no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

COMMANDS = ("simulate", "replay", "baselines", "days")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command: str) -> None:
    outcome = CliRunner().invoke(app, ["bench", command, "--help"])
    assert outcome.exit_code == 0
    assert "Examples" in outcome.output
    assert f"retail bench {command}" in outcome.output


def test_speed_is_json_on_demand() -> None:
    options = ["--seconds", "1", "--rounds", "1", "--no-video", "--no-radio", "--json"]
    outcome = CliRunner().invoke(app, ["bench", "simulate", "boutique", *options])
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert found["video"] is False
    assert found["renderer"] is None
    assert found["scenarios"][0]["realtime_factor"]["median"] > 0


def test_seeds_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    options = ["--seeds", "one", "--cache", str(tmp_path)]
    outcome = CliRunner().invoke(app, ["bench", "baselines", "boutique", *options])
    assert outcome.exit_code == 2
    assert "one" in outcome.output
    assert list(tmp_path.iterdir()) == []
