"""The recipe of the shipped foot point: rendered shops only, one CPU thread."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from retailsim.simulate.streams import stream
from retailsim.stack.identity.footpoint import FootPointConfig, FootPointNet, foot_points_px
from retailsim.stack.identity.pictures import on_floor
from retailsim.stack.on_cpu import bf16_is_fast
from retailsim.store.projection import Projection
from retailsim.train.export import export_model
from retailsim.train.footpoint_crops import Crop, Example, example, render_crops
from retailsim.train.seeds import require_training_seed

BATCH = 64
WARM_UP_STEPS = 100
AVERAGE_DECAY = 0.998
WEIGHT_DECAY = 0.02
LAST_RATE_SHARE = 0.02
REPORT_STEPS = 200
HELD_OUT_SHARE = 0.1  # of the crops, whole shops at the end

CARD = """# Foot point

Says where in the picture the middle between a person's feet is, seen or hidden, from a crop
(56 x 112 px) around a detected box and twelve hints about box and camera, and how sure that is
(`retailsim/stack/identity/footpoint.py`). ReLU, {parameters:,} parameters.

- **Training data**: {crops} crops of people in {shops} rendered shops with random furniture,
  stock, cameras and light (seed {seed}); boxes shaken as a detector's are. No real picture.
- **Training**: Laplace likelihood, {steps} steps of 64 crops, AdamW, {floats} on one CPU thread:
  `retail train footpoint -o models/foot-point`.
- **Measured** on {held_out} crops of shops held out, one picture each, distance on the floor:
  median {median_m:.3f} m, nine tenths under {p90_m:.2f} m; of people at least 80 % visible
  {median_m_visible:.3f} m, of those less than half visible {median_m_hidden:.3f} m.
- **Limits**: never measured on real people. Cameras without lens distortion, calibrated; people
  standing or walking, not sitting, lying or jumping.

Licence: Apache-2.0, as the rest of the project.
"""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the weights.

    Attributes:
        seed: of all draws; below 900000.
        shops: to render, some 350 crops each.
        steps: of the optimiser, 64 crops each.
        minutes: end the schedule after this time, if that comes first.
        rate: highest learning rate.
    """

    seed: int = 71
    shops: int = 60
    steps: int = 4500
    minutes: float | None = None
    rate: float = 2e-3


class Examples(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Endless batches: crops uint8 (b, h, w, 3), hints (b, HINTS), offsets (b, 2)."""

    def __init__(self, crops: Sequence[Crop], seed: int, size_px: tuple[int, int]) -> None:
        super().__init__()
        self._crops, self._seed, self._size_px = crops, seed, size_px

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        rng = stream(self._seed, "feet", "examples")
        while True:
            chosen = rng.choice(len(self._crops), BATCH)
            yield collate([example(self._crops[i], rng, self._size_px) for i in chosen])


def collate(examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack examples to crops uint8 (b, h, w, 3), hints (b, HINTS) and offsets (b, 2)."""
    return (
        torch.from_numpy(np.stack([e.crop for e in examples])),
        torch.from_numpy(np.stack([e.hints for e in examples])),
        torch.from_numpy(np.stack([e.offset for e in examples]).astype(np.float32)),
    )


def laplace_loss(output: Tensor, offset: Tensor) -> Tensor:
    """Return the negative log likelihood of offsets (b, 2), up to a constant; smooth at 0."""
    scale = output[:, 2:].clamp(-5, 1)
    apart = (offset - output[:, :2]) / scale.exp()
    return (torch.sqrt(apart**2 + 1e-6) + scale).mean()


def train_footpoint(
    recipe: Recipe, folder: Path, *, say: Callable[[str], None] = print
) -> dict[str, float]:
    """Render, train, measure and write a model folder; returns the metrics.

    Raises:
        RetailError: the seed is one of those kept for judging.
        DeviceError: OpenGL is missing.
    """
    require_training_seed(recipe.seed)
    crops = render_crops(
        recipe.seed, recipe.shops, report=lambda done, n: say(f"shops: {done}, crops: {n}")
    )
    cut = len(crops) - max(1, round(HELD_OUT_SHARE * len(crops)))
    config = FootPointConfig(activation="relu")
    net, steps = fit(recipe, config, crops[:cut], say=say)
    metrics = measure(net, config, crops[cut:], seed=recipe.seed)
    facts = {
        "parameters": sum(p.numel() for p in net.parameters()),
        "crops": cut,
        "held_out": len(crops) - cut,
        "shops": recipe.shops,
        "seed": recipe.seed,
        "steps": steps,
        "floats": "bf16" if bf16_is_fast() else "float32",
    }
    card = CARD.format(**facts, **metrics)
    export_model(folder, net, config.model_dump(mode="json"), metrics, card)
    return metrics


def fit(
    recipe: Recipe,
    config: FootPointConfig,
    crops: Sequence[Crop],
    *,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[FootPointNet, int]:
    """Train on crops; returns the network with its averaged weights, and the steps taken."""
    torch.manual_seed(recipe.seed)
    net = FootPointNet(config).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=WEIGHT_DECAY)
    loader = DataLoader(
        Examples(crops, recipe.seed, config.input_px), batch_size=None, num_workers=0
    )
    begin, step, mean_loss = time.perf_counter(), 0, 0.0
    for step, (images, told, offset) in enumerate(loader, start=1):
        elapsed_s = time.perf_counter() - begin
        by_time = elapsed_s / (60 * recipe.minutes) if recipe.minutes else 0.0
        done = min(1.0, max(step / recipe.steps, by_time))
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _rate_share(step, done)
        loss = laplace_loss(_forward(net, images, told), offset)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        _follow(average, net, step)
        mean_loss += (float(loss.detach()) - mean_loss) * max(0.02, 1 / step)
        if step % REPORT_STEPS == 0:
            say(f"{done:6.1%}  step {step}  loss {mean_loss:.3f}")
        if done >= 1:
            break
    return average, step


def _forward(net: FootPointNet, images: Tensor, told: Tensor) -> Tensor:
    x = images.permute(0, 3, 1, 2).float().div_(255)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
        out: Tensor = net(x.contiguous(memory_format=torch.channels_last), told)
    return out.float()


def _rate_share(step: int, done: float) -> float:
    """Return the share of the highest rate: linear warm-up, then a half cosine."""
    wave = 0.5 * (1 + math.cos(math.pi * done))
    return min(1.0, step / WARM_UP_STEPS) * (LAST_RATE_SHARE + (1 - LAST_RATE_SHARE) * wave)


@torch.no_grad()
def _follow(average: nn.Module, net: nn.Module, step: int) -> None:
    keep = min(AVERAGE_DECAY, step / (step + 9))
    pairs = zip(average.state_dict().values(), net.state_dict().values(), strict=True)
    for mean, value in pairs:
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def measure(
    net: FootPointNet, config: FootPointConfig, crops: Sequence[Crop], *, seed: int
) -> dict[str, float]:
    """Return distances on the floor between said and true places of crops, in metres."""
    rng = stream(seed, "feet", "measure")
    shown = [example(crop, rng, config.input_px, plain=True) for crop in crops]
    images, told, _ = collate(shown)
    with torch.inference_mode():
        output = net(images.permute(0, 3, 1, 2).float() / 255, told).numpy()
    error = np.array(
        [_error_m(crop, e, row) for crop, e, row in zip(crops, shown, output, strict=True)]
    )
    return sum_up(error, np.array([crop.visible_share for crop in crops]))


def sum_up(error_m: np.ndarray, share: np.ndarray) -> dict[str, float]:
    """Return medians and the 90th percentile of errors, rounded; of no errors it is NaN.

    Args:
        error_m: distance on the floor, infinite where feet were said to be in the sky, (n,).
        share: how much of each person is seen, (n,).
    """
    figures = {
        "median_m": error_m,
        "median_m_visible": error_m[share >= 0.8],
        "median_m_hidden": error_m[share < 0.5],
    }
    found = {name: float(np.median(e)) if len(e) else np.nan for name, e in figures.items()}
    # An error that is there: between two infinite ones there is nothing to interpolate.
    found["p90_m"] = float(np.percentile(error_m, 90, method="higher")) if len(share) else np.nan
    return {name: round(value, 4) for name, value in found.items()}


def _error_m(crop: Crop, shown: Example, output: np.ndarray) -> float:
    point_px, sigma_px = foot_points_px(output[None], shown.box_px[None])
    xy_m, _ = on_floor(Projection.of(crop.camera), point_px, sigma_px)
    away_m = float(np.hypot(*(xy_m[0] - crop.foot_m)))
    return away_m if np.isfinite(away_m) else np.inf
