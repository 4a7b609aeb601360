"""Training the embedder: losses, batches, and a run too small to be any good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from retailsim.errors import RetailError
from retailsim.stack.reid.network import EmbedderConfig
from retailsim.train.embedder import (
    Batches,
    HeldOut,
    Recipe,
    fit,
    held_out_set,
    measure,
    measure_vectors,
    train_embedder,
)
from retailsim.train.embedder_crops import CameraLook, Scenery, dress_crop
from retailsim.train.embedder_loss import batch_hard_triplet
from retailsim.train.embedder_people import Bank, draw_identities

SMALL = EmbedderConfig(widths=(8, 8, 16, 16), part=8, dimensions=16)


def colour_bank(people: int = 24, views: int = 4) -> Bank:
    """Identities that are plain two-coloured shapes; needs no renderer."""
    rng = np.random.default_rng(0)
    bgra = np.zeros((people * views, 160, 80, 4), np.uint8)
    colours = rng.integers(0, 255, (people, 2, 3))
    for i in range(len(bgra)):
        bgra[i, 30:90, 20:60, :3], bgra[i, 90:150, 20:60, :3] = colours[i // views]
        bgra[i, 30:150, 20:60, 3] = 255
    person = np.repeat(np.arange(people), views)
    view = np.tile(np.arange(views), people)
    return Bank(bgra, person, view)


def test_the_triplet_loss_is_nought_when_people_are_far_apart_and_high_when_mixed() -> None:
    person = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    mixed = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    assert float(batch_hard_triplet(apart, person, margin=0.3)) == pytest.approx(0.0, abs=1e-2)
    assert float(batch_hard_triplet(mixed, person, margin=0.3)) == pytest.approx(
        0.3 + 2**0.5, abs=1e-2
    )


def test_neighbours_in_number_are_often_dressed_alike_but_never_the_same_body() -> None:
    bodies = draw_identities(3, 60)
    alike = [a.clothes == b.clothes for a, b in zip(bodies[::2], bodies[1::2], strict=True)]
    assert 0.2 < np.mean(alike) < 0.7
    assert len({body.texture_seed for body in bodies}) == len(bodies)
    assert draw_identities(3, 10) == bodies[:10]


def test_a_camera_is_the_same_camera_every_time_it_looks() -> None:
    rng = np.random.default_rng(1)
    look = CameraLook(gain=(1.2, 1.0, 0.9), gamma=1.0, black=0.0, blur_px=0.0, noise=0.0, jpeg=100)
    grey = np.full((128, 64, 3), 100, np.uint8)
    grain = np.zeros((256, 256, 3), np.float32)
    first = look.apply(rng, grey, grain)
    np.testing.assert_array_equal(first, look.apply(rng, grey, grain))
    assert first[0, 0].tolist() == [120, 100, 90]


def test_a_crop_is_filled_everywhere() -> None:
    rng = np.random.default_rng(2)
    scenery = Scenery.draw(rng, 3)
    for row in range(5):
        crop = dress_crop(rng, colour_bank().bgra[row], scenery, CameraLook.draw(rng))
        assert crop.shape == (128, 64, 3)
        assert crop.std() > 1


def test_batches_hold_four_crops_of_each_of_sixteen_people() -> None:
    crops, person = Batches(1, colour_bank(), scenes=3).next()
    assert crops.shape == (64, 3, 128, 64)
    assert sorted(np.bincount(person.numpy(), minlength=24).tolist()) == [0] * 8 + [4] * 16


def test_a_short_training_learns_colours() -> None:
    bank = colour_bank()
    rng, scenery = np.random.default_rng(5), Scenery.draw(np.random.default_rng(6), 5)
    crops = [dress_crop(rng, bgra, scenery, CameraLook.draw(rng)) for bgra in bank.bgra]
    test = HeldOut(crops, bank.person, np.array([f"camera-{v}" for v in bank.view]))
    untrained = measure(fit(Recipe(seed=1, steps=0, scenes=3), SMALL, bank)[0], test)
    trained = measure(
        fit(Recipe(seed=1, steps=20, scenes=3, learning_rate=6e-3), SMALL, bank)[0], test
    )
    assert trained["map"] > untrained["map"] + 0.05


def test_the_same_recipe_gives_the_same_weights() -> None:
    bank = colour_bank()
    once, again = (fit(Recipe(seed=1, steps=2, scenes=2), SMALL, bank)[0] for _ in range(2))
    for name, value in once.state_dict().items():
        torch.testing.assert_close(value, again.state_dict()[name], rtol=0, atol=0)


def test_judging_seeds_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RetailError, match="judging"):
        train_embedder(Recipe(seed=900_001), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.gl
def test_the_shipped_model_finds_new_people_again_until_the_crops_are_shuffled() -> None:
    from retailsim.stack.reid.embedder import load_embedder
    from retailsim.train.embedder import colour_vectors

    test = held_out_set(777_777, identities=24, views=6, scenes=10)
    _, net = load_embedder("person-embedder")
    shuffle = np.random.default_rng(1).permutation(len(test.crops))
    shuffled = HeldOut([test.crops[i] for i in shuffle], test.person, test.camera)
    real, broken = measure(net, test), measure(net, shuffled)
    histogram = measure_vectors(colour_vectors(test.crops), test)
    assert real["map"] > histogram["map"] + 0.1
    assert real["rank1"] > histogram["rank1"]
    assert broken["rank1"] < 0.5 * real["rank1"]
