"""Writing a trained detector as a model folder: weights, configuration, metrics, card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file

from retailsim.stack.detect.network import DetectorConfig, PersonNet


def export_detector(
    folder: Path, net: PersonNet, config: DetectorConfig, metrics: dict[str, Any], card: str
) -> None:
    """Write a model folder; weights are stored in half precision.

    Args:
        folder: made if it is not there; files are renamed into place.
        net: the trained network.
        config: written to config.yaml.
        metrics: written to metrics.json.
        card: written to card.md.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous().clone()
        for name, value in net.state_dict().items()
    }
    beside = folder / "weights.part"
    save_file(state, beside)
    beside.replace(folder / "weights.safetensors")
    (folder / "weights.safetensors").chmod(0o644)
    settings = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, default_flow_style=None
    )
    (folder / "config.yaml").write_text(settings, encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card, encoding="utf-8")


def parameter_count(net: torch.nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(p.numel() for p in net.parameters())
