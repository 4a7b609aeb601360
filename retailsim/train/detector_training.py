"""The training loop of the person detector: bf16 on the CPU, averaged weights, resumable."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

from retailsim.errors import ModelError
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.on_cpu import bf16_is_fast
from retailsim.train.detector_data import Pictures, Store
from retailsim.train.detector_distillation import imitation_loss
from retailsim.train.detector_loss import Targets, detector_loss
from retailsim.train.randomisers import ALL, Randomisers

WARM_UP_STEPS = 150
AVERAGE_DECAY = 0.998  # of the running mean of the weights, per step
WEIGHT_DECAY = 0.03
MAX_GRADIENT = 10.0
LAST_RATE_SHARE = 0.02


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train.

    Attributes:
        samples: pictures to see in all.
        minutes: time after which the schedule ends early, None for no limit; the learning rate
            follows whichever of the two is further on.
        batch: pictures per step.
        rate: highest learning rate (AdamW).
        seed: names the series of pictures and the first weights.
        second_process: make the pictures in a process of their own.
        randomisers: what is varied in the pictures.
    """

    samples: int = 80_000
    minutes: float | None = None
    batch: int = 16
    rate: float = 2e-3
    seed: int = 1
    second_process: bool = True
    randomisers: Randomisers = ALL


@dataclass(frozen=True)
class Progress:
    """Where a training stands: steps done, share of the whole, mean loss of late, pictures/s."""

    step: int
    done: float
    loss: float
    pictures_per_s: float


Report = Callable[[Progress], None]


def train(
    config: DetectorConfig,
    store: Store,
    recipe: Recipe,
    *,
    checkpoint: Path,
    start_from: PersonNet | None = None,
    teacher: PersonNet | None = None,
    report: Report = lambda _: None,
    report_every: int = 50,
) -> PersonNet:
    """Train a detector and return it with its averaged weights.

    Args:
        config: the network.
        store: pictures to learn from.
        recipe: how.
        checkpoint: safetensors file written every few reports; training goes on from it if it
            is there.
        start_from: first weights, random by default.
        teacher: a trained detector to learn from, too.
        report: told how it goes.
        report_every: steps between two reports.

    Raises:
        ModelError: the checkpoint belongs to another network.
    """
    torch.manual_seed(recipe.seed)
    net = copy.deepcopy(start_from) if start_from is not None else PersonNet(config)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = _State(net, recipe, teacher)
    if checkpoint.exists():
        state.load(checkpoint)
    began, seen, losses = time.monotonic(), state.step * recipe.batch, []
    budget_s = (recipe.minutes or math.inf) * 60
    batches = _batches(config, store, recipe, start=seen)
    while True:
        elapsed = time.monotonic() - began + state.spent_s
        done = max(state.step * recipe.batch / recipe.samples, elapsed / budget_s)
        if done >= 1:
            break
        losses.append(state.advance(*next(batches), done=done))
        if state.step % report_every == 0:
            here = state.step * recipe.batch - seen
            rate = here / (time.monotonic() - began)
            report(Progress(state.step, done, sum(losses) / len(losses), rate))
            losses.clear()
        if state.step % (report_every * 4) == 0:
            state.save(checkpoint, spent_s=elapsed)
    state.save(checkpoint, spent_s=elapsed)
    return state.average


class _State:
    """Network, its running mean, optimiser, and how far it has come."""

    def __init__(self, net: PersonNet, recipe: Recipe, teacher: PersonNet | None) -> None:
        self.net = net.train()
        self._teacher = teacher and teacher.eval().requires_grad_(False)
        self.average = copy.deepcopy(net).eval()
        self.step, self.spent_s = 0, 0.0
        self._rate = recipe.rate
        weights = [p for p in net.parameters() if p.ndim > 1]
        others = [p for p in net.parameters() if p.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": weights, "weight_decay": WEIGHT_DECAY},
            {"params": others, "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.rate)

    def advance(self, images: Tensor, targets: Targets, *, done: float) -> float:
        """Take one step; returns its loss."""
        rate = self._rate * learning_rate_share(self.step, done)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        maps = forward_mixed(self.net, images)
        loss = detector_loss(maps, targets)
        if self._teacher is not None:
            with torch.no_grad():
                taught = forward_mixed(self._teacher, images)
            loss = loss + imitation_loss(maps, taught)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), MAX_GRADIENT)
        self._optimiser.step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True)
        for mean, value in pairs:
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)

    def save(self, path: Path, *, spent_s: float) -> None:
        """Write network, mean and optimiser moments, renamed into place."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for i, parameter in enumerate(self._parameters()):
            for key, value in self._optimiser.state[parameter].items():
                tensors[f"moment.{i}.{key}"] = value
        tensors["progress"] = torch.tensor([self.step, spent_s], dtype=torch.float64)
        beside = path.with_suffix(".part")
        save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, beside)
        beside.replace(path)

    def load(self, path: Path) -> None:
        """Go on where a saved state stopped; raises ModelError when it does not fit."""
        tensors = load_file(path)
        try:
            for prefix, module in (("net.", self.net), ("average.", self.average)):
                named = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
                module.load_state_dict(named)
            for i, parameter in enumerate(self._parameters()):
                keys = ("step", "exp_avg", "exp_avg_sq")
                moments = {k: tensors[f"moment.{i}.{k}"] for k in keys}
                self._optimiser.state[parameter] = moments
            step, self.spent_s = tensors["progress"].tolist()
        except (RuntimeError, KeyError) as error:
            raise ModelError(f"{path}: checkpoint of another network; remove it") from error
        self.step = int(step)

    def _parameters(self) -> list[nn.Parameter]:
        return [p for group in self._optimiser.param_groups for p in group["params"]]


def forward_mixed(net: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    """Run BGR uint8 (b, h, w, 3) through a network in bf16, channels last."""
    x = images.permute(0, 3, 1, 2).float().div_(255)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
        maps: tuple[Tensor, ...] = net(x.contiguous(memory_format=torch.channels_last))
    return maps


def learning_rate_share(step: int, done: float) -> float:
    """Return the share of the highest rate: linear warm-up, then a half cosine."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    wave = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return warm * (LAST_RATE_SHARE + (1 - LAST_RATE_SHARE) * wave)


def _batches(
    config: DetectorConfig, store: Store, recipe: Recipe, *, start: int
) -> Iterator[tuple[Tensor, Targets]]:
    pictures = Pictures(
        store,
        seed=recipe.seed,
        size=config.input_px,
        batch=recipe.batch,
        start=start,
        randomisers=recipe.randomisers,
    )
    return iter(
        DataLoader(
            pictures,
            batch_size=None,
            num_workers=1 if recipe.second_process else 0,
            prefetch_factor=6 if recipe.second_process else None,
            worker_init_fn=_one_thread,
        )
    )


def _one_thread(_worker: int) -> None:
    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
