"""Running a trained network: OpenVINO on the CPU, torch on CUDA.

OpenVINO is 14 times as fast as eager torch at batch 1 on an AMX core. What networks compute in
depends on the CPU (`on_cpu`). On CUDA torch runs in half precision, channels-last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import openvino
import torch
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from retailsim.errors import ModelError, first_line
from retailsim.resources import find, model_dir
from retailsim.stack.batching import F32, Run
from retailsim.stack.on_cpu import SizedModel, in_int8
from retailsim.stack.resident import OnDevice, Owner, ResidentNetwork
from retailsim.stack.stage import Precision, StageContext
from retailsim.stack.twin import FILE as TWIN
from retailsim.stack.twin import read_twin

U8 = NDArray[np.uint8]
C = TypeVar("C", bound=BaseModel)
N = TypeVar("N", bound=torch.nn.Module)
# Told a model's name, its network, and what that is fed now.
Overhear = Callable[[str, torch.nn.Module, list[NDArray[Any]]], None]
MAX_WEIGHTS_BYTES = 512 * 1024 * 1024


def load_model_dir(name: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read `config.yaml` and `weights.safetensors` of a model folder.

    Args:
        name: a shipped model's name, or a path to a folder of the same make.

    Returns:
        The configuration and the weights as float32 tensors by name.

    Raises:
        ModelError: the folder or a file in it is missing, malformed or too large.
    """
    folder = folder_of(name)
    config = _read_settings(folder / "config.yaml")
    weights = folder / "weights.safetensors"
    try:
        if weights.stat().st_size > MAX_WEIGHTS_BYTES:
            raise ModelError(f"{weights}: larger than {MAX_WEIGHTS_BYTES >> 20} MiB")
        state = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{weights}: {_short(error)}") from error
    return config, {key: value.float() for key, value in state.items()}


def model_sha256(name: str) -> str:
    """Return the SHA-256 of a model's weights; raises ModelError when they are missing.

    Args:
        name: a shipped model's name, a path to a folder of the same make, or an ONNX file.
    """
    onnx = name.endswith(".onnx")
    weights = find(name) if onnx else folder_of(name) / "weights.safetensors"
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{weights}: {_short(error)}") from error


def load_weights(module: torch.nn.Module, state: dict[str, torch.Tensor], *, name: str) -> None:
    """Put weights into a module; raises ModelError naming the first tensor that does not fit."""
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        first = lines[1] if len(lines) > 1 else lines[0]
        raise ModelError(f"{name}: weights do not match the network: {first[:160]}") from error


def load_network(name: str, config_type: type[C], build: Callable[[C], N]) -> tuple[C, N]:
    """Read a model folder: its settings and the network they describe, weights loaded.

    Raises ModelError when anything in it does not fit.
    """
    settings, state = load_model_dir(name)
    config = _validated(settings, config_type, f"{name}/config.yaml")
    net = build(config)
    load_weights(net, state, name=name)
    return config, net


def read_config(path: Path, config_type: type[C]) -> C:
    """Read settings from a file like a model's `config.yaml`; ModelError names a wrong field."""
    return _validated(_read_settings(path), config_type, str(path))


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"{path}: {_short(error)}") from error
    if not isinstance(settings, dict):
        raise ModelError(f"{path}: expected a mapping of settings")
    return settings


def _validated(settings: dict[str, Any], config_type: type[C], where: str) -> C:
    try:
        return config_type.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{where}: {field}: {first['msg']}") from error


class Network:
    """A torch module compiled for inference on pictures.

    Args:
        module: the network; put into eval mode. Its forward takes planes (n, 3, h, w) in [0, 1],
            and a second tensor (n, d) when there is a side input, and returns one or more
            tensors.
        model: whose network it is: where its int8 twin lies, if it has one.
        context: device and precision.
        input_px: width and height of the pictures.
        usual: how many pictures to be ready for from the first call on; more or, without
            `round_up`, fewer make the call that brings them longer.
        side_width: numbers per item of the side input, 0 for none.
        round_up: fill batches up to few sizes, for pictures that come in another number each time;
            on CUDA they always are.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        model: str,
        context: StageContext,
        input_px: tuple[int, int],
        usual: int,
        side_width: int = 0,
        round_up: bool = True,
    ) -> None:
        module = FromPictures(module).eval()
        example = [torch.zeros(1, input_px[1], input_px[0], 3, dtype=torch.uint8)]
        example += [torch.zeros(1, side_width)] if side_width else []
        self._overhear: Callable[[list[NDArray[Any]]], None] | None = None
        if overhear := context.options.get("overhear"):
            self._overhear = partial(overhear, model, module)
        self._run: Run
        if context.device == "cuda":
            on_device = on_cuda(module, context)
            on_device.prepare([part.numpy() for part in example], usual=usual)
            self._run = on_device
        else:
            self._run = _compile_openvino(
                module, context, example, usual, round_up, twin=twin_of(model, context.precision)
            )

    def __call__(self, pictures: U8, *sides: F32) -> list[F32]:
        """Run the network.

        Args:
            pictures: of the network's size, uint8 (n, h, w, 3).
            sides: where it has a side input, float32 (n, d).

        Returns:
            Its outputs as float32 arrays.
        """
        side = [np.ascontiguousarray(part, dtype=np.float32) for part in sides]
        batch: list[NDArray[Any]] = [np.ascontiguousarray(pictures), *side]
        if self._overhear:
            self._overhear(batch)
        return self._run(batch)


class FromPictures(torch.nn.Module):
    """A network that takes pictures, uint8 (n, h, w, 3), instead of planes (n, 3, h, w)."""

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: torch.Tensor, *sides: torch.Tensor) -> Any:
        """Return what the network says."""
        dtype = next(self.net.parameters()).dtype
        # By way of bfloat16, which holds 0 to 255 exactly: from there OpenVINO need not transpose.
        values = pictures.to(torch.bfloat16).permute(0, 3, 1, 2).to(dtype)
        return self.net(values / 255, *sides)


def _compile_openvino(
    module: torch.nn.Module,
    context: StageContext,
    example: list[torch.Tensor],
    usual: int,
    round_up: bool,
    *,
    twin: Path | None,
) -> Run:
    if twin is None:
        graph = graph_of(module, example)
    else:
        items = [part.shape[1:] for part in example]
        graph = read_twin(twin, made_from=made_from(twin.parent), items=items)
    return SizedModel(graph, context, usual=usual, round_up=round_up)


def twin_of(model: str, precision: Precision) -> Path | None:
    """Return the int8 twin that stands for a model's network on this CPU, None if none does."""
    if not in_int8(precision):
        return None
    twin = folder_of(model) / TWIN
    return twin if twin.exists() else None


def twin_sha256(model: str, precision: Precision) -> str | None:
    """Return the SHA-256 of the twin that stands for a model's network here, None if none does.

    Raises ModelError when the model's folder is missing.
    """
    twin = None if model.endswith(".onnx") else twin_of(model, precision)
    return hashlib.sha256(twin.read_bytes()).hexdigest() if twin else None


def made_from(folder: Path) -> str:
    """Return the SHA-256 of a model folder's weights and settings, which its twin is made from.

    Raises ModelError when one is missing.
    """
    digest = hashlib.sha256()
    for path in (folder / "weights.safetensors", folder / "config.yaml"):
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise ModelError(f"{path}: {_short(error)}") from error
    return digest.hexdigest()


def graph_of(module: torch.nn.Module, example: list[torch.Tensor]) -> Any:
    """Return a network as an OpenVINO model whose batch size is open.

    Args:
        module: in eval mode.
        example: its inputs, for one item.
    """
    module.requires_grad_(False)
    with torch.no_grad():
        # As a function, and not a second time to compare, which takes most of the time.
        traced = torch.jit.trace(lambda *batch: module(*batch), tuple(example), check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=tuple(example))
    model.reshape({i: [-1, *part.shape[1:]] for i, part in enumerate(example)})
    return model


def on_cuda(module: torch.nn.Module, context: StageContext, *, groups: bool = False) -> OnDevice:
    """Put a module onto the GPU: in half precision, unless floats are asked for.

    Args:
        module: as `ResidentNetwork` takes it.
        context: with the GPU's `owner` among its options if that is another process.
        groups: as for `ResidentNetwork`.
    """
    dtype = torch.float32 if context.precision == "fp32" else torch.float16
    owner: Owner | None = context.options.get("owner")
    if owner:
        return owner.take_in(module, dtype=dtype, groups=groups)
    return ResidentNetwork(module, device=torch.device("cuda"), dtype=dtype, groups=groups)


def folder_of(name: str) -> Path:
    """Return a model's folder; raises ModelError when there is none.

    Args:
        name: a shipped model's name, or a path.
    """
    folder = model_dir(name) if "/" not in name else find(name)
    if not folder.is_dir():
        raise ModelError(f"{name}: no such model folder; shipped ones lie in models/")
    return folder


def _short(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return first_line(error)[:160]
