"""Still, handled or carried: a small perceptron over some seconds of features of one tag."""

from __future__ import annotations

from collections import deque
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ModelError
from retailsim.stack.runtime import load_model_dir
from retailsim.stack.tagmotion.features import NAMES, compress

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

PAST_BINS, AHEAD_BINS = 8, 4
CONTEXT_BINS = PAST_BINS + 1 + AHEAD_BINS
LAYERS = ("hidden1", "hidden2", "output")


class Motion(IntEnum):
    """What a tag is doing."""

    STILL = 0
    HANDLED = 1
    CARRIED = 2


class MotionClassifier:
    """Weights of a model folder, applied in NumPy: too small to be worth a runtime."""

    def __init__(self, model: str) -> None:
        """Load a model folder; raises ModelError when it does not fit."""
        config, state = load_model_dir(model)
        if config.get("features") != list(NAMES) or config.get("context_bins") != CONTEXT_BINS:
            raise ModelError(f"{model}: made for other features than this version computes")
        wanted = ["mean", "scale", *(f"{n}.{part}" for n in LAYERS for part in ("weight", "bias"))]
        missing = [name for name in wanted if name not in state]
        if missing:
            raise ModelError(f"{model}: weights lack '{missing[0]}'")
        self._state: dict[str, F32] = {name: state[name].numpy() for name in wanted}
        self._check(model)
        self._window: deque[F32] = deque(maxlen=CONTEXT_BINS)

    def add(self, features: F64) -> F32 | None:
        """Take the next bin's features (tags, f).

        Returns:
            Probabilities (tags, 3) by `Motion` of the bin `AHEAD_BINS` before this one; None
            until that many bins have come.
        """
        latest = (compress(features) - self._state["mean"]) / self._state["scale"]
        if not self._window:
            self._window.extend([np.zeros_like(latest)] * PAST_BINS)
        self._window.append(latest)
        if len(self._window) < CONTEXT_BINS:
            return None
        return self.probabilities(np.stack(list(self._window), axis=1))

    def probabilities(self, context: F32) -> F32:
        """Return (n, 3) for normalised features (n, CONTEXT_BINS, f)."""
        x = context.reshape(len(context), -1)
        for name in LAYERS:
            x = x @ self._state[f"{name}.weight"].T + self._state[f"{name}.bias"]
            if name != LAYERS[-1]:
                x = np.maximum(x, 0)
        raised = np.exp(x - x.max(axis=1, keepdims=True))
        share: F32 = raised / raised.sum(axis=1, keepdims=True)
        return share

    def _check(self, model: str) -> None:
        width = CONTEXT_BINS * len(NAMES)
        for name in LAYERS:
            shape = self._state[f"{name}.weight"].shape
            if len(shape) != 2 or shape[1] != width:
                raise ModelError(f"{model}: {name} has shape {shape}, expected (*, {width})")
            width = shape[0]
        if width != len(Motion):
            raise ModelError(f"{model}: {width} outputs, expected {len(Motion)}")
