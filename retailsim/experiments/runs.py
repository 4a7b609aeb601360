"""Many short experiments in one folder: each done once, by whoever comes first.

A work folder belongs to one budget. Runs leave one JSON each; a lock says which run some process
is at, and vanishes with that process.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailsim.errors import RetailError

Figures = dict[str, float | None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One cell of the table: a variant of the training data and a seed."""

    variant: str
    seed: int

    @property
    def name(self) -> str:
        """Return what its files are called."""
        return f"{self.variant}-seed-{self.seed}"


@dataclass(frozen=True)
class Done:
    """A finished run and its figures."""

    run: Run
    figures: Figures


# Trains and measures one run, with a folder for what is to outlast an interruption.
Trainer = Callable[[Run, Path], Figures]


def do_all(
    work: Path, runs: Sequence[Run], trainer: Trainer, *, budget: dict[str, Any], say: Say
) -> list[Run]:
    """Do every run that has no result yet and that no other process is at.

    Args:
        work: folder of results; made if it is not there.
        runs: in the order to do them in.
        trainer: does one.
        budget: what all runs of the folder have in common.
        say: told one line now and then.

    Returns:
        The runs left to other processes.

    Raises:
        RetailError: the folder belongs to another budget, or a result is damaged.
    """
    claim(work, budget)
    busy = []
    for run in runs:
        if read(work, run) is not None:
            say(f"{run.name}: there already")
            continue
        with locked(work / "locks" / run.name) as mine:
            if not mine:
                say(f"{run.name}: another process is at it")
                busy.append(run)
            elif read(work, run) is None:  # not finished between the first look and the lock
                say(f"{run.name}: begun")
                folder = work / "runs" / run.name
                folder.mkdir(parents=True, exist_ok=True)
                write_json(_result(work, run), trainer(run, folder))
    return busy


def results(work: Path, runs: Sequence[Run]) -> list[Done]:
    """Return those runs that are finished, in the given order."""
    found = ((run, read(work, run)) for run in runs)
    return [Done(run, figures) for run, figures in found if figures is not None]


def read(work: Path, run: Run) -> Figures | None:
    """Return a run's figures, None before it is finished; raises RetailError when damaged."""
    path = _result(work, run)
    if not path.exists():
        return None
    try:
        figures: Figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RetailError(f"{path}: not a result; remove it: {error}") from error
    return figures


def claim(work: Path, budget: dict[str, Any]) -> None:
    """Make a work folder for a budget; raises RetailError when it belongs to another one."""
    path = work / "budget.json"
    work.mkdir(parents=True, exist_ok=True)
    with locked(work / "locks" / "budget", wait=True):
        if not path.exists():
            write_json(path, budget)
        there = json.loads(path.read_text(encoding="utf-8"))
    if there != json.loads(json.dumps(budget)):
        raise RetailError(f"{work}: holds runs of another budget, {there}; take another folder")


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file beside its place and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a lock file; yields False where another process holds it and `wait` is off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def _result(work: Path, run: Run) -> Path:
    return work / "results" / f"{run.name}.json"
