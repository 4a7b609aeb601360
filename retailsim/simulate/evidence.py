"""What can be measured of a session's devices: reads, frames on their way, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.moments import Moment
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
LATE_S = 0.15  # a healthy camera's frames take 0.04 s (assumed, as in the recorder)
CHANGED_LEVELS = 20.0
BODY_M = 0.45  # width and depth of a standing body (assumed)


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

    Each moment gives every camera the median over the people in its picture; the camera and the
    moment with the most decide. 0 where nobody is seen.
    """
    offsets = [0.0]
    for moment in moments:
        row = {body.label: i for i, body in enumerate(moment.snapshot.people.body)}
        for view in moment.views:
            camera = plan.camera(view.boxes.camera)
            rows = np.array([row[int(label)] for label in view.boxes.person_id], np.intp)
            if not len(rows):
                continue
            expected = _expected_px(moment, Projection.of(camera), rows)
            full = view.boxes.full_px.astype(float)
            seen = (full[:, :2] + full[:, 2:]) / 2
            known = np.isfinite(seen).all(1) & np.isfinite(expected).all(1)
            if known.any():
                middle = np.median((seen - expected)[known], axis=0)
                offsets.append(float(np.hypot(*middle)))
    return max(offsets)


def _expected_px(moment: Moment, projection: Projection, rows: NDArray[np.intp]) -> F64:
    """Return the centres of the boxes around upright bodies, float64 (n, 2)."""
    people = moment.snapshot.people
    centres = []
    for row in rows:
        x, y = people.xy_m[row]
        half = BODY_M / 2
        corners = [
            (x + dx, y + dy, z)
            for dx in (-half, half)
            for dy in (-half, half)
            for z in (0.0, people.body[row].height_m)
        ]
        px = projection.to_image(np.array(corners))
        centres.append((px.min(0) + px.max(0)) / 2)
    return np.array(centres)


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
