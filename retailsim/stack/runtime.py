"""Running a trained network: OpenVINO on the CPU, torch on CUDA.

OpenVINO is 14 times as fast as eager torch at batch 1 on an AMX core; int8 ties with bf16 and
costs accuracy, so it is left out. On CUDA torch runs in half precision, channels-last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import openvino
import torch
import yaml
from numpy.typing import NDArray
from openvino import properties
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from retailsim.errors import ModelError
from retailsim.resources import find, model_dir
from retailsim.stack.resident import ResidentNetwork
from retailsim.stack.stage import StageContext

F32 = NDArray[np.float32]
C = TypeVar("C", bound=BaseModel)
N = TypeVar("N", bound=torch.nn.Module)
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
    folder = _folder(name)
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
    weights = find(name) if onnx else _folder(name) / "weights.safetensors"
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
    """A torch module compiled for inference.

    Args:
        module: the network; put into eval mode. Its forward takes one NCHW float32 tensor, and a
            second one (n, d) when there is a side input, and returns one or more tensors.
        context: device and precision. `fp32` computes in float32; `auto` in bfloat16 where the
            CPU is fast at it and in half precision on CUDA.
        example_shape: a typical input shape (n, c, h, w); the batch size may vary in use.
        side_width: numbers per item of the side input, 0 for none.
        pictures: take BGR pictures, uint8 (n, h, w, 3), and scale them to [0, 1] on the way in.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        context: StageContext,
        example_shape: tuple[int, int, int, int],
        side_width: int = 0,
        pictures: bool = False,
    ) -> None:
        compile_for = _compile_cuda if context.device == "cuda" else _compile_openvino
        items, channels, height, width = example_shape
        if pictures:
            module, first = FromPictures(module), torch.zeros(items, height, width, channels).byte()
        else:
            first = torch.zeros(example_shape)
        sides = [torch.zeros(items, side_width)] if side_width else []
        self._dtype: type[np.generic] = np.uint8 if pictures else np.float32
        self._run = compile_for(module.eval(), context, [first, *sides])

    def __call__(self, first: NDArray[Any], *sides: F32) -> list[F32]:
        """Run the network on its input, and (n, d) float32 where it has a side input.

        Returns its outputs as float32 arrays.
        """
        side = [np.ascontiguousarray(part, dtype=np.float32) for part in sides]
        return self._run([np.ascontiguousarray(first, dtype=self._dtype), *side])


class FromPictures(torch.nn.Module):
    """A network that takes BGR pictures, uint8 (n, h, w, 3), instead of floats (n, 3, h, w)."""

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: torch.Tensor) -> Any:
        """Return what the network says."""
        dtype = next(self.net.parameters()).dtype
        return self.net(pictures.permute(0, 3, 1, 2).to(dtype) / 255)


Run = Callable[[list[NDArray[Any]]], list[F32]]


def _compile_openvino(
    module: torch.nn.Module, context: StageContext, example: list[torch.Tensor]
) -> Run:
    module.requires_grad_(False)
    with torch.no_grad():
        # As a function, and not a second time to compare, which takes most of the time.
        traced = torch.jit.trace(lambda *batch: module(*batch), tuple(example), check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=tuple(example))
    model.reshape({i: [-1, *part.shape[1:]] for i, part in enumerate(example)})
    return compile_on_cpu(model, context)


def compile_on_cpu(model: Any, context: StageContext) -> Run:
    """Compile an OpenVINO model for the CPU in the context's precision and threads."""
    core = openvino.Core()
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(context.options.get("threads", os.cpu_count() or 1)),
        # Pinned, all processes with one thread would share the first core and leave the others.
        "ENABLE_CPU_PINNING": "NO",
    }
    if context.precision == "fp32":
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    elif "BF16" in core.get_property("CPU", properties.device.capabilities):
        settings["INFERENCE_PRECISION_HINT"] = "bf16"
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()

    def run(batch: list[NDArray[Any]]) -> list[F32]:
        results = request.infer(dict(enumerate(batch)))
        return [np.array(results[port], dtype=np.float32) for port in compiled.outputs]

    return run


def _compile_cuda(
    module: torch.nn.Module, context: StageContext, _example: list[torch.Tensor]
) -> Run:
    dtype = torch.float32 if context.precision == "fp32" else torch.float16
    return ResidentNetwork(module, device=torch.device("cuda"), dtype=dtype)


def _folder(name: str) -> Path:
    folder = model_dir(name) if "/" not in name else find(name)
    if not folder.is_dir():
        raise ModelError(f"{name}: no such model folder; shipped ones lie in models/")
    return folder


def _short(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0][:160]
