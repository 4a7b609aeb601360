"""Tracking within each camera: HOTA, IDF1 and MOTA, averaged over cameras."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.association import Sequence, hota, idf1, mota
from retailsim.evaluate.boxes import Boxes, FrameKey, compare_boxes, truth_by_frame
from retailsim.evaluate.figures import Figures, mean, nulls
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Tracks
from retailsim.messages.truth import TruthBoxes

Found = Mapping[FrameKey, tuple[NDArray[np.int64], Boxes]]


def score_tracking(truth: MessageLog, results: MessageLog) -> Figures:
    """Return `hota`, `idf1` and `mota` (the last may be negative), means over cameras.

    Cameras without a counted true box are left out. None where none is left or the results
    hold no tracks.
    """
    tracks = results.of(Tracks)
    labels = truth_by_frame(truth)
    if not tracks or not labels:
        return nulls("hota", "idf1", "mota")
    found = {(t.camera, t.time_ns): (t.track_id, t.boxes_px) for t in tracks}
    sequences = [
        Sequence.of(labelled_frames([m for m in labels.values() if m.camera == camera], found))
        for camera in sorted({camera for camera, _ in labels})
    ]
    return {
        "hota": mean(hota(s) for s in sequences),
        "idf1": mean(idf1(s) for s in sequences),
        "mota": mean(mota(s) for s in sequences),
    }


def labelled_frames(
    labels: Iterable[TruthBoxes], found: Found
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Yield (true ids, found ids, IoU) of what is judged in each labelled frame, by time."""
    nothing = (np.zeros(0, np.int64), np.zeros((0, 4), np.float32))
    for boxes in sorted(labels, key=lambda m: (m.time_ns, m.camera)):
        ids, boxes_px = found.get((boxes.camera, boxes.time_ns), nothing)
        compared = compare_boxes(boxes, boxes_px)
        yield boxes.person_id[compared.true], ids[compared.found], compared.iou
