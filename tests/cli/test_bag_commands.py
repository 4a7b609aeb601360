"""`retail inspect`, `import`, `cut` and `repair`: parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli.cut import cut_command
from cli.import_ import import_command
from cli.inspect import inspect_command
from cli.repair import repair_command
from retailsim.errors import BagError
from retailsim.session import BagReader
from retailsim.session.container import DATA_FILE
from tests.session.sessions import write_session

app = typer.Typer()
app.command("inspect")(inspect_command)
app.command("import")(import_command)
app.command("cut")(cut_command)
app.command("repair")(repair_command)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("cli") / "corner.bag", 25)


@pytest.fixture
def half(bag: Path, tmp_path: Path) -> Path:
    """The same bag, cut by a power loss."""
    folder = tmp_path / "half.bag"
    folder.mkdir()
    for file in bag.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    data = (bag / DATA_FILE).read_bytes()
    (folder / DATA_FILE).write_bytes(data[: len(data) // 4])
    return folder


def test_inspect_lists_cameras_topics_and_counts(bag: Path) -> None:
    result = _run("inspect", bag)
    assert result.exit_code == 0
    for text in ("corner-shop", "96 x 64", "/truth/camera/left/boxes", "retailsim.TagReads"):
        assert text in result.stdout
    assert "damaged" not in result.stdout


def test_inspect_speaks_json(bag: Path) -> None:
    facts = json.loads(_run("inspect", bag, "--json").stdout)
    assert facts["plan"] == "corner-shop"
    assert facts["damage"] is None
    assert [camera["frames"] for camera in facts["cameras"]] == [25, 25]
    counts = {topic["name"]: topic["count"] for topic in facts["topics"]}
    assert counts["/rfid/reader-1/reads"] == 25


def test_inspect_says_what_is_lost_and_repair_makes_it_whole(half: Path) -> None:
    assert "damaged: " in _run("inspect", half).stdout
    damage = json.loads(_run("inspect", half, "--json").stdout)["damage"]
    assert damage["lost_messages"] > 0
    assert "whole again; damaged" in _run("repair", half).output
    assert json.loads(_run("inspect", half, "--json").stdout)["damage"] is None
    assert "nothing to repair" in _run("repair", half).output


def test_cut_writes_a_bag(bag: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut.bag"
    line = ("cut", bag, "-o", out, "--start", "0.5", "--duration", "1", "--camera", "left")
    result = _run(*line)
    assert result.exit_code == 0, result.output
    assert [c.frames for c in BagReader(out).summary().cameras] == [10]
    again = _run(*line)
    assert isinstance(again.exception, BagError)
    assert "already exists" in str(again.exception)
    assert _run(*line, "--force").exit_code == 0


def test_import_complains_about_what_it_cannot_split(tmp_path: Path) -> None:
    for arguments, complaint in (
        (["--video", "film.mp4"], "expected CAMERA=FILE"),
        (["--video", "a=x.mp4", "--video", "a=y.mp4"], "given twice"),
        (["--video", "a=x.mp4"], "no such video file"),
        ([], "nothing to import"),
    ):
        result = _run("import", *arguments, "-o", tmp_path / "a.bag")
        assert isinstance(result.exception, BagError)
        assert complaint in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_import_makes_a_bag_of_a_street(tmp_path: Path, real: Path) -> None:
    folder = real / "pedestrians"
    result = _run(
        "import",
        "--video",
        f"cam0={folder / 'tud-stadtmitte.mp4'}",
        "--mot-truth",
        f"cam0={folder / 'tud-stadtmitte.gt.txt'}",
        "-o",
        tmp_path / "street.bag",
    )
    assert result.exit_code == 0, result.output
    assert "179 frames of 1 cameras" in result.output


@pytest.mark.real
def test_inspect_lists_recordings_of_others(real: Path) -> None:
    for name in ("example.bag", "ros2_cdr.mcap", "ros2_split_bag"):
        result = _run("inspect", real / "bags" / name)
        assert result.exit_code == 0
        assert "no store plan" in result.stdout


@pytest.mark.parametrize("command", ["inspect", "import", "cut", "repair"])
def test_help_has_an_example(command: str) -> None:
    assert f"retail {command} " in _run(command, "--help").stdout
