"""What the process does that owns a device: it runs the networks of its guests there."""

from __future__ import annotations

import io
import pickle
import selectors
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.engine.owner.desk import Item, Kinds, Seat
from retailsim.engine.owner.turns import Request, next_turn
from retailsim.engine.owner.words import DONE, REQUEST, Accepted, Order, Refused
from retailsim.errors import DeviceError, NoMemoryError, first_line
from retailsim.stack.resident import ResidentNetwork

READY, OVER = "ready", "over"
FULL = ("out of memory", "alloc_failed", "allocation_failed")


def be_owner(line: Connection, seats: Sequence[Seat], device: str, most: int) -> None:
    """Say 'ready' on the line, run the guests' networks until all are gone, and say 'over'.

    Args:
        line: to who started this process.
        seats: the owner's ends.
        device: torch's name of it.
        most: items of several guests that go to the device at once.

    Raises:
        NoMemoryError: the device's memory is full.
        DeviceError: the device cannot be had.
    """
    try:
        torch.zeros(1, device=device)  # makes the context, or tells why not
    except (RuntimeError, AssertionError) as error:  # the latter where torch knows no such device
        full = full_in(error)
        kind = NoMemoryError if full else DeviceError
        raise kind(f"{device}: {first_line(full or error)}") from error
    line.send(READY)
    Service(seats, torch.device(device), most).run()
    line.send(OVER)


def full_in(error: BaseException | None) -> BaseException | None:
    """Return what says that the device has no memory left, of an error and what led to it.

    Pinned memory, graphs and the libraries' handles fail in words of their own, and what ends a
    recording may fail in turn.
    """
    while error is not None:
        said = str(error).lower()
        if isinstance(error, torch.OutOfMemoryError) or any(words in said for words in FULL):
            return error
        error = error.__cause__ or error.__context__
    return None


class Service:
    """The device's networks, and who waits for them."""

    def __init__(self, seats: Sequence[Seat], device: torch.device, most: int) -> None:
        self._seats = dict(enumerate(seats))
        self._device, self._most = device, most
        self._networks: dict[str, ResidentNetwork] = {}
        self._numbers: dict[tuple[str, Kinds], int] = {}
        self._known: list[tuple[ResidentNetwork, Item]] = []
        self._waiting: list[Request] = []
        self._selector = selectors.DefaultSelector()
        for guest, seat in self._seats.items():
            self._selector.register(seat.line, selectors.EVENT_READ, guest)

    def run(self) -> None:
        """Do what guests want until the last is gone; raises NoMemoryError when memory is."""
        while self._seats:
            for key, _ in self._selector.select(0 if self._waiting else None):
                self._hear(key.data)
            if self._waiting:
                turn = next_turn(self._waiting, most=self._most)
                self._waiting = [request for request in self._waiting if request not in turn]
                self._take(turn)

    def _hear(self, guest: int) -> None:
        try:
            said = self._seats[guest].line.recv_bytes()
        except (EOFError, OSError):
            self._forget(guest)
            return
        if len(said) == REQUEST.size:
            self._waiting.append(Request(guest, *REQUEST.unpack(said)))
        else:
            self._answer(guest, pickle.dumps(self._accept(pickle.loads(said))))

    def _forget(self, guest: int) -> None:
        seat = self._seats.pop(guest)
        self._selector.unregister(seat.line)
        seat.close()
        self._waiting = [request for request in self._waiting if request.guest != guest]

    def _answer(self, guest: int, what: bytes) -> None:
        try:
            self._seats[guest].line.send_bytes(what)
        except OSError:
            self._forget(guest)

    def _accept(self, order: Order) -> Accepted | Refused:
        """Be ready to run a network, on every size of batch."""
        number = self._numbers.get((order.key, order.fed))
        if number is not None:
            return Accepted(number, self._known[number][1])
        one = [np.zeros((1, *shape), dtype) for shape, dtype in order.fed]
        try:
            network = self._networks.get(order.key) or self._resident(order)
            said = network(one)
            network.prepare(one, usual=self._most)
        except Exception as error:
            return self._refuse(error)
        item = Item(order.fed, tuple(level.shape[1:] for level in said))
        self._networks[order.key] = network
        self._known.append((network, item))
        self._numbers[order.key, order.fed] = len(self._known) - 1
        return Accepted(len(self._known) - 1, item)

    def _resident(self, order: Order) -> ResidentNetwork:
        # It comes from a child of the same parent, which could as well do anything itself.
        module = torch.load(io.BytesIO(order.module), weights_only=False, map_location="cpu")
        return ResidentNetwork(module, device=self._device, dtype=order.dtype)

    def _take(self, turn: Sequence[Request]) -> None:
        """Run a network once for all of a turn, and lay what it says on their desks."""
        network, item = self._known[turn[0].network]
        desks = [self._seats[request.guest].desk.arrays(item, request.items) for request in turn]
        try:
            said = network(_rows(fed for fed, _ in desks))
        except Exception as error:
            refused = pickle.dumps(self._refuse(error))
            for request in turn:
                self._answer(request.guest, refused)
            return
        begin = 0
        for request, (_, places) in zip(turn, desks, strict=True):
            for place, level in zip(places, said, strict=True):
                place[:] = level[begin : begin + request.items]
            begin += request.items
            self._answer(request.guest, DONE)

    def _refuse(self, error: Exception) -> Refused:
        """Tell a guest why its network does not run; ends the service when memory is full."""
        full = full_in(error)
        if full is not None:
            raise NoMemoryError(f"{self._device}: {first_line(full)}") from error
        return Refused(f"{type(error).__name__}: {first_line(error)}")


def _rows(fed: Any) -> list[list[NDArray[Any]]]:
    """Return each input's items, of all guests, as they lie on the desks."""
    return [[row for part in parts for row in part] for parts in zip(*fed, strict=True)]
