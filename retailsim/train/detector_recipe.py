"""From nothing to a model folder: make the pictures, train, measure, export."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from retailsim.errors import RetailError
from retailsim.stack.detect.detector import load_detector
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.runtime import read_config
from retailsim.train.detector_data import Store, picture
from retailsim.train.detector_dataset import make_backgrounds, make_people, make_scenes
from retailsim.train.detector_distillation import inherit
from retailsim.train.detector_evaluation import evaluate_detector
from retailsim.train.detector_training import Progress, Recipe, train
from retailsim.train.export import export_model, parameter_count
from retailsim.train.seeds import require_training_seed

HELD_OUT_PICTURES = 300
HELD_OUT_SERIES = 7  # added to the seed: held-out pictures are mixed by other draws

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How many pictures to make of each kind."""

    people: int = 5000
    scenes: int = 4320
    backgrounds: int = 2500


def train_detector(
    *,
    data: Path,
    output: Path,
    amounts: Amounts,
    recipe: Recipe,
    start_from: str | None = None,
    settings: Path | None = None,
    teacher: str | None = None,
    say: Say,
) -> dict[str, float | int | None]:
    """Make what is missing of the data set, train, and write the model folder.

    Args:
        data: folder of the data set; also holds the checkpoint, from which an interrupted
            training goes on.
        output: model folder to write.
        amounts: pictures to make (those that are there are kept).
        recipe: how to train.
        start_from: model folder whose weights to begin with, of another shape those that fit.
        settings: a model's `config.yaml`, for a network of another shape.
        teacher: model folder of a trained detector to learn from, too; without `start_from`, what
            of its weights fits is where the network begins.
        say: told one line now and then.

    Returns:
        The model's metrics.

    Raises:
        RetailError: the seed is one kept for judging, the data set is empty, or nothing of
            `start_from` fits the network.
        ModelError: a model folder cannot be read, or a checkpoint is of another network.
        DeviceError: there is no OpenGL to render with.
    """
    require_training_seed(recipe.seed)
    master = load_detector(teacher)[1] if teacher else None
    config, first = _beginning(start_from, settings, recipe.seed, master, say)
    make_data(data, amounts, recipe, say)
    learn, held_out = Store.open(data, recipe.randomisers).split()
    began = time.monotonic()
    net = train(
        config,
        learn,
        recipe,
        checkpoint=data / "checkpoint.safetensors",
        start_from=first,
        teacher=master,
        report=lambda progress: say(_line(progress)),
    )
    export_model(output, net, config.model_dump(mode="json"), {}, "")
    size = config.input_px
    numbers = range(HELD_OUT_PICTURES)
    series = recipe.seed + HELD_OUT_SERIES
    figures = evaluate_detector(
        str(output), (picture(held_out, i, seed=series, size=size) for i in numbers)
    )
    metrics: dict[str, float | int | None] = {
        "held_out_ap50": figures["ap50"],
        "held_out_ap": figures["ap"],
        "held_out_pictures": HELD_OUT_PICTURES,
        "parameters": parameter_count(net),
        "people_layers": len(learn.people),
        "scenes": len(learn.scenes),
        "backgrounds": len(learn.backgrounds),
        "training_minutes": round((time.monotonic() - began) / 60, 1),
    }
    export_model(
        output, net, config.model_dump(mode="json"), metrics, card(metrics, recipe, config, teacher)
    )
    return metrics


def _beginning(
    start_from: str | None,
    settings: Path | None,
    seed: int,
    teacher: PersonNet | None,
    say: Say,
) -> tuple[DetectorConfig, PersonNet | None]:
    """Return a network's shape, and its first weights if it has any."""
    shape, ancestor = load_detector(start_from) if start_from else (DetectorConfig(), teacher)
    config = shape if settings is None else read_config(settings, DetectorConfig)
    if ancestor is None:
        return config, None
    first, fitting = heir(config, ancestor, seed=seed)
    whose = start_from or "the teacher"
    if not fitting:
        raise RetailError(f"{whose}: nothing of it fits these settings")
    say(f"{fitting} of {len(first.state_dict())} tensors are those of {whose}")
    return config, first


def heir(config: DetectorConfig, ancestor: PersonNet, *, seed: int) -> tuple[PersonNet, int]:
    """Return a network with its ancestor's weights where they fit, and how many tensors do.

    The others are drawn.
    """
    torch.manual_seed(seed)
    net = PersonNet(config)
    return net, inherit(net, ancestor)


def make_data(data: Path, amounts: Amounts, recipe: Recipe, say: Say) -> None:
    """Make what is missing of the pools that a recipe's randomisers ask for."""
    seed, randomisers = recipe.seed, recipe.randomisers

    def report(what: str, made: int, of: int) -> None:
        if made % 200 == 0 or made == of:
            say(f"{what}: {made} of {of}")

    make_backgrounds(data, amounts.backgrounds, seed=seed, report=report, randomisers=randomisers)
    make_people(data, amounts.people, seed=seed, report=report, randomisers=randomisers)
    make_scenes(data, amounts.scenes, seed=seed, report=report, randomisers=randomisers)


def _line(progress: Progress) -> str:
    return (
        f"{progress.done:6.1%}  step {progress.step}  loss {progress.loss:.3f}  "
        f"{progress.pictures_per_s:.0f} pictures/s"
    )


def card(
    metrics: dict[str, float | int | None],
    recipe: Recipe,
    config: DetectorConfig,
    teacher: str | None = None,
) -> str:
    """Return the model card."""
    ap50 = metrics["held_out_ap50"]
    stem = "patches of stride 4" if config.patches else "a stride-2 stem"
    levels = "deconvolution and down-sampling" if config.way_back else "deconvolution"
    activation = {"relu": "ReLU", "silu": "SiLU"}[config.activation]
    taught = f", taught by the detector {teacher} as well" if teacher else ""
    return f"""# Person detector

A one-class, anchor-free detector: Tiny DarkNet backbone with {stem}, spatial pyramid
pooling concatenated with its input, levels merged by {levels}, two heads
(strides 8 and 16), {activation}, {metrics["parameters"]:,} parameters.
Input: BGR in [0, 1], letterboxed.

**Trained on** simulated people alone, by `retail train detector --seed {recipe.seed}`{taught}:
{metrics["people_layers"]} renderings of varied people for random cameras (eye level, ceiling
corners, straight down) mixed anew for every sample over {metrics["backgrounds"]} cluttered
procedural backgrounds with things in front of them, and {metrics["scenes"]} rendered shops. No
real picture was used. Boxes are those of the visible pixels; people under a quarter visible or
under 13 px of the input are neither asked for nor punished.

**Measured** on {metrics["held_out_pictures"]} held-out mixed pictures (harder than any shop:
colours permuted, noise, things across people): AP50 {0.0 if ap50 is None else ap50:.3f}. Further
figures are in `metrics.json`; the scorecard of a session is what counts.

**Weak on** people mostly hidden by others, very dark pictures, bodies that simulation does not
have (children, wheelchairs, people lying down). Not for identifying anybody: it only finds boxes.

Licence: Apache-2.0, as the rest of the project.
"""
