"""Re-identification: do embeddings of the same person in other cameras come first?

The protocol is Market-1501's (Zheng et al., ICCV 2015) on tracklets: every tracklet with an
embedding is a query once, the others are its gallery, and gallery tracklets of the query's person
*and* camera are dropped. A tracklet's vector is the mean of its embeddings; it belongs to the
person that most of its boxes match.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.boxes import match_people, truth_by_frame
from retailsim.evaluate.figures import Figures, mean
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Embeddings, Tracks


@dataclass
class _Tracklet:
    camera: str
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    people: Counter[int] = field(default_factory=Counter)


def score_reid(truth: MessageLog, results: MessageLog) -> Figures:
    """Return `rank1` and `map`; None where no person is embedded in two cameras."""
    tracklets = _tracklets(truth, results)
    kept = [(t, person) for t in tracklets if (person := _owner(t)) >= 0]
    if not kept:
        return {"rank1": None, "map": None}
    vectors = np.stack([np.mean(t.vectors, axis=0) for t, _ in kept])
    return rank(
        vectors, np.array([person for _, person in kept]), np.array([t.camera for t, _ in kept])
    )


def rank(
    vectors: NDArray[np.float32], person: NDArray[np.int64], camera: NDArray[np.str_]
) -> Figures:
    """Return `rank1` and `map` of vectors (n, d) by cosine similarity."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, 1e-12)
    similarity = unit @ unit.T
    firsts: list[float] = []
    precisions: list[float] = []
    for query in range(len(unit)):
        gallery = (person != person[query]) | (camera != camera[query])
        order = np.flatnonzero(gallery)
        order = order[np.argsort(-similarity[query, order], kind="stable")]
        good = person[order] == person[query]
        if good.any():
            places = np.flatnonzero(good)
            firsts.append(float(good[0]))
            precisions.append(float(np.mean(np.arange(1, len(places) + 1) / (places + 1))))
    return {"rank1": mean(firsts), "map": mean(precisions)}


def _tracklets(truth: MessageLog, results: MessageLog) -> list[_Tracklet]:
    labels = truth_by_frame(truth)
    tracks = {(t.camera, t.time_ns): t for t in results.of(Tracks)}
    found: dict[int, _Tracklet] = {}
    for message in results.of(Embeddings):
        key = (message.camera, message.time_ns)
        if key not in labels or key not in tracks:
            continue
        frame = tracks[key]
        who = match_people(labels[key], frame.boxes_px)
        owner = dict(zip(frame.track_id.tolist(), who.tolist(), strict=True))
        for track_id, vector in zip(message.track_id.tolist(), message.vector, strict=True):
            tracklet = found.setdefault(track_id, _Tracklet(message.camera))
            tracklet.vectors.append(vector)
            tracklet.people[owner.get(track_id, -1)] += 1
    return list(found.values())


def _owner(tracklet: _Tracklet) -> int:
    """Return whom more than half of a tracklet's boxes match, -1 for nobody."""
    person, count = max(tracklet.people.items(), key=lambda item: (item[1], -item[0]))
    return person if 2 * count > tracklet.people.total() else -1
