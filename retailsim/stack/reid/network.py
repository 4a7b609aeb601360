"""A small part-based appearance network: a global feature and stripes at two scales.

The shape of the published re-identification system (reference system A3; PCB, MGN): horizontal
stripes see parts, the whole crop sees how they go together, and a last layer over all of them
lets parts and their relations both count. Ends in a BNNeck (Luo et al. 2019, "Bag of Tricks").
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

Width = Annotated[int, Field(ge=4, le=512)]


class EmbedderConfig(BaseModel):
    """What `config.yaml` of an embedder's model folder says.

    Attributes:
        input_px: width and height of a crop.
        widths: channels at strides 2, 4, 8 and 16.
        part: channels a stripe is reduced to.
        dimensions: length of the embedding.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_px: tuple[int, int] = (64, 128)
    widths: tuple[Width, Width, Width, Width] = (16, 32, 64, 128)
    part: Width = 48
    dimensions: Annotated[int, Field(ge=8, le=2048)] = 128


def conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """Return a 3 x 3 convolution with batch norm and activation."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        return functional.relu(x + self.second(self.first(x)))


class Stripes(nn.Module):
    """Average each of `count` horizontal stripes and reduce it by a layer of its own."""

    def __init__(self, channels: int, count: int, part: int) -> None:
        super().__init__()
        self.count = count
        self.reduce = nn.ModuleList(nn.Linear(channels, part) for _ in range(count))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, c, h, w) to `count` times (n, part)."""
        stripes = x.mean(dim=3).chunk(self.count, dim=2)
        return [
            reduce(stripe.mean(dim=2)) for reduce, stripe in zip(self.reduce, stripes, strict=True)
        ]


class PersonEmbedder(nn.Module):
    """RGB crops in [0, 1], float32 (n, 3, h, w), to unit vectors, float32 (n, dimensions)."""

    def __init__(self, config: EmbedderConfig) -> None:
        super().__init__()
        w2, w4, w8, w16 = config.widths
        self.stem = conv(3, w2, 2)
        self.middle = nn.Sequential(conv(w2, w4, 2), Residual(w4), conv(w4, w8, 2), Residual(w8))
        self.deep = nn.Sequential(conv(w8, w16, 2), Residual(w16))
        self.fine = Stripes(w8, 4, config.part)
        self.coarse = Stripes(w16, 2, config.part)
        self.fuse = nn.Linear(6 * config.part + 2 * w16, config.dimensions)
        self.neck = nn.BatchNorm1d(config.dimensions)

    def features(self, crops: Tensor) -> Tensor:
        """Return the fused features before the neck (what a triplet loss works on)."""
        fine = self.middle(self.stem((crops - 0.45) / 0.25))
        deep = self.deep(fine)
        whole = [deep.mean(dim=(2, 3)), deep.amax(dim=(2, 3))]
        fused: Tensor = self.fuse(torch.cat([*self.fine(fine), *self.coarse(deep), *whole], dim=1))
        return fused

    def forward(self, crops: Tensor) -> Tensor:
        """Return the embeddings."""
        return functional.normalize(self.neck(self.features(crops)), dim=1)
