"""Guests of an owner say what they would say with the device to themselves, and share batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from copy import deepcopy
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from retailsim.engine.owner import Guest
from retailsim.engine.owner.desk import Seat
from retailsim.engine.owner.guest import GuestNetwork, key_of
from retailsim.engine.owner.service import full_in
from retailsim.errors import DeviceError, NoMemoryError, StageError
from retailsim.experiments.density_trial import owned
from retailsim.experiments.errands import Errand
from retailsim.stack.batching import F32
from retailsim.stack.resident import ResidentNetwork
from tests.engine.owner.networks import Grouped, Scaled

FLOAT = torch.float32
ROOM_BYTES = 1 << 16
MOST = 12
Open = Callable[[int], tuple[Errand, list[Guest]]]


@pytest.fixture(scope="module")
def open_owner() -> Iterator[Open]:
    """Start an owner of the CPU for so many guests, who are all in this process."""
    with ExitStack() as stack:
        yield lambda guests: stack.enter_context(
            owned("cpu", guests=guests, room_bytes=ROOM_BYTES, most=MOST)
        )


@pytest.fixture(scope="module")
def guests(open_owner: Open) -> list[Guest]:
    return open_owner(4)[1]


def fed(items: int, first: int = 1) -> list[NDArray[Any]]:
    x = np.full((items, 4, 5, 3), first, np.uint8)
    return [x, first + np.arange(items, dtype=np.float32)[:, None]]


def check(said: list[F32], batch: list[NDArray[Any]]) -> None:
    """Check that a network of weight 3 says that."""
    x, side = batch
    np.testing.assert_array_equal(said[0], 3.0 * x)
    np.testing.assert_array_equal(said[1], 180.0 * x[:, 0, 0, 0, None] + side)


class Spied:
    """A guest's line that says when something was sent."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.sent = Event()

    def send_bytes(self, what: bytes) -> None:
        self._line.send_bytes(what)
        self.sent.set()

    def recv_bytes(self) -> bytes:
        return self._line.recv_bytes()


class Bedroom:
    """Lets guests ask while the owner is at work for the first of them.

    Args:
        guests: of one owner.
        door: path of a file that ends the nap.
    """

    def __init__(self, guests: list[Guest], door: Path) -> None:
        self._door = door
        self._lines = [Spied(guest.seat.line) for guest in guests]
        seats: list[Any] = [
            Seat(line, guest.seat.desk)  # type: ignore[arg-type]
            for line, guest in zip(self._lines, guests, strict=True)
        ]
        self._guests = [Guest(seat) for seat in seats]

    def ask(self, asked: Sequence[tuple[nn.Module, list[NDArray[Any]]]]) -> list[Future[list[F32]]]:
        """Return what becomes of a nap of the first one's network, and of what the others ask."""
        networks = [
            guest.take_in(module, dtype=FLOAT, groups=False)
            for guest, (module, _) in zip(self._guests, asked, strict=True)
        ]
        for network in networks:
            network.prepare(fed(1), usual=1)
        with ThreadPoolExecutor(len(asked)) as pool:
            said = [pool.submit(networks[0], asked[0][1])]
            try:
                while not Path(f"{self._door}.asleep").exists():
                    assert not said[0].done(), said[0].exception()
                    sleep(0.01)
                for line, network, (_, batch) in zip(
                    self._lines[1:], networks[1:], asked[1:], strict=True
                ):
                    line.sent.clear()
                    said.append(pool.submit(network, batch))
                    assert line.sent.wait(60)
            finally:
                self._door.touch()
        return said


@given(items=st.integers(1, 5 * MOST), seed=st.integers(0, 99))
def test_any_number_of_items_is_told_what_the_network_says(
    guests: list[Guest], items: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, Scaled.NAP, (items, 40, 50, 3), dtype=np.uint8)  # two fill a desk
    side = rng.normal(size=(items, 1)).astype(np.float32)
    here = ResidentNetwork(Scaled(), device=torch.device("cpu"), dtype=FLOAT)
    there = guests[0].take_in(Scaled(), dtype=FLOAT, groups=False)
    for mine, theirs in zip(here([x, side])[:2], there([list(x), side])[:2], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-6)


def test_groups_of_several_shapes_are_told_one_after_the_other(guests: list[Guest]) -> None:
    network = guests[0].take_in(Grouped(), dtype=FLOAT, groups=True)
    groups = [np.full((3, 2), 4, np.uint8), np.full((1, 5, 2), 9, np.uint8)]
    network.prepare([group[:1] for group in groups], usual=4)
    ready = set(network._known)
    (said,) = network(groups)
    np.testing.assert_array_equal(said, [4, 4, 4, 9])
    assert set(network._known) == ready


def test_what_guests_ask_of_a_network_while_it_works_is_one_batch_and_each_gets_his_own(
    guests: list[Guest], tmp_path: Path
) -> None:
    door = tmp_path / "door"
    batches = [fed(1, Scaled.NAP), fed(3, 7), fed(5, 9)]
    asked = [(Scaled(until=str(door)), batch) for batch in batches]
    told = [future.result() for future in Bedroom(guests[:3], door).ask(asked)]
    for said, batch in zip(told, batches, strict=True):
        check(said, batch)
    at_once = [set(said[2].tolist()) for said in told]
    assert at_once == [{2}, {8}, {8}]  # few sizes of batch are used: 1 is filled up


def test_a_network_that_fails_is_told_only_to_those_in_its_batch(
    guests: list[Guest], tmp_path: Path
) -> None:
    door = tmp_path / "door"
    shared = Scaled(until=str(door))
    batches = [fed(1, Scaled.NAP), fed(2, Scaled.TROUBLE), fed(2, 5), fed(2, 6)]
    modules = [shared, shared, shared, Scaled()]
    asked = list(zip(modules, batches, strict=True))
    first, trouble, beside, other = Bedroom(guests, door).ask(asked)
    check(first.result(), batches[0])
    for future in (trouble, beside):
        assert str(future.exception()) == "ValueError: a picture"
        assert isinstance(future.exception(), StageError)
    check(other.result(), batches[3])


def test_the_same_network_of_two_guests_is_one_and_another_is_another(guests: list[Guest]) -> None:
    orders = [(0, Scaled(), FLOAT), (1, Scaled(), FLOAT), (1, Scaled(2.0), FLOAT)]
    brought = [guests[i].take_in(module, dtype=dtype, groups=False) for i, module, dtype in orders]
    for network in brought:
        network.prepare(fed(1), usual=1)
    numbers = [next(iter(network._known.values())).number for network in brought]
    assert numbers[0] == numbers[1] != numbers[2]


class Odd(nn.Module):
    """Has settings of all kinds."""

    def __init__(self, how: Any, scale: float) -> None:
        super().__init__()
        self.how = how
        self.register_buffer("scale", torch.tensor(scale), persistent=False)


SAME, OTHER = nn.Linear(2, 2), nn.ReLU()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
        (nn.ReLU(), nn.ReLU6()),
        (Odd(torch.relu, 1.0), Odd(torch.sigmoid, 1.0)),
        (Odd([1, {"a": (2,)}], 1.0), Odd([1, {"a": (3,)}], 1.0)),
        (Odd(None, 1.0), Odd(None, 2.0)),
        (nn.Sequential(SAME, SAME), nn.Sequential(SAME)),
        (nn.Sequential(SAME, OTHER, SAME), nn.Sequential(SAME, OTHER, nn.Linear(2, 2))),
    ],
)
def test_networks_that_say_something_else_have_another_key(
    one: nn.Module, other: nn.Module
) -> None:
    assert key_of(one, FLOAT) == key_of(deepcopy(one), FLOAT)
    assert key_of(one, FLOAT) != key_of(other, FLOAT)
    assert key_of(one, FLOAT) != key_of(one, torch.float16)


def test_what_the_network_does_not_take_is_said_in_a_line(guests: list[Guest]) -> None:
    network = guests[0].take_in(Scaled(), dtype=FLOAT, groups=False)
    with pytest.raises(StageError, match=r"^TypeError: .*forward"):
        network([fed(1)[0]])  # its second input is missing
    check(network(fed(2)), fed(2))


def test_an_item_larger_than_the_desk_is_refused(guests: list[Guest]) -> None:
    network = guests[0].take_in(Grouped(), dtype=FLOAT, groups=True)
    with pytest.raises(DeviceError, match="too small for 400x300"):
        network([np.zeros((1, 400, 300), np.uint8)])


def test_a_guest_that_goes_leaves_the_others_served_and_the_last_ends_the_owner(
    open_owner: Open,
) -> None:
    owner, guests = open_owner(2)
    networks = [guest.take_in(Scaled(), dtype=FLOAT, groups=False) for guest in guests]
    for network in networks:
        network(fed(2))
    guests[0].seat.close()
    assert networks[1](fed(2))[1].shape == (2, 1)
    guests[1].seat.close()
    owner._child.join(timeout=30)
    assert owner._child.exitcode == 0


def test_guests_of_an_owner_that_died_are_told(open_owner: Open) -> None:
    owner, (guest,) = open_owner(1)
    network: GuestNetwork = guest.take_in(Scaled(), dtype=FLOAT, groups=False)
    network(fed(1))
    owner.close()
    with pytest.raises(StageError, match="the process that owns the device is gone"):
        network(fed(1))


def test_a_device_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(DeviceError, match=r"^cuda:99: [^\n]+$"), owned("cuda:99", guests=1):
        pass


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("Tried to allocate 9 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    ],
)
def test_memory_is_full_in_many_words(error: RuntimeError) -> None:
    assert full_in(error) is error
    behind = RuntimeError("the recording could not be ended")
    behind.__context__ = error
    assert full_in(behind) is error


def test_other_faults_are_not_for_want_of_memory() -> None:
    assert full_in(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None


class NoMemory(nn.Module):
    """A network for which the device's memory does not suffice, which ends in another error."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor, side: torch.Tensor) -> torch.Tensor:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nMore.")
        finally:
            raise RuntimeError("the recording could not be ended")


def test_a_device_whose_memory_is_full_ends_its_owner_which_says_so(open_owner: Open) -> None:
    owner, (guest,) = open_owner(1)
    with pytest.raises(StageError, match="gone"):
        guest.take_in(NoMemory(), dtype=FLOAT, groups=False)(fed(1))
    with pytest.raises(NoMemoryError, match=r"^cpu: CUDA out of memory. Tried .* 9 GiB\.$"):
        owner.hear()


def test_ends_travel_to_a_child(open_owner: Open) -> None:
    _, (guest,) = open_owner(1)
    with Errand(_ask, guest, name="shop") as shop:
        guest.seat.close()
        assert shop.hear() == 6.0


def _ask(line: Connection, guest: Guest) -> None:
    network = guest.take_in(Scaled(), dtype=FLOAT, groups=False)
    line.send(float(network(fed(1, 2))[0].max()))
