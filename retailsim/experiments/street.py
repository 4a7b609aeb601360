"""From the simulated world to a real street: a detector's figures on a clip it never saw.

    python -m retailsim.experiments.street VIDEO TRUTH [--model person-detector]
        [--shops BAG ...] [--every 25] [--no-hog] [--json]

The threshold is the one with the highest F1 on the first half (frames 1 to 89 of TUD-Stadtmitte);
all figures are of the second half. Boxes come from the stack's own detector stage. Beside it
stands OpenCV's ready-made HOG detector. With `--shops` the same weights are also measured on
every so many-th instant of session bags.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from retailsim.errors import RetailError
from retailsim.experiments.hog import HogDetector
from retailsim.experiments.labelled import (
    Clip,
    average_precision,
    bag_clip,
    detect,
    rank,
    video_clip,
)
from retailsim.report.table import number
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.stage import Precision, Stage, StageContext

LEAST_SCORE = 0.02  # average precision wants the whole curve
FIGURES = ("threshold", "ap50", "ap", "precision", "recall", "f1")


@dataclass(frozen=True)
class StreetFigures:
    """One detector on a clip.

    Attributes:
        frames: how many the figures are of.
        threshold: chosen on the frames before those.
        ap50, ap: over all scores, independent of the threshold.
        precision, recall, f1: at the threshold; None where nothing is found or to be found.
    """

    frames: int
    threshold: float
    ap50: float | None
    ap: float | None
    precision: float | None
    recall: float | None
    f1: float | None


def person_detector(
    clip: Clip, model: str = "person-detector", *, precision: Precision = "fp32"
) -> PersonDetector:
    """Return the stack's detector for a clip's cameras, with weak boxes reported too."""
    context = StageContext(clip.plan, precision=precision)
    return PersonDetector(context, model=model, threshold=LEAST_SCORE)


def measure_street(stage: Stage, clip: Clip) -> StreetFigures:
    """Choose the threshold on the first half of a clip and measure on the second."""
    half = len(clip.batches) // 2
    earlier, later = clip.between(1, half), clip.between(half + 1, len(clip.batches))
    threshold = rank(earlier, detect(stage, earlier)).best_threshold()
    found = detect(stage, later)
    return StreetFigures(
        frames=len(later.batches),
        threshold=threshold,
        **average_precision(later, found),
        **rank(later, found).at(threshold),
    )


def measure_shops(
    clips: Sequence[Clip], model: str = "person-detector", *, precision: Precision = "fp32"
) -> list[float | None]:
    """Return the AP50 of a model on each clip."""
    found = (detect(person_detector(c, model, precision=precision), c) for c in clips)
    return [average_precision(c, boxes)["ap50"] for c, boxes in zip(clips, found, strict=True)]


def street_table(rows: dict[str, StreetFigures], title: str) -> Table:
    """Return one line per detector."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("detector")
    for name in FIGURES:
        table.add_column(name, justify="right")
    for name, figures in rows.items():
        table.add_row(name, *(number(getattr(figures, figure)) for figure in FIGURES))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("truth", type=Path, help="boxes in MOTChallenge form")
    parser.add_argument("--model", default="person-detector")
    parser.add_argument("--precision", choices=get_args(Precision), default="fp32")
    parser.add_argument("--shops", type=Path, nargs="+", default=[], metavar="BAG")
    parser.add_argument("--every", type=int, default=25, help="instants from one to the next")
    parser.add_argument("--no-hog", dest="hog", action="store_false")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    try:
        clip = video_clip(wanted.video, wanted.truth)
        ours = person_detector(clip, wanted.model, precision=wanted.precision)
        rows = {wanted.model: measure_street(ours, clip)}
        if wanted.hog:
            rows["HOG (OpenCV)"] = measure_street(HogDetector(StageContext(clip.plan)), clip)
        clips = [bag_clip(bag, every=wanted.every) for bag in wanted.shops]
        found = measure_shops(clips, wanted.model, precision=wanted.precision)
        shops = dict(zip(map(str, wanted.shops), found, strict=True))
    except RetailError as error:
        print(error, file=sys.stderr)
        return 2
    if wanted.json:
        figures = {name: asdict(row) for name, row in rows.items()}
        print(json.dumps({"street": figures, "shops_ap50": shops}, indent=2))
        return 0
    count, half = len(clip.batches), len(clip.batches) // 2
    console = Console()
    title = f"{wanted.video.name}, frames {half + 1} to {count} (threshold from 1 to {half})"
    console.print(street_table(rows, title))
    for bag, ap50 in shops.items():
        console.print(f"{bag}: AP50 {number(ap50)}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
