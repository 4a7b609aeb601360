"""How many tags a reader can watch: `retail bench readers`.

A flip that is not read while it lasts is not found by anybody, and a reader's reads are shared by
all its tags. So the shop's stock is made larger and smaller, and played with other modes, sessions
and numbers of antennas: what share of flips is covered by three reads, and how many of those does a
detector find? All antennas of the shop hang on one reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retailsim.errors import ScenarioError
from retailsim.experiments.flip_detectors import find_detector
from retailsim.experiments.flip_figures import Measure, Outcome, measures_of
from retailsim.experiments.flip_study import CACHE, SEEDS, SIMULATING, judged_once, part_of
from retailsim.experiments.pictures import write_picture
from retailsim.experiments.sessions import simulated_reads
from retailsim.report.curves import Curve, Panel, draw_grid
from retailsim.simulate.library import find_scenario
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.store.modes import MODES, ModeName
from retailsim.store.plan import Antenna, StorePlan

POPULATIONS = (30, 60, 120, 240, 480, 1000, 1500)
SESSIONS = (0, 1, 2, 3)
ANTENNAS = (1, 2, 4, 8)
SCENARIO, SECONDS = "saturday-rush", 180.0
MOST_ANTENNAS = 32  # on one reader
SHARES = (0, 0.2, 0.4, 0.6, 0.8, 1)

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Settings:
    """How the one reader is set; `antennas` of 0 are all of the shop's."""

    mode: ModeName = "fm0"
    session: int = 2
    antennas: int = 0


@dataclass(frozen=True)
class Point:
    """One setting with one population.

    Attributes:
        settings, tags: which.
        by_seed: what the detector did.
    """

    settings: Settings
    tags: int
    by_seed: dict[int, Outcome]

    @property
    def measures(self) -> dict[str, Measure]:
        """Figure -> mean and spread over seeds."""
        return measures_of(self.by_seed)


@dataclass(frozen=True)
class ReaderStudy:
    """All settings and populations.

    Attributes:
        panels: what was varied -> label of a curve -> its points by number of tags.
    """

    scenario: str
    detector: str
    seeds: tuple[int, ...]
    seconds: float
    panels: dict[str, dict[str, tuple[Point, ...]]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        panels = {
            varied: {
                label: [
                    {
                        "settings": asdict(point.settings),
                        "tags": point.tags,
                        "figures": {name: asdict(m) for name, m in point.measures.items()},
                    }
                    for point in points
                ]
                for label, points in curves.items()
            }
            for varied, curves in self.panels.items()
        }
        head = {"scenario": self.scenario, "detector": self.detector}
        return head | {"seeds": list(self.seeds), "seconds": self.seconds, "panels": panels}


def study_readers(
    scenario: str | Path = SCENARIO,
    *,
    detector: str = "shipped",
    populations: Sequence[int] = POPULATIONS,
    modes: Sequence[str] = tuple(MODES),
    sessions: Sequence[int] = SESSIONS,
    antennas: Sequence[int] = ANTENNAS,
    seeds: Sequence[int] = SEEDS,
    seconds: float = SECONDS,
    cache: Path = CACHE,
    progress: Progress | None = None,
) -> ReaderStudy:
    """Play a day with every population and reader setting and judge a detector on it.

    Modes are varied in session 2 and sessions in FM0, both with all antennas; antennas in FM0 and
    session 2.

    Args:
        scenario: path or name of a shipped one; its shop needs antennas and stock.
        detector: what `find_detector` knows.
        populations: numbers of tags, about; a shop has at least one garment of each kind.
        modes, sessions, antennas: what to try; none of a kind leaves it out.
        seeds: 900000 and up are for judging alone.
        seconds: length of each session.
        cache: folder of sessions and judgements; what is there is not done again.
        progress: told the share that is done.

    Raises:
        RetailError: the scenario, the detector or a setting cannot be used.
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown:
        raise ScenarioError(f"mode '{unknown[0]}' is unknown; there are {', '.join(MODES)}")
    if not populations or min(populations) < 1 or not seeds:
        raise ScenarioError("give at least one population of at least one tag, and one seed")
    file = find_scenario(scenario)
    day = load_scenario(file)
    plan = load_store(day, file)
    wanted: dict[str, dict[str, Settings]] = {
        "mode": {mode.upper(): Settings(mode=mode) for mode in MODES if mode in modes},
        "session": {f"S{n}": Settings(session=n) for n in sorted(sessions)},
        "antennas": {f"{n}": Settings(antennas=n) for n in sorted(antennas)},
    }
    judge, tell = find_detector(detector), progress or (lambda share: None)
    points = [
        (settings, tags)
        for curves in wanted.values()
        for settings in curves.values()
        for tags in sorted(populations)
    ]
    # Settings that two panels share are played once.
    jobs = [(s, tags, seed) for s, tags in dict.fromkeys(points) for seed in seeds]
    done: dict[tuple[Settings, int], dict[int, Outcome]] = {}
    for number, (settings, tags, seed) in enumerate(jobs):
        shop = with_reader(with_tags(plan, tags), settings)
        bag = simulated_reads(
            day, shop, seed=seed, seconds=seconds, cache=cache,
            progress=part_of(tell, number / len(jobs), SIMULATING / len(jobs)),
        )  # fmt: skip
        done.setdefault((settings, tags), {})[seed] = judged_once(bag, judge)
    tell(1.0)
    panels = {
        varied: {
            label: tuple(Point(s, tags, done[s, tags]) for tags in sorted(populations))
            for label, s in curves.items()
        }
        for varied, curves in wanted.items()
        if curves
    }
    return ReaderStudy(day.name, judge.name, tuple(seeds), seconds, panels)


def with_tags(plan: StorePlan, tags: int) -> StorePlan:
    """Return the shop with about so many garments: as many more or fewer of every kind.

    Kinds that would have less than half a garment are left out. Raises ScenarioError for a shop
    without stock.
    """
    there = sum(stock.count for stock in plan.stock)
    if not there:
        raise ScenarioError(f"{plan.name}: has no stock to make larger")
    ends = np.round(np.cumsum([s.count for s in plan.stock]) * tags / there).astype(int)
    counts = np.diff(ends, prepend=0).tolist()
    stock = [
        s.model_copy(update={"count": count})
        for s, count in zip(plan.stock, counts, strict=True)
        if count
    ]
    return StorePlan.model_validate(plan.model_copy(update={"stock": stock}).model_dump())


def with_reader(plan: StorePlan, settings: Settings) -> StorePlan:
    """Return the shop with some of its antennas, evenly chosen, on one reader set like that.

    Raises ScenarioError where the shop lacks so many.
    """
    antennas = [antenna for reader in plan.readers for antenna in reader.antennas]
    wanted = settings.antennas or len(antennas)
    if not 1 <= wanted <= min(len(antennas), MOST_ANTENNAS):
        raise ScenarioError(f"{plan.name}: {wanted} antennas wanted, it has {len(antennas)}")
    rows = ((np.arange(wanted) + 0.5) * len(antennas) / wanted).astype(int).tolist()
    chosen: list[Antenna] = [
        antennas[row].model_copy(update={"port": port}) for port, row in enumerate(rows, start=1)
    ]
    update = {
        "antennas": chosen, "mode": settings.mode, "session": settings.session, "target": "dual",
        "tags_per_s": None,
    }  # fmt: skip
    reader = plan.readers[0].model_copy(update=update)
    return StorePlan.model_validate(plan.model_copy(update={"readers": [reader]}).model_dump())


def reader_panels(study: ReaderStudy) -> list[list[Panel]]:
    """Return two rows of plots over the number of tags: coverage above, f1 below."""
    rows = []
    for figure, words in (("coverage", "flips with 3 reads"), ("f1", "f1 of covered flips")):
        row = []
        for varied, curves in study.panels.items():
            drawn = []
            for label, points in curves.items():
                pairs = [(p.tags, p.measures[figure].mean) for p in points]
                known = [(tags, value) for tags, value in pairs if value is not None]
                drawn.append(Curve(label, [t for t, _ in known], [v for _, v in known]))
            tags = sorted({p.tags for points in curves.values() for p in points})
            ticks = tags if len(tags) > 1 else [tags[0], tags[0] + 1]
            row.append(
                Panel(f"{words}, by {varied}", "tags before the reader", "share", drawn, ticks,
                      SHARES, log_x=True)
            )  # fmt: skip
        rows.append(row)
    return rows


def plot_readers(study: ReaderStudy, path: Path) -> None:
    """Write the plots; raises ScenarioError or BagError as `write_picture` does."""
    write_picture(path, draw_grid(reader_panels(study)))
