"""How often a reader reads each tag as there are more of them: `retail bench inventory`.

All tags hang well within reach of all antennas, so that what is left is the air interface: slots,
collisions, sessions, switching. A shop's walls and bodies take reads away from that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.experiments.pictures import write_picture
from retailsim.report.curves import Curve, Panel, draw_panels
from retailsim.simulate.rfid.hopping import stretches
from retailsim.simulate.rfid.inventory import Inventory, Target
from retailsim.simulate.streams import stream
from retailsim.store.modes import MODES, ModeName
from retailsim.store.regions import REGIONS

POPULATIONS = (1, 2, 5, 10, 20, 50, 100, 200, 350, 600, 1000, 1500)
TICK_NS = 100_000_000
REPLY_DBM = (-65.0, 6.0)  # mean and spread over tags, as in a shop
WINDOW_S, ENOUGH = 2.0, 3  # a motion of so long needs so many reads to be covered


@dataclass(frozen=True)
class Reading:
    """What one mode does with one population.

    Attributes:
        mode, tags: which.
        reads_per_s: of all tags together.
        reads_per_tag_s: of each.
        covered: share of (tag, window of 2 s) with at least 3 reads.
        empty, collided, lost: share of all slots.
        cpu_ms_per_s: computing time of a simulated second.
    """

    mode: ModeName
    tags: int
    reads_per_s: float
    reads_per_tag_s: float
    covered: float
    empty: float
    collided: float
    lost: float
    cpu_ms_per_s: float


@dataclass(frozen=True)
class InventoryBench:
    """All modes and populations, and the settings they share."""

    seconds: float
    seed: int
    session: int
    target: Target
    antennas: int
    region: str
    readings: tuple[Reading, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)

    def of(self, mode: ModeName) -> list[Reading]:
        """Return one mode's readings by population."""
        return [reading for reading in self.readings if reading.mode == mode]


def bench_inventory(
    modes: Sequence[str] | None = None,
    *,
    populations: Sequence[int] = POPULATIONS,
    seconds: float = 20.0,
    seed: int = 42,
    session: int = 2,
    target: str = "dual",
    antennas: int = 1,
    region: str = "fcc",
    progress: Callable[[float], None] | None = None,
) -> InventoryBench:
    """Take stock of every population in every mode for a while.

    Args:
        modes: reader modes; None is all.
        populations: numbers of tags.
        seconds: simulated time of each, at least one window of 2 s.
        seed: of all draws.
        session, target, antennas, region: as in a plan; antennas change every 0.12 s.
        progress: called with the share that is done.

    Raises:
        ScenarioError: an unknown mode, target or region, or no tags.
    """
    chosen = [_known("mode", mode, MODES) for mode in modes or MODES]
    how: Target = _known("target", target, {"single", "dual", "suppression"})
    _known("region", region, REGIONS)
    if how == "suppression" and session != 1:
        raise ScenarioError("target 'suppression' works in session 1 alone")
    if not populations or min(populations) < 1:
        raise ScenarioError("there must be one tag at least")
    readings: list[Reading] = []
    for mode in chosen:
        for tags in sorted(populations):
            rng = stream(seed, "bench inventory", mode, tags)
            inventory = Inventory(
                rng, tags=tags, antennas=antennas, mode=mode, session=session, target=how
            )
            level = stream(seed, "bench levels", tags).normal(*REPLY_DBM, tags)
            readings.append(_measure(inventory, mode, level, seconds, antennas, region))
            if progress:
                progress(len(readings) / (len(chosen) * len(populations)))
    return InventoryBench(seconds, seed, session, how, antennas, region, tuple(readings))


def _known(what: str, name: str, names: Collection[str]) -> Any:
    if name not in names:
        raise ScenarioError(f"{what} '{name}' is unknown; there are {', '.join(sorted(names))}")
    return name


def _measure(
    inventory: Inventory,
    mode: ModeName,
    reply_dbm: NDArray[np.float64],
    seconds: float,
    antennas: int,
    region: str,
) -> Reading:
    powered = np.ones(len(reply_dbm), np.bool_)
    found = []
    began = time.process_time()
    for start_ns in range(0, round(seconds * 1e9), TICK_NS):
        for stretch in stretches(
            start_ns,
            start_ns + TICK_NS,
            epoch_ns=0,
            antennas=antennas,
            dwell_s=0.12,
            region=REGIONS[region],
        ):
            found.append(inventory.read(stretch, powered, reply_dbm))
    spent_s = time.process_time() - began
    tag, time_ns = (np.concatenate(column) for column in zip(*found, strict=True))
    counts, tags = inventory.counts, len(reply_dbm)
    return Reading(
        mode,
        tags,
        reads_per_s=len(tag) / seconds,
        reads_per_tag_s=len(tag) / seconds / tags,
        covered=_covered(tag, time_ns * 1e-9, tags, seconds),
        empty=counts.empty / counts.slots,
        collided=counts.collided / counts.slots,
        lost=counts.lost / counts.slots,
        cpu_ms_per_s=1e3 * spent_s / seconds,
    )


def _covered(
    tag: NDArray[np.int64], time_s: NDArray[np.float64], tags: int, seconds: float
) -> float:
    """Return the share of tags and whole windows with enough reads."""
    windows = int(seconds / WINDOW_S)
    inside = time_s < windows * WINDOW_S
    cell = tag[inside] * windows + (time_s[inside] / WINDOW_S).astype(np.int64)
    return float((np.bincount(cell, minlength=tags * windows) >= ENOUGH).mean())


def inventory_panels(bench: InventoryBench) -> list[Panel]:
    """Return three plots over the number of tags: all reads, reads of each tag, coverage."""
    modes = list(dict.fromkeys(reading.mode for reading in bench.readings))
    tags = sorted({reading.tags for reading in bench.readings})
    round_numbers = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    inside = [tick for tick in round_numbers if 1.7 * tags[0] < tick < tags[-1] / 1.7]
    ticks_x = [tags[0], *inside, tags[-1]]

    def curves(name: str) -> list[Curve]:
        return [
            Curve(mode.upper(), tags, [getattr(r, name) for r in bench.of(mode)]) for mode in modes
        ]

    rates = []
    for curve, mode in zip(curves("reads_per_s"), modes, strict=True):
        table = MODES[mode].tags_per_s
        rates += [curve, Curve("", [tags[0], tags[-1]], [table, table], dashed=True)]
    x = "tags before the reader"
    share = f"share with {ENOUGH} reads in {WINDOW_S:g} s"
    return [
        Panel("all reads (dashed: mode table)", x, "reads per second", rates, ticks_x,
              range(0, 701, 100), log_x=True),
        Panel("reads of each tag", x, "reads per tag and second", curves("reads_per_tag_s"),
              ticks_x, (0.01, 0.1, 1, 10, 100), log_x=True, log_y=True),
        Panel(f"motions of {WINDOW_S:g} s that are covered", x, share, curves("covered"), ticks_x,
              (0, 0.2, 0.4, 0.6, 0.8, 1), log_x=True),
    ]  # fmt: skip


def plot_inventory(bench: InventoryBench, path: Path) -> None:
    """Write the plots side by side; raises ScenarioError or BagError as `write_picture` does."""
    write_picture(path, draw_panels(inventory_panels(bench)))
