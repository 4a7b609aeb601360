"""Whatever a stage does wrong is said in one line that names it, and the command exits with 2."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from retailsim.session import BagWriter
from retailsim.store.plan import StorePlan
from tests.engine import faulty
from tests.engine.toys import reads

S = 10**9
BEGIN = 1_700_000_000 * S


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of one reader."""
    path = tmp_path_factory.mktemp("bags") / "tags.bag"
    with BagWriter(path, StorePlan(name="toy")) as writer:
        for i in range(6):
            writer.write(reads(BEGIN + i * S // 10, "0" * 24))
    return path


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Path]:
    """A folder with the faulty stages in it, as a user's would be."""
    path, modules = list(sys.path), set(sys.modules)
    shutil.copy(faulty.__file__, tmp_path / "faulty_stages.py")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name == "faulty_stages":
            del sys.modules[name]


def stack_file(folder: Path, how: str, *, kind: str = "Faulty") -> Path:
    file = folder / "mine.yaml"
    file.write_text(f'stages: {{mine: {{uses: "faulty_stages:{kind}", with: {{how: {how}}}}}}}\n')
    return file


@dataclass
class Outcome:
    code: object
    lines: list[str]
    files: list[str]


def replay(bag: Path, stack: Path, capsys: pytest.CaptureFixture[str], *more: str) -> Outcome:
    """Run `retail replay` in this process."""
    folder = stack.parent / "results"
    arguments = ["retail", "replay", str(bag), "--stack", str(stack), "-o", str(folder), *more]
    before, sys.argv = sys.argv, arguments
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    said = capsys.readouterr()
    return Outcome(
        ended.value.code or 0,
        said.err.splitlines(),
        sorted(file.name for file in folder.glob("*")),
    )


FAULTS = {
    "raises": "stage 'mine' (Faulty) failed: IndexError: no such row",
    "refuses": "stage 'mine' is tired: and hungry",
    "exits": "stage 'mine' (Faulty) failed: SystemExit: 0",
    "nothing": "stage 'mine' (Faulty): process() returned None, not a list of messages",
    "number": "stage 'mine' (Faulty): process() returned int, not a list of messages",
    "bare": "stage 'mine' (Faulty): process() returned TagMotion, not a list of messages",
    "text": "stage 'mine' said str, which it does not declare",
    "holes": "stage 'mine' said None, which it does not declare",
    "undeclared": "stage 'mine' said Crossing, which it does not declare",
    "shape": "stage 'mine' (Faulty) failed: ValueError: Detections.",
    "kind": "stage 'mine' said TagMotion with a score of None, not float",
    "word": "stage 'mine' said TagMotion with a kind of 'waved', not 'flip' or 'carried'",
    "huge": "stage 'mine' said TagMotion with a end_ns of 9223372036854775808, not int of 64 bits",
    "subclass": "stage 'mine' said Own, which it does not declare",
    "overwrites": "stage 'mine' (Faulty) failed: ValueError: assignment destination is read-only",
    "in advance": "stage 'mine' (Faulty): advance() returned int, not a list of messages",
    "in finish": "stage 'mine' (Faulty): finish() returned None, not a list of messages",
    "in warnings": "stage 'mine' (Faulty) failed: KeyError: 'warned'",
}


@pytest.mark.parametrize("how", FAULTS)
def test_a_faulty_stage_is_named_in_one_line(
    how: str, bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = replay(bag, stack_file(stack, how), capsys)
    assert outcome.code == 2
    (line,) = outcome.lines
    assert line.startswith(f"error: {FAULTS[how]}")
    assert outcome.files == []


@pytest.mark.parametrize(
    "how", ["raises", "exits", "nothing", "shape", "word", "subclass", "overwrites", "in warnings"]
)
def test_in_a_process_of_its_own_it_is_the_same_line(
    how: str, bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = replay(bag, stack_file(stack, how), capsys)
    piped = replay(bag, stack_file(stack, how), capsys, "--workers", "1")
    assert (piped.code, piped.lines, piped.files) == (2, serial.lines, [])


def test_a_stage_that_cannot_be_made_is_named_in_one_line(
    bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ((), ("--workers", "1")):
        outcome = replay(bag, stack_file(stack, "argument", kind="Picky"), capsys, *more)
        line = "error: stage 'mine' (faulty_stages:Picky): received an invalid argument"
        assert (outcome.code, outcome.lines) == (2, [line])


def test_a_stage_without_fault_leaves_results(
    bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = replay(bag, stack_file(stack, "well"), capsys)
    assert outcome.code == 0
    assert {"scorecard.json", "stack.yaml"} <= set(outcome.files)


def test_a_message_that_no_result_holds_is_refused_before_anything_runs(
    bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = replay(bag, stack_file(stack, "hangs", kind="Unknown"), capsys)
    assert outcome.code == 2
    assert "stage 'mine' says Own, a message that no result holds" in outcome.lines[0]


@pytest.mark.parametrize(
    ("how", "more", "doing"),
    [
        ("hangs", (), "at work for more than 1 s"),
        ("hangs", ("--live",), "at work for more than 1 s"),
        ("hangs", ("--workers", "1", "--stall", "5"), "at work for more than 5 s"),
        ("never made", (), "being made for more than 10 s"),
    ],
)
def test_a_stage_that_never_returns_is_named_and_ends_the_command(
    how: str, more: tuple[str, ...], doing: str, bag: Path, stack: Path
) -> None:
    command = [sys.executable, "-m", "cli", "replay", str(bag)]
    options = ["--stack", str(stack_file(stack, how)), "-o", str(stack / "results")]
    ended = subprocess.run(
        [*command, *options, "--stall", "1", *more],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "COLUMNS": "300"},
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: stage 'mine' (Faulty) did not return: {doing}")
    assert ended.stdout == ""
    assert list((stack / "results").iterdir()) == []


@pytest.mark.parametrize("command", ["check", "compare"])
def test_other_commands_that_replay_end_with_the_same_line(
    command: str, bag: Path, stack: Path
) -> None:
    mine = str(stack_file(stack, "hangs"))
    twice = {"check": ["--update"], "compare": ["--stack", mine]}[command]
    before = sorted(bag.parent.iterdir())
    ended = subprocess.run(
        [sys.executable, "-m", "cli", command, str(bag), "--stack", mine, "--stall", "1", *twice],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "COLUMNS": "300"},
    )
    assert ended.returncode == 2
    *_, line = ended.stderr.splitlines()
    assert line.startswith("error: stage 'mine' (Faulty) did not return: at work for more than 1 s")
    assert ended.stdout == ""
    assert sorted(bag.parent.iterdir()) == before


def test_on_a_terminal_the_line_stands_where_the_progress_was(bag: Path, stack: Path) -> None:
    mine = str(stack_file(stack, "hangs"))
    command = [sys.executable, "-m", "cli", "check", str(bag), "--update", "--stack", mine]
    near, far = os.openpty()
    with subprocess.Popen([*command, "--stall", "1"], stdout=far, stderr=far) as running:
        os.close(far)
        shown = b""
        with suppress(OSError):  # the last process that has the terminal is gone
            while chunk := os.read(near, 4096):
                shown += chunk
        os.close(near)
    assert running.returncode == 2
    *_, last = re.split(rb"\x1b\[2K", shown)
    assert re.sub(rb"\x1b\[[?0-9;]*[a-zA-Z]", b"", last).startswith(b"error: stage 'mine'")


def test_live_a_stage_that_never_returns_is_started_anew_as_often_as_allowed(
    bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stack_file(stack, "hangs")
    live = ("--live", "--workers", "1", "--stall", "5", "--restarts")
    refused = replay(bag, file, capsys, *live, "0")
    assert refused.code == 2
    (line,) = refused.lines
    assert line.startswith("error: stage 'mine' (Faulty) did not return: at work for more than 5 s")

    played = replay(bag, file, capsys, *live, "1")
    assert played.code == 0
    said = "".join(played.lines)
    assert "live: stage 'mine' (Faulty) did not return" in said
    assert "started anew (1 of 1), without memory of what it saw" in said
    record = json.loads((stack / "results" / "live.json").read_text())
    assert record["dropped"] == {"source": 0}
    assert 1 <= record["missed_ticks"]["mine"] <= 6
    assert f"ticks missed: mine {record['missed_ticks']['mine']}" in said
    assert len(record["restarts"]) >= 1

    lossless = replay(bag, stack_file(stack, "well"), capsys)
    assert "live.json" not in lossless.files


@pytest.mark.parametrize(
    ("how", "live"),
    [
        (signal.SIGKILL, ()),
        (signal.SIGINT, ()),
        (signal.SIGTERM, ()),
        (signal.SIGKILL, ("--live",)),
    ],
)
def test_whatever_ends_the_command_no_process_and_no_memory_is_left(
    how: signal.Signals, live: tuple[str, ...], bag: Path, stack: Path
) -> None:
    shm = named_memory()
    sign = stack / "hanging"
    command = [sys.executable, "-m", "cli", "replay", str(bag), "--workers", "1", *live]
    options = ["--stack", str(stack_file(stack, "hangs")), "-o", str(stack / "results")]
    parent = subprocess.Popen(
        [*command, *options],
        start_new_session=True,
        env={**os.environ, "FAULTY_SIGN": str(sign)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: sign.exists() or parent.poll() is not None)
    assert parent.poll() is None
    if how == signal.SIGINT:  # a terminal sends it to all of them
        os.killpg(parent.pid, how)
    else:
        parent.send_signal(how)
    code = parent.wait(60)
    assert code == (130 if how == signal.SIGINT else -how)
    wait_until(lambda: not group(parent.pid))
    assert list((stack / "results").iterdir()) == []
    assert named_memory() <= shm


def named_memory() -> set[str]:
    """Return what shared memory has a name; semaphores that come and go are other programs'."""
    return {file.name for file in Path("/dev/shm").iterdir() if not file.name.startswith("sem.")}


def group(pid: int) -> list[str]:
    """Return the processes of a group that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == pid and fields[0] != "Z":
                found.append(stat.parent.name)
    return found


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for it, for a minute at most."""
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("workers", ["0", "65", "two", "-1", "1.5", ""])
def test_workers_that_are_no_number_of_processes_are_refused(
    workers: str, bag: Path, stack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = replay(bag, stack_file(stack, "well"), capsys, f"--workers={workers}")
    assert outcome.code == 2
    assert "--workers" in outcome.lines[0]
    assert "is not a number from 1 to 64, nor auto" in outcome.lines[0]
