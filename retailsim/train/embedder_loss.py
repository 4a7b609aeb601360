"""Losses of the embedder: who is it, and whom is it nearer to."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class CosineClassifier(nn.Module):
    """Scaled cosine to one direction per identity: trains the very likeness used later.

    Args:
        dimensions: length of an embedding.
        identities: number of people in training.
        scale: of the cosine before the softmax (Wang et al. 2018, CosFace, use 30 to 64).
    """

    def __init__(self, dimensions: int, identities: int, *, scale: float = 24.0) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.randn(identities, dimensions) * 0.05)
        self.scale = scale

    def forward(self, unit: Tensor) -> Tensor:
        """Unit vectors (n, d) to logits (n, identities)."""
        return self.scale * unit @ functional.normalize(self.direction, dim=1).T


def batch_hard_triplet(unit: Tensor, person: Tensor, *, margin: float) -> Tensor:
    """Return the batch-hard triplet loss (Hermans et al. 2017) of unit vectors.

    For every crop: its farthest crop of the same person must be nearer, by `margin` in
    Euclidean distance, than its nearest crop of anybody else.

    Args:
        unit: (n, d) unit vectors, every person at least twice.
        person: (n,) labels.
        margin: distance to keep.
    """
    gap = (2 - 2 * unit @ unit.T).clamp_min(1e-6).sqrt()
    same = person[:, None] == person[None]
    farthest_same = (gap * same).max(dim=1).values
    nearest_other = (gap + 10.0 * same).min(dim=1).values
    return functional.relu(farthest_same - nearest_other + margin).mean()
