"""Learning from a trained detector: what is alike costs nothing, and a pupil comes nearer."""

from __future__ import annotations

import pytest
import torch
import yaml

from retailsim.errors import ModelError
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.runtime import read_config
from retailsim.train.detector_distillation import imitation_loss, inherit
from retailsim.train.detector_recipe import heir

TEACHER = DetectorConfig(
    input_px=(96, 64), stem=8, widths=(8, 8, 16, 16), depths=(0, 1, 1, 0), neck=(8, 8), head=8
)
PUPIL = TEACHER.model_copy(
    update={"patches": True, "activation": "relu", "merge_px": 1, "way_back": False, "branches": 1}
)


def net(config: DetectorConfig, seed: int) -> PersonNet:
    torch.manual_seed(seed)
    made = PersonNet(config)
    for module in made.modules():
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            torch.nn.init.normal_(module.bias)  # scores of all sizes, not of empty cells alone
    return made


def test_a_lighter_network_has_the_cells_of_its_teacher() -> None:
    pictures = torch.rand(2, 3, 64, 96)
    ours, theirs = (net(config, 1).eval()(pictures) for config in (PUPIL, TEACHER))
    assert [level.shape for level in ours] == [level.shape for level in theirs]
    assert not any(isinstance(m, torch.nn.SiLU) for m in net(PUPIL, 1).modules())


def test_a_perfect_pupil_loses_nothing_and_any_other_does() -> None:
    pictures = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        taught = net(TEACHER, 1).eval()(pictures)
        other = net(TEACHER, 2).eval()(pictures)
    assert float(imitation_loss(taught, taught)) == pytest.approx(0, abs=1e-3)
    assert float(imitation_loss(other, taught)) > 0.1


def test_following_the_loss_brings_a_pupil_nearer() -> None:
    pictures = torch.rand(4, 3, 64, 96)
    teacher, pupil = net(TEACHER, 1).eval(), net(PUPIL, 2).train()
    with torch.no_grad():
        taught = teacher(pictures)
    optimiser = torch.optim.Adam(pupil.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        loss = imitation_loss(pupil(pictures), taught)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_a_pupil_begins_with_what_fits_of_its_teacher() -> None:
    teacher, pupil = net(TEACHER, 1), net(PUPIL, 2)
    own_stem = pupil.stem[0].weight.clone()
    assert inherit(pupil, teacher) > 0
    assert torch.equal(pupil.stage8[0][0].weight, teacher.stage8[0][0].weight)
    assert torch.equal(pupil.stem[0].weight, own_stem)  # of another shape


def test_settings_of_a_file_are_checked_by_field(tmp_path) -> None:
    file = tmp_path / "lighter.yaml"
    file.write_text(yaml.safe_dump(PUPIL.model_dump(mode="json")))
    assert read_config(file, DetectorConfig) == PUPIL
    file.write_text("activation: tanh\n")
    with pytest.raises(ModelError, match=r"lighter\.yaml: activation"):
        read_config(file, DetectorConfig)
    with pytest.raises(ModelError, match=r"gone\.yaml"):
        read_config(tmp_path / "gone.yaml", DetectorConfig)


def test_an_heir_has_its_ancestors_weights_where_they_fit_and_always_the_same_elsewhere() -> None:
    ancestor = PersonNet(TEACHER)
    (net, count), (again, _) = (heir(PUPIL, ancestor, seed=5) for _ in range(2))
    mine, theirs = net.state_dict(), ancestor.state_dict()
    fit = [k for k, v in mine.items() if k in theirs and theirs[k].shape == v.shape]
    assert 0 < len(fit) == count < len(mine)
    assert all(torch.equal(mine[k], theirs[k]) for k in fit)
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in mine.items())
