"""What each randomiser of the detector's training pictures adds: trainings without one in turn.

    python -m retailsim.experiments.ablation --work DIR [--seeds 1 2 3] [--steps 600]
        [--pictures 400] [--variants all no-clutter ...] [--street VIDEO --street-truth TRUTH]
        [--shops BAG ...] [--every 25] [--table]

For every seed and variant (`all`, and `no-X` for each factor of `retailsim.train.randomisers`):
makes small pools of pictures, trains a detector from nothing with the same budget, and measures
it on a real street (AP50 of the second half of the clip; F1 at the threshold that is best on the
first) and on session bags. Each finished run leaves a JSON in DIR/results and is not done again;
an interrupted training goes on from its checkpoint; several processes may share DIR, each with
one thread. `--table` only prints what is there.

Measured on one core of a shared two-core machine, at the default budget's sizes: a step (mixing 16
pictures at 320 x 192 and learning from them) takes 0.42 to 0.49 s of CPU, so 600 steps about 270 s;
a person layer 0.06 s, a background 0.06 s, a shop picture 0.02 s and 2 s a shop, so all pools of a
variant about 65 s (less where they are shared with another variant); measuring 6 s. That is about
six minutes a run, and under five for `no-occluders`, whose pools are those of `all`. At 416 x 256
a step takes 0.75 s. The results say what each run took.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev

import cv2
import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from retailsim.errors import RetailError
from retailsim.experiments.labelled import Clip, bag_clip, video_clip
from retailsim.experiments.runs import Done, Figures, Run, Say, do_all, locked, results
from retailsim.experiments.street import measure_shops, measure_street, person_detector
from retailsim.report.table import number
from retailsim.stack.detect.network import DetectorConfig
from retailsim.train.detector_data import Store
from retailsim.train.detector_recipe import Amounts, make_data
from retailsim.train.detector_training import Progress, Recipe, train
from retailsim.train.export import export_model
from retailsim.train.randomisers import VARIANTS, variant
from retailsim.train.seeds import require_training_seed
from retailsim.train.shop_scenes import CAMERAS_PER_SHOP, SNAPSHOTS_PER_SHOP

PER_SHOP = SNAPSHOTS_PER_SHOP * CAMERAS_PER_SHOP
REPORT_STEPS = 25  # a checkpoint is written every four reports
LEAST_WIDTH = 110  # characters; narrower the table breaks its words
COLUMNS = {"street_ap50": "street AP50", "street_f1": "street F1", "shops_ap50": "shops AP50"}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every run gets.

    Attributes:
        steps: of the optimiser.
        pictures: rendered or painted for each pool (shops: rounded to whole ones, at least one).
        batch: pictures per step.
        input_px: width and height of the network's input.
    """

    steps: int = 600
    pictures: int = 400
    batch: int = 16
    input_px: tuple[int, int] = (320, 192)

    @property
    def amounts(self) -> Amounts:
        """Return how many pictures of each kind that is."""
        shops = max(1, round(self.pictures / PER_SHOP))
        return Amounts(people=self.pictures, backgrounds=self.pictures, scenes=shops * PER_SHOP)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Trains and measures one run; see `retailsim.experiments.runs.Trainer`.

    Attributes:
        budget: the same for all runs.
        pools: folder of the rendered pictures, shared between runs.
        street: clip to measure on, None for no such figure.
        shops: sampled session bags to measure on.
        say: told one line now and then.
    """

    budget: Budget
    pools: Path
    say: Say
    street: Clip | None = None
    shops: tuple[Clip, ...] = field(default=())

    def __call__(self, run: Run, folder: Path) -> Figures:
        """Make what is missing of the run's pools, train in `folder`, and measure."""
        began = time.process_time()
        recipe = Recipe(
            samples=self.budget.steps * self.budget.batch,
            batch=self.budget.batch,
            seed=run.seed,
            second_process=False,
            randomisers=variant(run.variant),
        )
        data = self.pools / f"seed-{run.seed}"
        with locked(self.pools / f"seed-{run.seed}.lock", wait=True):
            make_data(data, self.budget.amounts, recipe, lambda line: self._tell(run, line))
        made = time.process_time()
        config = DetectorConfig(input_px=self.budget.input_px)
        net = train(
            config,
            Store.open(data, recipe.randomisers),
            recipe,
            checkpoint=folder / "checkpoint.safetensors",
            report=lambda progress: self._tell(run, _line(progress)),
            report_every=REPORT_STEPS,
        )
        trained = time.process_time()
        model = folder / "model"
        card = f"# {run.name} of an ablation\n"
        export_model(model, net, config.model_dump(mode="json"), {}, card)
        figures = self.measure(str(model.resolve()))
        self._tell(run, "  ".join(f"{name} {number(value)}" for name, value in figures.items()))
        return figures | {
            "making_cpu_s": round(made - began, 1),
            "training_cpu_s": round(trained - made, 1),  # of the last sitting
            "measuring_cpu_s": round(time.process_time() - trained, 1),
        }

    def measure(self, model: str) -> Figures:
        """Return the figures of a model folder: `street_*` and `shops_ap50`, their mean."""
        figures: Figures = {}
        if self.street is not None:
            found = measure_street(person_detector(self.street, model), self.street)
            figures |= {f"street_{k}": v for k, v in asdict(found).items()}
        if self.shops:
            known = [v for v in measure_shops(self.shops, model) if v is not None]
            figures["shops_ap50"] = mean(known) if known else None
        return figures

    def _tell(self, run: Run, line: str) -> None:
        self.say(f"{run.name}: {line}")


def _line(progress: Progress) -> str:
    return (
        f"step {progress.step}  loss {progress.loss:.3f}  {progress.pictures_per_s:.0f} pictures/s"
    )


def ablation_table(done: Sequence[Done], title: str = "") -> Table:
    """Return mean and standard deviation over seeds, and differences from `all`.

    Differences are of the means over the seeds that both a variant and `all` have.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("trained on", no_wrap=True)
    table.add_column("seeds", justify="right")
    shown = [name for name in COLUMNS if any(name in d.figures for d in done)]
    for name in shown:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True)
        table.add_column("from all", justify="right")
    for name in VARIANTS:
        seeds = [d.run.seed for d in done if d.run.variant == name]
        cells = []
        for figure in shown:
            own, whole = by_seed(done, name, figure), by_seed(done, "all", figure)
            cells += [spread(list(own.values())), "" if name == "all" else gain(own, whole)]
        if seeds:
            table.add_row(name, str(len(seeds)), *cells)
    return table


def by_seed(done: Sequence[Done], name: str, figure: str) -> dict[int, float]:
    """Return one figure of a variant by seed, where it could be computed."""
    values = {d.run.seed: d.figures.get(figure) for d in done if d.run.variant == name}
    return {seed: value for seed, value in values.items() if value is not None}


def spread(values: Sequence[float]) -> str:
    """Return mean and sample standard deviation in words."""
    if len(values) < 2:
        return number(values[0] if values else None)
    return f"{number(mean(values))} ± {number(stdev(values))}"


def gain(own: dict[int, float], whole: dict[int, float]) -> str:
    """Return the mean difference over common seeds, with its sign."""
    both = sorted(own.keys() & whole.keys())
    return f"{mean(own[s] - whole[s] for s in both):+.3f}" if both else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit code."""
    wanted = _parser().parse_args(arguments)
    stderr = Console(stderr=True)

    def say(text: str) -> None:
        stderr.print(f"{time.strftime('%H:%M:%S')} {text}", highlight=False)

    budget = Budget(
        steps=wanted.steps,
        pictures=wanted.pictures,
        batch=wanted.batch,
        input_px=tuple(wanted.input),
    )
    runs = [Run(name, seed) for seed in wanted.seeds for name in wanted.variants]
    try:
        if not wanted.table:
            _do(wanted, runs, budget, say)
        done = results(wanted.work, runs)
    except RetailError as error:
        print(error, file=sys.stderr)
        return 2
    title = f"{len(done)} of {len(runs)} runs, {budget.steps} steps of {budget.batch} pictures"
    console = Console()
    console.width = max(console.width, LEAST_WIDTH)
    console.print(ablation_table(done, title))
    return 0


def _do(wanted: argparse.Namespace, runs: Sequence[Run], budget: Budget, say: Say) -> None:
    if (wanted.street is None) != (wanted.street_truth is None):
        raise RetailError("--street and --street-truth go together")
    for run in runs:
        require_training_seed(run.seed)
        variant(run.variant)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    bench = Bench(
        budget=budget,
        pools=wanted.work / "pools",
        say=say,
        street=video_clip(wanted.street, wanted.street_truth) if wanted.street else None,
        shops=tuple(bag_clip(bag, every=wanted.every) for bag in wanted.shops),
    )
    measured = {
        "street": wanted.street.name if wanted.street else None,
        "shops": [bag.name for bag in wanted.shops],
        "every": wanted.every,
    }
    do_all(wanted.work, runs, bench, budget=asdict(budget) | measured, say=say)


def _parser() -> argparse.ArgumentParser:
    usual = Budget()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of pools and results")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--pictures", type=int, default=usual.pictures)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--input", type=int, nargs=2, default=usual.input_px, metavar="PX")
    parser.add_argument("--street", type=Path, metavar="VIDEO")
    parser.add_argument("--street-truth", type=Path, metavar="TRUTH")
    parser.add_argument("--shops", type=Path, nargs="+", default=[], metavar="BAG")
    parser.add_argument("--every", type=int, default=25, help="shop instants to the next measured")
    parser.add_argument("--table", action="store_true", help="only print what is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
