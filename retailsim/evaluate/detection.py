"""Detection: average precision against visible boxes, by faster-coco-eval."""

from __future__ import annotations

from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from retailsim.evaluate.boxes import Boxes, counted, judged, truth_by_frame
from retailsim.evaluate.figures import Figures, nulls
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Detections

_PERSON = [{"id": 1, "name": "person"}]
_AREA = [0.0, 1e10]
_MAX_PER_FRAME = 100


def score_detection(truth: MessageLog, results: MessageLog) -> Figures:
    """Return `ap50` and `ap` (mean over IoU .50 to .95), frames of all cameras pooled.

    Every labelled frame counts; one for which nothing was reported has no detections. None
    without a counted true box, or where the results hold no detections at all.
    """
    found = {(m.camera, m.time_ns): m for m in results.of(Detections)}
    if not found:
        return nulls("ap50", "ap")
    images: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number, (key, labels) in enumerate(truth_by_frame(truth).items(), start=1):
        images.append({"id": number, "width": 10**5, "height": 10**5})
        people += _rows(number, labels.visible_px[counted(labels)], start=len(people))
        if key in found:
            kept = judged(labels, found[key].boxes_px)
            rows = _rows(number, found[key].boxes_px[kept], start=len(boxes))
            scores = found[key].score[kept]
            boxes += [{**row, "score": float(s)} for row, s in zip(rows, scores, strict=True)]
    if not people:
        return nulls("ap50", "ap")
    if not boxes:
        return {"ap50": 0.0, "ap": 0.0}
    return _average_precision(images, people, boxes)


def _rows(image: int, boxes_px: Boxes, *, start: int) -> list[dict[str, Any]]:
    """Return COCO annotations of boxes (n, 4)."""
    size = boxes_px[:, 2:] - boxes_px[:, :2]
    xywh = np.concatenate([boxes_px[:, :2], size], axis=1).astype(np.float64)
    return [
        {
            "id": start + i + 1,
            "image_id": image,
            "category_id": 1,
            "bbox": [float(v) for v in box],
            "area": float(box[2] * box[3]),
            "iscrowd": 0,
        }
        for i, box in enumerate(xywh)
    ]


def _average_precision(
    images: list[dict[str, Any]], people: list[dict[str, Any]], boxes: list[dict[str, Any]]
) -> Figures:
    dataset = {"info": {}, "images": images, "annotations": people, "categories": _PERSON}
    labels = COCO(dataset)
    judge = COCOeval_faster(labels, labels.loadRes(boxes), iouType="bbox")
    judge.params.areaRng = [_AREA]
    judge.params.areaRngLbl = ["all"]
    judge.params.maxDets = [_MAX_PER_FRAME]
    judge.evaluate()
    judge.accumulate()
    precision = np.asarray(judge.eval["precision"])[:, :, 0, 0, 0]  # (IoU levels, recall levels)
    return {"ap50": float(precision[0].mean()), "ap": float(precision.mean())}
