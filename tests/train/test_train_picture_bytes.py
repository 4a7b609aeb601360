"""An int8 twin takes the bytes of pictures as they are, where NNCF would round them."""

from __future__ import annotations

import numpy as np
import openvino
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from openvino import Model
from openvino import opset13 as op

from retailsim.train.picture_bytes import keep_bytes

EVERY_BYTE = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)


def rounded(x: object, most: float) -> object:
    """Round as NNCF does: 256 steps up to what was met."""
    ends = [np.float32(value) for value in (0, most, 0, most)]
    return op.fake_quantize(x, *ends, levels=256)


def network(
    mean: NDArray[np.float32], spread: float, *, most: float = 200.0, kind: type = np.uint8
) -> Model:
    """Pictures as channels, from 0 to 1 and then around a mean, rounded twice, times two."""
    pictures = op.parameter([1, 16, 16, 3], kind, name="pictures")
    seen = rounded(op.convert(op.convert(pictures, "bf16"), "f32"), most)
    planes = op.divide(op.transpose(seen, np.array([0, 3, 1, 2])), np.float32(255))
    middle = op.divide(op.subtract(planes, mean), np.float32(spread))
    ends = [np.float32(value) for value in (-1.5, most / 255, -1.5, most / 255)]
    once_more = op.fake_quantize(middle, *ends, levels=256)
    return Model([op.multiply(once_more, np.float32(2))], [pictures])


def said(model: Model) -> NDArray[np.float32]:
    """Return what a model says of every byte, one row per channel."""
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", exact)
    found: NDArray[np.float32] = compiled(
        EVERY_BYTE.astype(model.input(0).get_element_type().to_dtype())
    )[0]
    return found.reshape(3, 256)


@given(mean=st.floats(-1, 1, width=32), spread=st.sampled_from([0.25, 1.0, 3.0]))
def test_every_byte_comes_through_exactly(mean: float, spread: float) -> None:
    model = network(np.array(mean, np.float32), spread)
    keep_bytes(model)
    exact = 2 * (np.arange(256) / 255 - mean) / spread
    np.testing.assert_allclose(said(model), np.stack([exact] * 3), atol=1e-5)


def test_as_nncf_leaves_it_bright_pixels_are_cut_off() -> None:
    before = said(network(np.array(0.0, np.float32), 1.0))[0]
    assert before[255] == before[201] < 2 * 255 / 255


def test_channels_with_means_of_their_own_stay_as_they_were() -> None:
    means = np.array([0.4, 0.5, 0.6], np.float32).reshape(1, 3, 1, 1)
    model = network(means, 0.25)
    before = said(model)
    keep_bytes(model)
    np.testing.assert_array_equal(said(model), before)


def test_inputs_that_are_no_bytes_stay_as_they_were() -> None:
    model = network(np.array(0.0, np.float32), 1.0, kind=np.float32)
    before = said(model)
    keep_bytes(model)
    np.testing.assert_array_equal(said(model), before)
    assert before[0, 255] == before[0, 201]
