"""The network that says still, handled or carried: pairs -> tags -> rail -> seconds -> rivals.

1. Every pair of tag and antenna that was read in a bin is encoded alone; a tag takes sum and
   maximum over its antennas, so that any number of them will do.
2. Each tag sees mean and maximum over the tags next to it: neighbours on a rail swing along, and a
   body in the way disturbs them all.
3. Causal convolutions look back over some seconds.
4. Each tag sees once more what its neighbours have come to: of all that stir, one was handled.

The output of a bin speaks twice: at once about the bin itself, and about the bin `LAG_BINS` before,
which it knows better by then. Weights are applied in NumPy, bin by bin: too small to be worth a
runtime. `retailsim.train.tagmotion_net` is the same network in torch; a test holds them equal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from retailsim.errors import ModelError
from retailsim.stack.runtime import load_model_dir
from retailsim.stack.tagmotion.pairs import PAIR_NAMES, TAG_NAMES, PairBin
from retailsim.stack.tagmotion.read_bins import BIN_S

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LAG_BINS = 3
NEIGHBOURS, REACH_M, SCALE_M = 12, 0.8, 0.3
DILATIONS = (1, 2, 4)
MEAN_FLOOR = 0.1


class Motion(IntEnum):
    """What a tag is doing."""

    STILL = 0
    HANDLED = 1
    CARRIED = 2


@dataclass(frozen=True)
class Neighbours:
    """The tags next to each tag.

    Attributes:
        row: int64 (tags, NEIGHBOURS), nearest first, one beyond the last tag where there is none.
        share: of each in the mean over them; falls with distance, adds up to less than 1, and is
            0 where there is none, float32 (tags, NEIGHBOURS).
    """

    row: I64
    share: F32

    @classmethod
    def of(cls, xyz_m: F64) -> Neighbours:
        """Find them by the tags' places (tags, 3), as the planogram has them."""
        apart = np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2)
        np.fill_diagonal(apart, np.inf)
        count = min(NEIGHBOURS, max(len(xyz_m) - 1, 0))
        row = np.argsort(apart, axis=1, kind="stable")[:, :count]
        off = np.take_along_axis(apart, row, axis=1)
        near = off < REACH_M
        weight = np.where(near, np.exp(-((off / SCALE_M) ** 2)) + 0.05, 0.0)
        share = weight / (weight.sum(axis=1, keepdims=True) + MEAN_FLOOR)
        missing = ((0, 0), (0, NEIGHBOURS - count))
        row = np.pad(np.where(near, row, len(xyz_m)), missing, constant_values=len(xyz_m))
        return cls(row.astype(np.int64), np.pad(share, missing).astype(np.float32))


@dataclass(frozen=True)
class Judgement:
    """Probabilities by `Motion`, float32 (tags, 3) each.

    Attributes:
        now: of the bin that was added.
        late: of the bin `LAG_BINS` before it; None before there was one.
    """

    now: F32
    late: F32 | None


@dataclass(frozen=True)
class FlipRule:
    """Thresholds for flips that a model was found to do best with.

    Attributes:
        flip_on, flip_off: probability at which a flip is believed, and to which it spreads.
        flip_at_once: probability at which it is said without waiting for more reads.
        window_on: probability at which a window of 2 s on its own is called a flip, where flips
            and quiet windows are equally many.
    """

    flip_on: float
    flip_off: float
    flip_at_once: float
    window_on: float

    @classmethod
    def of(cls, config: Mapping[str, Any], *, model: str) -> FlipRule:
        """Check a model's settings; raises ModelError naming what does not fit."""
        values = {}
        for field in fields(cls):
            value = config.get(field.name)
            if not isinstance(value, float) or not 0 <= value <= 1:
                raise ModelError(f"{model}/config.yaml: {field.name} must be from 0.0 to 1.0")
            values[field.name] = value
        return cls(**values)


class MotionNetwork:
    """Runs a model folder's weights over one bin after the other."""

    def __init__(self, model: str, xyz_m: F64) -> None:
        """Load a model for tags at places (tags, 3); raises ModelError when it does not fit."""
        config, state = load_model_dir(model)
        made_for = {"pairs": list(PAIR_NAMES), "tags": list(TAG_NAMES), "bin_s": BIN_S}
        if any(config.get(name) != value for name, value in made_for.items()):
            raise ModelError(f"{model}: made for other features than this version computes")
        self.rule = FlipRule.of(config, model=model)
        weights = {name: value.numpy() for name, value in state.items()}
        _require(model, weights)
        self._layers = _layers(weights)
        near = Neighbours.of(xyz_m)
        self._near_row = np.ascontiguousarray(near.row.T)  # (NEIGHBOURS, tags): max is quick so
        self._near_share = _spread(near, len(xyz_m))
        nothing = np.zeros((len(xyz_m), len(weights["join.bias"])), np.float32)
        self._past = [deque([nothing] * 2 * d, maxlen=2 * d) for d in DILATIONS]
        self._bins = 0

    def add(self, bin_: PairBin) -> Judgement:
        """Take the next bin."""
        x = self._over_time(self._join(self._of_tags(bin_)))
        x = np.concatenate([x, *self._around(self._relu("rivals", x))], axis=1)
        logits = self._linear("say", self._relu("decide", x))
        shares = _softmax(np.ascontiguousarray(logits.T).reshape(2, len(Motion), -1))
        self._bins += 1
        late = shares[1].T if self._bins > LAG_BINS else None
        return Judgement(shares[0].T, late)

    def _of_tags(self, bin_: PairBin) -> F32:
        """Encode pairs and gather them by tag."""
        x = self._relu("pair2", self._relu("pair1", bin_.pairs))
        width = x.shape[1]
        told = np.zeros((len(bin_.tags), 2 * width + len(TAG_NAMES)), np.float32)
        told[:, 2 * width :] = bin_.tags
        if len(x):
            first = np.flatnonzero(np.diff(bin_.tag, prepend=-1))
            tag = bin_.tag[first]
            told[tag, :width] = np.add.reduceat(x, first, axis=0)
            told[tag, width : 2 * width] = np.maximum.reduceat(x, first, axis=0)
        return self._relu("tag", told)

    def _join(self, x: F32) -> F32:
        around = self._around(self._relu("near", x))
        return self._relu("join", np.concatenate([x, *around], axis=1))

    def _over_time(self, x: F32) -> F32:
        for layer, past in enumerate(self._past):
            seen = np.concatenate([past[0], past[DILATIONS[layer]], x], axis=1)
            past.append(x)
            x = x + self._relu(f"time.{layer}", seen)
        return x

    def _around(self, x: F32) -> tuple[F32, F32]:
        """Return weighted mean and maximum over each tag's neighbours."""
        none = np.zeros((1, x.shape[1]), np.float32)
        most: F32 = np.concatenate([x, none]).take(self._near_row, axis=0).max(axis=0)
        mean: F32 = self._near_share @ x
        return mean, most

    def _linear(self, name: str, x: F32) -> F32:
        weight, bias = self._layers[name]
        y: F32 = x @ weight
        y += bias
        return y

    def _relu(self, name: str, x: F32) -> F32:
        y = self._linear(name, x)
        return np.maximum(y, 0, out=y)


def _layers(weights: Mapping[str, F32]) -> dict[str, tuple[F32, F32]]:
    """Return weight (in, out) and bias (out,) of every layer, ready to be applied.

    The scales of features are in the layers that take them; a convolution is one layer that takes
    what is seen at its taps side by side, oldest first.
    """
    names = [name.removesuffix(".bias") for name in weights if name.endswith(".bias")]
    made = {name: (weights[f"{name}.weight"].T, weights[f"{name}.bias"]) for name in names}
    made["pair1"] = _scaled(*made["pair1"], weights["pair_mean"], weights["pair_scale"])
    encoded = np.zeros(made["tag"][0].shape[0] - len(TAG_NAMES), np.float32)
    mean = np.concatenate([encoded, weights["tag_mean"]])
    made["tag"] = _scaled(*made["tag"], mean, np.concatenate([encoded + 1, weights["tag_scale"]]))
    for layer in range(len(DILATIONS)):
        weight, bias = weights[f"time.{layer}.weight"], weights[f"time.{layer}.bias"]
        made[f"time.{layer}"] = weight.transpose(2, 1, 0).reshape(-1, len(bias)), bias
    return {name: (np.ascontiguousarray(weight), bias) for name, (weight, bias) in made.items()}


def _scaled(weight: F32, bias: F32, mean: F32, scale: F32) -> tuple[F32, F32]:
    """Return a layer that takes features as they are, where it took (x - mean) / scale."""
    exact = weight / scale[:, None].astype(np.float64)
    return exact.astype(np.float32), (bias - mean @ exact).astype(np.float32)


def _spread(near: Neighbours, tags: int) -> csr_array:
    """Return the shares of neighbours in each tag's mean, float32 (tags, tags)."""
    there = near.row < tags
    ends = np.append(0, np.cumsum(there.sum(axis=1)))
    return csr_array((near.share[there], near.row[there], ends), shape=(tags, tags))


def _softmax(x: F32) -> F32:
    """Return shares along the middle axis."""
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    share: F32 = raised / raised.sum(axis=1, keepdims=True)
    return share


def _require(model: str, state: Mapping[str, F32]) -> None:
    """Raise ModelError naming the first weight that is missing or has another shape."""

    def width(name: str) -> int:
        if f"{name}.bias" not in state:
            raise ModelError(f"{model}: weights lack '{name}.bias'")
        return len(state[f"{name}.bias"])

    near, rivals = 2 * width("near"), 2 * width("rivals")
    takes = {
        "pair1": len(PAIR_NAMES),
        "pair2": width("pair1"),
        "tag": 2 * width("pair2") + len(TAG_NAMES),
        "near": width("tag"),
        "join": width("tag") + near,
        "rivals": width("join"),
        "decide": width("join") + rivals,
        "say": width("decide"),
    }
    wanted: dict[str, tuple[int, ...]] = {
        f"{name}.weight": (width(name), takes[name]) for name in takes
    }
    for layer in range(len(DILATIONS)):
        wanted[f"time.{layer}.weight"] = (width("join"), width("join"), 3)
        wanted[f"time.{layer}.bias"] = (width("join"),)
    wanted |= {f"pair_{part}": (len(PAIR_NAMES),) for part in ("mean", "scale")}
    wanted |= {f"tag_{part}": (len(TAG_NAMES),) for part in ("mean", "scale")}
    wanted["say.bias"] = (2 * len(Motion),)
    for name, shape in wanted.items():
        if name not in state:
            raise ModelError(f"{model}: weights lack '{name}'")
        if state[name].shape != shape:
            raise ModelError(f"{model}: {name} has shape {state[name].shape}, expected {shape}")
