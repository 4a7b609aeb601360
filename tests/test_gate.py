"""`retail check` on the shipped fixture: green as it is, red when the stack or the plan is hurt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from retailsim.engine.config import load_stack
from retailsim.session import BagReader
from retailsim.stack.detect.network import DetectorConfig
from retailsim.stack.runtime import load_model_dir
from retailsim.store.plan import StorePlan
from tests.bags import rewrite

FIXTURE = Path("fixtures/boutique.bag").resolve()
EXPECTED = FIXTURE.with_name("boutique.expected.json")


def check(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command; returns its outcome."""
    command = [sys.executable, "-m", "cli", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd)


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


def test_the_tree_is_green() -> None:
    outcome = check(FIXTURE)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "passed" in outcome.stdout


def test_a_raised_threshold_is_red_and_names_detection(tmp_path: Path) -> None:
    stage = load_stack().stages["detect"]
    assert stage is not None
    threshold = stage.parameters.get("threshold")
    if threshold is None:
        config, _ = load_model_dir(str(stage.parameters["model"]))
        threshold = DetectorConfig.model_validate(config).threshold
    mine = tmp_path / "mine.yaml"
    stages = {"detect": {"with": {"threshold": threshold + 0.2}}}
    mine.write_text(yaml.safe_dump({"base": "default", "stages": stages}))
    outcome = check(FIXTURE, "--stack", mine)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "accuracy.detection.ap50" in outcome.stdout.split("failed")[-1]


def test_swapped_antennas_are_red_and_name_a_figure_of_tags(tmp_path: Path) -> None:
    plan = swap_antennas(BagReader(FIXTURE).plan)
    hurt = rewrite(FIXTURE, tmp_path / "boutique.bag", plan=plan)
    shutil.copy(EXPECTED, tmp_path)
    outcome = check(hurt)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    failed = outcome.stdout.split("failed")[-1]
    assert "accuracy.tag_zone.accuracy" in failed or "accuracy.interaction" in failed


def test_a_light_stage_that_sleeps_is_red_in_its_own_time(tmp_path: Path) -> None:
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
    outcome = check(FIXTURE, "--stack", mine, cwd=tmp_path)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "speed.stages.track.ms_per_item" in outcome.stdout.split("failed")[-1]
    assert "accuracy." not in outcome.stdout.split("failed")[-1]


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
