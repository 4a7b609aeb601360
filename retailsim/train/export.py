"""Writing a trained network as a model folder: weights, configuration, metrics, card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file

from retailsim.stack.twin import FILE as TWIN


def export_model(
    folder: Path,
    net: torch.nn.Module,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    card: str,
    *,
    half: bool = True,
) -> None:
    """Write a whole model folder; arguments as those of the parts below."""
    write_network(folder, net, config, half=half)
    write_figures(folder, metrics, card)


def write_network(
    folder: Path, net: torch.nn.Module, config: Mapping[str, Any], *, half: bool = True
) -> None:
    """Write config.yaml and weights.safetensors; an int8 twin goes.

    Args:
        folder: made if it is not there; files are renamed into place.
        net: the trained network.
        config: what the network is built from.
        half: store weights in half precision.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous().clone()
        for name, value in net.state_dict().items()
    }
    beside = folder / "weights.part"
    save_file(state, beside)
    beside.chmod(0o644)  # safetensors' files are their owner's alone
    beside.replace(folder / "weights.safetensors")
    (folder / TWIN).unlink(missing_ok=True)  # of the weights before
    settings = yaml.safe_dump(dict(config), sort_keys=False, default_flow_style=None)
    _write(folder / "config.yaml", settings)


def write_figures(folder: Path, metrics: Mapping[str, Any], card: str) -> None:
    """Write metrics.json and card.md into a model folder."""
    _write(folder / "metrics.json", json.dumps(dict(metrics), indent=2) + "\n")
    _write(folder / "card.md", card)


def parameter_count(net: torch.nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(p.numel() for p in net.parameters())


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
