"""Replay the fixtures and hold them against what was written down: what `retail check` does."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retailsim.engine.config import load_stack
from retailsim.engine.pipeline import STALL_S
from retailsim.engine.vigil import OnStall
from retailsim.errors import BagError
from retailsim.evaluate.gate import Delta, Expected, compare, failures
from retailsim.evaluate.scorecard import Scorecard
from retailsim.evaluate.tolerances import expect
from retailsim.experiments.replay import replay_bag

# An expected scorecard holds some hundred lines of JSON.
MAX_EXPECTED_BYTES = 1_000_000


@dataclass(frozen=True)
class Checked:
    """One fixture's outcome.

    Attributes:
        name: the fixture.
        scorecard: what the replay gave now.
        deltas: every compared figure; empty when the expectation was rewritten.
    """

    name: str
    scorecard: Scorecard
    deltas: tuple[Delta, ...]

    @property
    def passed(self) -> bool:
        """Whether no figure regressed."""
        return not failures(list(self.deltas))


@dataclass(frozen=True)
class GateResult:
    """The outcome of all fixtures."""

    fixtures: tuple[Checked, ...]
    updated: bool

    @property
    def passed(self) -> bool:
        """Whether every fixture passed."""
        return all(fixture.passed for fixture in self.fixtures)


def check_fixtures(
    where: Path,
    *,
    stack: str | Path | None = None,
    update: bool = False,
    progress: Callable[[str], None] | None = None,
    stall_s: float = STALL_S,
    on_stall: OnStall | None = None,
) -> GateResult:
    """Replay every `NAME.bag` under `where` and compare it with `NAME.expected.json`.

    Networks compute in fp32, which differs least between machines.

    Args:
        where: folder of fixtures, or one bag.
        stack: stack YAML; the shipped one by default.
        update: rewrite the expectations instead, keeping their tolerances.
        progress: told each fixture's name as it begins.
        stall_s, on_stall: as for `replay_bag`.

    Raises:
        BagError: no fixtures, a fixture without expectation, or one that cannot be read.
    """
    spec = load_stack(stack)

    def replayed(bag: Path) -> Scorecard:
        return replay_bag(
            bag, spec=spec, precision="fp32", stall_s=stall_s, on_stall=on_stall
        ).scorecard

    checked = []
    for bag in find_fixtures(where):
        if progress:
            progress(bag.stem)
        checked.append(_update(bag, replayed) if update else _check(bag, replayed))
    return GateResult(tuple(checked), updated=update)


def find_fixtures(where: Path) -> list[Path]:
    """Return the bags to check, by name; raises BagError when there are none."""
    if where.suffix == ".bag":
        return [where]
    bags = sorted(where.glob("*.bag")) if where.is_dir() else []
    if not bags:
        raise BagError(f"{where}: no fixtures (NAME.bag with NAME.expected.json beside it) here")
    return bags


def expectation_of(bag: Path) -> Path:
    """Return the path of a fixture's expected scorecard."""
    return bag.with_name(f"{bag.stem}.expected.json")


def _check(bag: Path, replayed: Callable[[Path], Scorecard]) -> Checked:
    expected = _read(expectation_of(bag))
    card = replayed(bag)
    return Checked(bag.stem, card, tuple(compare(expected, card)))


def _update(bag: Path, replayed: Callable[[Path], Scorecard]) -> Checked:
    path = expectation_of(bag)
    previous = _read(path) if path.exists() else None
    card = replayed(bag)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(expect(card, previous).to_json(), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise BagError(f"{path}: cannot be written: {error.strerror}") from error
    return Checked(bag.stem, card, ())


def _read(path: Path) -> Expected:
    try:
        if path.stat().st_size > MAX_EXPECTED_BYTES:
            raise BagError(f"{path}: too large for an expected scorecard")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BagError(f"{path}: missing; `retail check --update` writes it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BagError(f"{path}: cannot be read: {error}") from error
    return Expected.from_json(text, origin=str(path))
