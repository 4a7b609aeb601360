"""`retail check` on the shipped fixture: green as it is, red when the stack or the plan is hurt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from retailsim.engine.config import load_stack
from retailsim.session import BagReader
from retailsim.session.cutting import cut_session
from retailsim.stack.detect.network import DetectorConfig
from retailsim.stack.runtime import load_model_dir
from retailsim.store.plan import StorePlan
from tests.bags import rewrite
from tests.cli.commands import retail

FIXTURE = Path("fixtures/boutique.bag").resolve()
EXPECTED = FIXTURE.with_name("boutique.expected.json")
OF_TAGS = ("reads", "tagmotion", "tagzone")


def check(*arguments: str | Path, cwd: Path = Path()) -> CompletedProcess[str]:
    """Run the command; returns its outcome."""
    return retail("check", *arguments, cwd=cwd.resolve())


@pytest.fixture(scope="module")
def stretch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little of the fixture and what the shipped stack makes of it. CI checks all of it."""
    bag = tmp_path_factory.mktemp("gate") / "boutique.bag"
    cut_session(FIXTURE, bag, start_s=22.0, duration_s=4.0)
    write_down(bag)
    return bag


def write_down(bag: Path, *options: str | Path) -> None:
    """Write what is expected of a bag, but for times: other programs may want the cores too."""
    outcome = check(bag, "--update", *options)
    assert outcome.returncode == 0, outcome.stderr
    file = bag.with_name(f"{bag.stem}.expected.json")
    expected = json.loads(file.read_text())
    tolerances = expected["tolerances"]
    expected["tolerances"] = {p: t for p, t in tolerances.items() if not p.startswith("speed.")}
    file.write_text(json.dumps(expected))


def swap_antennas(plan: StorePlan) -> StorePlan:
    """Exchange the cables of a reader's first two antennas."""
    first, *others = plan.readers
    a, b, *rest = first.antennas
    crossed = [
        a.model_copy(update={"port": b.port}),
        b.model_copy(update={"port": a.port}),
        *rest,
    ]
    reader = first.model_copy(update={"antennas": crossed})
    return plan.model_copy(update={"readers": [reader, *others]})


def test_the_fixture_is_there_with_its_expectation() -> None:
    expected = json.loads(EXPECTED.read_text())
    assert expected["scorecard"]["session"] == FIXTURE.stem
    assert expected["at_least"]


def test_what_was_just_written_down_is_green(stretch: Path) -> None:
    outcome = check(stretch)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "passed" in outcome.stdout


def test_a_raised_threshold_is_red_and_names_detection(stretch: Path, tmp_path: Path) -> None:
    stage = load_stack().stages["detect"]
    assert stage is not None
    threshold = stage.parameters.get("threshold")
    if threshold is None:
        config, _ = load_model_dir(str(stage.parameters["model"]))
        threshold = DetectorConfig.model_validate(config).threshold
    mine = tmp_path / "mine.yaml"
    stages = {"detect": {"with": {"threshold": threshold + 0.2}}}
    mine.write_text(yaml.safe_dump({"base": "default", "stages": stages}))
    outcome = check(stretch, "--stack", mine)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "accuracy.detection.ap50" in outcome.stdout.split("failed")[-1]


def test_swapped_antennas_are_red_and_name_a_figure_of_tags(tmp_path: Path) -> None:
    """The whole fixture, its tags alone: who is handed what shows in figures of a minute."""
    tags = {role: None for role in load_stack().stages if role not in OF_TAGS}
    mine = tmp_path / "tags.yaml"
    mine.write_text(yaml.safe_dump({"base": "default", "stages": tags}))
    whole = Path(shutil.copytree(FIXTURE, tmp_path / "boutique.bag"))
    write_down(whole, "--stack", mine)
    assert check(whole, "--stack", mine).returncode == 0
    plan = swap_antennas(BagReader(whole).plan)
    shutil.rmtree(whole)
    rewrite(FIXTURE, whole, plan=plan)
    outcome = check(whole, "--stack", mine)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "accuracy.tag_zone.accuracy" in outcome.stdout.split("failed")[-1]


def test_a_light_stage_that_sleeps_is_red_in_its_own_time(stretch: Path, tmp_path: Path) -> None:
    (tmp_path / "sleepy.py").write_text(
        "import time\n"
        "from retailsim.stack.track.bytetrack import ByteTrack\n"
        "class Sleepy(ByteTrack):\n"
        "    def process(self, message):\n"
        "        time.sleep(0.003)\n"
        "        return super().process(message)\n"
    )
    mine = tmp_path / "mine.yaml"
    stages = {"track": {"uses": "sleepy:Sleepy"}}
    mine.write_text(yaml.safe_dump({"base": "default", "stages": stages}))
    bag = Path(shutil.copytree(stretch, tmp_path / "boutique.bag"))
    # Times as they are expected of the whole fixture; a stretch is too short for the rest.
    expected = json.loads(EXPECTED.read_text())
    path = "speed.stages.track.ms_per_item"
    expected |= {"tolerances": {path: expected["tolerances"][path]}, "at_least": {}}
    (tmp_path / "boutique.expected.json").write_text(json.dumps(expected))
    outcome = check(bag, "--stack", mine, cwd=tmp_path)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert path in outcome.stdout.split("failed")[-1]


def test_a_missing_expectation_says_how_to_write_it(tmp_path: Path) -> None:
    (tmp_path / "empty.bag").mkdir()
    outcome = check(tmp_path / "empty.bag")
    assert outcome.returncode == 2
    assert "--update" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("what", ["nowhere", "."])
def test_a_folder_without_fixtures_is_bad_input(what: str, tmp_path: Path) -> None:
    outcome = check(tmp_path / what)
    assert outcome.returncode == 2
    assert "no fixtures" in outcome.stderr
