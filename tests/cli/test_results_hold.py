"""Earlier results outlast whatever befalls a replay that writes over them; one line says what."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from retailsim.engine.shm import memory
from retailsim.session.cutting import cut_session
from tests.cli.commands import retail
from tests.hardship import contents, fill, no_file_above, read_only, small_disk

STACK = """
stages:
  detect: {uses: "retailsim.stack.detect.baseline:MotionDetector"}
  track: {uses: "retailsim.stack.track.greedy:GreedyIou", with: {least_score: %s}}
"""
FAILING = """
from retailsim.stack.track.greedy import GreedyIou


class Failing(GreedyIou):
    def finish(self):
        raise ValueError("at the very end")
"""
ALL_RESULTS = ("--results-bag", "--video", "results")


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hold") / "day.bag"
    cut_session(Path("fixtures/boutique.bag"), path, start_s=22, duration_s=1.5)
    return path


@pytest.fixture
def desk(bag: Path, tmp_path: Path) -> Path:
    """A folder with a bag, two stacks that find different things, and one that fails."""
    shutil.copytree(bag, tmp_path / "day.bag")
    for name, least_score in (("earlier", 0.2), ("later", 0.9)):
        (tmp_path / f"{name}.yaml").write_text(STACK % least_score)
    (tmp_path / "failing.py").write_text(FAILING)
    failing = STACK.replace("retailsim.stack.track.greedy:GreedyIou", "failing:Failing")
    (tmp_path / "failing.yaml").write_text(failing % 0.2)
    return tmp_path


def replay(desk: Path, stack: str, *options: str, output: str = "results") -> CompletedProcess[str]:
    return retail("replay", "day.bag", "--stack", f"{stack}.yaml", "-o", output, *options, cwd=desk)


def assert_one_line(outcome: CompletedProcess[str], *words: str) -> None:
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    (line,) = outcome.stderr.splitlines()
    for word in words:
        assert word in line
    assert outcome.stdout == ""


def test_results_appear_together_over_earlier_ones(desk: Path) -> None:
    assert replay(desk, "earlier", *ALL_RESULTS).returncode == 0
    before = contents(desk / "results")
    assert {"scorecard.json", "tracks.parquet", "door.mp4", "results.bag/metadata.yaml"} <= {
        *before
    }
    (desk / "results" / "live.json").write_text("of a live replay")
    assert replay(desk, "later", *ALL_RESULTS).returncode == 0
    after = contents(desk / "results")
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in ("scorecard.json", "tracks.parquet"))


def test_a_file_that_cannot_grow_leaves_earlier_results_as_they_were(desk: Path) -> None:
    replay(desk, "earlier", *ALL_RESULTS)
    before = contents(desk / "results")
    for size in (0, 1000, 3000, 20_000):
        with no_file_above(size):
            outcome = replay(desk, "later", *ALL_RESULTS)
        assert_one_line(outcome, "results", "cannot be written", "File too large")
        assert contents(desk / "results") == before


def test_a_full_disk_leaves_earlier_results_as_they_were(desk: Path) -> None:
    (desk / "disk").mkdir()
    with small_disk(desk / "disk", 4 << 20) as disk:
        assert replay(desk, "earlier", "--results-bag", output="disk/results").returncode == 0
        before = contents(disk / "results")
        for left in (0, 8 << 10, 24 << 10):
            fill(disk, but=left)
            outcome = replay(desk, "later", "--results-bag", output="disk/results")
            assert_one_line(outcome, "disk/results", "cannot be written", "No space left on device")
            assert contents(disk / "results") == before
        (disk / "filler").unlink()
        assert replay(desk, "later", "--results-bag", output="disk/results").returncode == 0
        assert contents(disk / "results").keys() == before.keys()


@pytest.mark.parametrize("workers", [(), ("--workers", "1")])
def test_a_replay_that_fails_leaves_earlier_results_as_they_were(
    workers: tuple[str, ...], desk: Path
) -> None:
    replay(desk, "earlier")
    before = contents(desk / "results")
    assert_one_line(replay(desk, "failing", *workers), "stage 'track'", "at the very end")
    assert contents(desk / "results") == before


KILLED_WHILE_WRITING = """
import os, signal, sys
from retailsim import api
from retailsim.report import tables

as_arrow = tables.as_arrow

def die_at_the_fifth(table, results, plan, count=[0]):
    count[0] += 1
    if count[0] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return as_arrow(table, results, plan)

tables.as_arrow = die_at_the_fifth
api.replay("day.bag", stack="later.yaml", output="results")
"""


def test_a_replay_killed_while_it_writes_leaves_earlier_results_as_they_were(desk: Path) -> None:
    replay(desk, "earlier")
    before = contents(desk / "results")
    path = os.pathsep.join((str(Path.cwd()), os.environ.get("PYTHONPATH", "")))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    left = contents(desk / "results")
    hidden = {name for name in left if name.startswith(".partial/")}
    assert hidden
    assert {name: left[name] for name in left.keys() - hidden} == before
    assert replay(desk, "later").returncode == 0
    assert contents(desk / "results").keys() == before.keys()


def test_a_bag_in_a_folder_for_reading_only_is_replayed_and_not_written_to(desk: Path) -> None:
    shelf = desk / "shelf"
    shelf.mkdir()
    (desk / "day.bag").rename(shelf / "day.bag")
    with read_only(shelf):
        before = contents(shelf)
        options = ("--stack", "earlier.yaml", "-o")
        outcome = retail("replay", "shelf/day.bag", *options, "results", cwd=desk)
        assert outcome.returncode == 0, outcome.stderr
        for words in (
            ("replay", "shelf/day.bag", *options, "shelf/results"),
            ("cut", "shelf/day.bag", "--start", "0", "--duration", "1", "-o", "shelf/cut.bag"),
        ):
            assert_one_line(retail(*words, cwd=desk), words[-1], "Permission denied")
        assert contents(shelf) == before


def test_a_folder_that_is_no_bag_is_not_replaced_by_one(desk: Path) -> None:
    replay(desk, "earlier")
    (desk / "results" / "results.bag").mkdir()
    (desk / "results" / "results.bag" / "diary.txt").write_text("mine")
    before = contents(desk / "results")
    assert_one_line(replay(desk, "later", "--results-bag"), "results.bag", "not a session bag")
    assert contents(desk / "results") == before


def test_a_folder_in_the_place_of_a_table_stays_and_is_named(desk: Path) -> None:
    replay(desk, "earlier")
    (desk / "results" / "visits.parquet").unlink()
    (desk / "results" / "visits.parquet").mkdir()
    (desk / "results" / "visits.parquet" / "diary.txt").write_text("mine")
    before = contents(desk / "results")
    assert_one_line(replay(desk, "later"), "visits.parquet: Is a directory")
    assert contents(desk / "results") == before


def test_too_little_shared_memory_is_one_line_with_both_figures(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay(desk, "earlier")
    before = contents(desk / "results")
    room = memory.Room(5 << 20, "the memory limit of control group /shop")
    monkeypatch.setattr(memory, "shared_memory_room", lambda: room)
    outcome = replay(desk, "later", "--workers", "2")
    assert_one_line(outcome, "a pipeline of 3 processes", "MiB", "/shop leaves 5.0 MiB")
    assert contents(desk / "results") == before


def test_a_limit_of_the_system_on_shared_memory_is_one_line_too(desk: Path) -> None:
    with no_file_above(1 << 20):
        outcome = replay(desk, "earlier", "--workers", "2")
    assert_one_line(outcome, "MiB of shared memory", "ulimit -f", "1.0 MiB")
    assert list((desk / "results").iterdir()) == []
