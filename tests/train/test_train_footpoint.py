"""The foot point's recipe: labels are where feet are, and the network learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from retailsim.errors import RetailError
from retailsim.simulate.streams import stream
from retailsim.stack.identity.footpoint import FootPointConfig, FootPointNet, load_footpoint
from retailsim.store.projection import Projection
from retailsim.train.footpoint import (
    Recipe,
    collate,
    laplace_loss,
    measure,
    sum_up,
    train_footpoint,
)
from retailsim.train.footpoint_crops import Crop, example, mirrored, render_crops

pytestmark = pytest.mark.gl
CONFIG = FootPointConfig(activation="relu")


@pytest.fixture(scope="module")
def crops() -> list[Crop]:
    return render_crops(5, 1, report=lambda *_: None)


def test_feet_of_people_fully_visible_are_near_the_lower_end_of_their_box(
    crops: list[Crop],
) -> None:
    assert len(crops) > 50
    for crop in crops:
        np.testing.assert_allclose(
            Projection.of(crop.camera).to_plane(crop.foot_px), crop.foot_m, atol=1e-6
        )
    whole = [c for c in crops if c.visible_share > 0.97]
    height = np.array([c.box_px[3] - c.box_px[1] for c in whole])
    below = np.array([c.foot_px[1] - c.box_px[3] for c in whole]) / height
    slant = np.array([c.camera.position_m[2] / np.hypot(*c.foot_m) for c in whole])  # type: ignore[index]
    assert np.abs(np.median(below[slant < 1])) < 0.15


def test_an_example_shows_the_box_and_a_mirrored_one_mirrors_everything(crops: list[Crop]) -> None:
    shown = example(crops[0], stream(1, "e"), CONFIG.input_px, plain=True)
    assert shown.crop.shape == (CONFIG.input_px[1], CONFIG.input_px[0], 3)
    np.testing.assert_allclose(shown.box_px, crops[0].box_px, atol=15)
    np.testing.assert_array_equal(mirrored(mirrored(shown.hints)), shown.hints)
    assert mirrored(shown.hints)[0] == -shown.hints[0]


def test_a_few_steps_lower_the_loss(crops: list[Crop]) -> None:
    torch.manual_seed(1)
    net = FootPointNet(CONFIG).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
    rng = stream(2, "few")
    images, told, offset = collate([example(c, rng, CONFIG.input_px) for c in crops[:48]])
    x = images.permute(0, 3, 1, 2).float() / 255
    losses = []
    for _ in range(25):
        loss = laplace_loss(net(x, told), offset)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.5


def test_the_shipped_network_beats_a_new_one_on_a_shop_it_never_saw(crops: list[Crop]) -> None:
    config, shipped = load_footpoint("foot-point")
    known = measure(shipped.eval(), config, crops, seed=3)
    torch.manual_seed(1)
    new = measure(FootPointNet(config).eval(), config, crops, seed=3)
    assert known["median_m"] < 0.2
    assert known["median_m"] < 0.5 * new["median_m"]


def test_the_recipe_writes_a_model_that_loads_and_refuses_judging_seeds(
    crops: list[Crop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rendered once for this file; other tests look at what they show.
    monkeypatch.setattr("retailsim.train.footpoint.render_crops", lambda *_, **__: crops)
    metrics = train_footpoint(Recipe(seed=6, shops=1, steps=2), tmp_path / "m", say=lambda _: None)
    assert metrics["median_m"] > 0
    load_footpoint(str(tmp_path / "m"))
    assert "2 steps of 64 crops" in (tmp_path / "m" / "card.md").read_text()
    with pytest.raises(RetailError):
        train_footpoint(Recipe(seed=900_001), tmp_path / "n")


@pytest.mark.filterwarnings("error")
def test_errors_without_end_are_summed_up_without_a_warning() -> None:
    error_m = np.array([0.1, 0.2, 0.3, np.inf, np.inf])
    found = sum_up(error_m, np.array([1.0, 0.9, 0.3, 0.3, 0.6]))
    assert found == {
        "median_m": 0.3,
        "median_m_visible": 0.15,
        "median_m_hidden": np.inf,
        "p90_m": np.inf,
    }
    few = sum_up(np.array([0.4]), np.array([1.0]))
    assert few["p90_m"] == 0.4
    assert np.isnan(few["median_m_hidden"])
    assert np.isnan(sum_up(np.zeros(0), np.zeros(0))["p90_m"])
