"""The training loop: it learns, goes on from a checkpoint, and its model folder loads."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from retailsim.errors import ModelError
from retailsim.stack.detect.detector import load_detector
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.train.backgrounds import background
from retailsim.train.detector_data import Store, collate, picture
from retailsim.train.detector_evaluation import evaluate_detector
from retailsim.train.detector_loss import detector_loss
from retailsim.train.detector_training import Recipe, learning_rate_share, train
from retailsim.train.export import export_model
from retailsim.train.layers import Layer, save_layer

SMALL = DetectorConfig(
    input_px=(96, 64), stem=8, widths=(8, 16, 16, 16), depths=(0, 1, 1, 0), neck=(16, 16), head=16
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Bright upright rectangles over dim backgrounds: the simplest 'people'."""
    folder = tmp_path_factory.mktemp("data")
    for kind in ("people", "backgrounds"):
        (folder / kind).mkdir()
    for n in range(6):
        label = np.zeros((128, 192), np.uint8)
        label[20 : 100 + n, 60 + 4 * n : 100 + 4 * n] = 1
        image = np.where(label[..., None] > 0, 250, 90).astype(np.uint8).repeat(3, axis=2)
        area = np.array([np.count_nonzero(label)], np.float32)
        save_layer(folder / "people" / f"{n:06d}.npz", Layer(image, label, area, opaque=False))
        dim = background(np.random.default_rng(n), 192, 128) // 4
        cv2.imwrite(str(folder / "backgrounds" / f"{n:06d}.jpg"), dim)
    return Store.open(folder)


def recipe(samples: int) -> Recipe:
    return Recipe(samples=samples, batch=4, rate=1e-2, seed=3, second_process=False)


def loss_on_fixed_pictures(net: PersonNet, store: Store) -> float:
    images, targets = collate(
        [picture(store, 500 + i, seed=9, size=SMALL.input_px) for i in range(16)]
    )
    with torch.no_grad():
        return float(detector_loss(net(images.permute(0, 3, 1, 2).float() / 255), targets))


def test_loss_falls_and_an_interrupted_training_goes_on(store, tmp_path):
    steps: list[int] = []
    checkpoint = tmp_path / "checkpoint.safetensors"
    for samples in (160, 480):
        net = train(
            SMALL,
            store,
            recipe(samples),
            checkpoint=checkpoint,
            report=lambda progress: steps.append(progress.step),
            report_every=20,
        )
    assert steps == [20, 40, 60, 80, 100, 120]
    torch.manual_seed(3)
    untrained = loss_on_fixed_pictures(PersonNet(SMALL).eval(), store)
    assert loss_on_fixed_pictures(net, store) < 0.9 * untrained

    export_model(tmp_path / "model", net, SMALL.model_dump(mode="json"), {"a": 1}, "card")
    config, again = load_detector(str(tmp_path / "model"))
    assert config == SMALL
    for name, value in net.state_dict().items():
        torch.testing.assert_close(
            again.state_dict()[name].float(), value.float(), rtol=1e-3, atol=1e-3
        )
    samples = [picture(store, i, seed=1, size=SMALL.input_px) for i in range(4)]
    figures = evaluate_detector(str(tmp_path / "model"), samples)
    assert figures["ap50"] is not None
    assert 0 <= figures["ap50"] <= 1


def test_the_checkpoint_of_another_network_is_refused(store, tmp_path):
    checkpoint = tmp_path / "checkpoint.safetensors"
    train(SMALL, store, recipe(4), checkpoint=checkpoint)
    wider = SMALL.model_copy(update={"head": 8})
    with pytest.raises(ModelError, match="another network"):
        train(wider, store, recipe(8), checkpoint=checkpoint)


def test_time_ends_a_training_too(store, tmp_path):
    short = Recipe(samples=10**9, minutes=0.001, batch=4, second_process=False)
    train(SMALL, store, short, checkpoint=tmp_path / "checkpoint.safetensors")


def test_the_rate_rises_then_falls():
    assert learning_rate_share(0, 0.0) < 0.01
    assert learning_rate_share(1000, 0.1) > learning_rate_share(1000, 0.5)
    assert learning_rate_share(1000, 0.5) > learning_rate_share(1000, 1.0) > 0
