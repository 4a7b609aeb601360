"""Does the motion detector tell a walked tag from one that lies still, on a real reader's logs?

    python -m retailsim.experiments.moving_logs FOLDER [--model tag-motion] [--simulated 20]
        [--keep N] [--clip 6] [--seed 0] [--json]

FOLDER holds `static*.csv.gz` and `moving*.csv.gz`: recording, timestamp (s), antenna, rssi (dBm),
epc, phase_angle (4096 steps a turn), channel_index (from 1), doppler_frequency (1/16 Hz). The
detector is used as it is, on a plan of four antennas and one tag, anew on every clip of 6 s.
Windows of 2 s are thinned at random to as many reads as nine in ten windows of either kind have.
AUC is of pairs of windows, every recording the same weight; intervals are over recordings.

Three trivial scores stand beside it, in the direction that serves them better: the deviation of
RSSI over the window, the number of reads before thinning, the length of the whole recording. The
size of the Doppler is a fourth: at a walk it is far below its noise, so that what it tells is how
recordings were made. "Later": without windows that begin in a recording's first 2 s, in which a
walk may not have begun. With `--simulated` the same is done on recordings of a simulated set-up.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import count as counting
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from retailsim.errors import BagError, RetailError
from retailsim.experiments.moving_logs_scores import (
    circular_variances,
    doppler_size,
    few_reads,
    phase_evidence,
    rssi_deviation,
    rssi_evidence,
    short_recording,
)
from retailsim.experiments.moving_logs_windows import (
    Auc,
    Clip,
    Recording,
    WindowScores,
    auc,
    by_recording,
    cut,
    reads_to_keep,
)
from retailsim.messages.sensors import TagReads
from retailsim.stack.tagmotion.front import Front
from retailsim.stack.tagmotion.network import LAG_BINS, Motion, MotionNetwork
from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.train.lone_tag import lone_tag_plan, simulate_lone_tag

F64 = NDArray[np.float64]

WINDOW_S, CLIP_S = 2.0, 6.0
LEAST_SHARE = 1e-6  # probabilities nearer to 0 or 1 say no more
SETTINGS = ("thinned", "thinned, later", "all reads", "all reads, later")
TRIVIAL = ("RSSI deviation", "number of reads", "length of recording", "Doppler size")


def read_logs(folder: Path) -> list[Recording]:
    """Return the recordings of a folder; raises BagError when a file is not as expected."""
    files = [path for kind in ("static", "moving") for path in sorted(folder.glob(f"{kind}*.gz"))]
    if not files:
        raise BagError(f"{folder}: no static*.csv.gz or moving*.csv.gz in there")
    return [recording for path in files for recording in _read_log(path)]


def _read_log(path: Path) -> list[Recording]:
    moving, rows = path.name.startswith("moving"), dict[str, list[tuple[float, ...]]]()
    line = 1
    try:
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):  # noqa: B007
                rows.setdefault(row["recording"], []).append(
                    (
                        float(row["timestamp"]) * 1e6,
                        int(row["antenna"]),
                        int(row["channel_index"]),
                        float(row["rssi"]) * 100,
                        int(row["phase_angle"]),
                        int(row["doppler_frequency"]),
                    )
                )
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise BagError(f"{path}: line {line}: {error!r}; expected a reader's log") from error
    return [Recording(f"{path.name}: {n}", moving, _lone(found)) for n, found in rows.items()]


def _lone(rows: list[tuple[float, ...]]) -> TagReads:
    """Return reads as if of the tag of `lone_tag_plan`."""
    plan = lone_tag_plan()
    read_us, antenna, channel, rssi_cdbm, phase, doppler = np.round(np.array(rows)).T
    return TagReads(
        time_ns=int(read_us.max()) * 1000,
        reader=plan.readers[0].id,
        read_us=read_us.astype(np.int64),
        epc=np.full(len(rows), plan.items[0].epc, "<U24"),
        antenna=antenna.astype(np.uint8),
        channel=channel.astype(np.uint16),
        rssi_cdbm=rssi_cdbm.astype(np.int16),
        phase=phase.astype(np.uint16),
        doppler=doppler.astype(np.int16),
    )


def shipped_detector(model: str) -> WindowScores:
    """Return the log odds of motion that the stack's detector gives, the mean over a window.

    Raises ModelError when the model does not fit.
    """
    plan = lone_tag_plan()
    MotionNetwork(model, Front(plan).table.xyz_m)

    def score(clip: Clip) -> F64:
        front = Front(plan)
        network = MotionNetwork(model, front.table.xyz_m)
        front.add(clip.reads)
        begin_ns, total, bins = [], np.zeros(len(clip.count)), np.zeros(len(clip.count))
        end_us = clip.start_us + len(clip.count) * clip.window_us
        flush_ns = round((LAG_BINS + 3) * BIN_S * 1e9)
        for bin_ in front.bins(end_us * 1000 + flush_ns):
            begin_ns.append(bin_.start_ns)
            late = network.add(bin_.features).late
            if late is None:
                continue
            middle_ns = begin_ns[len(begin_ns) - 1 - LAG_BINS] + round(BIN_S * 5e8)
            window = (middle_ns // 1000 - clip.start_us) // clip.window_us
            if 0 <= window < len(total):
                total[window] += _log_odds(1.0 - float(late[0, Motion.STILL]))
                bins[window] += 1
        return total / np.maximum(bins, 1)

    return score


def _log_odds(probability: float) -> float:
    share = float(np.clip(probability, LEAST_SHARE, 1 - LEAST_SHARE))
    return float(np.log(share / (1 - share)))


def per_window(score: Callable[[TagReads], float]) -> WindowScores:
    """Return a score of one window's reads as one of clips; 0 where there are no reads."""

    def scores(clip: Clip) -> F64:
        windows = [clip.of(number) for number in range(len(clip.count))]
        return np.array([score(w) if len(w.epc) else 0.0 for w in windows])

    return scores


def all_scores(model: str) -> dict[str, WindowScores]:
    """Return everything that is compared, by name; raises ModelError for a bad model."""
    return {
        model: shipped_detector(model),
        "phase changes": per_window(phase_evidence),
        "RSSI on each antenna": per_window(rssi_evidence),
        "RSSI deviation": per_window(rssi_deviation),
        "number of reads": few_reads,
        "length of recording": short_recording,
        "Doppler size": per_window(doppler_size),
    }


def measure(
    recordings: Sequence[Recording],
    scores: Mapping[str, WindowScores],
    *,
    keep: int | None = None,
    clip_s: float = CLIP_S,
    seed: int = 0,
) -> dict[str, object]:
    """Return AUCs by score and setting, and what they are of.

    Args:
        recordings: of both kinds.
        scores: by name; trivial ones may be turned round.
        keep: reads per window; by default what nine in ten windows have.
        clip_s: length of the clips.
        seed: of the thinning.
    """
    whole = _cut(recordings, clip_s, None, 0.0, seed)
    keep = reads_to_keep(whole) if keep is None else keep
    figures: dict[str, dict[str, Auc | None]] = {name: {} for name in scores}
    for setting in SETTINGS:
        skip_s = WINDOW_S if setting.endswith("later") else 0.0
        thinned = keep if setting.startswith("thinned") else None
        clips = _cut(recordings, clip_s, thinned, skip_s, seed)
        for name, score in scores.items():
            moving, still = by_recording(clips, score)
            figures[name][setting] = _better(auc(moving, still), turn=name in TRIVIAL)
    return {
        "reads_per_window": keep,
        "clip_s": clip_s,
        "moving": _counts(recordings, whole, keep, moving=True),
        "still": _counts(recordings, whole, keep, moving=False),
        "auc": figures,
    }


def _cut(
    recordings: Sequence[Recording], clip_s: float, keep: int | None, skip_s: float, seed: int
) -> list[Clip]:
    return [
        clip
        for recording in recordings
        for clip in cut(
            recording, clip_s=clip_s, window_s=WINDOW_S, keep=keep, skip_s=skip_s, seed=seed
        )
    ]


def _better(found: Auc | None, *, turn: bool) -> Auc | None:
    """Turn a score round if that serves it."""
    if found is None or not turn or found.value >= 0.5:
        return found
    return Auc(1 - found.value, 1 - found.high, 1 - found.low)


def _counts(
    recordings: Sequence[Recording], clips: Sequence[Clip], keep: int, *, moving: bool
) -> dict[str, object]:
    mine = [recording for recording in recordings if recording.moving == moving]
    reads = np.concatenate([c.count for c in clips if c.recording.moving == moving])
    spread = np.concatenate([circular_variances(recording.reads) for recording in mine])
    return {
        "recordings": len(mine),
        "windows": len(reads),
        "too_few_reads": int((reads < keep).sum()),
        "reads_quantiles": np.quantile(reads, [0.1, 0.5, 0.9]).tolist(),
        "circular_variance_quantiles": np.quantile(spread, [0.25, 0.5, 0.75]).round(4).tolist(),
    }


def simulated(pairs: int, *, seed: int = 0) -> list[Recording]:
    """Return so many simulated recordings of each kind; those never read are drawn anew."""
    found: list[Recording] = []
    for moving in (False, True):
        draws = counting(seed * 10_000)
        while sum(recording.moving == moving for recording in found) < pairs:
            try:
                seed = next(draws)
                reads = simulate_lone_tag(seed, moving=moving)
            except ValueError:
                continue
            found.append(Recording(f"{'moving' if moving else 'still'} {seed}", moving, reads))
    return found


def result_tables(title: str, result: dict[str, object]) -> list[Table]:
    """Return what the figures are of, then one line per score."""
    of = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in ("", "recordings", "windows", "too few reads", "reads", "circular variance"):
        of.add_column(name, justify="left" if not name else "right")
    for kind in ("moving", "still"):
        row = dict(result[kind])  # type: ignore[call-overload]
        reads = " ".join(f"{x:.0f}" for x in row["reads_quantiles"])
        spread = " ".join(f"{x:.3f}" for x in row["circular_variance_quantiles"])
        counts = (str(row[name]) for name in ("recordings", "windows", "too_few_reads"))
        of.add_row(kind, *counts, reads, spread)
    by = Table(
        title=f"AUC, {result['reads_per_window']} reads per window when thinned",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("score", *SETTINGS):
        by.add_column(name, justify="left" if name == "score" else "right")
    for name, row in dict(result["auc"]).items():  # type: ignore[call-overload]
        shown = f"({name})" if name in TRIVIAL else name
        by.add_row(shown, *(_shown(row[setting]) for setting in SETTINGS))
    return [of, by]


def _shown(found: Auc | None) -> str:
    return "-" if found is None else f"{found.value:.3f} {found.low:.3f}..{found.high:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="tag-motion")
    parser.add_argument("--simulated", type=int, default=0, metavar="PAIRS")
    parser.add_argument("--keep", type=int, help="reads per window")
    parser.add_argument("--clip", type=float, default=CLIP_S, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    try:
        scores = all_scores(wanted.model)
        sets = {str(wanted.folder): read_logs(wanted.folder)}
    except RetailError as error:
        print(error, file=sys.stderr)
        return 2
    if wanted.simulated:
        sets["simulated"] = simulated(wanted.simulated, seed=wanted.seed)
    options = {"keep": wanted.keep, "clip_s": wanted.clip, "seed": wanted.seed}
    results = {name: measure(found, scores, **options) for name, found in sets.items()}
    if wanted.json:
        print(json.dumps(results, indent=2, default=asdict))
        return 0
    console = Console()
    for name, result in results.items():
        for table in result_tables(name, result):
            console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
