"""Every command says how it is used; `retail bench` refuses what makes no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.main import app
from retailsim.errors import RetailError


def every_command(group: Any = None, name: str = "retail") -> Iterator[tuple[str, str]]:
    """Yield every command's whole name and its help text."""
    group = group or typer.main.get_command(app)
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command.help or ""


@pytest.mark.parametrize(("name", "text"), list(every_command()))
def test_every_command_shows_examples_of_itself(name: str, text: str) -> None:
    assert name in text.split("Examples:")[1]


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


def test_reads_by_number_of_tags_are_json_on_demand_and_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "rates.png"
    options = ["--tags", "1,40", "--seconds", "2", "--plot", str(picture), "--json"]
    outcome = CliRunner().invoke(app, ["bench", "inventory", "m2", *options])
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert [reading["tags"] for reading in found["readings"]] == [1, 40]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_is_no_picture_is_refused_before_any_work(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["bench", "inventory", "--plot", str(tmp_path / "rates.txt")])
    assert isinstance(outcome.exception, RetailError)
    assert "rates.txt" in str(outcome.exception)


def test_hand_overs_are_json_on_demand() -> None:
    options = ["96x64", "--rounds", "1", "--frames", "2", "--json"]
    outcome = CliRunner().invoke(app, ["bench", "transport", *options])
    assert outcome.exit_code == 0, outcome.output
    (size,) = json.loads(outcome.stdout)["sizes"]
    assert size["frame_bytes"] == 96 * 64 * 3
    copy_us = size["copy_us"]["median"]
    assert size["copy_gb_per_s"] == pytest.approx(size["frame_bytes"] / copy_us / 1e3)
    ways = {way["way"]: way for way in size["ways"]}
    assert list(ways) == ["pickle", "send_bytes", "queue", "ring", "ring, in place"]
    for way in ways.values():
        assert way["first_read"]["median"] > way["first"]["median"] > 0
        assert way["further_busy"]["median"] > 0
    assert [gain["over"] for gain in size["gains"]] == ["pickle", "send_bytes", "queue"]


@pytest.mark.parametrize("size", ["640", "640x", "0x360", "99999x2", "axb"])
def test_sizes_of_frames_that_make_no_sense_are_refused(size: str) -> None:
    outcome = CliRunner().invoke(app, ["bench", "transport", size])
    assert outcome.exit_code == 2
    assert size in outcome.output
