"""A network's int8 twin: the same network with weights and activations of eight bits.

It lies beside the weights it was made from, as a zip file of OpenVINO's two parts, and knows those
weights' digest: a twin of other weights is refused. `retail train int8` makes it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openvino

from retailsim.errors import ModelError

FILE = "int8.zip"
GRAPH, WEIGHTS = "graph.xml", "weights.bin"
MARK = ["retailsim", "weights_sha256"]
MOST_BYTES = 512 * 1024 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same twin gives the same file


def write_twin(path: Path, model: Any, *, weights_sha256: str, scratch: Path) -> None:
    """Write an OpenVINO model as the twin of weights, renamed into place.

    Args:
        path: the file.
        model: quantised.
        weights_sha256: of the weights it was made from.
        scratch: folder for what OpenVINO writes on the way.
    """
    model.set_rt_info(weights_sha256, MARK)
    openvino.save_model(model, scratch / GRAPH, compress_to_fp16=False)
    parts = {GRAPH: scratch / GRAPH, WEIGHTS: (scratch / GRAPH).with_suffix(".bin")}
    beside = path.with_name(path.name + ".part")
    with zipfile.ZipFile(beside, "w") as file:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.external_attr = 0o644 << 16
            file.writestr(info, part.read_bytes(), zipfile.ZIP_DEFLATED)
    beside.replace(path)


def read_twin(path: Path, *, weights_sha256: str) -> Any:
    """Read a twin as an OpenVINO model.

    Raises:
        ModelError: the file is damaged or too large, or was made from other weights.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if sum(part.file_size for part in file.infolist()) > MOST_BYTES:
                raise ModelError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
            graph, weights = file.read(GRAPH), file.read(WEIGHTS)
        model = openvino.Core().read_model(graph, weights)
        made_from = str(model.get_rt_info(MARK).value)
    except (OSError, KeyError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not an int8 twin: {str(error).splitlines()[0][:160]}") from error
    if made_from != weights_sha256:
        raise ModelError(
            f"{path}: made from other weights than those beside it; "
            "`retail train int8` makes it anew"
        )
    return model
