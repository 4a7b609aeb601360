"""Busy shares come from counters, and count what they should."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.experiments import busy as busy_module
from retailsim.experiments.busy import (
    CoreTime,
    Meter,
    busy_shares,
    core_times,
    gpu_share,
    parse_cores,
    process_s,
)

STAT = """\
cpu  10 0 10 80 0 0 0 0 0 0
cpu0 4 1 3 50 6 1 2 5 4 0
cpu11 6 0 6 30 2
intr 12345 0 1
ctxt 99
"""
counters = st.builds(CoreTime, busy=st.integers(0, 10**9), idle=st.integers(0, 10**9))


def test_each_cores_line_is_read_and_time_that_was_stolen_counts_as_busy() -> None:
    assert parse_cores(STAT) == {0: CoreTime(16, 56), 11: CoreTime(12, 32)}


@given(st.dictionaries(st.integers(0, 7), st.tuples(counters, counters)))
def test_shares_lie_between_none_and_all_of_the_time(
    times: dict[int, tuple[CoreTime, CoreTime]],
) -> None:
    first = {core: before for core, (before, _) in times.items()}
    last = {
        core: CoreTime(before.busy + more.busy, before.idle + more.idle)
        for core, (before, more) in times.items()
    }
    shares = busy_shares(first, last)
    assert list(shares) == list(times)
    for core, (_, more) in times.items():
        assert 0 <= shares[core] <= 1
        assert shares[core] * (more.busy + more.idle) == pytest.approx(more.busy)


def test_a_core_that_was_not_there_at_first_has_no_share() -> None:
    assert busy_shares({}, {3: CoreTime(1, 1)}) == {}


def test_this_machines_cores_are_those_that_may_be_used() -> None:
    assert set(core_times()) <= os.sched_getaffinity(0)
    assert core_times()


def test_a_process_uses_what_it_computes_and_a_process_that_is_gone_nothing() -> None:
    used = process_s(os.getpid())
    assert used is not None
    assert used == pytest.approx(process_time(), abs=0.5)
    assert process_s(2**22 + 1) is None  # above the highest number that Linux gives


def test_what_happens_between_the_first_look_and_the_last_is_counted() -> None:
    now = iter([10.0, 10.1, 10.4, 10.5])
    meter = Meter(every_s=0.2, clock=lambda: next(now))
    meter.watch("me", os.getpid())
    meter.watch("nobody", 2**22 + 1)
    assert [meter.look(frames) for frames in (4, 6, 10, 11)] == [True, False, True, False]
    busy = meter.busy()
    assert (busy.seconds, busy.frames) == (pytest.approx(0.4), 6)
    assert list(busy.cpu_s) == ["me"]
    assert len(busy.cores) == len(core_times())


def test_without_a_look_nothing_happened() -> None:
    assert Meter().busy().seconds == 0


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver's tool, which says what its file says."""
    tool = tmp_path / "nvidia-smi"
    tool.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tool


def test_the_gpus_share_is_what_the_drivers_tool_says(driver: Path) -> None:
    driver.write_text("#!/bin/sh\necho 37\n")
    assert gpu_share() == pytest.approx(0.37)


@pytest.mark.parametrize(
    ("visible", "asked"), [(None, "0"), ("3,1", "3"), ("GPU-7a,GPU-9", "GPU-7a")]
)
def test_the_gpu_that_is_asked_for_is_the_first_that_cuda_may_use(
    driver: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, asked: str
) -> None:
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    driver.write_text(f'#!/bin/sh\nfor last; do :; done; [ "$last" = "--id={asked}" ] && echo 37\n')
    assert gpu_share() == pytest.approx(0.37)


@pytest.mark.parametrize("script", ["exit 9", "echo '[N/A]'", "true"])
def test_without_a_gpu_there_is_no_share(driver: Path, script: str) -> None:
    driver.write_text(f"#!/bin/sh\n{script}\n")
    assert gpu_share() is None
    with Meter() as meter:
        meter.look(0)
    assert meter.busy().gpu is None


def test_the_gpu_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shares, asked = iter([0.2, 0.6]), Event()

    def share() -> float | None:
        found = next(shares, None)
        if found is None:
            asked.set()
        return found

    monkeypatch.setattr(busy_module, "GPU_EVERY_S", 0.001)
    monkeypatch.setattr(busy_module, "gpu_share", share)
    with Meter() as meter:
        assert asked.wait(60)
    assert meter.busy().gpu == pytest.approx(0.4)


def test_what_the_gpu_did_before_the_first_look_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, heard = [0.9], Event()

    def share() -> float | None:
        heard.set()
        return now[0]

    monkeypatch.setattr(busy_module, "GPU_EVERY_S", 0.001)
    monkeypatch.setattr(busy_module, "gpu_share", share)
    with Meter(every_s=0.0) as meter:
        assert heard.wait(60)
        now[0] = 0.1
        heard.clear()
        assert heard.wait(60)  # the last answer from before is in
        meter.look(0)
        heard.clear()
        assert heard.wait(60)
    assert meter.busy().gpu == pytest.approx(0.1)
