"""A trained network as a model folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from retailsim.train.export import export_model, parameter_count


@pytest.mark.parametrize(("half", "kind"), [(True, torch.float16), (False, torch.float32)])
def test_a_model_folder_holds_all_four_parts_and_nothing_else(
    half: bool, kind: torch.dtype, tmp_path: Path
) -> None:
    net = torch.nn.BatchNorm1d(3)
    folder = tmp_path / "deep" / "model"
    export_model(folder, net, {"widths": [1, 2]}, {"map": 0.5}, "# card\n", half=half)
    assert {p.name for p in folder.iterdir()} == {
        "weights.safetensors", "config.yaml", "metrics.json", "card.md",
    }  # fmt: skip
    state = load_file(folder / "weights.safetensors")
    assert state["weight"].dtype == kind
    assert state["num_batches_tracked"].dtype == torch.int64
    assert yaml.safe_load((folder / "config.yaml").read_text()) == {"widths": [1, 2]}
    assert json.loads((folder / "metrics.json").read_text()) == {"map": 0.5}
    assert (folder / "weights.safetensors").stat().st_mode & 0o777 == 0o644


def test_new_weights_take_away_the_twin_of_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "int8.zip").write_bytes(b"of other weights")
    export_model(tmp_path, torch.nn.BatchNorm1d(3), {}, {}, "")
    assert not (tmp_path / "int8.zip").exists()


def test_parameters_are_what_is_learnt() -> None:
    assert parameter_count(torch.nn.BatchNorm1d(3)) == 6  # not its running mean and variance
