"""Finished replays of a comparison in its output folder, under names that say what made them."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retailsim.engine.config import StackSpec, find_class
from retailsim.errors import BagError, ModelError, RetailError
from retailsim.evaluate.scorecard import Scorecard
from retailsim.experiments.compare_events import Event
from retailsim.experiments.runs import write_json
from retailsim.experiments.sessions import digest_sources
from retailsim.stack.on_cpu import floats_of
from retailsim.stack.runtime import model_sha256, twin_sha256
from retailsim.stack.stage import Precision

DECIDES = ("errors.py", "store", "messages", "session", "stack", "engine", "evaluate")
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class NamedBag:
    """A session: what it is called and where it is."""

    name: str
    path: Path


@dataclass(frozen=True)
class Outcome:
    """One stack on one bag.

    Attributes:
        scorecard: the figures.
        events: what the stack said to have happened.
        warnings: of the replay.
        resumed: it was done before, and read from the output folder.
    """

    scorecard: Scorecard
    events: tuple[Event, ...]
    warnings: tuple[str, ...] = ()
    resumed: bool = False


class Runs:
    """Finished replays of one bag in an output folder.

    Args:
        folder: of the comparison.
        bag: the session.
        device: where networks run.
    """

    def __init__(self, folder: Path, bag: NamedBag, device: str) -> None:
        self._folder = folder / "runs"
        self._bag = f"{bag.name} {bag_sha256(bag.path)} {device}"
        self._taken: set[Path] = set()

    def place(self, spec: StackSpec) -> Path:
        """Return the file of a stack's replay; a stack compared with itself has two."""
        digest = hashlib.sha256(f"{self._bag} {stack_key(spec)}".encode()).hexdigest()[:20]
        path = self._folder / f"{digest}.json"
        while path in self._taken:
            path = path.with_name(f"{path.stem}-again.json")
        self._taken.add(path)
        return path

    @staticmethod
    def read(path: Path) -> Outcome | None:
        """Return a finished replay, None when it is not there or not whole."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            card = Scorecard.from_json(json.dumps(data["scorecard"]), origin=str(path))
            events = tuple(_event(entry) for entry in data["events"])
            return Outcome(card, events, tuple(map(str, data["warnings"])), resumed=True)
        except (OSError, ValueError, KeyError, TypeError, RetailError):
            return None

    @staticmethod
    def write(path: Path, outcome: Outcome) -> None:
        """Keep a finished replay; raises BagError when it cannot be written."""
        data = {
            "scorecard": json.loads(outcome.scorecard.to_json()),
            "events": [asdict(event) for event in outcome.events],
            "warnings": list(outcome.warnings),
        }
        try:
            write_json(path, data)
        except OSError as error:
            raise BagError(f"{path}: cannot be written: {error.strerror or error}") from error


def _event(data: dict[str, Any]) -> Event:
    place = data.pop("xy_m")
    return Event(**data, xy_m=None if place is None else (float(place[0]), float(place[1])))


def stack_key(spec: StackSpec) -> str:
    """Return a digest of all that decides what a stack says: parameters, weights, code, and what
    networks compute in here.

    Of a user's own stage that is the module's file and those beside it; what those import from
    elsewhere is not looked at.
    """
    digest = hashlib.sha256(spec.sha256().encode())
    digest_sources(digest, DECIDES)
    for role, stage in spec.stages.items():
        if stage is None:
            continue
        for source in _own_sources(find_class(role, stage.uses or "")):
            digest.update(source.name.encode() + source.read_bytes())
        model = stage.parameters.get("model")
        if isinstance(model, str):
            digest.update(_weights(model, spec.precision).encode())
    digest.update(str(floats_of(spec.precision)).encode())
    return digest.hexdigest()


def _own_sources(kind: type) -> list[Path]:
    """Return the files of a class that is not retailsim's own."""
    if kind.__module__.split(".")[0] == "retailsim":
        return []
    try:
        file = Path(inspect.getfile(kind))
    except (TypeError, OSError):
        return []
    return sorted(file.parent.glob("*.py"))


def _weights(model: str, precision: Precision) -> str:
    try:
        return f"{model_sha256(model)} {twin_sha256(model, precision)}"
    except ModelError:
        return ""  # a user's stage may mean something else by `model`


def bag_sha256(bag: Path) -> str:
    """Return a digest of a bag's files, names and bytes; raises BagError."""
    digest = hashlib.sha256()
    try:
        for file in sorted(f for f in bag.rglob("*") if f.is_file()) if bag.is_dir() else [bag]:
            digest.update(file.name.encode())
            for block in _blocks(file):
                digest.update(block)
    except OSError as error:
        raise BagError(f"{error.filename or bag}: {error.strerror or error}") from error
    return digest.hexdigest()


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block
