"""Networks that a process started by a test can load."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import Tensor, nn


class Scaled(nn.Module):
    """Says x * weight, the sum over each item and a side input, and how many items came at once.

    An item that begins with NAP keeps it at work, one with TROUBLE makes it fail.

    Args:
        weight: that.
        until: path of a file that ends a nap; one beside it, '.asleep', says that it has begun.
    """

    NAP, TROUBLE = 200, 201
    LONGEST_S = 60.0

    def __init__(self, weight: float = 3.0, *, until: str = "") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.until = until

    def forward(self, x: Tensor, side: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first = x.flatten(1)[:, 0]
        if (first == self.NAP).any():
            self._nap()
        if (first == self.TROUBLE).any():
            raise ValueError("a picture\nof trouble")
        scaled = x.to(self.weight.dtype) * self.weight
        return scaled, scaled.flatten(1).sum(1, keepdim=True) + side, torch.full((len(x),), len(x))

    def _nap(self) -> None:
        Path(f"{self.until}.asleep").touch()
        latest_s = time.monotonic() + self.LONGEST_S
        while not Path(self.until).exists() and time.monotonic() < latest_s:
            time.sleep(0.01)


class Grouped(nn.Module):
    """Says the mean of each item of groups whose items differ in shape."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, *groups: Tensor) -> Tensor:
        means = [group.flatten(1).to(self.weight.dtype).mean(1) for group in groups]
        return torch.cat(means) * self.weight
