"""Simulated sessions, kept as long as nothing that makes them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import retailsim
from retailsim import api
from retailsim.simulate.library import find_scenario
from retailsim.simulate.record import record
from retailsim.simulate.scenario import Scenario, load_scenario, load_store
from retailsim.store.load import dump_plan
from retailsim.store.plan import StorePlan

CACHE = Path(".cache/judge")
MAKES_BAGS = ("errors.py", "store", "messages", "session", "simulate")

Progress = Callable[[float, float, float], None]


class Hash(Protocol):
    """What `hashlib` returns."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""


def simulated(
    scenario: str | Path,
    *,
    seed: int,
    seconds: float,
    cache: Path = CACHE,
    progress: Progress | None = None,
) -> Path:
    """Return the bag of a seed from the cache, simulating it first if it is not there.

    Args:
        scenario: path, or name of a shipped one.
        seed: of all draws.
        seconds: length of the session.
        cache: folder of bags.
        progress: as for `api.simulate`.

    Raises:
        ScenarioError, BagError, DeviceError: see `api.simulate`.
    """
    folder = cache / cache_key(scenario, seconds)
    bag = folder / f"{seed}.bag"
    if not bag.exists():
        folder.mkdir(parents=True, exist_ok=True)
        api.simulate(scenario, output=bag, seed=seed, duration_s=seconds, progress=progress)
    return bag


def simulated_reads(
    day: Scenario,
    plan: StorePlan,
    *,
    seed: int,
    seconds: float,
    cache: Path = CACHE,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Return the bag of a day without cameras from the cache, simulating it first if need be.

    Args:
        day, plan: what is played where; the plan need not be the day's own.
        seed: of all draws.
        seconds: length of the session.
        cache: folder of bags.
        progress: told the share that is done.

    Raises:
        ScenarioError, BagError: see `record`.
    """
    bag = cache / f"{session_key(day, plan, seconds)}-reads" / f"{seed}.bag"
    if not bag.exists():
        bag.parent.mkdir(parents=True, exist_ok=True)
        tell = progress or (lambda share: None)
        record(
            day, plan, bag, seed=seed, duration_s=seconds, video=False,
            progress=lambda done_s, _: tell(done_s / seconds),
        )  # fmt: skip
    return bag


def cache_key(scenario: str | Path, seconds: float) -> str:
    """Return a digest of everything but the seed that decides a bag's bytes on this machine."""
    file = find_scenario(scenario)
    day = load_scenario(file)
    return session_key(day, load_store(day, file), seconds)


def session_key(day: Scenario, plan: StorePlan, seconds: float) -> str:
    """Return the same for a day played in any shop."""
    digest = hashlib.sha256()
    for text in (day.model_dump_json(), dump_plan(plan), repr(float(seconds))):
        digest.update(text.encode())
    digest_sources(digest, MAKES_BAGS)
    return digest.hexdigest()[:16]


def digest_sources(digest: Hash, parts: Sequence[str]) -> None:
    """Add names and bytes of the package's files in some of its folders to a digest."""
    root = Path(retailsim.__file__).parent
    for part in parts:
        path = root / part
        for source in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
            if source.suffix in (".py", ".glsl", ".vert", ".frag", ".yaml", ".json"):
                digest.update(str(source.relative_to(root)).encode() + source.read_bytes())
