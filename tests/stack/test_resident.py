"""Networks that live on a torch device; here the CPU, whose steps are those that CUDA records."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from retailsim.stack.identity.footpoint import HINTS, FootPointConfig, FootPointNet
from retailsim.stack.resident import MOST_AT_ONCE, MOST_TAPES, ResidentNetwork
from retailsim.stack.runtime import FromPictures

CPU = torch.device("cpu")


class Affine(nn.Module):
    """Says x * weight, and the sum over each item of it and a side input."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))
        self.calls: list[tuple[int, ...]] = []

    def forward(self, x: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        self.calls.append(tuple(x.shape))
        scaled = x * self.weight
        return scaled, scaled.flatten(1).sum(1, keepdim=True) + side


@pytest.fixture
def network() -> ResidentNetwork:
    return ResidentNetwork(Affine(), device=CPU, dtype=torch.float32)


@given(items=st.integers(1, 40), seed=st.integers(0, 9))
def test_it_says_what_the_module_says_for_any_number_of_items(items: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(items, 3, 4, 5)).astype(np.float32)
    side = rng.normal(size=(items, 1)).astype(np.float32)
    network = ResidentNetwork(Affine(), device=CPU, dtype=torch.float32)
    scaled, total = network([x, side])
    np.testing.assert_allclose(scaled, 3 * x, rtol=1e-6)
    np.testing.assert_allclose(total, (3 * x).sum((1, 2, 3))[:, None] + side, atol=1e-4)


def test_what_was_said_before_is_not_overwritten(network: ResidentNetwork) -> None:
    side = np.zeros((2, 1), np.float32)
    first, _ = network([np.ones((2, 1, 2, 2), np.float32), side])
    network([np.full((2, 1, 2, 2), 7, np.float32), side])
    assert np.all(first == 3)


def test_few_shapes_are_recorded_for_many_sizes_of_batch() -> None:
    module = Affine()
    network = ResidentNetwork(module, device=CPU, dtype=torch.float32)
    for items in range(1, 33):
        network([np.zeros((items, 1, 2, 2), np.float32), np.zeros((items, 1), np.float32)])
    assert {shape[0] for shape in module.calls} == {*range(2, 17, 2), 20, 24, 28, 32}


def test_it_is_ready_for_usual_sizes_and_takes_large_batches_in_parts() -> None:
    module = Affine()
    network = ResidentNetwork(module, device=CPU, dtype=torch.float32)
    network.prepare([np.zeros((1, 1, 2, 2), np.float32), np.zeros((1, 1), np.float32)], usual=5)
    assert sorted({shape[0] for shape in module.calls}) == [2, 4, 6]
    items = MOST_AT_ONCE + 3
    x = np.arange(items * 4, dtype=np.float32).reshape(items, 1, 2, 2)
    scaled, _ = network([x, np.zeros((items, 1), np.float32)])
    np.testing.assert_array_equal(scaled, 3 * x)
    assert max(shape[0] for shape in module.calls) == MOST_AT_ONCE


def test_exact_batches_where_inputs_differ_in_their_number_of_items() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def forward(self, *groups: Tensor) -> Tensor:
            return torch.cat([group.flatten(1).sum(1) for group in groups]) * self.weight

    network = ResidentNetwork(Both(), device=CPU, dtype=torch.float32, groups=True)
    (said,) = network([np.ones((3, 2), np.float32), np.ones((1, 5), np.float32)])
    np.testing.assert_array_equal(said, [2, 2, 2, 5])


def test_arrays_one_by_one_are_as_good_as_a_stack(network: ResidentNetwork) -> None:
    x = np.arange(24, dtype=np.float32).reshape(3, 2, 2, 2)
    side = np.zeros((3, 1), np.float32)
    np.testing.assert_array_equal(network([list(x), side])[0], network([x, side])[0])


def test_shapes_of_long_ago_are_forgotten(network: ResidentNetwork) -> None:
    for side in range(1, MOST_TAPES + 20):
        network([np.zeros((1, 1, 1, side), np.float32), np.zeros((1, 1), np.float32)])
    assert len(network._tapes) == MOST_TAPES


def test_pictures_and_what_is_told_beside_them_are_what_torch_makes_of_them() -> None:
    torch.manual_seed(3)
    config = FootPointConfig(input_px=(16, 32), widths=(4, 4, 8, 8, 8), dense=(8, 8, 8))
    net = FootPointNet(config).eval()
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (5, 32, 16, 3), dtype=np.uint8)
    told = rng.normal(size=(5, HINTS)).astype(np.float32)
    with torch.no_grad():
        planes = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        wanted = net(planes, torch.from_numpy(told)).numpy()
    for dtype, apart in ((torch.float32, 1e-5), (torch.float16, 2e-2)):
        network = ResidentNetwork(FromPictures(deepcopy(net)), device=CPU, dtype=dtype)
        np.testing.assert_allclose(network([pictures, told])[0], wanted, atol=apart)
