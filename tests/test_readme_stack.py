"""The README's examples of a user's own stack, taken from it as they stand and run."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.main import app
from retailsim.session.cutting import cut_session
from tests.conftest import REAL
from tests.onnx_files import bright_spots

FIXTURE = Path("fixtures/boutique.bag")
README = Path("README.md")


def own_stack() -> str:
    """The section's text."""
    return README.read_text(encoding="utf-8").split("## Your own stack")[1].split("\n## ")[0]


def block(first_line: str) -> str:
    """Return the indented block that begins with a line, without the indent."""
    lines = own_stack().split("\n")
    start = lines.index("    " + first_line)
    taken = []
    for line in lines[start:]:
        if line and not line.startswith("    "):
            break
        taken.append(line[4:])
    # Two blocks in a row are kept apart by their first lines, which name the file.
    later = [
        i for i, line in enumerate(taken[1:], 1) if re.match(r"# \S+\.(py|yaml)$|retail ", line)
    ]
    return "\n".join(taken[: later[0]] if later else taken).rstrip() + "\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: the README's files as they stand, and two very short bags."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("foreign.yaml", "my_tracker.py", "nearest.yaml"):
        (folder / name).write_text(block(f"# {name}"))
    for name, start_s in (("monday", 10.0), ("tuesday", 30.0)):
        bag = folder / f"{name}.bag"
        cut_session(FIXTURE, bag, start_s=start_s, duration_s=1, cameras=["front-left"])
    return folder


def retail(desk: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run a command in the user's folder; returns what it printed."""
    monkeypatch.chdir(desk)
    monkeypatch.setattr(sys, "path", list(sys.path))
    outcome = CliRunner().invoke(app, arguments)
    sys.modules.pop("my_tracker", None)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def fastestdet(desk: Path) -> None:
    """Put the detector there: the real one where it is, else one of the same inputs and outputs."""
    file, real = desk / "fastestdet.onnx", REAL / "models" / "fastestdet_coco.onnx"
    if real.is_file():
        file.symlink_to(real)
    else:
        size = (90.0, 180.0)
        bright_spots(file, "fastestdet", input_px=(352, 352), size_px=size, classes=80)


def test_a_foreign_detector_serves_by_yaml_alone(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastestdet(desk)
    options = ("--stack", "foreign.yaml", "--json", "-o", "results")
    card = json.loads(retail(desk, monkeypatch, "replay", "monday.bag", *options))
    assert card["speed"]["stages"]["detect"]["items"] == card["counts"]["frames"] > 0
    assert card["accuracy"]["detection"]["ap50"] is not None
    assert any(name.endswith("fastestdet.onnx") for name in card["provenance"]["models"])
    ran = yaml.safe_load((desk / "results" / "stack.yaml").read_text())
    assert ran["stages"]["detect"]["uses"] == "onnx-detector"


def test_a_tracker_of_ones_own_is_compared_with_the_default(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = re.search(r"^    retail (compare .*)$", own_stack(), re.MULTILINE)
    assert command is not None
    found = json.loads(retail(desk, monkeypatch, *shlex.split(command.group(1)), "--json"))
    assert (found["reference"], list(found["against"])) == ("default", ["nearest"])
    assert found["bags"] == ["monday", "tuesday"]
    figures = found["against"]["nearest"]["figures"]
    assert figures["detection.ap50"]["difference"] == 0  # the detector is the same
    assert figures["tracking.hota"]["bags"] == 2
    assert 0 < figures["tracking.hota"]["second"] <= 1
    assert (desk / "nearest-or-not" / "report.md").is_file()


def test_the_tracker_is_about_thirty_lines() -> None:
    code = [line for line in block("# my_tracker.py").splitlines() if line.strip()]
    assert len(code) <= 33
