"""Networks compiled for the CPU say what torch says, however many items they are given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from retailsim.errors import ModelError
from retailsim.stack import on_cpu
from retailsim.stack.batching import Run
from retailsim.stack.on_cpu import MOST_SIZES, SizedModel
from retailsim.stack.runtime import Network, load_model_dir
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

SIZE_PX = (12, 8)
SIDE = 3


class Small(nn.Module):
    """A convolution over the picture, and what a side input adds to its mean."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.side = nn.Linear(SIDE, 8)

    def forward(self, x: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.conv(x).relu()
        return seen, seen.mean((2, 3)) + self.side(side)


@pytest.fixture(scope="module")
def context(boutique: StorePlan) -> StageContext:
    return StageContext(boutique, precision="fp32", options={"threads": 1})


@pytest.fixture(scope="module")
def network(context: StageContext) -> Network:
    return Network(
        Small(), model="small", context=context, input_px=SIZE_PX, usual=8, side_width=SIDE
    )


def batch(items: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(items)
    pictures = rng.integers(0, 256, (items, SIZE_PX[1], SIZE_PX[0], 3), dtype=np.uint8)
    return pictures, rng.normal(size=(items, SIDE)).astype(np.float32)


@pytest.mark.parametrize("items", [1, 3, 4, 7, 16, 21])
def test_it_says_what_torch_says(network: Network, items: int) -> None:
    pictures, side = batch(items)
    with torch.no_grad():
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        wanted = Small()(x, torch.from_numpy(side))
    said = network(pictures, side)
    assert [part.shape for part in said] == [tuple(part.shape) for part in wanted]
    for mine, theirs in zip(said, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-5)


def test_what_an_item_is_told_does_not_hang_on_its_neighbours(network: Network) -> None:
    pictures, side = batch(7)
    together = network(pictures, side)
    alone = [network(pictures[i : i + 1], side[i : i + 1]) for i in range(7)]
    for place, part in enumerate(together):
        np.testing.assert_array_equal(part, np.concatenate([one[place] for one in alone]))


def test_what_was_said_stays_when_the_network_speaks_again(network: Network) -> None:
    first = network(*batch(4))
    kept = [part.copy() for part in first]
    network(*(part[::-1] for part in batch(4)))
    for mine, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(mine, before)


def test_crops_compile_nothing_once_a_session_runs_and_others_each_size_once(
    context: StageContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[int] = []
    compile_it = on_cpu.compile_on_cpu

    def watched(model: object, context: StageContext) -> Run:
        compiled.append(model.inputs[0].partial_shape[0].get_length())  # type: ignore[attr-defined]
        return compile_it(model, context)

    monkeypatch.setattr(on_cpu, "compile_on_cpu", watched)
    model = SizedModel(identity_model(), context, usual=9, round_up=True)
    assert compiled == [2, 4, 6, 8, 10]
    for items in range(1, 34):
        heard = np.arange(items * 2, dtype=np.float32).reshape(items, 2)
        (said,) = model([heard])
        np.testing.assert_array_equal(said, heard)
    assert compiled == [2, 4, 6, 8, 10]
    del compiled[:]
    exact = SizedModel(identity_model(), context, usual=5, round_up=False)
    for items in [3, 5, 3]:
        exact([np.zeros((items, 2), np.float32)])
    assert compiled == [5, 3]


def test_sizes_used_long_ago_are_let_go(context: StageContext) -> None:
    model = SizedModel(identity_model(), context, usual=1, round_up=False)
    for items in [*range(1, MOST_SIZES + 1), 1, MOST_SIZES + 1]:
        (said,) = model([np.ones((items, 2), np.float32)])
        assert said.shape == (items, 2)
    assert sorted(model._runs) == [1, *range(3, MOST_SIZES + 2)]


def identity_model() -> object:
    """An OpenVINO model (n, 2) that says what it hears."""
    from openvino import Model
    from openvino import opset13 as op

    x = op.parameter([-1, 2], np.float32)
    return Model([op.relu(x)], [x])


def test_a_missing_model_is_named() -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        load_model_dir("no-such-model")
