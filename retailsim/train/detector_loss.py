"""What the detector learns from: task-aligned assignment, soft score targets, GIoU.

Assignment and score targets follow TOOD (arXiv 2108.07755): of the cells whose centre lies in a
person's box, the `TOP` that combine score and overlap best are positive; their score target is
their alignment, scaled so that each person's best cell aims at its own IoU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from retailsim.stack.detect.decode import MAX_LOG_SIZE
from retailsim.stack.detect.network import STRIDES_PX

TOP = 10
SCORE_POWER = 0.5
IOU_POWER = 6.0
BOX_WEIGHT = 2.5  # PP-YOLOE's weight of GIoU against the score loss
NEAR_STRIDES = 1.0  # cells this near to a centre may serve a person smaller than a cell
EPSILON = 1e-9


@dataclass(frozen=True)
class Targets:
    """The people of a batch, padded to the same number.

    Attributes:
        boxes: x1, y1, x2, y2 in input pixels, float32 (b, m, 4).
        real: False for padding, bool (b, m).
        ignore: cells inside such a box teach nothing (a person hardly visible), bool (b, m).
    """

    boxes: Tensor
    real: Tensor
    ignore: Tensor


@dataclass(frozen=True)
class Predictions:
    """All cells of all levels in one row.

    Attributes:
        logit: float32 (b, a).
        boxes: float32 (b, a, 4).
        centre: cell centres in input pixels, float32 (a, 2).
        stride: float32 (a,).
    """

    logit: Tensor
    boxes: Tensor
    centre: Tensor
    stride: Tensor


def flatten(maps: Sequence[Tensor]) -> Predictions:
    """Decode raw maps (b, 5, h, w) of all strides; the formula is that of `decode.py`."""
    logits, boxes, centres, strides = [], [], [], []
    for stride, level in zip(STRIDES_PX, maps, strict=True):
        b, _, h, w = level.shape
        terms = level.float().permute(0, 2, 3, 1).reshape(b, h * w, 5)
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        cell = torch.stack([x, y], dim=-1).reshape(-1, 2).to(terms) + 0.5
        centre = (cell + terms[..., 1:3]) * stride
        half = terms[..., 3:5].clamp(max=MAX_LOG_SIZE).exp() * (stride / 2)
        logits.append(terms[..., 0])
        boxes.append(torch.cat([centre - half, centre + half], dim=-1))
        centres.append(cell * stride)
        strides.append(torch.full((h * w,), float(stride), device=level.device))
    return Predictions(
        torch.cat(logits, 1), torch.cat(boxes, 1), torch.cat(centres), torch.cat(strides)
    )


def iou(a: Tensor, b: Tensor, *, generalised: bool = False) -> Tensor:
    """Return IoU, or GIoU (arXiv 1902.09630), of boxes (..., 4) that broadcast."""
    # Plane by plane: torch is slow along a last axis of 2.
    ax1, ay1, ax2, ay2 = a.unbind(-1)
    bx1, by1, bx2, by2 = b.unbind(-1)
    width = (torch.minimum(ax2, bx2) - torch.maximum(ax1, bx1)).clamp(min=0)
    height = (torch.minimum(ay2, by2) - torch.maximum(ay1, by1)).clamp(min=0)
    shared = width * height
    area_a = (ax2 - ax1).clamp(min=0) * (ay2 - ay1).clamp(min=0)
    area_b = (bx2 - bx1).clamp(min=0) * (by2 - by1).clamp(min=0)
    union = area_a + area_b - shared + EPSILON
    overlap = shared / union
    if not generalised:
        return overlap
    width = torch.maximum(ax2, bx2) - torch.minimum(ax1, bx1)
    height = torch.maximum(ay2, by2) - torch.minimum(ay1, by1)
    hull = width.clamp(min=0) * height.clamp(min=0) + EPSILON
    return overlap - (hull - union) / hull


@torch.no_grad()
def assign(predictions: Predictions, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """Say what every cell should learn.

    Returns:
        score target in [0, 1] (b, a); index of the person each cell serves (b, a), meaningful
        where the score target is above 0; weight of the score loss, 0 or 1 (b, a).
    """
    person, centre = targets.boxes, predictions.centre
    inside = _inside(centre, person)  # (b, m, a)
    middle = (person[..., :2] + person[..., 2:]) / 2
    reach = NEAR_STRIDES * predictions.stride
    away_x, away_y = (centre - middle[:, :, None]).abs().unbind(-1)
    near = (away_x < reach) & (away_y < reach)
    wanted = (targets.real & ~targets.ignore)[..., None]
    overlap = iou(predictions.boxes[:, None], person[:, :, None])
    alignment = predictions.logit.sigmoid()[:, None] ** SCORE_POWER * overlap**IOU_POWER
    alignment = torch.where((inside | near) & wanted, alignment + EPSILON, 0.0)
    best = alignment.topk(min(TOP, alignment.shape[-1]), dim=-1)
    chosen = torch.zeros_like(alignment).scatter_(-1, best.indices, best.values)
    # A cell chosen by several people serves the one it overlaps most.
    serves = torch.where(chosen > 0, overlap, -1.0).argmax(1)
    mine = serves[:, None] == torch.arange(person.shape[1], device=serves.device)[:, None]
    chosen = torch.where(mine, chosen, 0.0)
    peak = chosen.amax(-1, keepdim=True)
    best_iou = torch.where(chosen > 0, overlap, 0.0).amax(-1, keepdim=True)
    score = (chosen / (peak + EPSILON) * best_iou).amax(1)
    hushed = (inside & (targets.real & targets.ignore)[..., None]).any(1) & (score <= 0)
    return score, serves, (~hushed).float()


def _inside(centre: Tensor, boxes: Tensor) -> Tensor:
    x, y = centre.unbind(-1)
    left, top, right, bottom = boxes[:, :, None].unbind(-1)
    return (x > left) & (x < right) & (y > top) & (y < bottom)


def detector_loss(maps: Sequence[Tensor], targets: Targets) -> Tensor:
    """Return the loss of raw maps against targets, a scalar."""
    predictions = flatten(maps)
    score, serves, weight = assign(predictions, targets)
    entropy = functional.binary_cross_entropy_with_logits(
        predictions.logit, score, weight=weight, reduction="sum"
    )
    wanted = torch.gather(targets.boxes, 1, serves[..., None].expand(-1, -1, 4))
    box_loss = (1 - iou(predictions.boxes, wanted, generalised=True)) * score
    return (entropy + BOX_WEIGHT * box_loss.sum()) / score.sum().clamp(min=1.0)
