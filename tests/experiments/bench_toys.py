"""Quick stages for the engine's benches."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from retailsim.messages.base import Message
from retailsim.messages.results import Crossing
from retailsim.messages.sensors import FrameBatch
from retailsim.stack.runtime import on_cuda
from retailsim.stack.stage import Stage, StageContext

WATCHER = "tests.experiments.bench_toys:Watcher"
GAZER = "tests.experiments.bench_toys:Gazer"


class Watcher(Stage):
    """Says what it saw of every frame; takes its time.

    Args:
        pause_s: for each frame.
        fails: raise instead.
    """

    inputs: ClassVar = (FrameBatch,)
    outputs: ClassVar = (Crossing,)

    def __init__(self, context: StageContext, *, pause_s: float = 0.0, fails: bool = False) -> None:
        super().__init__(context)
        self.pause_s, self.fails = pause_s, fails

    def process(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, FrameBatch)
        if self.fails:
            raise ValueError("too dark to see")
        for frame in message.frames:
            time.sleep(self.pause_s)
            yield Crossing(message.time_ns, frame.camera, int(frame.image.sum()), "in")


class Brightness(torch.nn.Module):
    """Says how bright each picture is; where it cannot, there is no memory left."""

    def __init__(self, *, dark: bool) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.dark = dark

    def forward(self, *groups: Tensor) -> Tensor:
        if self.dark:
            raise torch.OutOfMemoryError("out of memory")
        return torch.cat([g.flatten(1).to(self.weight.dtype).mean(1) for g in groups])


class Gazer(Stage):
    """Says how bright a network on the device finds every frame.

    Args:
        dark: let there be no memory for it.
        blind: raise instead.
    """

    inputs: ClassVar = (FrameBatch,)
    outputs: ClassVar = (Crossing,)
    on_device: ClassVar = True

    def __init__(self, context: StageContext, *, dark: bool = False, blind: bool = False) -> None:
        super().__init__(context)
        self._blind = blind
        self._network = on_cuda(Brightness(dark=dark), context, groups=True)
        for height, width in {(c.height_px, c.width_px) for c in context.plan.cameras}:
            frame = np.zeros((1, height, width, 3), np.uint8)
            self._network.prepare([frame], usual=len(context.plan.cameras))

    def process(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, FrameBatch)
        if self._blind:
            raise ValueError("nothing to be seen")
        (said,) = self._network([[frame.image for frame in message.frames]])
        for frame, value in zip(message.frames, said, strict=True):
            if abs(value - frame.image.mean()) > 0.1:
                raise ValueError(f"{value} is not how bright {frame.camera} is")
            yield Crossing(message.time_ns, frame.camera, round(value), "in")
