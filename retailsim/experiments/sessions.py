"""Simulated sessions, kept as long as nothing that makes them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import retailsim
from retailsim import api
from retailsim.simulate.library import find_scenario
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.store.load import dump_plan

CACHE = Path(".cache/judge")
MAKES_BAGS = ("errors.py", "store", "messages", "session", "simulate")

Progress = Callable[[float, float, float], None]


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


def cache_key(scenario: str | Path, seconds: float) -> str:
    """Return a digest of everything but the seed that decides a bag's bytes on this machine."""
    file = find_scenario(scenario)
    day = load_scenario(file)
    plan = load_store(day, file)
    digest = hashlib.sha256()
    for text in (day.model_dump_json(), dump_plan(plan), repr(float(seconds))):
        digest.update(text.encode())
    root = Path(retailsim.__file__).parent
    for part in MAKES_BAGS:
        path = root / part
        for source in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
            if source.suffix in (".py", ".glsl", ".vert", ".frag", ".yaml", ".json"):
                digest.update(str(source.relative_to(root)).encode() + source.read_bytes())
    return digest.hexdigest()[:16]
