"""Batches that networks take: what runs them, and few sizes of them.

Whatever runs a network prepares itself for every size of batch it meets: on a CPU it compiles, on
a GPU it records. Crops come in another number every tick, so batches are filled up to few sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Run = Callable[[list[NDArray[Any]]], list[F32]]
Batch = Sequence[NDArray[Any] | Sequence[NDArray[Any]]]  # a network's inputs, of n items each
# Sizes are multiples of the step, up to the limit beside it and beyond the last. To prepare a size
# costs far more than an item, but only once: steps grow with the batch.
STEPS = ((2, 16), (4, 32), (16, 0))
USUAL_CROPS = 16  # of a tick, for which networks are made ready before the first one


def rounded_up(items: int) -> int:
    """Return the size of batch to use for so many items: few sizes, little filling."""
    step = next(step for step, limit in STEPS if items <= limit or not limit)
    return -(-items // step) * step


def filled_up(part: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a batch of that size: the items of a smaller one, then zeros."""
    if len(part) == size:
        return part
    full = np.zeros((size, *part.shape[1:]), part.dtype)
    full[: len(part)] = part
    return full


def sizes_up_to(items: int) -> list[int]:
    """Return the sizes of batch in use for up to so many items, ascending."""
    return sorted({rounded_up(count) for count in range(1, items + 1)})


def in_parts(run: Callable[[Any], list[F32]], batch: Batch, most: int) -> list[F32]:
    """Run a network on a batch of any size, at most so many items at once."""
    begins = range(0, len(batch[0]), most)
    said = [run([part[begin : begin + most] for part in batch]) for begin in begins]
    return [np.concatenate(parts) for parts in zip(*said, strict=True)]
