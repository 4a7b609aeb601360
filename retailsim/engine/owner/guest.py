"""A process whose networks run in the process that owns the device."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.engine.owner.desk import WHAT, Item, Kinds, Seat, items_in
from retailsim.engine.owner.words import DONE, REQUEST, Accepted, Order, Refused
from retailsim.errors import DeviceError, StageError
from retailsim.stack.batching import F32, Batch, in_parts


class Guest:
    """Stands for the owner of the device in a process that has none: the `owner` of its stages.

    It travels to a child while that is started.

    Args:
        seat: this end.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def take_in(self, module: torch.nn.Module, *, dtype: torch.dtype, groups: bool) -> GuestNetwork:
        """Return a network that the owner runs."""
        saved = io.BytesIO()
        torch.save(module, saved)
        return GuestNetwork(self, key_of(module, dtype), saved.getvalue(), dtype, groups=groups)

    def bring(self, order: Order) -> Accepted:
        """Hand over a network, and wait until it is ready; raises as `ask` does."""
        answer = self._say(pickle.dumps(order))
        said: Accepted | Refused = pickle.loads(answer)
        if isinstance(said, Refused):
            raise StageError(said.why)
        return said

    def ask(self, network: int, items: int) -> None:
        """Have a network run on what lies on the desk, and wait for what it says.

        Raises:
            StageError: the network failed, or the owner is gone.
        """
        answer = self._say(REQUEST.pack(network, items))
        if answer != DONE:
            said: Refused = pickle.loads(answer)
            raise StageError(said.why)

    def _say(self, what: bytes) -> bytes:
        try:
            self.seat.line.send_bytes(what)
            return self.seat.line.recv_bytes()
        except (EOFError, OSError) as error:
            raise StageError("the process that owns the device is gone") from error


@dataclass(frozen=True)
class _Known:
    """A network as the owner knows it, for one shape of input."""

    number: int
    item: Item
    most: int


class GuestNetwork:
    """A network that runs elsewhere: the `OnDevice` of a process without a device."""

    def __init__(
        self, guest: Guest, key: str, saved: bytes, dtype: torch.dtype, *, groups: bool
    ) -> None:
        self._guest, self._key, self._saved, self._dtype = guest, key, saved, dtype
        self._groups = groups
        self._known: dict[Kinds, _Known] = {}

    def prepare(self, item: Sequence[NDArray[Any]], *, usual: int) -> None:
        """Have the owner be ready, for every size of batch that many guests together make."""
        for part in [[group] for group in item] if self._groups else [item]:
            self._of(_kinds_of(part))

    def __call__(self, batch: Batch) -> list[F32]:
        """Run it.

        Args:
            batch: as `ResidentNetwork` takes it.

        Returns:
            Its outputs as float32 arrays.

        Raises:
            StageError: it failed, or the owner is gone.
            DeviceError: a single item is too large for the desk.
        """
        if not self._groups:
            return self._run(batch)
        said = [self._run([group]) for group in batch]
        return [np.concatenate(parts) for parts in zip(*said, strict=True)]

    def _run(self, batch: Batch) -> list[F32]:
        known = self._of(_kinds_of(batch))
        count = len(batch[0])
        if count > known.most:
            return in_parts(self._run, batch, known.most)
        fed, said = self._guest.seat.desk.arrays(known.item, count)
        for place, part in zip(fed, batch, strict=True):
            for row, value in enumerate(part):
                place[row] = value
        self._guest.ask(known.number, count)
        return [level.copy() for level in said]

    def _of(self, fed: Kinds) -> _Known:
        known = self._known.get(fed)
        if known is None:
            order = Order(self._key, self._saved, self._dtype, fed)
            accepted = self._guest.bring(order)
            desk = self._guest.seat.desk
            known = _Known(accepted.number, accepted.item, items_in(desk.size, accepted.item))
            if not known.most:
                shapes = ", ".join("x".join(map(str, shape)) for shape, _ in fed)
                raise DeviceError(f"{WHAT} is too small for {shapes}")
            self._known[fed] = known
        return known


def _kinds_of(batch: Batch) -> Kinds:
    """Return shape and dtype of an item's inputs."""
    return tuple((part[0].shape, part[0].dtype.str) for part in batch)


def key_of(module: torch.nn.Module, dtype: torch.dtype) -> str:
    """Return what two networks have in common that say the same of everything, as SHA-256.

    It is made of the classes, settings, parameters and buffers of all parts: unlike a pickle of
    the whole it does not depend on which objects a process happens to share among them; a part that
    has several places is told at each.

    Raises:
        StageError: a setting that cannot be handed to another process.
    """
    digest = hashlib.sha256(str(dtype).encode())
    for name, part in module.named_modules(remove_duplicate=False):
        digest.update(f"{name} {type(part).__module__}.{type(part).__qualname__}\n".encode())
        for setting, value in sorted(vars(part).items()):
            if setting not in _OF_EVERY_MODULE:
                digest.update(f"{setting} {_said(value, setting)}\n".encode())
    parameters = module.named_parameters(remove_duplicate=False)
    for name, value in (*parameters, *module.named_buffers(remove_duplicate=False)):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


_OF_EVERY_MODULE = frozenset(vars(torch.nn.Module())) - {"training"}


def _said(value: object, setting: str) -> str:
    """Return what tells a setting from others: in text where it is plain, else its pickle."""
    if isinstance(value, int | float | str | None):
        return repr(value)
    try:
        return pickle.dumps(value).hex()
    except Exception as error:
        raise StageError(f"{setting}: {error}") from error
