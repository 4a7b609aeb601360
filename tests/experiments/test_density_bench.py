"""Streams are served in shops; what is too slow does not hold, and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.engine.live import ServedTick
from retailsim.errors import NoMemoryError, ScenarioError, StageError
from retailsim.experiments import density_bench
from retailsim.experiments.density_bench import bench_density, by_number
from retailsim.experiments.density_shop import streams_of
from retailsim.experiments.density_trial import Timing, Trial, not_begun
from retailsim.experiments.density_windows import Window
from retailsim.experiments.engine_tables import density_table, trial_line, tried_line
from retailsim.experiments.looped import survey
from tests.experiments.bench_toys import WATCHER
from tests.session.sessions import write_session

SHORT = Timing(warm_up_s=0.2, window_s=0.5, rest_s=0.2)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("density") / "corner.bag", ticks=12)


def stack(folder: Path, **parameters: float | bool) -> Path:
    """A stack that looks at every frame and waits for nobody."""
    path = folder / "toys.yaml"
    watch = json.dumps({"uses": WATCHER, "with": parameters})
    path.write_text(f"precision: fp32\nlateness_s: 0\nstages:\n  watch: {watch}\n")
    return path


def test_every_camera_has_its_frames_or_none(bag: Path) -> None:
    ticks = [ServedTick(("left",), 1.0, 1.5), ServedTick(("left", "left"), 2.0, 2.25)]
    streams = streams_of(ticks, survey(bag))
    assert list(streams) == ["left", "right"]
    assert streams["left"].due_s.tolist() == [1.0, 2.0, 2.0]
    assert streams["left"].done_s.tolist() == [1.5, 2.25, 2.25]
    assert streams["right"].due_s.shape == streams["right"].done_s.shape == (0,)
    assert streams["right"].due_s.dtype == np.float64


def test_trials_are_json_on_demand(bag: Path, tmp_path: Path) -> None:
    times = ["--window", "0.5", "--warm-up", "0.2", "--start", "1", "--most", "1", "--json"]
    options = ["--bag", str(bag), "--stack", str(stack(tmp_path)), "--device", "cpu", *times]
    outcome = CliRunner().invoke(app, ["bench", "density", *options])
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert (found["rate_hz"], found["sizes"], found["per_shop"]) == (10.0, ["96x64"], 2)
    (trial,) = found["trials"]
    assert (trial["streams"], trial["shops"], len(trial["windows"])) == (1, 1, 2)
    assert found["streams"] == int(trial["held"])
    assert 1 <= sum(window["frames"] for window in trial["windows"]) <= 12
    assert all(window["believed"] for window in trial["windows"])
    assert trial["core_ms_per_frame"] >= 0


def test_what_is_too_slow_does_not_hold_and_drops_at_the_source(bag: Path, tmp_path: Path) -> None:
    slow = stack(tmp_path, pause_s=0.7)
    bench = bench_density(bag, stack=slow, start=1, most=1, timing=SHORT, device="cpu")
    (trial,) = bench.trials
    assert (bench.streams, bench.capped, trial.held) == (0, False, False)
    assert trial.windows[0].least_share < 0.5
    assert trial.dropped["source"] > 0
    assert density_table(bench).row_count == 1


def test_a_stage_that_fails_is_named(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"stage 'watch' \(Watcher\) failed: .*too dark"):
        bench_density(bag, stack=stack(tmp_path, fails=True), timing=SHORT, device="cpu")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"start": 0}, "a stream"),
        ({"rounds": 0}, "at least once"),
        ({"timing": Timing(window_s=0)}, "a window"),
        ({"rate_hz": 0.0}, "rate above 0"),
        ({"rate_hz": 25.0}, "not 25"),
    ],
)
def test_what_makes_no_sense_is_refused(bag: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        bench_density(bag, device="cpu", **wrong)


def test_more_than_there_is_memory_for_does_not_hold(
    bag: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(streams: int, *_: object, **__: object) -> Trial:
        if streams > 5:
            raise NoMemoryError("no memory is left")
        return replace(not_begun(streams, 2, ""), held=True)

    monkeypatch.setattr(density_bench, "try_streams", serve)
    bench = bench_density(bag, start=2, device="cpu")
    assert (bench.streams, bench.capped) == (5, False)
    assert [trial.streams for trial in bench.trials] == [2, 4, 8, 6, 5]
    assert trial_line(bench.trials[3]) == "6 streams: [yellow]not begun[/]: no memory is left"
    assert density_table(bench).row_count == 5
    with pytest.raises(NoMemoryError, match="no memory is left"):
        bench_density(bag, start=6, device="cpu")


def test_each_number_is_tried_until_most_of_its_trials_are_of_one_mind(
    bag: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = {1: [True, False, True], 2: [False, True, False]}

    def serve(streams: int, *_: object, **__: object) -> Trial:
        return replace(not_begun(streams, 2, ""), held=verdicts[streams].pop(0))

    monkeypatch.setattr(density_bench, "try_streams", serve)
    bench = bench_density(bag, start=1, most=2, rounds=3, device="cpu")
    assert (bench.streams, bench.rounds) == (1, 3)
    assert [trial.streams for trial in bench.trials] == [1, 1, 1, 2, 2, 2]
    assert "most of 3 trials" in str(density_table(bench).caption)
    assert [tried_line(tried) for tried in bench.tried] == [
        "1 stream: held in 2 of 3 trials",
        "2 streams: held in 1 of 3 trials",
    ]


def test_trials_of_a_number_are_summed_up_with_their_spread() -> None:
    windows = [Window(90, share, 1.0, 0.5, True, share > 0.95) for share in (0.9, 1.0, 0.97)]
    tries = [
        replace(not_begun(4, 2, ""), windows=windows[:2], core_ms_per_frame=12.0),
        replace(not_begun(2, 2, ""), windows=windows[2:], core_ms_per_frame=11.0, held=True),
        replace(not_begun(4, 2, ""), windows=windows[2:], core_ms_per_frame=14.0, held=True),
    ]
    two, four = by_number(tries)
    assert (two.streams, two.held, two.trials) == (2, 1, 1)
    assert tried_line(four) == (
        "4 streams: held in 1 of 2 trials; rate 97.0 (90.0 to 100) %; "
        "p95 500 ms; 13.0 (12.0 to 14.0) core-ms per frame"
    )
