"""Real processes: they end as they should, and what goes wrong is said as it would be serially."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from retailsim.engine.config import StackSpec, StageSpec, load_stack
from retailsim.engine.pipeline import run_pipelined
from retailsim.engine.serial import Run
from retailsim.engine.shm import start_child
from retailsim.errors import DeviceError, RetailError, StageError
from retailsim.messages.results import Crossing
from tests.engine.pipeline import toys
from tests.engine.pipeline.test_same_as_serial import said
from tests.engine.pipeline.toys import HERE, Recording, serially, stack, teller


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Any:
    before, shm = children(), set(Path("/dev/shm").iterdir())
    yield
    assert children() <= before
    assert set(Path("/dev/shm").iterdir()) <= shm


def children() -> set[int]:
    """Processes that this one started, resource trackers of multiprocessing apart."""
    pids: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended meanwhile
            pids |= {int(pid) for pid in task.read_text().split()}
    return {pid for pid in pids if b"resource_tracker" not in cmdline(pid)}


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def piped(source: Recording, spec: StackSpec, **options: Any) -> Run:
    options = {"workers": 2, "stall_s": 60.0} | options
    return run_pipelined(source, spec, toys.context(source.cameras), **options)


def both_say(source: Recording, spec: StackSpec) -> str:
    """Return the one line that both executors say."""
    with pytest.raises(RetailError) as one:
        serially(source, spec, toys.context(source.cameras))
    with pytest.raises(RetailError) as other:
        piped(source, spec)
    assert type(other.value) is type(one.value)
    assert str(other.value) == str(one.value)
    return str(other.value)


def use(name: str, process: str | None = None, **parameters: Any) -> StageSpec:
    return StageSpec(uses=toys.named(name), parameters=parameters, process=process)


def test_processes_say_what_the_serial_executor_says_at_uneven_speeds() -> None:
    spec = stack(
        slow=use(teller("frames", "A"), process="one", pause_s=0.02),
        huge=use(teller("frames_reads", "D"), process="two", size=300_000),
        late=use(teller("A_D", "B"), process="three"),
        tags=use(teller("reads_sale", "C"), process="three"),
        threads=use("Threads", process="two"),
    )
    source = Recording(ticks=40)
    run = piped(source, spec)
    (threads,) = run.results.of(Crossing)
    assert (threads.time_ns, threads.door, threads.person) == (1, "1", 1)
    others = {role: stage for role, stage in spec.stages.items() if role != "threads"}
    serial = serially(source, spec.model_copy(update={"stages": others}), toys.context())
    assert [line for line in said(run) if "Crossing" not in line[2]] == said(serial)


def test_the_first_failure_in_running_order_is_the_one_that_is_told() -> None:
    """The second stage is far ahead when the first one fails, and has failed at a later tick."""
    spec = stack(
        first=use(teller("reads", "A"), process="one", pause_s=0.05, fails_at=5),
        second=use(teller("reads", "B"), process="two", fails_at=7),
    )
    line = both_say(Recording(ticks=20), spec)
    assert line == "stage 'first' (T_reads__A) failed: ValueError: tick 5 is"


def test_what_a_stage_does_not_declare_is_refused() -> None:
    liar = StageSpec(uses="tests.engine.toys:Liar")
    assert "said Crossing, which it does not declare" in both_say(Recording(), stack(liar=liar))


def test_a_recording_that_breaks_is_told_as_it_is() -> None:
    assert both_say(Recording(breaks_at=9), stack(a=teller("frames", "A"))) == "the tape tore"


def test_a_stage_that_cannot_be_made_is_told_before_anything_runs() -> None:
    spec = stack(a=teller("reads", "A"), b=use("Unmakable", because="no such lens"))
    assert both_say(Recording(), spec) == "no such lens"
    wrong = stack(a=use(teller("reads", "A"), speed=3))
    assert "unexpected keyword argument 'speed'" in both_say(Recording(), wrong)


def test_a_killed_worker_is_named_with_its_stages() -> None:
    spec = stack(a=use(teller("reads", "A"), process="one"), k=use("Killed", process="two"))
    with pytest.raises(StageError, match=r"process 'two' \(k\) was killed by SIGKILL.*at tick 2"):
        piped(Recording(), spec)
    gone = stack(k=use("Killed", how="exit"))
    with pytest.raises(StageError, match=r"process 'k' \(k\) ended with exit code 7"):
        piped(Recording(), gone)


def killer_of(name: str) -> tuple[Callable[..., Any], Callable[[int, int], None]]:
    """Return what starts processes, and what kills the one of this name once a frame is done."""
    started: dict[str, Any] = {}

    def start(*args: Any, name: str) -> Any:
        started[name] = start_child(*args, name=name)
        return started[name]

    def kill_it(frames: int, _: int) -> None:
        if frames and started[name].is_alive():
            os.kill(started[name].pid, signal.SIGKILL)

    return start, kill_it


def test_a_killed_reader_of_the_bag_is_named() -> None:
    start, kill_it = killer_of("decode")
    with pytest.raises(StageError, match="process 'decode' was killed by SIGKILL"):
        piped(
            Recording(ticks=500, pause_s=0.01),
            stack(a=teller("frames", "A")),
            progress=kill_it,
            start=start,
        )


def test_a_stage_that_never_returns_is_named() -> None:
    spec = stack(a=teller("reads", "A"), k=use("Killed", process="two", how="sleep"))
    with pytest.raises(StageError, match=r"stage 'k' \(Killed\) did not return"):
        piped(Recording(), spec, stall_s=2.0)
    stopped = stack(k=use("Killed", how="stop"))
    with pytest.raises(StageError, match=r"stage 'k' \(Killed\) did not return"):
        piped(Recording(), stopped, stall_s=2.0)


def test_who_waits_for_a_slow_stage_to_read_what_was_sent_is_not_taken_for_stuck() -> None:
    flood: Any = toys.Flood(messages_first=10)
    slow = stack(slow=use("Slow", pause_s=0.3))
    run = run_pipelined(flood, slow, toys.context(0), workers=1, stall_s=1.5)
    assert run.watch.stages["slow"].items == 14


def test_a_stage_that_keeps_all_frames_is_told_and_nothing_hangs() -> None:
    with pytest.raises(StageError, match=r"waits for a frame slot \('keep' holds \d+\)"):
        piped(Recording(ticks=100), stack(keep="Keeper"), stall_s=5.0)


def test_ctrl_c_ends_everything() -> None:
    def press(frames: int, _: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        piped(Recording(ticks=50), stack(a=teller("frames", "A")), progress=press)


def test_too_little_shared_memory_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from retailsim.engine.shm import memory

    few = memory.Room(1000, "a tiny machine")
    monkeypatch.setattr(memory, "shared_memory_room", lambda: few)
    with pytest.raises(DeviceError, match=r"pipeline of 2 processes \(\d+ frame slots, .* needs"):
        piped(Recording(), stack(a=teller("frames", "A")))


def test_classes_beside_the_stack_file_are_found_in_their_process(tmp_path: Path) -> None:
    (tmp_path / "beside_the_stack.py").write_text(
        f"from {HERE} import T_reads__A\n\n\nclass Mine(T_reads__A):\n    pass\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "stages:\n  mine: {uses: 'beside_the_stack:Mine', process: own}\n"
    )
    spec = load_stack(tmp_path / "mine.yaml")
    run = piped(Recording(), spec)
    assert said(run) == said(serially(Recording(), spec, toys.context()))
