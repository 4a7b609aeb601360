"""What foreign detectors say, read as boxes and scores. Pure functions over their outputs.

All return boxes x1, y1, x2, y2 in pixels of the input, float32 (n, 4), and the person's score,
float32 (n,). They raise ModelError when an output is not of the layout it should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from retailsim.errors import ModelError
from retailsim.stack.detect.placement import Fit
from retailsim.stack.onnx import PixelSettings, shapes

F32 = NDArray[np.float32]
Found = tuple[F32, F32]
BoxForm = Literal["cxcywh", "xyxy", "xywh"]
Layout = Literal["yolov5", "yolov8", "fastestdet", "nms-rows", "boxes-scores"]
SLACK = 1e-3  # how far a score may be outside [0, 1] by rounding


class DetectorSettings(PixelSettings):
    """How to feed a foreign detector and how to read it; see `PixelSettings` for the input.

    Attributes:
        output: the layout. 'yolov5': rows of box, objectness, classes; 'yolov8' (v9, v11 too):
            rows of box, classes; both before suppression, either way round. 'fastestdet': a map
            of objectness, box terms, classes. 'nms-rows': rows x1, y1, x2, y2, score, class
            (YOLOv10 and exports with suppression inside; 7 columns: image, box, class, score).
            'boxes-scores': two outputs, boxes and scores, and a third where labels are apart.
        person: number of the class that is a person, or several.
        classes: how many classes there should be; None takes what is there.
        boxes: what the four box numbers are; None takes what the layout has by custom.
        normalised: box numbers are shares of the input, not pixels.
        logits: scores are logits, to be put through a sigmoid.
        rows_last: True for (values, rows), False for (rows, values); None goes by the shorter.
        outputs: for 'boxes-scores', names of the outputs 'boxes', 'scores', 'labels'; what is
            not named goes by shape.
        fit: how a frame is fitted into the input.
        threshold: least score reported.
        nms_iou: overlap above which the weaker box goes; None for 0.55, or for no suppression
            where the network does it.
        min_height_px: lower boxes are not reported.
    """

    output: Layout
    person: int | tuple[int, ...] = Field(default=0)
    classes: int | None = Field(default=None, ge=1)
    boxes: BoxForm | None = None
    normalised: bool = False
    logits: bool = False
    rows_last: bool | None = None
    outputs: dict[Literal["boxes", "scores", "labels"], str] = Field(default={})
    fit: Fit = "letterbox"
    threshold: float = Field(default=0.1, ge=0, le=1)
    nms_iou: float | None = Field(default=None, ge=0, le=1)
    min_height_px: float = Field(default=12.0, ge=0)

    @property
    def people(self) -> tuple[int, ...]:
        """The classes that are people."""
        return (self.person,) if isinstance(self.person, int) else self.person

    @property
    def max_iou(self) -> float:
        """Overlap above which the weaker box goes."""
        inside = self.output in ("nms-rows", "boxes-scores")
        return (1.0 if inside else 0.55) if self.nms_iou is None else self.nms_iou


def read_outputs(
    outputs: Sequence[F32], names: Sequence[str], settings: DetectorSettings, size: tuple[int, int]
) -> Found:
    """Read one picture's outputs.

    Args:
        outputs, names: of the network, in its order.
        settings: what they are said to be.
        size: width and height of the input.
    """
    if settings.output == "boxes-scores":
        boxes, scores = _apart(outputs, names, settings)
    elif len(outputs) != 1:
        raise ModelError(
            f"{settings.model}: output: {settings.output} means one output, but there are "
            f"{len(outputs)}: {shapes(outputs, names)}"
        )
    elif settings.output == "fastestdet":
        boxes, scores = _map(outputs[0], settings)
    elif settings.output == "nms-rows":
        boxes, scores = _final(outputs[0], settings)
    else:
        boxes, scores = _rows(outputs[0], settings)
    if settings.normalised or settings.output == "fastestdet":
        boxes = boxes * np.tile(np.asarray(size, np.float32), 2)
    return _sound(boxes.astype(np.float32), scores.astype(np.float32), settings)


def _sound(boxes: F32, scores: F32, settings: DetectorSettings) -> Found:
    """Leave out what is not finite; refuse scores that are none."""
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    boxes, scores = boxes[finite], scores[finite]
    if len(scores) and (scores.min() < -SLACK or scores.max() > 1 + SLACK):
        raise ModelError(
            f"{settings.model}: scores from {scores.min():.3g} to {scores.max():.3g} are no "
            "shares of 1; another output layout, or logits: true?"
        )
    return boxes, np.clip(scores, 0, 1)


def _rows(output: F32, settings: DetectorSettings) -> Found:
    """YOLO: rows of box, perhaps objectness, and a score per class."""
    table = _without_batch(output, 2, settings)
    if _is_rows_last(table, settings):
        table = table.T
    before = 5 if settings.output == "yolov5" else 4
    _check_classes(table.shape[1] - before, output, settings)
    scores = _scores(table[:, before:], settings)
    if before == 5:
        scores = scores * (_sigmoid(table[:, 4]) if settings.logits else table[:, 4])
    return corners(table[:, :4], settings.boxes or "cxcywh"), scores


def _is_rows_last(table: F32, settings: DetectorSettings) -> bool:
    if settings.rows_last is not None:
        return settings.rows_last
    if table.shape[0] == table.shape[1]:  # as the two families are exported
        return settings.output == "yolov8"
    return bool(table.shape[0] < table.shape[1])


def _map(output: F32, settings: DetectorSettings) -> Found:
    """FastestDet: one map (5 + classes, h, w) of objectness, box terms and classes.

    Cell (i, j): centre (i + tanh(t0), j + tanh(t1)) cells, width and height sigmoid(t2) and
    sigmoid(t3) of the input, score = objectness^0.6 class^0.4 (dog-qiuqiu/FastestDet).
    """
    cells = _without_batch(output, 3, settings)
    _check_classes(cells.shape[0] - 5, output, settings)
    height, width = cells.shape[1:]
    row, column = (axis.ravel() for axis in np.mgrid[:height, :width])
    flat = cells.reshape(len(cells), -1)
    sure = _scores(flat[5:].T, settings)
    seen = _sigmoid(flat[0]) if settings.logits else flat[0]
    scores = np.clip(seen, 0, None) ** 0.6 * np.clip(sure, 0, None) ** 0.4
    x, y = (column + np.tanh(flat[1])) / width, (row + np.tanh(flat[2])) / height
    boxes = np.stack([x, y, _sigmoid(flat[3]), _sigmoid(flat[4])], 1)
    return corners(boxes.astype(np.float32), "cxcywh"), scores


def _final(output: F32, settings: DetectorSettings) -> Found:
    """Rows of x1, y1, x2, y2, score, class, or of image, box, class, score."""
    table = output.reshape(-1, output.shape[-1]) if output.ndim == 2 else None
    table = _without_batch(output, 2, settings) if table is None else table
    if settings.rows_last:
        table = table.T
    if table.shape[1] == 7:
        table = table[:, [1, 2, 3, 4, 6, 5]]
    if table.shape[1] != 6:
        raise ModelError(f"{settings.model}: {output.shape} are no rows of 6 or 7 (nms-rows)")
    mine = table[_is_person(table[:, 5], settings)]
    scores = _sigmoid(mine[:, 4]) if settings.logits else mine[:, 4]
    return corners(mine[:, :4], settings.boxes or "xyxy"), scores


def _apart(outputs: Sequence[F32], names: Sequence[str], settings: DetectorSettings) -> Found:
    """Boxes, scores and perhaps labels, each an output of its own."""
    parts = sort_outputs(outputs, names, settings)
    boxes, scores = parts["boxes"].reshape(-1, 4), parts["scores"]
    labels = parts.get("labels")
    if labels is None and scores.size != len(boxes):
        table = scores.reshape(-1, scores.shape[-1])
        if scores.ndim > 1 and table.shape[1] == len(boxes) != len(table):
            table = table.T
        if len(table) != len(boxes):
            raise _unequal(outputs, names, settings)
        _check_classes(table.shape[1], scores, settings)
        return corners(boxes, settings.boxes or "xyxy"), _scores(table, settings)
    flat = scores.ravel()
    if len(flat) != len(boxes) or (labels is not None and labels.size != len(boxes)):
        raise _unequal(outputs, names, settings)
    if settings.logits:
        flat = _sigmoid(flat)
    boxes = corners(boxes, settings.boxes or "xyxy")
    if labels is None:
        return boxes, flat
    mine = _is_person(labels.ravel(), settings)
    return boxes[mine], flat[mine]


def sort_outputs(
    outputs: Sequence[F32], names: Sequence[str], settings: DetectorSettings
) -> Mapping[str, F32]:
    """Tell boxes, scores and labels apart: by the names given, then by common names and shape."""
    by_name = dict(zip(names, outputs, strict=True))
    parts: dict[str, F32] = {}
    for part, name in settings.outputs.items():
        if name not in by_name:
            raise ModelError(f"{settings.model}: no output '{name}'; it has {', '.join(names)}")
        parts[part] = by_name.pop(name)
    for kind, words in {"boxes": ("box",), "labels": ("label", "class_id", "classes")}.items():
        named = [n for n in by_name if any(word in n.lower() for word in words)]
        if kind not in parts and len(named) == 1:
            parts[kind] = by_name.pop(named[0])
    fours = [n for n, o in by_name.items() if o.ndim >= 2 and o.shape[-1] == 4]
    if "boxes" not in parts and fours:
        parts["boxes"] = by_name.pop(fours[0])
    named = [n for n in by_name if any(word in n.lower() for word in ("score", "conf", "logit"))]
    if "scores" not in parts and by_name:
        parts["scores"] = by_name.pop(named[0] if named else next(iter(by_name)))
    if "boxes" not in parts or "scores" not in parts or parts["boxes"].shape[-1:] != (4,):
        raise ModelError(
            f"{settings.model}: output: boxes-scores means an output of boxes (n, 4) and one of "
            f"scores, but there are {shapes(outputs, names)}"
        )
    left = [n for n, o in by_name.items() if o.size == parts["scores"].size]
    if "labels" not in parts and len(left) == 1 and parts["scores"].size * 4 == parts["boxes"].size:
        parts["labels"] = by_name[left[0]]
    return parts


def _unequal(
    outputs: Sequence[F32], names: Sequence[str], settings: DetectorSettings
) -> ModelError:
    return ModelError(
        f"{settings.model}: boxes, scores and labels differ in number: {shapes(outputs, names)}"
    )


def _without_batch(output: F32, axes: int, settings: DetectorSettings) -> F32:
    """Take the batch of one off; refuse any other number of axes."""
    if output.ndim != axes + 1 or output.shape[0] != 1:
        raise ModelError(
            f"{settings.model}: output {output.shape} is not of layout {settings.output}, "
            f"which has {axes + 1} axes, the first of length 1"
        )
    one: F32 = output[0]
    return one


def _check_classes(count: int, output: F32, settings: DetectorSettings) -> None:
    """Refuse an output whose number of classes is not as said, or too small for a person."""
    said = settings.output
    if count < 1 or (settings.classes is not None and count != settings.classes):
        raise ModelError(
            f"{settings.model}: output {output.shape} read as {said} has {max(count, 0)} classes"
            + (f", not {settings.classes}" if settings.classes else "")
        )
    outside = [p for p in settings.people if not 0 <= p < count]
    if outside or not settings.people:
        raise ModelError(
            f"{settings.model}: person: {settings.person} is no class of output {output.shape}, "
            f"which read as {said} has {count} (0 to {count - 1})"
        )


def _scores(table: F32, settings: DetectorSettings) -> F32:
    """Return the person's score of rows of class scores (n, c)."""
    best: F32 = table[:, list(settings.people)].max(axis=1)
    return _sigmoid(best) if settings.logits else best


def _is_person(labels: F32, settings: DetectorSettings) -> NDArray[np.bool_]:
    return np.isin(np.rint(labels).astype(np.int64), settings.people)


def corners(boxes: F32, form: BoxForm) -> F32:
    """Return boxes (n, 4) of any form as x1, y1, x2, y2."""
    if form == "xyxy":
        return boxes
    place, size = boxes[:, :2], boxes[:, 2:4]
    near = place - size / 2 if form == "cxcywh" else place
    return np.concatenate([near, near + size], 1)


def _sigmoid(values: F32) -> F32:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))), np.float32)
