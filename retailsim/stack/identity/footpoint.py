"""Where a person's feet are in the picture, seen or not, read off a crop by a small network.

A box ends at the feet only when they are seen, and its middle is off when an arm reaches out. The
network sees how the body stands and what hides it. Beside the crop it is told a few hints: where
the box lies in the picture, and where the feet would be were its top the head of an upright
person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from retailsim.stack.runtime import load_network
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Width = Annotated[int, Field(ge=4, le=512)]

SLIMMEST = 0.4  # boxes slimmer than this share of their height are taken as so wide
HEAD_M = 1.66  # where the top of an adult's head is, about
HINTS = 12
EDGE_PX = 2.0
PADDING_GREY = 114


@dataclass(frozen=True)
class Margin:
    """How far a crop reaches beyond a box: to either side in widths, up and down in heights."""

    beside: float
    above: float
    below: float


SEEN = Margin(beside=0.2, above=0.1, below=0.35)


class FootPointConfig(BaseModel):
    """What `config.yaml` of a foot point's model folder says.

    Attributes:
        input_px: width and height of a crop, multiples of 8.
        widths: channels of the five strided or plain convolutions.
        dense: numbers that the crop, the hints and both together are reduced to.
        activation: what follows every layer but the last; ReLU costs a CPU less than SiLU.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_px: tuple[int, int] = (56, 112)
    widths: tuple[Width, Width, Width, Width, Width] = (24, 48, 64, 96, 128)
    dense: tuple[Width, Width, Width] = (160, 48, 96)
    activation: Literal["silu", "relu"] = "silu"


class FootPointNet(nn.Module):
    """Input: BGR crops (n, 3, h, w) in [0, 1] and hints (n, HINTS).

    Output (n, 4): the foot point's offset from the middle of the box's lower edge, x and y in box
    heights, then the logarithms of their Laplace scales.
    """

    def __init__(self, config: FootPointConfig) -> None:
        super().__init__()
        a, b, c, d, e = config.widths
        crop, side, both = config.dense
        bend = {"silu": nn.SiLU, "relu": nn.ReLU}[config.activation]
        shapes = ((3, a, 2), (a, b, 2), (b, c, 1), (c, d, 2), (d, d, 1), (d, e, 2))
        self.body = nn.Sequential(
            *(nn.Sequential(*_conv(*shape), bend(inplace=True)) for shape in shapes)
        )
        cells = [-(-extent // 16) for extent in config.input_px]
        self.flat = nn.Sequential(
            nn.Flatten(), nn.Linear(e * cells[0] * cells[1], crop), bend(inplace=True)
        )
        self.side = nn.Sequential(nn.Linear(HINTS, side), bend(inplace=True))
        self.out = nn.Sequential(
            nn.Linear(crop + side, both), bend(inplace=True), nn.Linear(both, 4)
        )

    def forward(self, crops: Tensor, hints: Tensor) -> Tensor:
        """Map crops (n, 3, h, w) and hints (n, HINTS) to (n, 4)."""
        joined = torch.cat([self.flat(self.body(crops)), self.side(hints)], dim=1)
        out: Tensor = self.out(joined)
        return out


def _conv(channels_in: int, channels_out: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
    )


def load_footpoint(model: str) -> tuple[FootPointConfig, FootPointNet]:
    """Read a foot point's model folder; raises ModelError when anything in it does not fit."""
    return load_network(model, FootPointConfig, FootPointNet)


def view_px(boxes_px: F64) -> F64:
    """Return the parts of the picture that the network sees of boxes (n, 4)."""
    return region_px(boxes_px, SEEN)


def region_px(boxes_px: F64, margin: Margin) -> F64:
    """Return boxes (n, 4) with a margin around them, (n, 4)."""
    x1, y1, x2, y2 = boxes_px.T
    height = y2 - y1
    beside = margin.beside * np.maximum(x2 - x1, SLIMMEST * height)
    top, bottom = y1 - margin.above * height, y2 + margin.below * height
    return np.stack([x1 - beside, top, x2 + beside, bottom], axis=1)


def cut_view(image: U8, view: F64, size_px: tuple[int, int]) -> U8:
    """Cut a part (4,) out of a BGR picture and resize it; grey where the picture ends."""
    scale = np.array(size_px) / np.maximum(view[2:] - view[:2], 1e-6)
    warp = np.array([[scale[0], 0.0, -view[0] * scale[0]], [0.0, scale[1], -view[1] * scale[1]]])
    grey = (PADDING_GREY,) * 3
    crop = cv2.warpAffine(image, warp, size_px, flags=cv2.INTER_LINEAR, borderValue=grey)
    return np.asarray(crop, np.uint8)


def hints(projection: Projection, size_px: tuple[int, int], boxes_px: F64) -> F32:
    """Return what the network is told of boxes (n, 4) in a picture of that size, (n, HINTS).

    Place and size in the picture; which edges of the picture they touch; offset of an upright
    person's feet in box heights, and whether there are none (a head above the horizon).
    """
    width, height = size_px
    x1, y1, x2, y2 = boxes_px.T
    wide, high = np.maximum(x2 - x1, 1.0), np.maximum(y2 - y1, 1.0)
    middle = (x1 + x2) / 2
    head_m = projection.to_plane(np.stack([middle, y1], axis=1), HEAD_M)
    feet = projection.to_image(np.concatenate([head_m, np.zeros((len(boxes_px), 1))], axis=1))
    offset = (feet - np.stack([middle, y2], axis=1)) / high[:, None]
    unknown = ~np.isfinite(offset).all(axis=1)
    offset = np.clip(np.where(unknown[:, None], 0.0, offset), -2.0, 3.0)
    columns = [
        middle / width - 0.5,
        (y1 + y2) / 2 / height - 0.5,
        wide / width,
        high / height,
        wide / high - 0.4,
        x1 < EDGE_PX,
        y1 < EDGE_PX,
        x2 > width - EDGE_PX,
        y2 > height - EDGE_PX,
        offset[:, 0],
        offset[:, 1],
        unknown,
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def foot_points_px(output: F32, boxes_px: F64) -> tuple[F64, F64]:
    """Return foot points (n, 2) and their standard deviations (n, 2) from what the network says."""
    x1, _, x2, y2 = boxes_px.T
    high = np.maximum(y2 - boxes_px[:, 1], 1.0)[:, None]
    below = np.stack([(x1 + x2) / 2, y2], axis=1)
    scale = np.exp(np.clip(output[:, 2:].astype(float), -5.0, 1.0))
    return below + output[:, :2] * high, np.sqrt(2.0) * scale * high
