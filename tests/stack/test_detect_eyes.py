"""Two ways from frames to maps: OpenCV and OpenVINO, or all of it on a torch device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retailsim.stack.batching import F32, Batch
from retailsim.stack.detect.detector import load_detector
from retailsim.stack.detect.eyes import DeviceEyes, FromFrames, HostEyes
from retailsim.stack.resident import ResidentNetwork
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan

INPUT_PX = (320, 192)


@pytest.fixture(scope="module")
def host() -> HostEyes:
    context = StageContext(StorePlan(name="x"), precision="fp32", options={"threads": 1})
    model = "person-detector"
    return HostEyes(load_detector(model)[1], model=model, input_px=INPUT_PX, context=context)


@pytest.fixture(scope="module")
def device() -> DeviceEyes:
    _, net = load_detector("person-detector")
    cpu = torch.device("cpu")
    module = FromFrames(net, INPUT_PX)
    return DeviceEyes(ResidentNetwork(module, device=cpu, dtype=torch.float32, groups=True))


def scene(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    """Return a smooth picture: fitting it one way or the other makes little difference."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / height
    waves = rng.uniform(1, 6, (3, 2))
    planes = [127 + 120 * np.sin(a * x + b * y) for a, b in waves]
    return np.stack(planes, axis=2).astype(np.uint8)


def test_frames_of_the_inputs_own_size_give_the_same_maps(
    host: HostEyes, device: DeviceEyes
) -> None:
    frames = [scene(320, 192, seed=seed) for seed in (1, 2)]
    for ours, theirs in zip(host(frames), device(frames), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (200, 150), (1280, 720)])
def test_frames_are_fitted_alike(host: HostEyes, device: DeviceEyes, size: tuple[int, int]) -> None:
    frames = [scene(*size)]
    for ours, theirs in zip(host(frames), device(frames), strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).mean() < 0.02 * np.abs(ours).mean()


def test_what_was_seen_before_leaves_no_trace(host: HostEyes) -> None:
    narrow, wide = scene(200, 150), scene(320, 180, seed=3)
    first = host([narrow, wide])
    for others in ([scene(200, 150, seed=8), wide], [wide, narrow], [wide]):
        host(others)
    for ours, again in zip(first, host([narrow, wide]), strict=True):
        np.testing.assert_array_equal(ours, again)


def test_the_eyes_are_ready_for_the_frames_of_the_cameras() -> None:
    seen: list[list[tuple[int, ...]]] = []

    class Heard(ResidentNetwork):
        def __init__(self) -> None:
            pass

        def __call__(self, batch: Batch) -> list[F32]:
            seen.append([(len(group), *group[0].shape) for group in batch])
            return []

    DeviceEyes(Heard(), sizes_px=[(64, 48), (96, 72), (64, 48)])
    assert seen == [[(2, 48, 64, 3), (1, 72, 96, 3)]]


def test_cameras_of_several_sizes_keep_their_places(device: DeviceEyes) -> None:
    sizes = [(640, 360), (320, 192), (640, 360), (200, 150)]
    frames = [scene(*size, seed=i) for i, size in enumerate(sizes)]
    together = device(frames)
    for i, frame in enumerate(frames):
        for level, alone in zip(together, device([frame]), strict=True):
            np.testing.assert_allclose(level[i], alone[0], atol=1e-3)
