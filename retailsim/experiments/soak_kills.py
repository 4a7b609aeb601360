"""Is anything left when processes of a replay are killed? Killed they are, at random times.

In each round one process of a `retail replay --workers N` is killed (SIGKILL): the parent, the one
that decodes and each worker in turn, at a moment drawn from the whole length of the replay. Two
stretches of a bag take turns, so that the results of one are the earlier results of the other.
After each round nothing may be left of it: no process, nothing in /dev/shm, no results but the
earlier ones as they were, or, where the replay came to its end, all of the new ones. The last
round kills nobody, and must come to its end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

from retailsim.errors import RetailError
from retailsim.experiments.staging import HIDDEN
from retailsim.session.cutting import cut_session
from retailsim.simulate.streams import stream

MARK = "RETAILSIM_SOAK"  # in the environment of all processes of a round
PATIENCE_S = 60.0  # for the rest of a replay after a kill; the watchdog's own patience is more
LEFT_S = 5.0  # what is left after so long stays
LOOK_S = 0.01
CARD = "scorecard.json"
Files = dict[str, bytes]
T = TypeVar("T")


@dataclass(frozen=True)
class Round:
    """One replay and what was done to it.

    Attributes:
        number: from 1.
        victim: 'parent', 'worker 1', ..., 'decode'; '' where it was over before, or none was asked.
        at_s: when it was killed, seconds after the start of the command.
        code: the command's exit code, negative for a signal.
        said: its last line.
        wall_s: until all was over.
        faults: what should not be.
    """

    number: int
    victim: str
    at_s: float
    code: int
    said: str
    wall_s: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Stretch:
    """A short bag and what a whole replay of it writes; the scorecard holds times, so it varies."""

    bag: Path
    files: Files
    digest: str


def kill_rounds(
    bag: Path,
    work: Path,
    *,
    rounds: int,
    workers: int = 2,
    seconds: float = 3.0,
    stack: Path | None = None,
    seed: int = 1,
    patience_s: float = PATIENCE_S,
    say: Callable[[Round], None] = lambda _: None,
) -> list[Round]:
    """Replay stretches of a bag, killing one process each time; returns what happened.

    Args:
        bag: to take two stretches of `seconds` from, its beginning and the next.
        work: empty folder to work in.
        rounds: how often; one more follows in which nobody is killed.
        workers: processes that run stages.
        seconds: of footage in each round.
        stack: stack YAML; the shipped stack by default.
        seed: of victims and moments.
        patience_s: how long a replay may go on after a kill.
        say: told each round when it is over.

    Raises:
        RetailError: the bag cannot be cut, or a replay fails by itself.
    """
    rng = stream(seed, "soak", "kills")
    results = work / "results"
    stretches, lasted_s = [], 0.0
    for number in range(2):
        path = work / f"stretch-{number}.bag"
        cut_session(bag, path, start_s=number * seconds, duration_s=seconds)
        undisturbed = _play(path, results, workers, stack, patience_s=600.0)
        if undisturbed.code:
            raise RetailError(f"{path}: a replay without kills fails: {undisturbed.said}")
        files = _files(results)
        stretches.append(_Stretch(path, files, _digest(files)))
        lasted_s = undisturbed.wall_s
    victims = ("parent", *(f"worker {n + 1}" for n in range(workers)), "decode")
    done = []
    for number in range(rounds + 1):
        new, old = stretches[number % 2], stretches[(number + 1) % 2]
        victim = victims[number % len(victims)] if number < rounds else ""
        at_s = float(rng.uniform(0, lasted_s))
        before = _files(results)
        played = _play(new.bag, results, workers, stack, kill=(victim, at_s), patience_s=patience_s)
        faults = (*played.faults, *_faults_of_files(played, before, _files(results), new, old))
        if not victim and played.code:
            faults = (*faults, f"exit code {played.code} though nobody was killed")
        report = Round(
            number + 1, played.victim, played.at_s, played.code, played.said, played.wall_s, faults
        )
        done.append(report)
        say(report)
    return done


@dataclass(frozen=True)
class _Played:
    victim: str
    at_s: float
    code: int
    said: str
    wall_s: float
    faults: tuple[str, ...]


def _play(
    bag: Path,
    results: Path,
    workers: int,
    stack: Path | None,
    *,
    kill: tuple[str, float] = ("", 0.0),
    patience_s: float,
) -> _Played:
    """Run a replay, kill one of its processes, wait until all is over, and look for traces."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "cli", "replay", str(bag), "-o", str(results)]
    command += ["--workers", str(workers), "--json"]
    command += ["--stack", str(stack)] if stack else []
    shared = _shared_names()
    begin = time.monotonic()
    with open(results.parent / "said.txt", "w+", encoding="utf-8") as err:
        parent = subprocess.Popen(
            command,
            env={**os.environ, MARK: mark},
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
        names = [*(f"worker {n + 1}" for n in range(workers)), "decode"]
        victim, at_s = _kill(parent, lambda: _members(parent.pid, mark, names), *kill, begin=begin)
        faults = _wait(parent, mark, patience_s)
        err.seek(0)
        lines = err.read().splitlines()
    wall_s = time.monotonic() - begin
    if left := _until_none(lambda: _shared_names() - shared):
        faults.append(f"left in shared memory or temporary files: {', '.join(sorted(left))}")
    if victim not in ("", "parent") and (parent.returncode != 2 or len(lines) != 1):
        faults.append(f"'{victim}' killed: exit code {parent.returncode}, {len(lines)} lines")
    said = lines[-1] if lines else ""
    return _Played(victim, at_s, parent.returncode, said, wall_s, tuple(faults))


def _kill(
    parent: subprocess.Popen[bytes],
    members: Callable[[], Mapping[str, int]],
    victim: str,
    at_s: float,
    *,
    begin: float,
) -> tuple[str, float]:
    """Kill a process at a time, or as soon as it is there; returns who was, '' for nobody."""
    while victim and parent.poll() is None:
        now_s = time.monotonic() - begin
        if now_s >= at_s and (pid := members().get(victim)) is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return "", 0.0
            return victim, now_s
        time.sleep(LOOK_S)
    return "", 0.0


def _wait(parent: subprocess.Popen[bytes], mark: str, patience_s: float) -> list[str]:
    """Wait for the end; returns what hangs or is left, which is killed then."""
    faults = []
    try:
        parent.wait(patience_s)
    except subprocess.TimeoutExpired:
        faults.append(f"hangs: it goes on {patience_s:g} s later")
        parent.kill()
        parent.wait()
    if left := _until_none(lambda: set(_marked(mark))):
        faults.append(f"{len(left)} processes left")
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    return faults


def _members(parent: int, mark: str, names: Sequence[str]) -> dict[str, int]:
    """Return a replay's processes by name; the parent starts the others in that order."""
    marked = _marked(mark).items()
    children = [pid for pid, line in marked if pid != parent and "spawn_main" in line]
    children.sort(key=lambda pid: (_started(pid), pid))
    return {"parent": parent} | dict(zip(names, children, strict=False))


def _marked(mark: str) -> dict[int, str]:
    """Return the command lines of all processes with that mark that are not dead."""
    wanted, found = f"{MARK}={mark}".encode(), {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if line:  # none is left of the dead
                    found[int(entry.name)] = line
        except OSError:
            continue
    return found


def _started(pid: int) -> int:
    """Return when a process was started, in clock ticks (proc(5): field 22 of stat)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return 0


def _shared_names() -> set[str]:
    """Return what has a name in shared memory, and what multiprocessing leaves beside."""
    places = [*Path("/dev/shm").glob("*"), *Path(gettempdir()).glob("pymp-*")]
    return {str(path) for path in places}


def _until_none(look: Callable[[], set[T]]) -> set[T]:
    end = time.monotonic() + LEFT_S
    while (left := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _faults_of_files(
    played: _Played, before: Files, after: Files, new: _Stretch, old: _Stretch
) -> list[str]:
    """Say what is wrong with the results."""
    faults = []
    hidden = sorted(name for name in after if name.startswith(f"{HIDDEN}/"))
    if hidden and played.victim != "parent":
        faults.append(f"half-written though the parent lives: {', '.join(hidden)}")
    seen = {name: data for name, data in after.items() if name not in hidden}
    earlier = {name: data for name, data in before.items() if not name.startswith(f"{HIDDEN}/")}
    came_to_its_end = played.code == 0 or (played.victim == "parent" and _is_whole(seen, new))
    if came_to_its_end and not _is_whole(seen, new):
        faults.append("the results are not those of a whole replay")
    if not came_to_its_end and seen != earlier:
        faults.append("earlier results are not as they were")
    if not _is_whole(seen, new) and not _is_whole(seen, old):
        faults.append("results of two replays are mixed, or not whole")
    return faults


def _is_whole(files: Mapping[str, bytes], stretch: _Stretch) -> bool:
    """Whether files are all that a replay of the stretch writes, times apart."""
    same = all(files.get(n) == data for n, data in stretch.files.items() if n != CARD)
    return files.keys() == stretch.files.keys() and same and _digest(files) == stretch.digest


def _files(folder: Path) -> Files:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _digest(files: Mapping[str, bytes]) -> str:
    try:
        return str(json.loads(files[CARD])["digest"])
    except (KeyError, ValueError):
        return ""
