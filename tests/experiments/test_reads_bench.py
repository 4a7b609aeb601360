"""The bench of the tag stages counts every read once, and runs nothing but them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim import api
from retailsim.engine.config import StackSpec, load_stack
from retailsim.errors import BagError, ScenarioError, StageError
from retailsim.experiments.bench_tables import reads_tables
from retailsim.experiments.reads_bench import Recorded, bench_reads, sum_up, tag_stages
from retailsim.experiments.simulate_bench import Spread
from retailsim.messages.sensors import TagReads
from retailsim.session.importing import import_session
from retailsim.session.rfid_csv import COLUMNS
from retailsim.store.plan import StorePlan


def batch(second: float, reads: int) -> TagReads:
    column = np.zeros(reads, np.int64)
    return TagReads(
        round(second * 1e9), "r", column, np.full(reads, "a"), column.astype(np.uint8),
        column.astype(np.uint16), column.astype(np.int16), column.astype(np.uint16),
        column.astype(np.int16),
    )  # fmt: skip


def test_figures_are_medians_over_rounds() -> None:
    session = Recorded("day", StorePlan(name="day"), (batch(5.0, 60), batch(7.0, 40)))
    rounds = [{"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 6.0}, {"a": 4.0, "b": 0.0}]
    rate = sum_up(session, rounds)
    assert (rate.reads, rate.seconds, rate.told_per_s) == (100, 2.0, 50.0)
    assert rate.stages["a"].reads_per_s == Spread(median=50.0, least=25.0, most=100.0)
    assert rate.stages["a"].us_per_read == Spread(median=2e4, least=1e4, most=4e4)
    assert rate.together.reads_per_s == Spread(median=25.0, least=12.5, most=50.0)


def test_only_stages_that_work_on_reads_are_run() -> None:
    assert set(tag_stages(load_stack()).stages) == {"reads", "tagmotion", "tagzone"}
    shipped = load_stack()
    eyes = {role: shipped.stages[role] for role in ("detect", "track")}
    with pytest.raises(StageError, match="no stage that works on tag reads"):
        tag_stages(StackSpec(stages=eyes))


def test_a_scenario_and_its_bag_hold_the_same_reads(kiosk: Path, tmp_path: Path) -> None:
    bag = tmp_path / "kiosk.bag"
    api.simulate(kiosk, output=bag, seed=3, duration_s=3, video=False)
    told: list[float] = []
    bench = bench_reads([kiosk, bag], seconds=3, seed=3, rounds=2, progress=told.append)
    played, taken = bench.sessions
    assert (played.source, taken.source) == (str(kiosk), str(bag))
    assert played.reads == taken.reads > 0
    for session in bench.sessions:
        assert list(session.stages) == ["reads", "tagmotion", "tagzone"]
        assert all(rate.us_per_read.least > 0 for rate in session.stages.values())
        assert session.together.reads_per_s.most < session.stages["tagmotion"].reads_per_s.most
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert json.loads(json.dumps(asdict(bench)))["rounds"] == 2
    assert [table.row_count for table in reads_tables(bench)] == [4, 4]


def test_the_command_prints_json_on_demand(kiosk: Path) -> None:
    options = ["--seconds", "2", "--rounds", "1", "--json"]
    outcome = CliRunner().invoke(app, ["bench", "reads", str(kiosk), *options])
    assert outcome.exit_code == 0, outcome.output
    (session,) = json.loads(outcome.stdout)["sessions"]
    assert session["stages"]["tagmotion"]["reads_per_s"]["median"] > 0


def test_what_cannot_be_measured_is_refused(kiosk: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="at least one round"):
        bench_reads([kiosk], rounds=0)
    table = tmp_path / "reads.csv"
    epc = "30340789c04b1e0000000001"
    table.write_text(",".join(COLUMNS) + f"\n1700000000,1,-60,{epc},0,1,0\n")
    import_session(tmp_path / "strangers.bag", videos={}, rfid=table)
    with pytest.raises(BagError, match="no reads of a plan's garments"):
        bench_reads([tmp_path / "strangers.bag"], rounds=1)
