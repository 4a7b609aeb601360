"""Learning from a larger detector: its scores and boxes are targets for every cell.

Soft scores and boxes of a teacher say more of a picture than its labels alone, so that a lighter
network learns in fewer pictures (Hinton et al., arXiv 1503.02531; for dense detectors Zheng et al.,
"Localization Distillation", arXiv 2102.12252). Teacher and student have the same cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from retailsim.train.detector_loss import BOX_WEIGHT, flatten, iou

BOX_SCORE = 0.05  # cells to which the teacher gives less teach no box


def imitation_loss(maps: Sequence[Tensor], taught: Sequence[Tensor]) -> Tensor:
    """Return how far raw maps (b, 5, h, w) are from a teacher's, a scalar."""
    mine, theirs = flatten(maps), flatten(taught)
    score = theirs.logit.sigmoid()
    entropy = functional.binary_cross_entropy_with_logits(mine.logit, score, reduction="sum")
    least = functional.binary_cross_entropy(score, score, reduction="sum")  # 0 for a perfect pupil
    weight = torch.where(score > BOX_SCORE, score, 0.0)
    apart = (1 - iou(mine.boxes, theirs.boxes, generalised=True)) * weight
    return (entropy - least + BOX_WEIGHT * apart.sum()) / weight.sum().clamp(min=1.0)


def inherit(student: nn.Module, teacher: nn.Module) -> int:
    """Give a student its teacher's tensors where name and shape agree; returns how many do."""
    mine, theirs = student.state_dict(), teacher.state_dict()
    shared = {k: v for k, v in theirs.items() if k in mine and mine[k].shape == v.shape}
    student.load_state_dict({**mine, **shared})
    return len(shared)
