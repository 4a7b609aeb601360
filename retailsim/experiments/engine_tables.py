"""The results of the engine's benches as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table

from retailsim.experiments.simulate_bench import Spread
from retailsim.experiments.transport_bench import SizeBench, TransportBench

HEADINGS = ("first", "and read", "further", "and read", "woken", "first busy", "further busy")
GAINS = ("first", "in place", "further", "further, read", "first busy", "further busy")


def transport_tables(bench: TransportBench) -> list[Table]:
    """Return two tables per size of frame: what each way takes, and what the ring gains."""
    return [
        table for size in bench.sizes for table in (_ways_table(size, bench), _gains_table(size))
    ]


def _ways_table(size: SizeBench, bench: TransportBench) -> Table:
    table = Table(
        title=f"{size.width} x {size.height}: microseconds to hand a frame over",
        caption=(
            f"{bench.rounds} rounds of {bench.frames} frames: median (least to most)"
            f"\na copy in memory takes {size.copy_us.median:.0f} us, "
            f"{size.copy_gb_per_s:.1f} GB/s; reading every byte {size.read_us.median:.0f} us"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("way")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for way in size.ways:
        first, further = (way.first, way.first_read), (way.further, way.further_read)
        figures = (*first, *further, way.woken, way.first_busy, way.further_busy)
        table.add_row(way.way, *("" if figure is None else _spread(figure) for figure in figures))
    return table


def _gains_table(size: SizeBench) -> Table:
    table = Table(
        title=f"{size.width} x {size.height}: the ring is faster by",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("than")
    for heading in GAINS:
        table.add_column(heading, justify="right")
    for gain in size.gains:
        times = (gain.first, gain.first_in_place, gain.further, gain.further_read)
        table.add_row(gain.over, *map(_spread, (*times, gain.first_busy, gain.further_busy)))
    return table


def _spread(figure: Spread) -> str:
    return "{}\n({}-{})".format(*map(_short, (figure.median, figure.least, figure.most)))


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
