"""A network's int8 twin: made from how far its values go on a sample of what it is fed.

NNCF chooses every layer's scales of eight bits and sets its biases right (post-training
quantisation; Nagel et al., arXiv 2106.08295, 3).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.errors import RetailError
from retailsim.stack.on_cpu import first_line
from retailsim.stack.runtime import graph_of, made_from
from retailsim.stack.twin import FILE, write_twin
from retailsim.train.picture_bytes import keep_bytes

Item = list[NDArray[Any]]  # a network's inputs, each (1, ...)


@dataclass
class Sample:
    """An even share of what a network is fed: every item is kept with the same chance.

    Attributes:
        module: the network.
        most: items to keep.
        rng: of the draws.
        items: those kept.
        met: how many there were.
    """

    module: torch.nn.Module
    most: int
    rng: np.random.Generator
    items: list[Item] = field(default_factory=list)
    met: int = 0

    def add(self, batch: Item) -> None:
        """Meet a batch, inputs (n, ...) (reservoir sampling; Vitter 1985, algorithm R)."""
        for number in range(len(batch[0])):
            full = self.met >= self.most
            place = int(self.rng.integers(self.met + 1)) if full else self.met
            self.met += 1
            if place < self.most:
                self.items[place : place + 1] = [[part[[number]] for part in batch]]


def require_nncf() -> Any:
    """Return the library; raises RetailError where it is not installed."""
    os.environ.setdefault("NNCF_CI", "1")  # or it reports its use to its makers
    try:
        import nncf
    except ImportError as error:
        raise RetailError(
            "int8 twins are made by NNCF, which is not here: pip install 'nncf>=3'"
        ) from error
    return nncf


def make_twin(folder: Path, sample: Sample, *, made_of: str) -> Path:
    """Write a network's twin into its model folder and return the file.

    Args:
        folder: the model's.
        sample: of what its network is fed.
        made_of: digest of the folder (`runtime.made_from`) when the network was read.

    Raises:
        RetailError: NNCF is not installed or cannot quantise the network, the folder holds other
            weights or settings by now, or cannot be written.
    """
    nncf = require_nncf()
    example = [torch.from_numpy(np.zeros_like(part)) for part in sample.items[0]]
    fed = nncf.Dataset([dict(enumerate(item)) for item in sample.items])
    try:
        model = nncf.quantize(graph_of(sample.module, example), fed, subset_size=len(sample.items))
    except Exception as error:  # of NNCF's own kinds, which have no root in common
        raise RetailError(f"{folder}: NNCF cannot quantise it: {first_line(error)}") from error
    if made_from(folder) != made_of:
        raise RetailError(f"{folder}: its weights or settings changed meanwhile; begin anew")
    keep_bytes(model)
    path = folder / FILE
    write_twin(path, model, made_from=made_of)
    return path
