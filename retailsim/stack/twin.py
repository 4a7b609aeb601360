"""A network's int8 twin: the same network with weights and activations of eight bits.

It lies beside the weights and settings it was made from, as a zip file of OpenVINO's two parts, and
knows their digest: a twin of others is refused. `retail train int8` makes it.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino

from retailsim.errors import ModelError
from retailsim.stack.on_cpu import first_line

FILE = "int8.zip"
GRAPH, WEIGHTS = "graph.xml", "weights.bin"
MARK = ["retailsim", "made_from"]
MOST_BYTES = 512 * 1024 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the hour leaves no trace in the file


def write_twin(path: Path, model: Any, *, made_from: str) -> None:
    """Write an OpenVINO model as the twin of a model folder, renamed into place.

    Args:
        path: the file.
        model: quantised.
        made_from: digest of the folder's weights and settings.

    Raises:
        ModelError: it cannot be written.
    """
    model.set_rt_info(made_from, MARK)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            graph, beside = Path(scratch) / GRAPH, Path(scratch) / FILE
            openvino.save_model(model, graph, compress_to_fp16=False)
            with zipfile.ZipFile(beside, "w") as file:
                for name, part in ((GRAPH, graph), (WEIGHTS, graph.with_suffix(".bin"))):
                    info = zipfile.ZipInfo(name, _LONG_AGO)
                    info.external_attr = 0o644 << 16
                    file.writestr(info, part.read_bytes(), zipfile.ZIP_DEFLATED)
            os.replace(beside, path)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"{path}: cannot be written: {_reason(error)}") from error


def read_twin(path: Path, *, made_from: str, items: Sequence[Sequence[int]]) -> Any:
    """Read a twin as an OpenVINO model whose batch size is open.

    Args:
        path: the file.
        made_from: digest of the weights and settings beside it.
        items: shape of each input, without the batch.

    Raises:
        ModelError: the file is damaged or too large, was made from other weights or settings, or
            takes other inputs.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        with zipfile.ZipFile(path) as file:
            graph, weights = (_part(file, name) for name in (GRAPH, WEIGHTS))
        model = openvino.Core().read_model(graph, weights)
        mark = str(model.get_rt_info(MARK).value)
    except (
        *(OSError, KeyError, EOFError, ValueError, RuntimeError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise ModelError(f"{path}: not an int8 twin: {_reason(error)}") from error
    if mark != made_from:
        raise ModelError(
            f"{path}: made from other weights or settings than those beside it; make it anew by "
            "`retail train int8`, or remove it"
        )
    try:
        if len(model.inputs) != len(items):
            raise ValueError(f"it has {len(model.inputs)} inputs, not {len(items)}")
        model.reshape({i: [-1, *item] for i, item in enumerate(items)})
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{path}: does not fit its network: {_reason(error)}") from error
    return model


def _part(file: zipfile.ZipFile, name: str) -> bytes:
    """Return a member; inflates no more than it says it holds, and that is bounded."""
    info = file.getinfo(name)
    if info.file_size > MOST_BYTES:
        raise ModelError(f"{file.filename}: larger than {MOST_BYTES >> 20} MiB")
    with file.open(info) as part:
        return part.read(info.file_size)


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or first_line(error)
