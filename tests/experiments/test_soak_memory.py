"""Memory that grows is told from memory that does not."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.experiments.soak_memory import Looped, MemoryWatch, soak_memory
from retailsim.messages.base import Message
from retailsim.messages.sensors import READ_COLUMNS, FrameBatch, TagReads
from retailsim.session import BagReader
from retailsim.session.cutting import cut_session
from retailsim.stack.stage import Stage

HOARD_BYTES = 50 * mmap.PAGESIZE


class Hoarder(Stage):
    """Keeps something of every frame."""

    inputs = (FrameBatch,)
    outputs = (TagReads,)

    def __init__(self, context: object) -> None:
        self._kept: list[object] = []

    def process(self, message: Message) -> list[Message]:
        # From the system itself: the heap may have room left by other tests.
        pages = mmap.mmap(-1, HOARD_BYTES)
        pages.write(bytes(HOARD_BYTES))
        self._kept.append(pages)
        return []


class Passer(Hoarder):
    """Keeps nothing."""

    def process(self, message: Message) -> list[Message]:
        return []


def stack(folder: Path, name: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(f"stages:\n  look: {{uses: '{__name__}:{name}'}}\n")
    return file


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("soak") / "moment.bag"
    cut_session(Path("fixtures/boutique.bag"), path, start_s=22, duration_s=2, cameras=["door"])
    return path


@pytest.fixture
def every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retailsim.experiments.soak_memory.SAMPLE_S", 0.0)


def test_laps_follow_each_other_and_hold_all_that_the_bag_holds(bag: Path) -> None:
    once = list(BagReader(bag).messages())
    lasts_s = (once[-1].time_ns - once[0].time_ns) * 1e-9
    laps = list(Looped(bag, seconds=2.5 * lasts_s).messages())
    assert len(laps) == 3 * len(once)
    assert [type(m) for m in laps] == 3 * [type(m) for m in once]
    gaps = {b.time_ns - a.time_ns for a, b in zip(laps, laps[len(once) :], strict=False)}
    assert len(gaps) == 1
    (gap,) = gaps
    assert gap > lasts_s * 1e9
    reads = [m for m in laps if isinstance(m, TagReads)]
    frames = [m for m in laps if isinstance(m, FrameBatch)]
    lap = len(reads) // 3
    np.testing.assert_array_equal(reads[lap].read_us, reads[0].read_us + gap // 1000)
    assert all(f.time_ns == batch.time_ns for batch in frames for f in batch.frames)


def test_a_stage_that_hoards_is_seen_and_one_that_does_not_is_not(
    bag: Path, tmp_path: Path, every_tick: None
) -> None:
    slopes = {
        name: soak_memory(bag, stack=stack(tmp_path, name), seconds=20, mode="serial")
        for name in ("Passer", "Hoarder")
    }
    ten_a_second = 10 * 3600 * HOARD_BYTES / 1e6
    hoarder, passer = slopes["Hoarder"], slopes["Passer"]
    assert hoarder.steepest_mb_per_hour == pytest.approx(ten_a_second, rel=0.3)
    assert passer.steepest_mb_per_hour < 0.3 * ten_a_second
    assert hoarder.footage_s == pytest.approx(20, abs=3)


def test_what_a_replay_would_keep_is_counted_and_not_kept(
    bag: Path, tmp_path: Path, every_tick: None
) -> None:
    reads = [m for m in BagReader(bag).messages() if isinstance(m, TagReads)]
    columns = sum(getattr(m, name).nbytes for m in reads for name in READ_COLUMNS)
    for mode in ("serial", "pipeline"):
        soaked = soak_memory(bag, stack=stack(tmp_path, "Passer"), seconds=10, mode=mode)
        assert soaked.kept_mb_per_hour == pytest.approx(1.2 * columns / 1e6 * 1800, rel=0.3)


def test_each_process_of_a_pipeline_is_watched(bag: Path, tmp_path: Path, every_tick: None) -> None:
    soaked = soak_memory(bag, stack=stack(tmp_path, "Hoarder"), seconds=20, mode="pipeline")
    slopes = {growth.process: growth.slope_mb_per_hour for growth in soaked.processes}
    assert set(slopes) == {"parent", "look", "decode"}
    assert slopes["look"] > 3 * max(slopes["parent"], slopes["decode"], 0)


def test_the_slope_is_that_after_the_warm_up_and_one_jump_does_not_decide_it() -> None:
    now = iter(range(10_000))
    resident = {1: 0}
    watch = MemoryWatch({"it": 1}, 1000, clock=lambda: next(now), resident=resident.get)  # type: ignore[arg-type]
    for second in range(1000):
        warming = min(second, 200) * 1_000_000
        jump = 5_000_000 if second > 700 else 0
        resident[1] = 50_000_000 + warming + jump + second * 1000
        watch(second, second * 10**9)
    (growth,) = watch.growths()
    assert growth.slope_mb_per_hour == pytest.approx(3.6, rel=0.3)
    assert growth.end_mb - growth.begin_mb == pytest.approx(5.7, abs=0.2)


def test_the_command_exits_1_above_the_bound(bag: Path, tmp_path: Path, every_tick: None) -> None:
    options = ["--minutes", "0.2", "--mode", "serial", "--json", "--stack"]
    command = ["bench", "memory", str(bag), *options]
    outcome = CliRunner().invoke(app, [*command, str(stack(tmp_path, "Hoarder"))])
    assert outcome.exit_code == 1, outcome.output
    (run,) = json.loads(outcome.stdout)
    assert run["processes"][0]["process"] == "replay"
    free = CliRunner().invoke(app, [*command, str(stack(tmp_path, "Passer")), "--most", "1e9"])
    assert free.exit_code == 0
