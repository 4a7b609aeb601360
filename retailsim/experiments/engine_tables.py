"""The results of the engine's benches as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from retailsim.experiments.density_bench import DensityBench, Tried
from retailsim.experiments.density_trial import Trial
from retailsim.experiments.pipeline_bench import PipelineBench, ProcessFigures, WayFigures, counted
from retailsim.experiments.simulate_bench import Spread
from retailsim.experiments.transport_figures import SizeBench, TransportBench

TIGHT = (0, 1, 0, 0)  # cells nearer to each other, so that tables fit into 80 columns
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
        padding=TIGHT,
    )
    table.add_column("way", min_width=10)
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
        padding=TIGHT,
    )
    table.add_column("than", min_width=10)
    for heading in GAINS:
        table.add_column(heading, justify="right")
    for gain in size.gains:
        times = (gain.first, gain.first_in_place, gain.further, gain.further_read)
        table.add_row(gain.over, *map(_spread, (*times, gain.first_busy, gain.further_busy)))
    return table


def pipeline_tables(bench: PipelineBench) -> list[Table]:
    """Return a table of all ways to replay, and what the processes of the best two do."""
    best = {way.way: way for way in bench.ways}
    return [
        _replays_table(bench),
        _processes_table(best[bench.best_serial]),
        _processes_table(best[bench.best_pipelined]),
    ]


def _replays_table(bench: PipelineBench) -> Table:
    gain = bench.gain
    table = Table(
        title=(
            f"{bench.best_pipelined} over {bench.best_serial}: "
            f"{gain.median:.2f} ({gain.least:.2f} to {gain.most:.2f}) times as fast"
        ),
        caption=(
            f"{bench.seconds:.3g} s of {escape(bench.bag)}, {bench.precision}, {bench.rounds} "
            "rounds in turn: median (least to most)"
            "\nown, others: shares of all cores' time that the replay and other programs had"
            "\nbusy: share of each core's time that anybody had"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=TIGHT,
    )
    table.add_column("way", no_wrap=True)
    gpu = [way for way in bench.ways if way.gpu_busy]
    headings = ("frames/s", "x real\ntime", "core-ms\nper frame", "own", "others", "busy")
    for heading in (*headings, "GPU") if gpu else headings:
        table.add_column(heading, justify="right")
    for way in bench.ways:
        best = way.way in (bench.best_serial, bench.best_pipelined)
        table.add_row(*_replay_row(way, gpu=bool(gpu)), style="bold" if best else "")
    return table


def _replay_row(way: WayFigures, *, gpu: bool) -> list[str]:
    row = [
        way.way,
        _spread(way.fps),
        f"{way.realtime_factor.median:.2f}",
        _maybe(way.core_ms_per_frame),
        _percent(way.own),
        _percent(way.others),
        " ".join(_percent(core) for core in way.cores_busy),
    ]
    return [*row, _percent(way.gpu_busy)] if gpu else row


def _processes_table(way: WayFigures) -> Table:
    table = Table(
        title=f"{way.way}: all wait for {way.critical}",
        caption=(
            "busy: share of the time in which its stages are at work; cpu: on a core"
            "\nms: for a capture tick; stages in running order"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=TIGHT,
    )
    table.add_column("process")
    for heading in ("busy", "cpu", "ms"):
        table.add_column(heading, justify="right")
    table.add_column("stages, ms")
    for process in way.processes:
        critical = process.process == way.critical
        table.add_row(*_process_row(process), style="bold" if critical else "")
    return table


def _process_row(process: ProcessFigures) -> list[str]:
    stages = [f"{role} {ms.median:.1f}" for role, ms in process.stages.items()]
    return [
        escape(process.process),
        _percent(process.busy),
        _percent(process.cpu),
        _spread(process.ms_per_tick),
        escape(", ".join(stages)),
    ]


def density_table(bench: DensityBench) -> Table:
    """Return a row per trial, in order of streams."""
    at_least = "at least " if bench.capped else ""
    table = Table(
        title=(
            f"{at_least}{counted(f'{bench.streams} stream', bench.streams)} of "
            f"{', '.join(bench.sizes)} at "
            f"{bench.rate_hz:.3g} frames/s"
        ),
        caption=(
            f"{escape(bench.footage)}, {bench.precision}, a process for {bench.per_shop} streams; "
            f"warm-up {bench.warm_up_s:g} s, then two windows of {bench.window_s:g} s"
            f"{_rounds(bench.rounds)}"
            "\nrate, p95: of the stream with the worst, in each window; busy: of all cores"
            "\nothers: share of all cores' time that other programs had"
        ),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=TIGHT,
    )
    table.add_column("streams", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for heading in ("rate, %", "p95, ms", "dropped", "core-ms\nper frame", "busy", "others"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trial in sorted(bench.trials, key=lambda trial: trial.streams):
        table.add_row(str(trial.streams), _verdict(trial), *_trial_figures(trial))
    return table


def tried_line(tried: Tried) -> str:
    """Say in one line what came of all trials of a number of streams."""
    parts = [
        f"{counted(f'{tried.streams} stream', tried.streams)}: held in {tried.held} of "
        f"{counted(f'{tried.trials} trial', tried.trials)}"
    ]
    if tried.least_share:
        parts.append(f"rate {_spread(tried.least_share, scale=1e2, between=' ')} %")
    if tried.p95_s:
        parts.append(f"p95 {_spread(tried.p95_s, scale=1e3, between=' ')} ms")
    if tried.core_ms_per_frame:
        parts.append(f"{_spread(tried.core_ms_per_frame, between=' ')} core-ms per frame")
    return "; ".join(parts)


def _rounds(rounds: int) -> str:
    return "" if rounds == 1 else f"\na number holds when most of {rounds} trials do"


def _verdict(trial: Trial) -> str:
    if trial.wanting:
        return "[yellow]not begun[/]"
    if not all(window.believed for window in trial.windows):
        return "[bold red]above source rate[/]"
    return "[green]held[/]" if trial.held else "[yellow]not held[/]"


def _trial_figures(trial: Trial) -> list[str]:
    cores = trial.cores_busy
    return [
        " ".join(f"{1e2 * window.least_share:.1f}" for window in trial.windows),
        " ".join("-" if w.p95_s is None else f"{1e3 * w.p95_s:.0f}" for w in trial.windows),
        f"{sum(trial.dropped.values()):,}",
        "-" if trial.core_ms_per_frame is None else f"{trial.core_ms_per_frame:.1f}",
        f"{sum(cores) / len(cores):.0%}" if cores else "-",
        "-" if trial.others is None else f"{trial.others:.0%}",
    ]


def trial_line(trial: Trial) -> str:
    """Say in one line what became of a trial."""
    if trial.wanting:
        streams = counted(f"{trial.streams} stream", trial.streams)
        return f"{streams}: {_verdict(trial)}: {escape(trial.wanting)}"
    rate, p95, dropped, core_ms, busy, others = _trial_figures(trial)
    return (
        f"{counted(f'{trial.streams} stream', trial.streams)}: {_verdict(trial)}; rate {rate} %, "
        f"p95 {p95} ms, {dropped} dropped, {core_ms} core-ms per frame, "
        f"cores {busy} busy, others {others}"
    )


def _maybe(figure: Spread | None) -> str:
    return "" if figure is None else _spread(figure)


def _percent(figure: Spread | None) -> str:
    return "" if figure is None else f"{figure.median:.0%}"


def _spread(figure: Spread, *, scale: float = 1.0, between: str = "\n") -> str:
    values = (figure.median, figure.least, figure.most)
    median, least, most = (_short(scale * value) for value in values)
    return median if least == most else f"{median}{between}({least} to {most})"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
