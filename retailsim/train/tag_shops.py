"""Shops and days drawn at random, for training what listens to tag reads.

A detector that has seen one shop with one layout learns that layout. So every training session is
another shop: other antennas and reader settings, more or fewer tags, busier or lazier hands. The
sports shop is never drawn: it is kept to see what carries over.

    python -m retailsim.train.tag_shops --seeds 4000:4260 -o .cache/tag-shops
    python -m retailsim.train.tag_shops --seeds 4300:4320 --ordinary --duration 300 \\
        -o .cache/ordinary-shops
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retailsim.resources import find
from retailsim.simulate.record import record
from retailsim.simulate.scenario import Scenario, load_scenario, load_store
from retailsim.simulate.streams import stream
from retailsim.store.plan import Antenna, Reader, StorePlan
from retailsim.train.seeds import parse_seeds, require_training_scenario, require_training_seed

F64 = NDArray[np.float64]
T = TypeVar("T")
# Days to begin from, and how often each.
BASE_SCENARIOS = {
    "boutique": 0.30,
    "uniforms": 0.08,
    "saturday-rush": 0.12,
    "dense-rails": 0.22,
    "armfuls": 0.10,
    "restocking": 0.08,
    "quiet-morning": 0.06,
    "fast-fashion": 0.04,
}
MODE_SHARES = {"fm0": 0.5, "m2": 0.25, "m4": 0.2, "m8": 0.05}
REGION_SHARES = {"fcc": 0.6, "etsi": 0.2, "china": 0.2}
SESSION_SHARES = {2: 0.6, 1: 0.25, 0: 0.15}
STOCK = (0.15, 1.6)  # of the plan's stock, drawn even in its logarithm
MOST_TAGS = 700
MOST_PORTS = 10
ANTENNA_JITTER_M = 0.6
WALL_M = 0.3


def draw_shop(
    seed: int, *, scenario: str | None = None, busier: bool = True
) -> tuple[Scenario, StorePlan]:
    """Return a day and the shop it is played in; raises RetailError for judging seeds.

    Args:
        seed: of the draw (and, by custom, of the day played in it).
        scenario: the day to begin from, by name; drawn when not given.
        busier: whether hands are drawn busier than the day's own.
    """
    require_training_seed(seed)
    rng = stream(seed, "train", "tag-shop")
    name = scenario or _drawn(rng, BASE_SCENARIOS)
    file = find(f"scenarios/{name}.yaml")
    day = load_scenario(file)
    require_training_scenario(day)
    plan = load_store(day, file)
    plan = with_stock(plan, _stock_factor(rng, len(plan.items)))
    readers = [_reader(r, plan, rng) for r in _some(plan.readers, rng)]
    plan = plan.model_copy(update={"readers": readers})
    shop = StorePlan.model_validate(plan.model_dump())
    return (_busier(day, rng) if busier else day), shop


def with_stock(plan: StorePlan, factor: float) -> StorePlan:
    """Return the plan with that many times as many garments of every kind, at least one."""
    stock = [s.model_copy(update={"count": max(1, round(s.count * factor))}) for s in plan.stock]
    return plan.model_copy(update={"stock": stock})


def _stock_factor(rng: np.random.Generator, tags: int) -> float:
    factor = float(np.exp(rng.uniform(*np.log(STOCK))))
    return min(factor, MOST_TAGS / max(tags, 1))


def _some(readers: list[Reader], rng: np.random.Generator) -> list[Reader]:
    """Return few enough readers, drawn at random; large shops have more than training needs."""
    order, ports = rng.permutation(len(readers)).tolist(), 0
    kept: list[Reader] = []
    for place in order:
        ports += len(readers[place].antennas)
        if not kept or ports <= MOST_PORTS:
            kept.append(readers[place])
    return kept


def _reader(reader: Reader, plan: StorePlan, rng: np.random.Generator) -> Reader:
    """Move a reader's antennas about, take some away, and set it otherwise."""
    count = int(rng.integers(max(1, len(reader.antennas) // 2), len(reader.antennas) + 1))
    chosen = np.sort(rng.permutation(len(reader.antennas))[:count])
    settings = {
        "antennas": [_antenna(reader.antennas[i], plan, rng) for i in chosen],
        "mode": _drawn(rng, MODE_SHARES),
        "region": _drawn(rng, REGION_SHARES),
        "session": _drawn(rng, SESSION_SHARES),
        "target": "dual",
        "antenna_dwell_s": float(rng.uniform(0.05, 0.25)),
        "tx_power_dbm": float(rng.uniform(27.0, 31.5)),
        "tags_per_s": None,
    }
    return reader.model_copy(update=settings)


def _antenna(antenna: Antenna, plan: StorePlan, rng: np.random.Generator) -> Antenna:
    assert plan.size_m is not None
    low = np.array([WALL_M, WALL_M, min(2.3, plan.height_m - WALL_M)])
    high = np.array([plan.size_m[0] - WALL_M, plan.size_m[1] - WALL_M, plan.height_m - 0.1])
    at = np.array(antenna.position_m) + rng.normal(0, ANTENNA_JITTER_M, 3)
    look = np.array(antenna.look_at_m) + rng.normal(0, ANTENNA_JITTER_M, 3)
    at = np.clip(at, low, high)
    look[2] = np.clip(look[2], 0.5, 1.2)
    return antenna.model_copy(update={"position_m": _point(at), "look_at_m": _point(look)})


def _busier(day: Scenario, rng: np.random.Generator) -> Scenario:
    """Return the day with other hands: rare events are what a detector has to learn."""
    habits = day.habits.model_dump()
    habits["garments_per_fixture"] *= float(rng.uniform(1.0, 3.0))
    for pause in ("look_s", "pause_s"):
        habits[pause]["median"] *= float(rng.uniform(0.4, 1.1))
    return day.model_copy(update={"habits": type(day.habits).model_validate(habits)})


def _point(xyz_m: F64) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 3) for v in xyz_m)
    return x, y, z


def _drawn(rng: np.random.Generator, shares: dict[T, float]) -> T:
    names = list(shares)
    return names[int(rng.choice(len(names), p=np.array(list(shares.values()))))]


def record_shops(
    seeds: Iterable[int], folder: Path, *, duration_s: float, busier: bool = True
) -> list[Path]:
    """Play a drawn shop per seed without cameras; bags that are there already stay.

    Raises:
        RetailError: a seed is kept for judging.
        BagError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bags = []
    for seed in seeds:
        bag = folder / f"{seed}.bag"
        bags.append(bag)
        if not bag.exists():
            day, plan = draw_shop(seed, busier=busier)
            taken = record(day, plan, bag, seed=seed, duration_s=duration_s, video=False)
            tags = len(plan.items)
            print(f"seed {seed}: {day.name}, {tags} tags, {taken.wall_s:.0f} s", flush=True)
    return bags


def main() -> None:
    """Record training shops from the command line; see the module."""
    parser = argparse.ArgumentParser(description="Record shops drawn at random, tag reads alone.")
    parser.add_argument("--seeds", type=parse_seeds, required=True, help="as 1:5,9")
    parser.add_argument("--duration", type=float, default=180.0, help="seconds per session")
    parser.add_argument(
        "--ordinary",
        action="store_true",
        help="leave the days' hands as they are: to choose thresholds where flips are rare",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(".cache/tag-shops"))
    wanted = parser.parse_args()
    record_shops(
        wanted.seeds, wanted.output, duration_s=wanted.duration, busier=not wanted.ordinary
    )


if __name__ == "__main__":
    main()
