"""The light person detector's network: Tiny DarkNet backbone, SPP, merged pyramid, two heads.

Published shape (reference system A1): a Tiny DarkNet backbone of at most 512 channels and about
1 M parameters, a spatial pyramid pooling block whose output is concatenated with its input, then
deconvolution and down-sampling that merge the levels. Changed for speed: a stride-2 stem (the
plain stem at full resolution is where a Tiny DarkNet spends its time) and a lean neck.
Anchor-free: every cell says how likely a person is centred near it and where that box is.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

STRIDES_PX = (8, 16)
DEEPEST_STRIDE_PX = 32
PATCH_PX, PATCH_STRIDE_PX = 7, 4  # patches overlap a little, so that no edge falls between two
PRIOR_LOG_SIZE = (1.0, 1.9)  # boxes begin upright, 2.7 x 6.7 cells: about a standing person
PRIOR_LOGIT = -4.6  # a score of 0.01 before training: most cells are empty (RetinaNet, 4.1)

Width = Annotated[int, Field(ge=4, le=512)]
Side = Annotated[int, Field(ge=64, le=2048, multiple_of=DEEPEST_STRIDE_PX)]


class DetectorConfig(BaseModel):
    """What `config.yaml` of a detector's model folder says.

    Attributes:
        input_px: width and height of the letterboxed input, multiples of 32.
        stem: channels after the stride-2 stem; not used with patches.
        patches: begin with one convolution of stride 4 instead of two of stride 2: where most
            pixels are, most of the time goes.
        activation: what follows every convolution; an exponential for every value (SiLU) takes a
            good part of a light network's time on a CPU.
        widths: channels at strides 4, 8, 16 and 32.
        depths: residual blocks at those strides.
        neck: channels of the merged levels at strides 8 and 16.
        merge_px: kernel of the convolution that merges two levels.
        way_back: bring the finer merged level back to the coarser one.
        head: channels of a head's branches.
        branches: 2 for score and box apart, 1 for both together.
        threshold: least score reported; low, for trackers make use of weak detections too.
        nms_iou: of two boxes that overlap more, the weaker is dropped.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_px: tuple[Side, Side] = (640, 384)
    stem: Width = 16
    patches: bool = False
    activation: Literal["silu", "relu"] = "silu"
    widths: tuple[Width, Width, Width, Width] = (32, 64, 128, 256)
    depths: tuple[int, int, int, int] = (1, 2, 2, 1)
    neck: tuple[Width, Width] = (64, 96)
    merge_px: Literal[1, 3] = 3
    way_back: bool = True
    head: Width = 48
    branches: Literal[1, 2] = 2
    threshold: float = Field(default=0.1, ge=0, le=1)
    nms_iou: float = Field(default=0.55, ge=0, le=1)


def conv(channels_in: int, channels_out: int, size: int, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch norm and activation."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.03),
        nn.SiLU(inplace=True),
    )


class DarkBlock(nn.Module):
    """DarkNet's squeeze (1x1) and expand (3x3), added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(channels, channels // 2, 1), conv(channels // 2, channels, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape (n, c, h, w)."""
        out: Tensor = x + self.body(x)
        return out


class PyramidPooling(nn.Module):
    """Max pooling over three window sizes, concatenated with its input (SPP)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.squeeze = conv(channels_in, channels_in // 2, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (3, 5, 9))
        self.merge = conv(channels_in * 2, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c_in, h, w) to (n, c_out, h, w)."""
        x = self.squeeze(x)
        out: Tensor = self.merge(torch.cat([x, *(pool(x) for pool in self.pools)], dim=1))
        return out


class Head(nn.Module):
    """One level's score and box branches."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.score = nn.Sequential(conv(channels_in, channels, 3), nn.Conv2d(channels, 1, 1))
        self.box = nn.Sequential(conv(channels_in, channels, 3), nn.Conv2d(channels, 4, 1))
        with torch.no_grad():
            self.score[1].bias.fill_(PRIOR_LOGIT)  # type: ignore[operator]
            self.box[1].bias.copy_(torch.tensor((0.0, 0.0, *PRIOR_LOG_SIZE)))  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, h, w) to (n, 5, h, w): score logit and four box terms."""
        return torch.cat([self.score(x), self.box(x)], dim=1)


class JointHead(nn.Module):
    """One level's head with a branch for score and box together."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.both = nn.Sequential(conv(channels_in, channels, 3), nn.Conv2d(channels, 5, 1))
        with torch.no_grad():
            prior = torch.tensor((PRIOR_LOGIT, 0.0, 0.0, *PRIOR_LOG_SIZE))
            self.both[1].bias.copy_(prior)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, h, w) to (n, 5, h, w): score logit and four box terms."""
        out: Tensor = self.both(x)
        return out


class PersonNet(nn.Module):
    """Input (n, 3, h, w) BGR in [0, 1]; output one (n, 5, h/s, w/s) map for s = 8 and 16.

    The maps hold the score's logit, then the four box terms that `decode.py` explains.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        w4, w8, w16, w32 = config.widths
        d4, d8, d16, d32 = config.depths
        n8, n16 = config.neck
        if config.patches:
            self.stem = conv(3, w4, PATCH_PX, PATCH_STRIDE_PX)
            self.stage4 = nn.Sequential(*(DarkBlock(w4) for _ in range(d4)))
        else:
            self.stem = conv(3, config.stem, 3, 2)
            self.stage4 = self._stage(config.stem, w4, d4)
        self.stage8 = self._stage(w4, w8, d8)
        self.stage16 = self._stage(w8, w16, d16)
        self.stage32 = self._stage(w16, w32, d32)
        self.pooling = PyramidPooling(w32, w32 // 2)
        self.up16 = nn.ConvTranspose2d(w32 // 2, n16 // 2, 2, 2)
        self.side16 = conv(w16, n16 // 2, 1)
        self.merge16 = conv(n16, n16, config.merge_px)
        self.up8 = nn.ConvTranspose2d(n16, n8 // 2, 2, 2)
        self.side8 = conv(w8, n8 // 2, 1)
        self.merge8 = conv(n8, n8, config.merge_px)
        self.way_back = config.way_back
        if config.way_back:
            self.down16 = conv(n8, n8, 3, 2)
            self.remerge16 = conv(n8 + n16, n16, 1)
        head = Head if config.branches == 2 else JointHead
        self.head8 = head(n8, config.head)
        self.head16 = head(n16, config.head)
        if config.activation == "relu":
            _relu_for_silu(self)

    @staticmethod
    def _stage(channels_in: int, channels: int, depth: int) -> nn.Sequential:
        blocks = [DarkBlock(channels) for _ in range(depth)]
        return nn.Sequential(conv(channels_in, channels, 3, 2), *blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the raw maps of strides 8 and 16."""
        x8 = self.stage8(self.stage4(self.stem(x)))
        x16 = self.stage16(x8)
        deep = self.pooling(self.stage32(x16))
        p16 = self.merge16(torch.cat([self.up16(deep), self.side16(x16)], dim=1))
        p8 = self.merge8(torch.cat([self.up8(p16), self.side8(x8)], dim=1))
        if self.way_back:
            p16 = self.remerge16(torch.cat([self.down16(p8), p16], dim=1))
        return self.head8(p8), self.head16(p16)


def _relu_for_silu(net: nn.Module) -> None:
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU(inplace=True))
