"""Other people's networks: an ONNX file, what to feed it, and what comes out.

OpenVINO reads ONNX as it is and runs it on the CPU. Nothing in such a file is trusted: its size is
bounded before it is read, weights kept in further files are refused, and the stages make a trial
run, which shows at once whether the file does what the stack description says of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retailsim.errors import ModelError, StageError
from retailsim.resources import find
from retailsim.stack.batching import Run
from retailsim.stack.on_cpu import compile_on_cpu, first_line
from retailsim.stack.runtime import MAX_WEIGHTS_BYTES
from retailsim.stack.stage import StageContext

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
S = TypeVar("S", bound=BaseModel)
# How a tensor begins to say in which file it is (onnx.proto, TensorProto.external_data). OpenVINO
# would look for that file in the working folder.
ELSEWHERE = b"\n\x08location\x12"
Side = Annotated[int, Field(ge=16, le=4096)]
SizePx = tuple[Side, Side]
Positive = Annotated[float, Field(gt=0)]


class PixelSettings(BaseModel):
    """The file, and how pixels become its input: (value * scale - mean) / std, by channel.

    Attributes:
        model: path of the ONNX file, from the stack file's folder.
        input_px: width and height of the input; needed where the file leaves them open.
        colour: order of the channels that the network was trained with.
        scale: what the pixel values 0 to 255 are multiplied by.
        mean, std: in the order of `colour`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str
    input_px: SizePx | None = None
    colour: Literal["rgb", "bgr"] = "rgb"
    scale: Positive = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)

    def prepare(self, images: Sequence[U8]) -> F32:
        """Turn BGR images (h, w, 3) of one size into the input, float32 (n, 3, h, w)."""
        swap = self.colour == "rgb"
        blob = cv2.dnn.blobFromImages(list(images), scalefactor=self.scale, swapRB=swap)
        mean, std = (np.asarray(v, np.float32)[:, None, None] for v in (self.mean, self.std))
        return np.asarray((blob - mean) / std, np.float32)


def read_settings(kind: type[S], parameters: Mapping[str, Any], *, who: str) -> S:
    """Check a stage's parameters; raises StageError naming the first that does not fit."""
    try:
        return kind.model_validate(dict(parameters))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        text = "no such parameter" if first["type"] == "extra_forbidden" else first["msg"]
        raise StageError(f"{who}: {where}: {text}") from error


class OnnxNetwork:
    """An ONNX file with one picture as its input, ready to run on the CPU.

    Args:
        settings: which file, and its input.
        context: precision and threads. Foreign files run on the CPU whatever the device.
        batch: pictures at a time; None for any number where the file allows that.

    Attributes:
        path: as it was given.
        input_px: width and height.
        outputs: their names, in the file's order.

    Raises:
        ModelError: the file is missing, too large, no ONNX, or its input is no such picture.
    """

    def __init__(
        self, settings: PixelSettings, *, context: StageContext, batch: int | None = 1
    ) -> None:
        self.path = settings.model
        self._settings = settings
        model = read_onnx(self.path)
        self._free, self._channels_last, self.input_px = _fix_input(model, settings, batch)
        self.outputs = tuple(_name(port, i) for i, port in enumerate(model.outputs))
        self._run: Run = _compile(model, context, self.path)

    def __call__(self, images: Sequence[U8]) -> list[F32]:
        """Run on BGR pictures of `input_px`, float32 arrays out, one per output.

        More than one picture is for networks whose first axis of every output is the batch.

        Raises:
            ModelError: the file cannot run on such an input.
        """
        blob = self._settings.prepare(images)
        if self._channels_last:
            blob = blob.transpose(0, 2, 3, 1)
        parts = [blob] if self._free else [blob[i : i + 1] for i in range(len(blob))]
        try:
            said = [self._run([np.ascontiguousarray(part)]) for part in parts]
        except RuntimeError as error:
            raise ModelError(f"{self.path}: does not run: {first_line(error)}") from error
        return said[0] if len(said) == 1 else [np.concatenate(o) for o in zip(*said, strict=True)]


def read_onnx(model: str) -> Any:
    """Read an ONNX file of bounded size; raises ModelError when it is none."""
    path = find(model)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ModelError(f"{model}: not a file; name the .onnx file itself")
        if size > MAX_WEIGHTS_BYTES:
            raise ModelError(f"{model}: larger than {MAX_WEIGHTS_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{model}: {error.strerror or error}") from error
    if ELSEWHERE in data:
        raise ModelError(
            f"{model}: keeps weights in further files; save it with all of them inside"
        )
    try:
        return openvino.Core().read_model(data)
    except RuntimeError as error:
        raise ModelError(f"{model}: not an ONNX file: {first_line(error)}") from error


def _fix_input(
    model: Any, settings: PixelSettings, batch: int | None
) -> tuple[bool, bool, tuple[int, int]]:
    """Settle the input's shape; returns (any number at a time, channels last, (width, height))."""
    path = settings.model
    if len(model.inputs) != 1:
        names = ", ".join(_name(port, i) for i, port in enumerate(model.inputs))
        raise ModelError(f"{path}: has {len(model.inputs)} inputs ({names}); one picture is given")
    shape = model.inputs[0].partial_shape
    if shape.rank.is_dynamic or len(shape) != 4:
        raise ModelError(f"{path}: its input {shape} is no picture (batch, 3, height, width)")
    sides = [-1 if side.is_dynamic else side.get_length() for side in shape]
    channels_last = sides[1] != 3 and sides[3] == 3
    channels, height, width = (
        (sides[3], sides[1], sides[2]) if channels_last else (sides[1], sides[2], sides[3])
    )
    if channels not in (3, -1):
        raise ModelError(f"{path}: its input {shape} is no colour picture (batch, 3, h, w)")
    wanted = settings.input_px or (width, height)
    if -1 in wanted:
        raise ModelError(f"{path}: leaves its input's size open; say input_px: [width, height]")
    if width not in (-1, wanted[0]) or height not in (-1, wanted[1]):
        raise ModelError(
            f"{path}: takes {width} x {height} px, not {wanted[0]} x {wanted[1]} (input_px)"
        )
    if max(wanted) > 4096:
        raise ModelError(f"{path}: takes {width} x {height} px; at most 4096 x 4096 can be given")
    if sides[0] not in (-1, 1):
        raise ModelError(f"{path}: takes {sides[0]} pictures at a time; export it for one")
    if settings.scale != 1 and model.inputs[0].element_type.is_integral():
        raise ModelError(f"{path}: takes whole numbers; say scale: 1")
    free = sides[0] == -1 and batch is None
    picture = [wanted[1], wanted[0], 3] if channels_last else [3, wanted[1], wanted[0]]
    _reshape(model, [-1 if free else 1, *picture], path)
    return free, channels_last, (wanted[0], wanted[1])


def _reshape(model: Any, shape: list[int], path: str) -> None:
    try:
        model.reshape(openvino.PartialShape(shape))
    except RuntimeError as error:
        raise ModelError(f"{path}: cannot take {shape}: {first_line(error)}") from error


def _compile(model: Any, context: StageContext, path: str) -> Run:
    try:
        steps = PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.f32)
        return compile_on_cpu(steps.build(), context)
    except RuntimeError as error:
        raise ModelError(f"{path}: cannot be compiled: {first_line(error)}") from error


def _name(port: Any, index: int) -> str:
    """Return a port's first name; some have none."""
    return str(min(port.names)) if port.names else f"output {index}"


def shapes(outputs: Sequence[F32], names: Sequence[str]) -> str:
    """Return what came out, for error messages: 'name (1, 84, 8400), ...'."""
    return ", ".join(f"{n} {o.shape}" for n, o in zip(names, outputs, strict=True))
