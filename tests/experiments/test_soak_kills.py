"""Killed processes leave nothing; what would be left is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retailsim.experiments import soak_kills
from retailsim.experiments.soak_kills import (
    MARK,
    Round,
    kill_rounds,
    replays,
    two_stretches,
)
from retailsim.session import BagReader

# Stands for a replay: a parent, two workers and a reader, and results that appear together.
TOY = """
import json, multiprocessing, os, shutil, sys, time
from pathlib import Path

def wait():
    LEAVE
    time.sleep(0.4)

def write(folder, name):
    (folder / "scorecard.json").write_text(json.dumps({"digest": name}))
    time.sleep(0.1)
    (folder / "tracks.parquet").write_text(name)

if __name__ == "__main__":
    name, results = sys.argv[1], Path(sys.argv[2])
    spawn = multiprocessing.get_context("spawn")
    children = [spawn.Process(target=wait, daemon=True) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        if child.exitcode:
            print("error: one is gone", file=sys.stderr)
            for other in children:
                other.kill()
            os._exit(2)
    HIDDEN
"""
DIES_WITH_ITS_PARENT = "import ctypes; ctypes.CDLL(None).prctl(1, 9)"
HIDES = """
    shutil.rmtree(results / ".partial", ignore_errors=True)
    (results / ".partial").mkdir()
    write(results / ".partial", name)
    for file in (results / ".partial").iterdir():
        os.replace(file, results / file.name)
    (results / ".partial").rmdir()
"""


def toy_rounds(
    folder: Path, *, leave: str = DIES_WITH_ITS_PARENT, hidden: str = HIDES, **options: Any
) -> list[Round]:
    toy = folder / "toy.py"
    toy.write_text(TOY.replace("LEAVE", leave).replace("HIDDEN", hidden))
    return kill_rounds(
        (Path("a"), Path("b")),
        folder,
        command=lambda bag, results: [sys.executable, str(toy), bag.name, str(results)],
        workers=2,
        **options,
    )


class Middle:
    """Draws the middle."""

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


def test_each_process_is_killed_in_its_turn_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak_kills, "stream", lambda *_: Middle())
    done = toy_rounds(tmp_path, rounds=4)
    assert [one.faults for one in done] == [()] * 5
    assert [one.victim for one in done] == ["parent", "worker 1", "worker 2", "decode", ""]
    assert [one.code for one in done] == [-9, 2, 2, 2, 0]


def test_children_that_outlive_their_parent_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak_kills, "LEFT_S", 0.1)
    monkeypatch.setattr(soak_kills, "stream", lambda *_: Middle())
    done = toy_rounds(tmp_path, leave="time.sleep(2)", rounds=1)
    assert "processes left" in "; ".join(done[0].faults)


DIES_BETWEEN_TWO_FILES = """
    (results / "scorecard.json").write_text(json.dumps({"digest": name}))
    with open(results.parent / "runs", "a+") as runs:
        runs.write("x")
        if runs.tell() == 3:
            os.kill(os.getpid(), 9)
    (results / "tracks.parquet").write_text(name)
"""


def test_results_of_two_replays_in_one_folder_are_seen(tmp_path: Path) -> None:
    done = toy_rounds(tmp_path, hidden=DIES_BETWEEN_TWO_FILES, rounds=0)
    assert "mixed, or not whole" in "; ".join(done[0].faults)


def test_what_is_called_is_the_command_itself() -> None:
    command = replays(workers=3, stack=Path("mine.yaml"))(Path("a.bag"), Path("out"))
    assert command[1:4] == ["-m", "cli", "replay"]
    assert command[4:] == ["a.bag", "-o", "out", "--workers", "3", "--json", "--stack", "mine.yaml"]


def test_two_stretches_follow_each_other(tmp_path: Path) -> None:
    first, second = two_stretches(Path("fixtures/boutique.bag"), tmp_path, seconds=1)
    ends = max(m.time_ns for m in BagReader(first).messages(frames=False))
    begins = min(m.time_ns for m in BagReader(second).messages(frames=False))
    assert 0 <= begins - ends < 10**9


def files(**changes: bytes) -> dict[str, bytes]:
    return {"scorecard.json": b'{"digest": "new"}', "tracks.parquet": b"new"} | changes


NEW = soak_kills._Whole(files(), "new")
OLD_FILES = files(**{"scorecard.json": b'{"digest": "old"}', "tracks.parquet": b"old"})
OLD = soak_kills._Whole(OLD_FILES, "old")


def played(victim: str, code: int) -> soak_kills._Played:
    return soak_kills._Played(victim, 1.0, code, "", 2.0, ())


@pytest.mark.parametrize(
    ("victim", "code", "after", "fault"),
    [
        ("decode", 2, OLD_FILES, None),
        ("parent", -9, OLD_FILES, None),
        ("parent", -9, OLD_FILES | {".partial/tracks.parquet": b"ne"}, None),
        ("parent", -9, files(), None),  # killed after its last word
        ("", 0, files(), None),
        ("", 0, OLD_FILES, "not those of a whole replay"),
        ("decode", 0, files(), None),  # killed when it had done its part
        ("decode", 0, OLD_FILES, "not those of a whole replay"),
        ("decode", 2, files(), "not as they were"),
        ("decode", 2, OLD_FILES | {".partial/tracks.parquet": b"ne"}, "half-written"),
        ("parent", -9, OLD_FILES | {"tracks.parquet": b"new"}, "mixed"),
        ("parent", -9, OLD_FILES | {"tracks.parquet": b"o"}, "not whole"),
        ("parent", -9, {}, "mixed, or not whole"),
    ],
)
def test_results_are_the_earlier_ones_or_all_of_the_new_ones(
    victim: str, code: int, after: dict[str, bytes], fault: str | None
) -> None:
    found = soak_kills._faults_of_files(played(victim, code), OLD_FILES, after, NEW, OLD)
    if fault is None:
        assert found == []
    else:
        assert fault in "; ".join(found)


def test_a_process_that_stays_is_found_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_kills, "LEFT_S", 0.2)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    environment = {**os.environ, MARK: "mine"}
    child = subprocess.Popen(sleep, env=environment)
    parent = subprocess.Popen([sys.executable, "-c", ""], env=environment)
    assert soak_kills._wait(parent, "mine", 60.0) == ["1 processes left"]
    assert child.wait(60) == -9


def test_a_replay_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (fault,) = soak_kills._wait(parent, "nobody", 0.2)
    assert "hangs" in fault
    assert parent.returncode == -9
