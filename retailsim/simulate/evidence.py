"""What can be measured of a session's devices: reads, frames on their way, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.people import crowd_mesh
from retailsim.simulate.moments import Moment
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
LATE_S = 0.15  # a healthy camera's frames take 0.04 s (assumed, as in the recorder)
CHANGED_LEVELS = 20.0


def reader_silence_s(
    batches: Iterable[TagReads], plan: StorePlan, *, begin_ns: int, end_ns: int
) -> float:
    """Return the longest time within the session in which some reader read nothing, seconds."""
    times: dict[str, list[I64]] = {reader.id: [] for reader in plan.readers}
    for batch in batches:
        times[batch.reader].append(batch.read_us * 1000)
    edges = [np.array([begin_ns]), np.array([end_ns])]
    gaps = [np.diff(np.sort(np.concatenate([*edges, *own]))).max() for own in times.values()]
    return float(max(gaps, default=0)) * 1e-9


def frame_shares(
    frames: Mapping[str, tuple[I64, I64]], plan: StorePlan, duration_s: float
) -> dict[str, float]:
    """Return the shares of dropped and of late frames, each of the worst camera.

    Args:
        frames: camera -> times of capture and of arrival, int64 (n,) each, nanoseconds.
        plan: says how many frames are due.
        duration_s: length of the session.
    """
    dropped, late = [0.0], [0.0]
    for camera in plan.cameras:
        captured, arrived = frames.get(camera.id, (np.zeros(0, np.int64),) * 2)
        due = max(1, round(duration_s * camera.rate_hz))
        dropped.append(max(0.0, 1 - len(captured) / due))
        if len(captured):
            late.append(float(np.mean((arrived - captured) * 1e-9 > LATE_S)))
    return {"dropped_frames_share": max(dropped), "late_frames_share": max(late)}


def knocked_px(moments: Sequence[Moment], plan: StorePlan) -> float:
    """Return how far cameras show people from where the plan's calibration has them, pixels.

    The boxes in the picture are compared with those that the same bodies would have. Each moment
    gives every camera the median over the people in its picture; the camera and the moment with
    the most decide. 0 where nobody is seen.
    """
    offsets = [0.0]
    for moment in moments:
        bodies = crowd_mesh(moment.snapshot.people).position
        row = {body.label: i for i, body in enumerate(moment.snapshot.people.body)}
        for view in moment.views:
            rows = [row[int(label)] for label in view.boxes.person_id]
            projection = Projection.of(plan.camera(view.boxes.camera))
            expected = _centres(full_boxes_px(projection, bodies[rows]))
            apart = _centres(view.boxes.full_px) - expected
            known = np.isfinite(apart).all(1)
            if known.any():
                offsets.append(float(np.hypot(*np.median(apart[known], axis=0))))
    return max(offsets)


def _centres(boxes_px: NDArray[np.float32]) -> F64:
    boxes = boxes_px.astype(float)
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, float)


def mean_luminance(moments: Sequence[Moment]) -> float:
    """Return the mean brightness of all pictures, 0 to 255; 0 without any."""
    levels = [np.mean(_grey(v.frame.image)) for m in moments for v in m.views]
    return float(np.mean(levels)) if levels else 0.0


def light_change_share(moments: Sequence[Moment]) -> float:
    """Return the share of a picture that changes by more than 20 levels between two moments.

    The camera and the pair of moments with the most decide; sensor noise is averaged out before.
    The moments should be of a frozen world, or people count as light.
    """
    pictures: dict[str, list[NDArray[np.float32]]] = {}
    for moment in moments:
        for view in moment.views:
            smooth = cv2.blur(_grey(view.frame.image), (5, 5)).astype(np.float32)
            pictures.setdefault(view.frame.camera, []).append(smooth)
    shares = [
        float(np.mean(np.abs(one - other) > CHANGED_LEVELS))
        for own in pictures.values()
        for i, one in enumerate(own)
        for other in own[:i]
    ]
    return max(shares, default=0.0)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
