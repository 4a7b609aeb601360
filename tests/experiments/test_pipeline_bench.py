"""Replays serially and side by side are compared on the same stretch, round by round."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.engine.config import StackSpec, StageSpec
from retailsim.errors import BagError, RetailError, ScenarioError
from retailsim.experiments.busy import Busy
from retailsim.experiments.pipeline_bench import bench_pipeline, compare, sum_up, thread_counts
from retailsim.experiments.pipeline_runs import Stretch, Turn, divisions
from retailsim.experiments.simulate_bench import Spread
from retailsim.messages.sensors import FrameBatch
from tests.experiments.bench_toys import WATCHER
from tests.session.sessions import write_session

STACK = f"""
precision: fp32
stages:
  watch: {{uses: "{WATCHER}"}}
  move: {{uses: "tests.engine.toys:Mover"}}
  door: {{uses: "tests.engine.toys:Door"}}
"""


def turn(wall_s: float, *, digest: str = "d", watch_s: float = 1.0, cpu_s: float = 1.5) -> Turn:
    groups = {"decode": ("decode",), "watch+1": ("watch", "track")}
    took = {"decode": 0.5, "watch": watch_s, "track": 0.25}
    busy = Busy(wall_s, 200, (0.5, 1.0), {"parent": 0.1, "decode": 0.4, "watch+1": cpu_s}, None)
    return Turn(digest, 200, 100, wall_s, 10.0, took, groups, busy)


@pytest.mark.parametrize(
    ("cores", "tried"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_serial_replays_are_tried_with_few_threads_and_many(cores: int, tried: list[int]) -> None:
    assert thread_counts(cores) == tried


def test_figures_are_medians_with_the_least_and_the_most() -> None:
    way = sum_up("2 workers", None, 2, [turn(4.0), turn(2.0), turn(5.0, watch_s=2.0)])
    assert way.fps == Spread(50.0, 40.0, 100.0)
    assert way.realtime_factor == Spread(2.5, 2.0, 5.0)
    assert way.cores_busy == (Spread(0.5, 0.5, 0.5), Spread(1.0, 1.0, 1.0))
    assert way.own == Spread(0.25, 0.2, 0.5)  # two seconds of the cores', by two cores
    assert way.others == Spread(0.5, 0.25, 0.55)
    assert way.core_ms_per_frame == Spread(10.0, 10.0, 10.0)
    assert way.gpu_busy is None
    decode, watch = way.processes
    assert decode.busy.median == pytest.approx(0.125)
    assert watch.stages == {"watch": Spread(10.0, 10.0, 20.0), "track": Spread(2.5, 2.5, 2.5)}
    assert watch.cpu == Spread(0.375, 0.3, 0.75)
    assert way.critical == "watch+1"


def test_the_best_of_both_kinds_are_compared_round_by_round() -> None:
    turns = {
        "serial, 1 thread": [turn(8.0), turn(4.0)],
        "serial, 2 threads": [turn(9.0), turn(9.0)],
        "2 workers": [turn(4.0), turn(4.0)],
        "3 workers": [turn(5.0), turn(5.0)],
    }
    counts: list[tuple[int | None, int | None]] = [(1, None), (2, None), (None, 2), (None, 3)]
    ways = tuple(
        sum_up(name, *count, turns[name]) for name, count in zip(turns, counts, strict=True)
    )
    bench = compare("monday.bag", "cpu", "fp32", ways, turns)
    assert (bench.best_serial, bench.best_pipelined) == ("serial, 1 thread", "2 workers")
    assert bench.gain == Spread(1.5, 1.0, 2.0)
    assert (bench.same, bench.digest) == (True, "d")
    turns["3 workers"][1] = replace(turns["3 workers"][1], digest="other")
    ways = (*ways[:3], sum_up("3 workers", None, 3, turns["3 workers"]))
    bench = compare("monday.bag", "cpu", "fp32", ways, turns)
    assert (bench.same, bench.digest) == (False, None)


def test_a_stretch_is_the_beginning_of_the_session(tmp_path: Path) -> None:
    bag = write_session(tmp_path / "corner.bag", ticks=12)
    whole, part = list(Stretch(bag).messages()), list(Stretch(bag, 0.5).messages())
    assert [m.time_ns for m in part] == [m.time_ns for m in whole[: len(part)]]
    assert sum(isinstance(m, FrameBatch) for m in part) == 5
    assert sum(isinstance(m, FrameBatch) for m in whole) == 12


def test_counts_of_workers_that_divide_the_stages_alike_are_tried_once() -> None:
    spec = StackSpec(stages={"watch": StageSpec(uses=WATCHER)})
    assert list(divisions(spec, [4, 2, 3])) == [2]
    spec = StackSpec(stages={name: StageSpec(uses=WATCHER) for name in ("one", "two", "three")})
    assert list(divisions(spec, [4, 2, 3])) == [2, 3]


def test_all_ways_are_taken_and_give_the_same(tmp_path: Path) -> None:
    bag = write_session(tmp_path / "corner.bag", ticks=12)
    (tmp_path / "toys.yaml").write_text(STACK)
    options = ["--stack", str(tmp_path / "toys.yaml"), "--rounds", "1", "--workers", "2", "--json"]
    command = ["bench", "pipeline", str(bag), "--device", "cpu", "--seconds", "1", *options]
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert found["same"] is True
    assert len(found["digest"]) == 64
    *serial, workers = found["ways"]
    assert [way["threads"] for way in serial] == sorted({1, found["cores"]})
    assert workers["workers"] == 2
    for way in found["ways"]:
        assert way["fps"]["median"] > 0
        roles = [role for process in way["processes"] for role in process["stages"]]
        assert sorted(roles) == ["decode", "door", "move", "watch"]
    assert found["gain"]["least"] > 0


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": 0}, {"seconds": 0.0}, {"workers": []}],
    ids=["rounds", "seconds", "workers"],
)
def test_an_empty_bench_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match="bench"):
        bench_pipeline(**wrong)


def test_no_worker_and_a_bag_without_frames_are_refused(tmp_path: Path) -> None:
    bag = write_session(tmp_path / "dark.bag", ticks=3, video=False)
    with pytest.raises(BagError, match="no camera frames"):
        bench_pipeline(bag, device="cpu")
    outcome = CliRunner().invoke(app, ["bench", "pipeline", "--workers", "0", "--device", "cpu"])
    assert isinstance(outcome.exception, RetailError)
    assert "0 workers" in str(outcome.exception)
