"""On a GPU a network says what it says on the CPU, and all ways to replay say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from retailsim.engine.config import load_stack
from retailsim.errors import DeviceError
from retailsim.experiments.density_trial import Timing, try_streams
from retailsim.experiments.looped import survey
from retailsim.experiments.replay import replay_bag, resolve_device
from retailsim.stack.detect.detector import load_detector
from retailsim.stack.detect.eyes import eyes_for
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera, StorePlan

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
SIZE_PX = (320, 192)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_without_a_gpu_cuda_is_refused_in_one_line() -> None:
    assert resolve_device("auto") == resolve_device("cpu") == "cpu"
    with pytest.raises(DeviceError, match=r"CUDA is not to be had: .*; take --device cpu"):
        resolve_device("cuda")


@needs_cuda
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("auto", 0.05)])
def test_recorded_maps_are_those_of_the_cpu(precision: str, tolerance: float) -> None:
    camera = Camera(id="a", width_px=SIZE_PX[0], height_px=SIZE_PX[1])
    plan = StorePlan(name="x", cameras=(camera,))
    frames = list(
        np.random.default_rng(1).integers(0, 255, (2, SIZE_PX[1], SIZE_PX[0], 3), np.uint8)
    )
    model, (_, net) = "person-detector", load_detector("person-detector")
    said = []
    for device, how in (("cpu", "fp32"), ("cuda", precision)):
        context = StageContext(plan, device=device, precision=how)  # type: ignore[arg-type]
        eyes = eyes_for(net, model=model, input_px=SIZE_PX, context=context)
        said.append([level.copy() for level in eyes(frames)])
    for mine, theirs in zip(said[1], said[0], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=tolerance * np.abs(theirs).max())


@needs_cuda
def test_serial_and_pipelined_replays_on_a_gpu_have_one_digest() -> None:
    bag, spec = Path("fixtures/boutique.bag"), load_stack()
    one, two = (replay_bag(bag, spec=spec, device="cuda", workers=n) for n in (None, 2))
    assert one.scorecard.digest == two.scorecard.digest


@needs_cuda
def test_shops_that_share_a_gpu_are_served_by_its_owner() -> None:
    footage = survey("fixtures/boutique.bag", rate_hz=2)
    timing = Timing(warm_up_s=2, window_s=3, rest_s=1)
    trial = try_streams(4, footage, load_stack(), device="cuda", timing=timing)
    assert (trial.shops, trial.wanting) == (2, "")
    assert all(window.frames and window.believed for window in trial.windows)
