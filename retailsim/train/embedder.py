"""The recipe of the shipped person embedder: rendered people only, one CPU thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from retailsim.evaluate.reid import rank
from retailsim.simulate.streams import stream
from retailsim.stack.on_cpu import bf16_is_fast
from retailsim.stack.reid.baseline import histogram
from retailsim.stack.reid.crops import F32, U8, stacked
from retailsim.stack.reid.embedder import unit
from retailsim.stack.reid.network import EmbedderConfig, PersonEmbedder
from retailsim.train.embedder_card import model_card
from retailsim.train.embedder_crops import CameraLook, Scenery, dress_crop
from retailsim.train.embedder_loss import CosineClassifier, batch_hard_triplet
from retailsim.train.embedder_people import Bank, render_bank
from retailsim.train.export import export_model, parameter_count, write_network
from retailsim.train.seeds import FIRST_JUDGING_SEED, require_training_seed

PEOPLE_PER_BATCH, CROPS_PER_PERSON = 16, 4
CAMERAS_HELD_OUT = 4
CHECKPOINT_STEPS = 500


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights.

    Attributes:
        seed: of all draws; below 900000.
        identities, views: of the rendered training people.
        scenes: cluttered pictures to take backgrounds from.
        steps: of the optimiser, 64 crops each.
        minutes: end the schedule after this time, if that comes first.
        learning_rate: at its peak.
        margin: of the triplet loss.
        held_out: identities, all new, that metrics are measured on.
    """

    seed: int = 11
    identities: int = 2400
    views: int = 12
    scenes: int = 300
    steps: int = 12_000
    minutes: float | None = None
    learning_rate: float = 2.5e-3
    margin: float = 0.3
    held_out: int = 150


def train_embedder(
    recipe: Recipe, folder: Path, *, say: Callable[[str], None] = print
) -> dict[str, float]:
    """Render, train, measure and write a model folder.

    Returns:
        The metrics, as written to `metrics.json`.

    Raises:
        RetailError: the seed is one of those kept for judging.
        DeviceError: OpenGL is missing.
    """
    require_training_seed(recipe.seed)
    begin = time.perf_counter()
    bank = render_bank(recipe.seed, identities=recipe.identities, views=recipe.views)
    say(f"{len(bank.person)} crops rendered in {time.perf_counter() - begin:.0f} s")
    test = held_out_set(_other_seed(recipe.seed), identities=recipe.held_out)
    config = EmbedderConfig()

    def checkpoint(step: int, loss: float, net: PersonEmbedder) -> None:
        metrics = measure(net, test)
        write_network(folder, net, config.model_dump(mode="json"))
        say(f"step {step} loss {loss:.3f} {time.perf_counter() - begin:.0f} s {metrics}")

    net, steps = fit(recipe, config, bank, checkpoint=checkpoint)
    metrics = publish(folder, recipe, config, net, test, crops=len(bank.person), steps=steps)
    say(f"{metrics} in {time.perf_counter() - begin:.0f} s")
    return metrics


def publish(
    folder: Path,
    recipe: Recipe,
    config: EmbedderConfig,
    net: PersonEmbedder,
    test: HeldOut,
    *,
    crops: int,
    steps: int,
) -> dict[str, float]:
    """Measure a trained network and write its whole model folder; returns the metrics."""
    metrics = measure(net, test) | {
        f"colour_histogram_{name}": value
        for name, value in measure_vectors(colour_vectors(test.crops), test).items()
    }
    card = model_card(
        config,
        metrics,
        parameters=parameter_count(net),
        identities=recipe.identities,
        crops=crops,
        seed=recipe.seed,
        steps=steps,
        held_out=recipe.held_out,
    )
    export_model(folder, net, config.model_dump(mode="json"), metrics, card)
    return metrics


def fit(
    recipe: Recipe,
    config: EmbedderConfig,
    bank: Bank,
    *,
    checkpoint: Callable[[int, float, PersonEmbedder], None] = lambda *_: None,
) -> tuple[PersonEmbedder, int]:
    """Train a network on a bank; calls `checkpoint(step, loss, net)` every 500 steps.

    Returns:
        The network in eval mode, and the number of steps taken.
    """
    torch.manual_seed(recipe.seed)
    net = PersonEmbedder(config)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    classifier = CosineClassifier(config.dimensions, int(bank.person.max()) + 1)
    parameters = [*net.parameters(), *classifier.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=5e-4)
    batches = Batches(recipe.seed, bank, scenes=recipe.scenes)
    begin = time.perf_counter()
    average, step = 0.0, 0
    for step in range(1, recipe.steps + 1):
        progress = _progress(recipe, step, time.perf_counter() - begin)
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * _rate(progress)
        crops, person = batches.next()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            fused = net.features(crops.contiguous(memory_format=torch.channels_last))
        embedded = functional.normalize(net.neck(fused.float()), dim=1)
        loss = functional.cross_entropy(classifier(embedded), person, label_smoothing=0.1)
        loss = loss + batch_hard_triplet(embedded, person, margin=recipe.margin)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        average += (loss.item() - average) * (0.02 if step > 50 else 1 / step)
        if step % CHECKPOINT_STEPS == 0:
            checkpoint(step, average, net)
        if progress >= 1:
            break
    net.eval()
    return net, step


def _other_seed(seed: int) -> int:
    """The seed of the people held out: as far from the training's as can be."""
    return (seed + FIRST_JUDGING_SEED // 2) % FIRST_JUDGING_SEED


def _progress(recipe: Recipe, step: int, elapsed_s: float) -> float:
    by_time = elapsed_s / (60 * recipe.minutes) if recipe.minutes else 0.0
    return min(max(step / recipe.steps, by_time), 1.0)


def _rate(progress: float) -> float:
    """Rise over the first 3 %, then half a cosine down to 1 %."""
    if progress < 0.03:
        return max(progress / 0.03, 0.02)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * (progress - 0.03) / 0.97)) / 2


class Batches:
    """Draws batches of pairs of people (often dressed alike), several crops of each."""

    def __init__(self, seed: int, bank: Bank, *, scenes: int) -> None:
        self._bank = bank
        self._rng = stream(seed, "batches")
        self._scenery = Scenery.draw(stream(seed, "scenery"), scenes)
        self._rows = {
            int(p): np.flatnonzero(bank.person == p) for p in np.unique(bank.person).tolist()
        }
        seen = {p for p, rows in self._rows.items() if len(rows) >= 2}
        self._pairs = [(p, p + 1) for p in sorted(seen) if p % 2 == 0 and p + 1 in seen]

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return crops, float32 (64, 3, 128, 64), and their people, int64 (64,)."""
        chosen = self._rng.choice(len(self._pairs), PEOPLE_PER_BATCH // 2, replace=False)
        people = [person for k in chosen for person in self._pairs[k]]
        crops: list[U8] = []
        for person in people:
            rows = self._rows[person]
            take = self._rng.choice(rows, CROPS_PER_PERSON, replace=len(rows) < CROPS_PER_PERSON)
            crops += [self._crop(int(row)) for row in take]
        labels = np.repeat(np.array(people, np.int64), CROPS_PER_PERSON)
        return planes(crops), torch.from_numpy(labels)

    def _crop(self, row: int) -> U8:
        look = CameraLook.draw(self._rng)
        return dress_crop(self._rng, self._bank.bgra[row], self._scenery, look)


@dataclass(frozen=True)
class HeldOut:
    """Crops of people no training has seen, over a few cameras with a look of their own."""

    crops: list[U8]
    person: NDArray[np.int64]
    camera: NDArray[np.str_]


def held_out_set(seed: int, *, identities: int, views: int = 8, scenes: int = 100) -> HeldOut:
    """Render new people and deal their shots out to four cameras."""
    bank = render_bank(seed, identities=identities, views=views)
    looks = [CameraLook.draw(stream(seed, "look", c)) for c in range(CAMERAS_HELD_OUT)]
    rng, scenery = stream(seed, "held-out"), Scenery.draw(stream(seed, "scenery"), scenes)
    camera = bank.view % CAMERAS_HELD_OUT
    crops = [
        dress_crop(rng, bgra, scenery, looks[int(c)])
        for bgra, c in zip(bank.bgra, camera, strict=True)
    ]
    return HeldOut(crops, bank.person, np.array([f"camera-{c}" for c in camera]))


def planes(crops: Sequence[U8]) -> torch.Tensor:
    """Turn BGR crops of one size into the network's input: RGB in [0, 1], float32 (n, 3, h, w)."""
    return torch.from_numpy(stacked(crops)).permute(0, 3, 1, 2).float() / 255


def measure(net: PersonEmbedder, test: HeldOut) -> dict[str, float]:
    """Return rank1 and map on single crops under the Market-1501 protocol."""
    training = net.training
    net.eval()
    with torch.inference_mode():
        blocks = [
            net(planes(test.crops[i : i + 128])).numpy() for i in range(0, len(test.crops), 128)
        ]
    net.train(training)
    return measure_vectors(np.concatenate(blocks), test)


def measure_vectors(vectors: F32, test: HeldOut) -> dict[str, float]:
    """Return rank1 and map of any embedding of the test set's crops."""
    figures = rank(vectors, test.person, test.camera)
    return {name: round(value, 4) for name, value in figures.items() if value is not None}


def colour_vectors(crops: list[U8]) -> F32:
    """Embed crops by the baseline's colour histograms."""
    return unit(np.stack([histogram(crop) for crop in crops]))
