"""A perceptron over some bins of features around the one that is judged, applied in NumPy."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ModelError
from retailsim.stack.runtime import load_model_dir
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.pairs import compress

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LAYERS = ("hidden1", "hidden2", "output")
MOST_BINS = 64


@dataclass(frozen=True)
class PerceptronConfig:
    """What a model folder's config.yaml says.

    Attributes:
        kind: of features, see `motion_features.KINDS`.
        features: their names.
        past_bins, ahead_bins: how many bins before and after the one that is judged it sees.
        flip_on, flip_off: probability at which a flip is believed, and to which it spreads.
        window_on: probability at which a window of 2 s on its own is called a flip, where flips
            and quiet windows are equally many.
    """

    kind: str
    features: tuple[str, ...]
    past_bins: int
    ahead_bins: int
    flip_on: float
    flip_off: float
    window_on: float

    @classmethod
    def of(cls, settings: dict[str, Any], *, model: str) -> PerceptronConfig:
        """Check settings; raises ModelError naming what does not fit."""
        wanted = {
            "kind": str, "features": list, "past_bins": int, "ahead_bins": int,
            "flip_on": float, "flip_off": float, "window_on": float,
        }  # fmt: skip
        for name, kind in wanted.items():
            if not isinstance(settings.get(name), kind):
                raise ModelError(f"{model}/config.yaml: {name} must be a {kind.__name__}")
        values = {name: settings[name] for name in wanted}
        if not (0 <= values["past_bins"] <= MOST_BINS and 0 <= values["ahead_bins"] <= MOST_BINS):
            raise ModelError(f"{model}/config.yaml: past_bins and ahead_bins: 0 to {MOST_BINS}")
        return cls(**values | {"features": tuple(map(str, values["features"]))})

    @property
    def context_bins(self) -> int:
        """How many bins it sees at once."""
        return self.past_bins + 1 + self.ahead_bins


class Perceptron:
    """Weights of a model folder; too small to be worth a runtime."""

    def __init__(self, model: str) -> None:
        """Load a model folder; raises ModelError when it does not fit itself."""
        settings, state = load_model_dir(model)
        self.config = PerceptronConfig.of(settings, model=model)
        wanted = ["mean", "scale", *(f"{n}.{part}" for n in LAYERS for part in ("weight", "bias"))]
        missing = [name for name in wanted if name not in state]
        if missing:
            raise ModelError(f"{model}: weights lack '{missing[0]}'")
        self._state: dict[str, F32] = {name: state[name].numpy() for name in wanted}
        self._check(model)
        self._window: deque[F32] = deque(maxlen=self.config.context_bins)

    def add(self, features: F64) -> F64 | None:
        """Take the next bin's features (tags, f).

        Returns:
            Probabilities (tags, 3) by `Motion` of the bin `ahead_bins` before this one; None until
            that many bins have come.
        """
        latest = (compress(features) - self._state["mean"]) / self._state["scale"]
        if not self._window:
            self._window.extend([latest] * self.config.past_bins)
        self._window.append(latest)
        if len(self._window) < self.config.context_bins:
            return None
        return self._probabilities(np.concatenate(list(self._window), axis=1))

    def _probabilities(self, x: F32) -> F64:
        for name in LAYERS:
            x = x @ self._state[f"{name}.weight"].T + self._state[f"{name}.bias"]
            if name != LAYERS[-1]:
                x = np.maximum(x, 0)
        raised = np.exp((x - x.max(axis=1, keepdims=True)).astype(np.float64))
        share: F64 = raised / raised.sum(axis=1, keepdims=True)
        return share

    def _check(self, model: str) -> None:
        width = self.config.context_bins * len(self.config.features)
        for name in LAYERS:
            shape = self._state[f"{name}.weight"].shape
            if len(shape) != 2 or shape[1] != width:
                raise ModelError(f"{model}: {name} has shape {shape}, expected (*, {width})")
            width = shape[0]
        if width != len(Motion):
            raise ModelError(f"{model}: {width} outputs, expected {len(Motion)}")
