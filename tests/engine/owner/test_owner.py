"""Guests of a host say what they would say with the device to themselves, and share its batches."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing.connection import Connection
from time import sleep
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retailsim.engine.owner import Guest, be_host, make_seats
from retailsim.engine.owner.guest import GuestNetwork, key_of
from retailsim.errors import DeviceError, StageError
from retailsim.experiments.errands import Errand
from retailsim.stack.resident import ResidentNetwork
from tests.engine.owner.networks import Grouped, Scaled

F32 = torch.float32
ROOM_BYTES = 1 << 16
MOST = 12
Open = Callable[..., tuple[Errand, list[Guest]]]


@pytest.fixture(scope="module")
def open_host() -> Iterator[Open]:
    """Start a host for so many guests, who are all in this process."""
    with ExitStack() as stack:

        def start(guests: int, *, device: str = "cpu", ready: bool = True) -> Any:
            seats = [make_seats(ROOM_BYTES) for _ in range(guests)]
            theirs = [far for _, far in seats]
            host = stack.enter_context(Errand(be_host, theirs, device, MOST, name="gpu"))
            for seat in theirs:
                seat.close()
            if ready:
                assert host.hear() == "ready"
            return host, [Guest(near) for near, _ in seats]

        yield start


@pytest.fixture(scope="module")
def guests(open_host: Open) -> list[Guest]:
    return open_host(3)[1]


def fed(items: int, first: int = 1) -> list[NDArray[Any]]:
    x = np.full((items, 4, 5, 3), first, np.uint8)
    return [x, np.arange(items, dtype=np.float32)[:, None]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.integers(1, 5 * MOST), seed=st.integers(0, 99))
def test_any_number_of_items_is_told_what_the_network_says(
    guests: list[Guest], items: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, Scaled.NAP, (items, 40, 50, 3), dtype=np.uint8)  # two fill a desk
    side = rng.normal(size=(items, 1)).astype(np.float32)
    here = ResidentNetwork(Scaled(), device=torch.device("cpu"), dtype=F32)
    there = guests[0].take_in(Scaled(), dtype=F32, groups=False)
    for mine, theirs in zip(here([x, side])[:2], there([list(x), side])[:2], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-6)


def test_groups_of_several_shapes_are_told_one_after_the_other(guests: list[Guest]) -> None:
    network = guests[0].take_in(Grouped(), dtype=F32, groups=True)
    (said,) = network([np.full((3, 2), 4, np.uint8), np.full((1, 5, 2), 9, np.uint8)])
    np.testing.assert_array_equal(said, [4, 4, 4, 9])


def test_what_guests_ask_of_a_network_while_it_works_is_one_batch(guests: list[Guest]) -> None:
    networks = [guest.take_in(Scaled(), dtype=F32, groups=False) for guest in guests]
    for network in networks:
        network.prepare(fed(1), usual=1)
    with ThreadPoolExecutor(len(guests)) as pool:
        slow = pool.submit(networks[0], fed(1, Scaled.NAP))
        sleep(0.3)  # of the second that it takes
        others = [pool.submit(n, fed(items)) for n, items in zip(networks[1:], (3, 5), strict=True)]
    at_once = [int(future.result()[2][0]) for future in (slow, *others)]
    assert at_once == [2, 8, 8]  # few sizes of batch are used: 1 is filled up


def test_the_same_network_of_two_guests_is_one_and_another_is_another(guests: list[Guest]) -> None:
    orders = [(0, Scaled(), F32), (1, Scaled(), F32), (1, Scaled(2.0), F32)]
    brought = [guests[i].take_in(module, dtype=dtype, groups=False) for i, module, dtype in orders]
    for network in brought:
        network.prepare(fed(1), usual=1)
    numbers = [next(iter(network._known.values())).number for network in brought]
    assert numbers[0] == numbers[1] != numbers[2]
    assert key_of(Scaled(), F32) == key_of(Scaled(), F32) != key_of(Scaled(), torch.float16)
    assert key_of(torch.nn.LeakyReLU(0.1), F32) != key_of(torch.nn.LeakyReLU(0.2), F32)


def test_a_network_that_fails_is_told_in_a_line_and_only_to_those_in_its_batch(
    guests: list[Guest],
) -> None:
    one, two = (guest.take_in(Scaled(), dtype=F32, groups=False) for guest in guests[:2])
    with pytest.raises(StageError, match=r"^ValueError: a picture$"):
        one(fed(2, Scaled.TROUBLE))
    with pytest.raises(StageError, match=r"^TypeError: .*forward"):
        two([fed(1)[0]])  # its second input is missing
    assert one(fed(2))[1].shape == two(fed(2))[1].shape == (2, 1)


def test_an_item_larger_than_the_desk_is_refused(guests: list[Guest]) -> None:
    network = guests[0].take_in(Grouped(), dtype=F32, groups=True)
    with pytest.raises(DeviceError, match="too small for 400x300"):
        network([np.zeros((1, 400, 300), np.uint8)])


def test_a_guest_that_goes_leaves_the_others_served_and_the_last_ends_the_host(
    open_host: Open,
) -> None:
    host, guests = open_host(2)
    networks = [guest.take_in(Scaled(), dtype=F32, groups=False) for guest in guests]
    for network in networks:
        network(fed(2))
    guests[0].seat.close()
    assert networks[1](fed(2))[1].shape == (2, 1)
    guests[1].seat.close()
    host._child.join(timeout=30)
    assert host._child.exitcode == 0


def test_guests_of_a_host_that_died_are_told(open_host: Open) -> None:
    host, (guest,) = open_host(1)
    network: GuestNetwork = guest.take_in(Scaled(), dtype=F32, groups=False)
    network(fed(1))
    host.close()
    with pytest.raises(StageError, match="the process that owns the device is gone"):
        network(fed(1))


def test_a_device_that_cannot_be_had_is_one_line(open_host: Open) -> None:
    host, _ = open_host(1, device="cuda:99", ready=False)
    with pytest.raises(DeviceError, match=r"^cuda:99: [^\n]+$"):
        host.hear()


class NoMemory(torch.nn.Module):
    """A network for which the device's memory does not suffice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor, side: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nMore.")


def test_a_device_whose_memory_is_full_ends_the_host_which_says_so(open_host: Open) -> None:
    host, (guest,) = open_host(1)
    with pytest.raises(StageError, match="gone"):
        guest.take_in(NoMemory(), dtype=F32, groups=False)(fed(1))
    with pytest.raises(DeviceError, match=r"^cpu: CUDA out of memory. Tried to allocate 9 GiB\.$"):
        host.hear()


def test_ends_travel_to_a_child(open_host: Open) -> None:
    _, (guest,) = open_host(1)
    with Errand(_ask, guest, name="shop") as shop:
        guest.seat.close()
        assert shop.hear() == 6.0
    gc.collect()


def _ask(line: Connection, guest: Guest) -> None:
    network = guest.take_in(Scaled(), dtype=F32, groups=False)
    line.send(float(network(fed(1, 2))[0].max()))
