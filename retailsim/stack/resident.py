"""A network that lives on a torch device, CUDA as a rule: one copy in, one launch, one copy out.

On CUDA all work for a shape of input is recorded once as a CUDA graph, the copies from and to
pinned memory with it, and replayed: a light network's many small kernels would otherwise cost more
to launch than to run (Nguyen, Carilli et al., "Accelerating PyTorch with CUDA Graphs", 2021). On
other torch devices the same steps run one by one, so that they can be tested without a GPU.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retailsim.stack.batching import F32, Batch, in_parts, rounded_up, sizes_up_to

MOST_AT_ONCE = 64  # items, where batches are filled up; a tape keeps memory for as many as it takes
MOST_TAPES = 64  # shapes remembered; each keeps its inputs and outputs
WARM_UPS = 3  # before recording, so that lazily made handles and chosen kernels are there


class OnDevice(Protocol):
    """A network on a device, here or in a process that owns the device."""

    def prepare(self, item: Sequence[NDArray[Any]], *, usual: int) -> None:
        """Be ready for batches of up to `usual` items; see `ResidentNetwork.prepare`."""

    def __call__(self, batch: Batch) -> list[F32]:
        """Run it; see `ResidentNetwork`."""


class Owner(Protocol):
    """Whoever owns a device that this process shares with others."""

    def take_in(self, module: torch.nn.Module, *, dtype: torch.dtype, groups: bool) -> OnDevice:
        """Return a network that it runs; the arguments are those of `ResidentNetwork`."""


class ResidentNetwork:
    """A module on a device, called with arrays of the host.

    Args:
        module: takes and returns tensors whose first axis counts items that do not influence
            each other; put into eval mode and onto the device.
        device: where it lives.
        dtype: of its weights and of what it computes.
        groups: whether its inputs are groups of items, each of its own number and shape, of which
            it speaks one after the other. Other batches are filled up to few sizes, and large
            ones taken in parts, so that few shapes are recorded.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        device: torch.device,
        dtype: torch.dtype,
        groups: bool = False,
    ) -> None:
        resident = module.eval().requires_grad_(False).to(device=device, dtype=dtype)
        self._module = resident.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device, self._dtype, self._groups = device, dtype, groups
        self._tapes: OrderedDict[tuple[Any, ...], _Tape] = OrderedDict()
        # Tapes are played one at a time and leave nothing on the device, so they share its memory.
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def prepare(self, item: Sequence[NDArray[Any]], *, usual: int) -> None:
        """Be ready for batches of up to `usual` items before the first one comes.

        Args:
            item: inputs of one item, each (1, ...); their values do not matter.
            usual: that many.
        """
        sizes = [usual] if self._groups else sizes_up_to(usual)
        for size in reversed(sizes):  # the memory of the largest does for all
            self([part.repeat(size, axis=0) for part in item])

    def __call__(self, batch: Batch) -> list[F32]:
        """Run the network.

        Args:
            batch: its inputs, each an array (n, ...) or n arrays of one shape, which are
                copied once, from where they are into the memory the device reads.

        Returns:
            Its outputs as float32 arrays.
        """
        count = len(batch[0])
        if not self._groups and count > MOST_AT_ONCE:
            return in_parts(self, batch, MOST_AT_ONCE)
        tape = self._tape(batch)
        tape.load(batch)
        tape.play()
        return [said if self._groups else said[:count] for said in tape.said()]

    def _tape(self, batch: Batch) -> _Tape:
        room = [len(part) if self._groups else rounded_up(len(part)) for part in batch]
        sizes = [(n, *part[0].shape) for n, part in zip(room, batch, strict=True)]
        key = tuple((*size, part[0].dtype.str) for size, part in zip(sizes, batch, strict=True))
        tape = self._tapes.pop(key, None)
        if tape is None:
            kinds = [torch.from_numpy(np.empty(0, part[0].dtype)).dtype for part in batch]
            tape = _Tape(self._module, sizes, kinds, self._device, self._dtype, self._pool)
        self._tapes[key] = tape
        if len(self._tapes) > MOST_TAPES:
            self._tapes.popitem(last=False)
        return tape


class _Tape:
    """The buffers for one shape of input, and on CUDA the recorded work."""

    def __init__(
        self,
        module: torch.nn.Module,
        shapes: Sequence[tuple[int, ...]],
        kinds: Sequence[torch.dtype],
        device: torch.device,
        dtype: torch.dtype,
        pool: Any,
    ) -> None:
        self._module, self._dtype, self._pool = module, dtype, pool
        self._pinned = device.type == "cuda"
        self._staged = [
            torch.zeros(shape, dtype=kind, pin_memory=self._pinned)
            for shape, kind in zip(shapes, kinds, strict=True)
        ]
        self._inputs = [torch.zeros_like(part, device=device) for part in self._staged]
        # Kernels are chosen now: those that say the same every time, and float32 in full.
        exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            self._outputs = self._told()
            self._graph = self._record() if self._pinned else None

    def load(self, batch: Batch) -> None:
        """Copy a batch to where the device reads it."""
        for staged, part in zip(self._staged, batch, strict=True):
            place = staged.numpy()
            for row, item in enumerate(part):
                place[row] = item

    def play(self) -> None:
        """Do the work, and wait for it."""
        if self._graph is not None:
            self._graph.replay()
            torch.cuda.current_stream().synchronize()
            return
        with torch.inference_mode():
            self._work()

    def said(self) -> list[F32]:
        """Return what came out."""
        return [part.numpy().copy() for part in self._outputs]

    def _record(self) -> torch.cuda.CUDAGraph:
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                self._work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            self._work()
        return graph

    def _work(self) -> None:
        for here, staged in zip(self._inputs, self._staged, strict=True):
            here.copy_(staged, non_blocking=True)
        for place, said in zip(self._outputs, self._speak(), strict=True):
            place.copy_(said, non_blocking=True)

    def _speak(self) -> tuple[Tensor, ...]:
        """Run the module; pictures are its own to convert, other inputs take its precision."""
        batch = [p.to(self._dtype) if p.is_floating_point() else p for p in self._inputs]
        said = self._module(*batch)
        return tuple(said) if isinstance(said, tuple | list) else (said,)

    def _told(self) -> list[Tensor]:
        """Return room on the host for what the module says."""
        return [
            torch.empty(part.shape, dtype=torch.float32, pin_memory=self._pinned)
            for part in self._speak()
        ]
