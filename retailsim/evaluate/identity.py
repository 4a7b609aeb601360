"""Identity over all cameras: one number per person, wherever and whenever they are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.association import Sequence, hota, idf1
from retailsim.evaluate.boxes import Boxes, FrameKey, seen_people, truth_by_frame
from retailsim.evaluate.figures import Figures, nulls, share
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.tracking import labelled_frames
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Identities, People
from retailsim.store.plan import StorePlan
from retailsim.store.zones import OUTSIDE, ZoneMap


def score_identity(
    truth: MessageLog, results: MessageLog, plan: StorePlan, floor: FloorTruth
) -> Figures:
    """Return `idf1` and `hota` with all cameras as one sequence, and `unique_error`.

    `unique_error` = |people counted - people there| / people there. Where floor positions are
    known on both sides these are the confirmed people who were ever inside the shop and the
    true ones; otherwise the numbers given to boxes and the people seen in at least one frame.
    """
    identities = results.of(Identities)
    figures = nulls("idf1", "hota", "unique_error")
    if identities:
        sequence = Sequence.of(
            labelled_frames(truth_by_frame(truth).values(), boxes_by_frame(identities))
        )
        figures |= {"idf1": idf1(sequence), "hota": hota(sequence)}
    return figures | {"unique_error": _unique_error(truth, results, plan, floor)}


def count_people(results: MessageLog, plan: StorePlan) -> int:
    """Return how many different people the stack has counted: confirmed ones inside the shop.

    Without floor positions: the different person numbers given to boxes.
    """
    people = [m for m in results.of(People) if len(m.person)]
    if not people:
        return len({int(p) for m in results.of(Identities) for p in m.person})
    person = np.concatenate([m.person[m.confirmed] for m in people])
    xy_m = np.concatenate([m.xy_m[m.confirmed] for m in people])
    return len(np.unique(person[ZoneMap(plan).at(xy_m) != OUTSIDE]))


def boxes_by_frame(
    identities: list[Identities],
) -> dict[FrameKey, tuple[NDArray[np.int64], Boxes]]:
    """Return (person numbers, boxes) by (camera, time_ns)."""
    found: dict[FrameKey, tuple[NDArray[np.int64], Boxes]] = {}
    for message in identities:
        for camera in np.unique(message.camera):
            rows = message.camera == camera
            found[str(camera), message.time_ns] = (message.person[rows], message.boxes_px[rows])
    return found


def _unique_error(
    truth: MessageLog, results: MessageLog, plan: StorePlan, floor: FloorTruth
) -> float | None:
    if not results.of(People) and not results.of(Identities):
        return None
    if len(floor.tick_ns) and results.of(People):
        there = len(np.unique(floor.person_id))
    else:
        there = len(seen_people(truth_by_frame(truth).values()))
    return share(abs(count_people(results, plan) - there), there)
