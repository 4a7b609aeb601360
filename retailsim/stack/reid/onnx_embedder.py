"""A foreign ONNX embedder as a stage, by parameters alone.

reid:
  uses: onnx-embedder
  with: {model: osnet.onnx, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from retailsim.errors import ModelError
from retailsim.stack.onnx import OnnxNetwork, PixelSettings, read_settings, shapes
from retailsim.stack.reid.crops import F32, U8
from retailsim.stack.reid.embedder import AppearanceStage, unit
from retailsim.stack.stage import StageContext


class EmbedderSettings(PixelSettings):
    """How to feed a foreign embedder, and which tracklets it looks at.

    `input_px` is the size of a crop, as for any network; see `PixelSettings` for the others and
    `AppearanceStage` for `every_s`, `min_height_px`, `max_covered` and `per_tick`.
    """

    every_s: float = Field(default=0.5, ge=0)
    min_height_px: float = Field(default=40.0, ge=0)
    max_covered: float = Field(default=0.35, ge=0, le=1)
    per_tick: int = Field(default=8, ge=1)


class OnnxEmbedder(AppearanceStage):
    """Says how tracklets look with a network that others made; vectors are scaled to length 1.

    Args:
        context: precision and threads.
        parameters: the fields of `EmbedderSettings`.

    Raises:
        ModelError: the file is missing, too large or gives no vector per picture.
        StageError: a parameter is unknown or out of range.
    """

    on_device = False  # foreign files run on the CPU

    def __init__(self, context: StageContext, **parameters: Any) -> None:
        settings = read_settings(EmbedderSettings, parameters, who="onnx-embedder")
        super().__init__(
            context,
            every_s=settings.every_s,
            min_height_px=settings.min_height_px,
            max_covered=settings.max_covered,
            per_tick=settings.per_tick,
        )
        self._network = OnnxNetwork(settings, context=context, batch=None)
        self.size_px = self._network.input_px
        self.embed([np.zeros((self.size_px[1], self.size_px[0], 3), np.uint8)] * 2)  # does it fit?

    def embed(self, crops: Sequence[U8]) -> F32:
        """Run the network; raises ModelError when it does not give a vector per crop."""
        outputs = self._network(crops)
        said = f"{self._network.path}: gives {shapes(outputs, self._network.outputs)}"
        if len(outputs) != 1:
            raise ModelError(f"{said}; an embedder has one output")
        vectors = outputs[0]
        if (
            vectors.ndim < 2
            or len(vectors) != len(crops)
            or max(vectors.shape[1:]) * len(crops) != vectors.size
        ):
            raise ModelError(f"{said} for {len(crops)} crops; an embedder gives one vector each")
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self._network.path}: gives numbers that are not finite")
        return unit(vectors.reshape(len(crops), -1).astype(np.float64))
