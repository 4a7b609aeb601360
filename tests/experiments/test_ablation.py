"""The bookkeeping of an ablation: each run once, resumable, shared, and a table of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from retailsim.errors import RetailError
from retailsim.experiments.ablation import Budget, ablation_table, gain, main, spread
from retailsim.experiments.runs import Done, Figures, Run, do_all, locked, results, write_json

RUNS = [Run(name, seed) for seed in (1, 2) for name in ("all", "no-clutter")]


class FakeTrainer:
    """Gives made-up figures; breaks off at a given run, as a power cut does."""

    def __init__(self, break_at: Run | None = None) -> None:
        self.done: list[Run] = []
        self._break_at = break_at

    def __call__(self, run: Run, folder: Path) -> Figures:
        (folder / "checkpoint").touch()
        if run == self._break_at:
            raise KeyboardInterrupt
        self.done.append(run)
        return {"street_ap50": 0.5 if run.variant == "all" else 0.3 + run.seed / 100}


def go(work: Path, trainer: FakeTrainer, steps: int = 10, runs: list[Run] = RUNS) -> list[Run]:
    return do_all(work, runs, trainer, budget={"steps": steps, "px": (1, 2)}, say=lambda _: None)


def test_every_run_is_done_once_in_order(tmp_path):
    first, second = FakeTrainer(), FakeTrainer()
    assert go(tmp_path, first) == []
    go(tmp_path, second)
    assert first.done == RUNS
    assert second.done == []
    assert results(tmp_path, RUNS)[1] == Done(RUNS[1], {"street_ap50": 0.31})


def test_an_interrupted_ablation_goes_on_at_the_run_it_was_at(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, FakeTrainer(break_at=RUNS[2]))
    assert [d.run for d in results(tmp_path, RUNS)] == RUNS[:2]
    assert (tmp_path / "runs" / RUNS[2].name / "checkpoint").exists()
    again = FakeTrainer()
    go(tmp_path, again)
    assert again.done == RUNS[2:]


def test_a_run_that_another_process_is_at_is_left_to_it(tmp_path):
    trainer = FakeTrainer()
    with locked(tmp_path / "locks" / RUNS[0].name) as mine:
        assert mine
        assert go(tmp_path, trainer) == RUNS[:1]
    assert trainer.done == RUNS[1:]
    assert go(tmp_path, trainer) == []


def test_runs_of_another_budget_are_refused(tmp_path):
    go(tmp_path, FakeTrainer(), steps=10)
    with pytest.raises(RetailError, match="another budget"):
        go(tmp_path, FakeTrainer(), steps=20)


def test_a_damaged_result_is_named(tmp_path):
    go(tmp_path, FakeTrainer())
    (tmp_path / "results" / "all-seed-1.json").write_text("{")
    with pytest.raises(RetailError, match=r"all-seed-1\.json"):
        go(tmp_path, FakeTrainer())


def test_a_budget_takes_whole_shops():
    assert Budget(pictures=10).amounts.scenes == 96
    assert Budget(pictures=400).amounts.scenes == 384
    assert Budget(pictures=400).amounts.people == 400


def test_differences_are_between_runs_of_the_same_seed():
    assert gain({1: 0.3, 2: 0.4}, {1: 0.5, 2: 0.5, 3: 0.0}) == "-0.150"
    assert gain({4: 0.3}, {1: 0.5}) == "-"
    assert spread([0.4, 0.6]) == "0.500 ± 0.141"
    assert spread([0.4]) == "0.400"
    assert spread([]) == "-"


def test_the_table_holds_what_is_finished(tmp_path):
    go(tmp_path, FakeTrainer())
    text = io.StringIO()
    Console(file=text, width=100).print(ablation_table(results(tmp_path, RUNS)))
    line = next(row for row in text.getvalue().splitlines() if "no-clutter" in row)
    assert "0.315 ± 0.007" in line
    assert "-0.185" in line
    assert "no-lighting" not in text.getvalue()


def test_the_command_prints_what_is_there(tmp_path, capsys):
    write_json(tmp_path / "results" / "all-seed-1.json", {"street_ap50": 0.75, "street_f1": None})
    assert main(["--work", str(tmp_path), "--seeds", "1", "--table"]) == 0
    printed = capsys.readouterr().out
    assert "1 of 6 runs" in printed
    assert "0.750" in printed
    assert json.loads((tmp_path / "results" / "all-seed-1.json").read_text())["street_f1"] is None


def test_judging_seeds_are_refused(tmp_path, capsys):
    assert main(["--work", str(tmp_path), "--seeds", "900001"]) == 2
    assert "judging" in capsys.readouterr().err
