"""Running OpenVINO models on the CPU, compiled for every size of batch apart.

A model whose batch size is left open works out all its shapes anew whenever the size changes, and
makes its kernels for each size it has not seen: on crops, whose number differs from tick to tick,
that costs as much as the crops do. So a model is compiled for each size apart, the usual ones
beforehand.

What is fast depends on the CPU. One with AMX multiplies matrices of bfloat16; one without computes
bfloat16 slower than float32 (seen on a Xeon with AVX-512). Most of those have instructions for sums
of int8 (VNNI), with which networks are faster than in float32 (`retail bench replay`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from openvino import properties

from retailsim.stack.batching import F32, Run, filled_up, in_parts, rounded_up, sizes_up_to
from retailsim.stack.stage import Precision, StageContext

MOST_SIZES = 16  # kept compiled; each keeps its own copy of the weights


class SizedModel:
    """A model compiled for each size of batch that it meets.

    Args:
        model: an OpenVINO model whose inputs all have the batch as their first axis.
        context: precision and threads.
        usual: the batch to be ready for from the first call on. With `round_up` the model is ready
            for all smaller ones too, and takes larger ones in parts, for to compile another size in
            the midst of a session would hold it up. Without, a batch of another size compiles when
            it comes.
        round_up: fill batches up to few sizes; for models that take items one by one.
    """

    def __init__(self, model: Any, context: StageContext, *, usual: int, round_up: bool) -> None:
        self._model, self._context, self._round_up = model, context, round_up
        self._items = [list(port.partial_shape)[1:] for port in model.inputs]
        self._most = rounded_up(usual)
        self._runs: OrderedDict[int, Run] = OrderedDict()
        for size in sizes_up_to(usual) if round_up else [usual]:
            self._run(size)

    def __call__(self, batch: Sequence[NDArray[Any]]) -> list[F32]:
        """Return the model's outputs for a batch.

        Args:
            batch: its inputs, each (n, ...) with the same n, of the model's shapes and dtypes.
        """
        count = len(batch[0])
        if not self._round_up:
            return self._run(count)(list(batch))
        if count > self._most:
            return in_parts(self, batch, self._most)
        size = rounded_up(count)
        return [part[:count] for part in self._run(size)([filled_up(p, size) for p in batch])]

    def _run(self, size: int) -> Run:
        run = self._runs.pop(size, None)
        if run is None:
            model = self._model.clone()
            model.reshape({i: [size, *item] for i, item in enumerate(self._items)})
            run = compile_on_cpu(model, self._context)
        self._runs[size] = run
        if len(self._runs) > MOST_SIZES:
            self._runs.popitem(last=False)
        return run


def floats_of(precision: Precision) -> str | None:
    """Return what floats are computed in, 'f32' or 'bf16'; None for OpenVINO's own choice."""
    can = torch.cpu.get_capabilities()
    without_amx = can.get("architecture") == "x86_64" and not can.get("amx_bf16")
    if precision == "fp32" or without_amx:
        return "f32"
    return "bf16" if "BF16" in _found_by_openvino() else None


def in_int8(precision: Precision) -> bool:
    """Whether networks give way to their int8 twins on this CPU."""
    can = torch.cpu.get_capabilities()
    sums = any(can.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
    return sums and (precision == "int8" or (precision == "auto" and floats_of("auto") == "f32"))


def bf16_is_fast() -> bool:
    """Whether this CPU is faster at bfloat16 than at float32."""
    return floats_of("auto") == "bf16"


def fast_unit() -> str:
    """Return what makes networks fast on this CPU: 'AMX', 'VNNI', 'bf16', or nothing."""
    if bf16_is_fast():
        return "AMX" if torch.cpu.get_capabilities().get("amx_bf16") else "bf16"
    return "VNNI" if in_int8("int8") else ""


@cache
def _found_by_openvino() -> tuple[str, ...]:
    """Return what OpenVINO says that this CPU can do."""
    return tuple(openvino.Core().get_property("CPU", properties.device.capabilities))


def first_line(error: Exception) -> str:
    """Return the line of an OpenVINO error that says something: the first that is no trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (telling or lines or ["no reason given"])[0][:160]


def compile_on_cpu(model: Any, context: StageContext) -> Run:
    """Compile an OpenVINO model for the CPU in the context's precision and threads."""
    core = openvino.Core()
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(context.options.get("threads", 1)),
        # Pinned, all processes with one thread would share the first core and leave the others.
        "ENABLE_CPU_PINNING": "NO",
    }
    if floats := floats_of(context.precision):
        settings["INFERENCE_PRECISION_HINT"] = floats
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()

    def run(batch: list[NDArray[Any]]) -> list[F32]:
        # Shared: read where they are, and copied once on the way out.
        results = request.infer(dict(enumerate(batch)), share_inputs=True, share_outputs=True)
        return [np.array(results[port], dtype=np.float32) for port in compiled.outputs]

    return run
