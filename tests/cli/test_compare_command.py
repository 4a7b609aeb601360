"""`retail compare` from the command line: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.errors import BagError, RetailError, ScenarioError, StageError
from retailsim.session.cutting import cut_session

STACK = """
stages:
  detect: {uses: "retailsim.stack.detect.baseline:MotionDetector"}
  track: {uses: "retailsim.stack.track.greedy:GreedyIou", with: {least_score: %s}}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    bag = folder / "monday.bag"
    cut_session(Path("fixtures/boutique.bag"), bag, start_s=10, duration_s=2, cameras=["door"])
    (folder / "a.yaml").write_text(STACK % 0.2)
    (folder / "b.yaml").write_text(STACK % 0.9)
    return folder


def run(desk: Path, *options: str) -> str:
    stacks = ["--stack", str(desk / "a.yaml"), "--stack", str(desk / "b.yaml")]
    outcome = CliRunner().invoke(app, ["compare", *stacks, str(desk / "monday.bag"), *options])
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def test_it_prints_figures_and_events_and_writes_a_report(desk: Path) -> None:
    shown = run(desk, "-o", str(desk / "out"))
    assert "a and b" in shown
    assert "one bag: no interval" in shown
    assert {f.name for f in (desk / "out").iterdir()} == {"comparison.json", "report.md", "runs"}
    again = json.loads(run(desk, "-o", str(desk / "out"), "--json"))
    assert again["against"]["b"]["figures"]["speed.fps"]["low"] is None
    kept = json.loads((desk / "out" / "comparison.json").read_text())
    assert again["scorecards"] == kept["scorecards"]


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        (["--stack", "default"], StageError, "at least two stacks"),
        (["--stack", "default", "--stack", "none.yaml"], ScenarioError, "none.yaml"),
        (["--stack", "default", "--stack", "default", "none.bag"], BagError, "none.bag"),
    ],
)
def test_it_refuses_in_one_line(
    options: list[str], kind: type[RetailError], words: str, desk: Path
) -> None:
    outcome = CliRunner().invoke(app, ["compare", str(desk / "monday.bag"), *options])
    assert isinstance(outcome.exception, kind)
    assert words in str(outcome.exception)
    assert "\n" not in str(outcome.exception)
