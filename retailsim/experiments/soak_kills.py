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
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar

from retailsim.errors import RetailError
from retailsim.experiments.staging import HIDDEN, settle
from retailsim.session.cutting import cut_session
from retailsim.simulate.streams import stream

MARK = "RETAILSIM_SOAK"  # in the environment of all processes of a round
PATIENCE_S = 60.0  # for the rest of a replay after a kill; the watchdog's own patience is more
FIRST_S = 600.0  # for a replay without kills
LEFT_S = 5.0  # what is left after so long stays
LOOK_S = 0.01
CARD = "scorecard.json"
Files = dict[str, bytes]
Command = Callable[[Path, Path], Sequence[str]]
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
class _Whole:
    """What a whole replay of a bag writes; its scorecard holds times, and so varies."""

    files: Files
    digest: str


def two_stretches(bag: Path, work: Path, *, seconds: float) -> tuple[Path, Path]:
    """Cut the beginning of a bag, and what follows on it, of so many seconds; raises BagError."""
    first, second = (work / f"stretch-{number}.bag" for number in range(2))
    cut_session(bag, first, start_s=0, duration_s=seconds)
    cut_session(bag, second, start_s=seconds, duration_s=seconds)
    return first, second


def replays(*, workers: int, stack: Path | None = None) -> Command:
    """Return what `retail replay --workers` is called for a bag and an output folder."""
    options = ["--workers", str(workers), "--json", *(["--stack", str(stack)] if stack else [])]
    retail = [sys.executable, "-m", "cli"]
    return lambda bag, results: [*retail, "replay", str(bag), "-o", str(results), *options]


def kill_rounds(
    bags: tuple[Path, Path],
    work: Path,
    *,
    command: Command,
    workers: int,
    rounds: int,
    seed: int = 1,
    patience_s: float = PATIENCE_S,
    say: Callable[[Round], None] = lambda _: None,
) -> list[Round]:
    """Replay two bags in turn, killing one process each time; returns what happened.

    Args:
        bags: the two.
        work: folder to work in.
        command: replays a bag into a folder; its parent starts the workers, then `decode`.
        workers: processes that run stages.
        rounds: how often; one more follows in which nobody is killed.
        seed: of the moments.
        patience_s: how long a replay may go on after a kill.
        say: told each round when it is over.

    Raises:
        RetailError: a replay fails by itself.
    """
    rng, results = stream(seed, "soak", "kills"), work / "results"
    results.mkdir()
    names = [*(f"worker {number + 1}" for number in range(workers)), "decode"]
    whole, lasted_s = [], 0.0
    for bag in bags:
        undisturbed = _play(command(bag, results), results, names, patience_s=FIRST_S)
        if undisturbed.code or undisturbed.faults:
            why = "; ".join((undisturbed.said, *undisturbed.faults))
            raise RetailError(f"{bag}: a replay without kills fails: {why}")
        whole.append(_Whole(files := _files(results), _digest(files)))
        lasted_s = undisturbed.wall_s
    victims, done = ["parent", *names], []
    for number in range(rounds + 1):
        victim = victims[number % len(victims)] if number < rounds else ""
        kill, before = (victim, float(rng.uniform(0, lasted_s))), _files(results)
        line = command(bags[number % 2], results)
        played = _play(line, results, names, kill=kill, patience_s=patience_s)
        settle(results)  # as the next replay would
        new, old = whole[number % 2], whole[(number + 1) % 2]
        faults = (*played.faults, *_faults_of_files(played, before, _files(results), new, old))
        if not victim and played.code:
            faults = (*faults, f"exit code {played.code} though nobody was killed")
        done.append(Round(number=number + 1, **vars(replace(played, faults=faults))))
        say(done[-1])
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
    command: Sequence[str],
    results: Path,
    names: Sequence[str],
    *,
    kill: tuple[str, float] = ("", 0.0),
    patience_s: float,
) -> _Played:
    """Run a replay, kill one of its processes, wait until all is over, and look for traces."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
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
        victim, at_s = _kill(parent, lambda: _members(parent.pid, mark, names), *kill, begin=begin)
        faults = _wait(parent, mark, patience_s)
        err.seek(0)
        lines = err.read().splitlines()
    wall_s = time.monotonic() - begin
    if left := _until_none(lambda: _shared_names() - shared):
        faults.append(f"left in shared memory or temporary files: {', '.join(sorted(left))}")
    # Killed when it had done all that was its to do, it is not missed: the results are looked at.
    in_time = (parent.returncode, len(lines)) in ((2, 1), (0, 0))
    if victim not in ("", "parent") and not in_time:
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
    played: _Played, before: Files, after: Files, new: _Whole, old: _Whole
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


def _is_whole(files: Mapping[str, bytes], whole: _Whole) -> bool:
    """Whether files are all that a whole replay writes, times apart."""
    same = all(files.get(n) == data for n, data in whole.files.items() if n != CARD)
    return files.keys() == whole.files.keys() and same and _digest(files) == whole.digest


def _files(folder: Path) -> Files:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _digest(files: Mapping[str, bytes]) -> str:
    try:
        return str(json.loads(files[CARD])["digest"])
    except (KeyError, ValueError):
        return ""
