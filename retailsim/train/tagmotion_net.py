"""The network of `stack.tagmotion.network` in torch, over many bins and shops at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from retailsim.stack.tagmotion.network import DILATIONS, Motion

WIDTH, ENCODED, NEAR, RIVALS, DECIDE = 64, 32, 16, 12, 48


class TagMotionNet(nn.Module):
    """Still, handled or carried, for all tags of some shops over some bins.

    Buffers `pair_mean` ... `tag_scale` bring features to zero mean and unit spread.
    """

    pair_mean: Tensor
    pair_scale: Tensor
    tag_mean: Tensor
    tag_scale: Tensor

    def __init__(self, pair_features: int, tag_features: int, *, drop: float = 0.1) -> None:
        super().__init__()
        for name, size in (("pair", pair_features), ("tag", tag_features)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_scale", torch.ones(size))
        self.pair1 = nn.Linear(pair_features, WIDTH)
        self.pair2 = nn.Linear(WIDTH, ENCODED)
        self.tag = nn.Linear(2 * ENCODED + tag_features, WIDTH)
        self.near = nn.Linear(WIDTH, NEAR)
        self.join = nn.Linear(WIDTH + 2 * NEAR, WIDTH)
        self.time = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, dilation=d) for d in DILATIONS)
        self.rivals = nn.Linear(WIDTH, RIVALS)
        self.decide = nn.Linear(WIDTH + 2 * RIVALS, DECIDE)
        self.say = nn.Linear(DECIDE, 2 * len(Motion))
        self.drop = nn.Dropout(drop)

    def forward(
        self, pairs: Tensor, cell: Tensor, tags: Tensor, row: Tensor, share: Tensor
    ) -> Tensor:
        """Return logits (t, b, 2, 3): of the bin itself, and of the bin `LAG_BINS` before.

        Args:
            pairs: features of the pairs read, (p, f).
            cell: where each belongs, tag * b + bin, int64 (p,).
            tags: features of every tag and bin, (t, b, g).
            row, share: neighbours, (t, k) each; see `stack.tagmotion.network.Neighbours`.
        """
        t, b, _ = tags.shape
        x = self.drop((pairs - self.pair_mean) / self.pair_scale)
        x = torch.relu(self.pair2(torch.relu(self.pair1(x))))
        total = torch.zeros(t * b, ENCODED).index_add_(0, cell, x)
        most = torch.zeros(t * b, ENCODED).scatter_reduce_(
            0, cell[:, None].expand(-1, ENCODED), x, "amax"
        )
        own = ((tags - self.tag_mean) / self.tag_scale).reshape(t * b, -1)
        x = torch.relu(self.tag(torch.cat([total, most, own], dim=1))).reshape(t, b, -1)
        around = _around(torch.relu(self.near(x)), row, share)
        x = torch.relu(self.join(torch.cat([x, *around], dim=2))).transpose(1, 2)
        for dilation, layer in zip(DILATIONS, self.time, strict=True):
            x = x + torch.relu(layer(pad(x, (2 * dilation, 0))))
        x = x.transpose(1, 2)
        rivals = _around(torch.relu(self.rivals(x)), row, share)
        logits: Tensor = self.say(torch.relu(self.decide(torch.cat([x, *rivals], dim=2))))
        return logits.reshape(t, b, 2, len(Motion))


def _around(x: Tensor, row: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and maximum over each tag's neighbours, (t, b, f) each, of x >= 0."""
    flat = torch.cat([x, torch.zeros(1, *x.shape[1:])]).flatten(1)
    count, neighbours = row.shape
    own = torch.arange(count)[:, None].expand(-1, neighbours)
    mixing = torch.sparse_coo_tensor(
        torch.stack([own.flatten(), row.flatten()]),
        share.flatten(),
        (count, count + 1),
        check_invariants=False,
    )
    mean = torch.sparse.mm(mixing, flat)
    most = flat[row].amax(dim=1)
    return mean.reshape(x.shape), most.reshape(x.shape)
