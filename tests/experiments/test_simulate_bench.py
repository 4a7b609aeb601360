"""The bench adds up, and says where time and memory go."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from retailsim.errors import ScenarioError
from retailsim.experiments.bench_tables import speed_tables
from retailsim.experiments.machine import memory_mib, peak_memory_mib
from retailsim.experiments.replay_bench import medians
from retailsim.experiments.simulate_bench import Round, Spread, bench_simulate, sum_up


def a_round(wall_s: float, cameras_s: float, frames: int = 200) -> Round:
    parts = {"cameras": cameras_s, "world": 1.0, "set-up": 2.0, "warm-up": 1.0}
    return Round(wall_s, parts, frames, bag_bytes=10_000_000, memory_mib=(100.0,), reference_ms=2.0)


def test_figures_are_medians_and_what_happens_once_is_left_out_of_the_speed() -> None:
    rounds = [a_round(13.0, 4.0), a_round(8.0, 2.0), a_round(28.0, 8.0)]
    speed = sum_up("day", rounds, seconds=10.0, peak_mib=123.0)
    assert speed.realtime_factor == Spread(median=1.0, least=0.4, most=2.0)
    assert speed.once_s.median == 3.0
    assert speed.frames_per_s == Spread(median=20.0, least=8.0, most=40.0)
    assert list(speed.parts) == ["cameras", "world"]
    cameras = speed.parts["cameras"]
    assert cameras.ms_per_s == Spread(median=400.0, least=200.0, most=800.0)
    assert cameras.share == pytest.approx(0.4)
    assert cameras.ms_per_frame == pytest.approx(20.0)
    assert speed.parts["world"].ms_per_frame is None
    assert speed.ratio.median == pytest.approx(500.0)
    assert speed.bag_mb_per_min == pytest.approx(60.0)


def test_without_video_there_are_no_figures_per_frame() -> None:
    speed = sum_up("day", [a_round(9.0, 0.0, frames=0)], seconds=10.0, peak_mib=1.0)
    assert speed.frames_per_s is None
    assert all(part.ms_per_frame is None for part in speed.parts.values())


@pytest.mark.gl
def test_every_part_of_a_session_is_booked(kiosk: Path) -> None:
    told: list[float] = []
    bench = bench_simulate([kiosk], seconds=2, rounds=2, progress=told.append)
    (speed,) = bench.scenarios
    assert {"world", "cameras", "encoder", "radio", "writing"} <= set(speed.parts)
    assert all(part.ms_per_s.least > 0 for part in speed.parts.values())
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert "cores" in bench.device
    assert bench.renderer
    assert json.loads(json.dumps(asdict(bench)))["scenarios"][0]["scenario"] == str(kiosk)
    assert [table.row_count for table in speed_tables(bench)] == [len(speed.parts)]


def test_decisions_alone_need_neither_cameras_nor_radio(kiosk: Path) -> None:
    bench = bench_simulate([kiosk], seconds=3, rounds=1, video=False, radio=False)
    (speed,) = bench.scenarios
    assert set(speed.parts) == {"world", "writing"}
    assert len(speed.memory_mib) == 10
    assert max(speed.memory_mib) <= speed.peak_memory_mib + 1


def test_a_coarse_day_passes_in_no_time_and_is_no_other_length(kiosk: Path) -> None:
    bench = bench_simulate([kiosk], seconds=600, rounds=1, coarse=True)
    (speed,) = bench.scenarios
    assert set(speed.parts) == {"world", "writing"}
    assert speed.frames_per_s is None
    assert len(speed.memory_mib) == 10


def test_scenarios_take_turns_and_keep_apart(kiosk: Path) -> None:
    bench = bench_simulate(["boutique", kiosk], seconds=1, rounds=1, video=False, radio=False)
    assert [one.scenario for one in bench.scenarios] == ["boutique", str(kiosk)]


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"rounds": 0}])
def test_an_empty_bench_is_refused(kiosk: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(ScenarioError, match="bench"):
        bench_simulate([kiosk], **wrong)  # type: ignore[arg-type]


def test_memory_is_measured() -> None:
    before = memory_mib()
    ballast = bytearray(64 << 20)
    assert memory_mib() > before + 32
    assert peak_memory_mib() >= before + 32
    assert len(ballast)


def test_medians_reach_into_blocks_and_leave_out_what_is_null() -> None:
    runs = [
        {"fps": 10.0, "latency": {"p50": 1.0}, "ratio": None},
        {"fps": 30.0, "latency": {"p50": None}, "ratio": None},
        {"fps": 11.0, "latency": {"p50": 3.0}, "ratio": None},
    ]
    assert medians(runs) == {"fps": 11.0, "latency": {"p50": 2.0}, "ratio": None}
