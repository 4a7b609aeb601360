"""From frames to maps: fitted by OpenCV and seen by OpenVINO, or both on a torch device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from retailsim.stack.detect.decode import F32, PADDING_GREY, U8, Letterbox
from retailsim.stack.resident import OnDevice
from retailsim.stack.runtime import Network, on_cuda
from retailsim.stack.stage import StageContext

Eyes = Callable[[Sequence[U8]], list[F32]]
SizePx = tuple[int, int]


def eyes_for(net: nn.Module, *, model: str, input_px: SizePx, context: StageContext) -> Eyes:
    """Return what maps BGR frames (h, w, 3), of any sizes, to a model's maps (n, c, h, w)."""
    if context.device == "cuda":
        seen = on_cuda(FromFrames(net, input_px), context, groups=True)
        cameras = context.plan.cameras
        return DeviceEyes(seen, sizes_px=[(c.width_px, c.height_px) for c in cameras])
    return HostEyes(net, model=model, input_px=input_px, context=context)


class HostEyes:
    """Frames fitted by OpenCV, and seen by OpenVINO."""

    def __init__(
        self, net: nn.Module, *, model: str, input_px: SizePx, context: StageContext
    ) -> None:
        self._input_px = input_px
        self._fits: list[Letterbox] = []
        self._boxed: U8 = np.empty((0, 0, 0, 3), np.uint8)
        cameras = max(1, len(context.plan.cameras))
        self._network = Network(
            net,
            model=model,
            context=context,
            input_px=input_px,
            usual=cameras,
            round_up=False,
        )

    def __call__(self, frames: Sequence[U8]) -> list[F32]:
        """Return the maps (n, c, h, w) of frames (h, w, 3)."""
        fits = [Letterbox.fit((f.shape[1], f.shape[0]), self._input_px) for f in frames]
        if fits != self._fits:  # else the padding is where it was
            width, height = self._input_px
            self._boxed = np.full((len(frames), height, width, 3), PADDING_GREY, np.uint8)
            self._fits = fits
        for fit, frame, place in zip(fits, frames, self._boxed, strict=True):
            fit.paint(frame, place)
        return self._network(self._boxed)


class DeviceEyes:
    """Frames sent to a torch device as they are, once, fitted there, and seen in one batch.

    Args:
        network: of a `FromFrames`, which takes groups.
        sizes_px: width and height of the frames of each camera, to be ready for them.
    """

    def __init__(self, network: OnDevice, *, sizes_px: Sequence[SizePx] = ()) -> None:
        self._network = network
        if sizes_px:
            self([np.zeros((height, width, 3), np.uint8) for width, height in sizes_px])

    def __call__(self, frames: Sequence[U8]) -> list[F32]:
        """Return the maps (n, c, h, w) of frames (h, w, 3)."""
        order = sorted(range(len(frames)), key=lambda i: frames[i].shape)  # stable
        sizes = sorted({frame.shape for frame in frames})
        groups = [[frames[i] for i in order if frames[i].shape == size] for size in sizes]
        back = np.argsort(order)
        return [level[back] for level in self._network(groups)]


class FromFrames(nn.Module):
    """A network fed with groups of BGR frames, uint8 (n, h, w, 3), each group of its own size."""

    def __init__(self, net: nn.Module, input_px: SizePx) -> None:
        super().__init__()
        self.net = net
        self._input_px = input_px

    def forward(self, *groups: Tensor) -> tuple[Tensor, ...]:
        """Return what the network says of all frames, group after group."""
        said: tuple[Tensor, ...] = self.net(torch.cat([self._fitted(group) for group in groups]))
        return said

    def _fitted(self, frames: Tensor) -> Tensor:
        """Return frames letterboxed as `Letterbox` does, (n, 3, h, w) in [0, 1]."""
        dtype = next(self.net.parameters()).dtype
        height, width = frames.shape[1:3]
        fit = Letterbox.fit((width, height), self._input_px)
        small = (round(height * fit.scale), round(width * fit.scale))
        shown = frames.permute(0, 3, 1, 2).to(dtype)
        if small != (height, width):
            way = "area" if fit.scale < 0.5 else "bilinear"
            corners = None if way == "area" else False
            shown = functional.interpolate(shown, small, mode=way, align_corners=corners)
        left, top = (int(v) for v in fit.offset_px)
        right, bottom = self._input_px[0] - left - small[1], self._input_px[1] - top - small[0]
        boxed = functional.pad(shown, (left, right, top, bottom), value=PADDING_GREY)
        return (boxed / 255).contiguous(memory_format=torch.channels_last)
