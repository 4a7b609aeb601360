"""People who walk through the boutique, as boxes: a stand-in for cameras and detector in tests.

Upright bodies walk a graph of aisles; every camera sees their visible points' box, with noise,
misses and false alarms. Nothing here is rendered, so it takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from retailsim.messages.results import Detections
from retailsim.messages.truth import TruthBoxes, TruthCrossing, TruthPeople
from retailsim.resources import find
from retailsim.stack.identity.silhouette import body_points_m, hidden, solid_boxes
from retailsim.store.load import load_model
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

AISLES = {
    "street-left": ((2.0, -1.6), ["street", "street-right"]),
    "street-right": ((10.0, -1.6), ["street", "street-left"]),
    "street": ((6.0, -1.3), ["street-left", "street-right", "door"]),
    "door": ((6.0, 1.2), ["street", "front-left", "middle", "till"]),
    "front-left": ((3.0, 1.4), ["door", "left"]),
    "left": ((1.3, 2.6), ["front-left", "left-back"]),
    "left-back": ((1.3, 6.1), ["left", "rooms"]),
    "rooms": ((3.4, 6.6), ["left-back", "back"]),
    "middle": ((6.0, 4.4), ["door", "back"]),
    "back": ((6.0, 7.3), ["middle", "rooms", "right-back"]),
    "right-back": ((10.3, 7.3), ["back", "right"]),
    "right": ((10.4, 3.1), ["right-back", "till"]),
    "till": ((8.6, 2.2), ["right", "door"]),
}
STREET = ("street-left", "street-right", "street")


@dataclass(frozen=True)
class Tick:
    """One instant: what a detector would say, and what is true."""

    time_ns: int
    detections: list[Detections]
    boxes: list[TruthBoxes]
    people: TruthPeople


def boutique() -> StorePlan:
    """Return the shipped plan."""
    return load_model(StorePlan, find("scenarios/stores/boutique.yaml"))


def path(
    nodes: list[str], start_s: float, *, speed_mps: float = 1.1, stop_s: float = 1.0
) -> np.ndarray:
    """Return (time_s, x, y) corners of a walk along `nodes`, stopping at those inside."""
    rows, now_s = [], start_s
    for i, node in enumerate(nodes):
        xy = np.array(AISLES[node][0])
        if i:
            now_s += float(np.linalg.norm(xy - rows[-1][1:])) / speed_mps
        rows.append([now_s, *xy])
        if node not in STREET and node != "door":
            now_s += stop_s
            rows.append([now_s, *xy])
    return np.array(rows)


def wander(rng: np.random.Generator, start_s: float, hops: int, start: str) -> np.ndarray:
    """Return a random walk over the aisles that ends on the street."""
    nodes = [start]
    for _ in range(hops):
        options = [n for n in AISLES[nodes[-1]][1] if n not in STREET and n not in nodes[-2:-1]]
        nodes.append(str(rng.choice(options or AISLES[nodes[-1]][1])))
    while nodes[-1] != "door":
        nodes.append(_towards_door(nodes[-1]))
    nodes += ["street", str(rng.choice(["street-left", "street-right"]))]
    walk = path(nodes, start_s, speed_mps=rng.uniform(0.8, 1.3), stop_s=rng.uniform(1, 6))
    walk[:, 1:] += rng.uniform(-0.4, 0.4, 2)  # nobody stands where another stands
    return walk


def _towards_door(node: str) -> str:
    seen, queue = {"door"}, [("door", "door")]
    while queue:
        here, _ = queue.pop(0)
        for other in AISLES[here][1]:
            if other == node:
                return here
            if other not in seen and other not in STREET:
                seen.add(other)
                queue.append((other, here))
    return "door"


def crossings(paths: list[np.ndarray], door: str = "main") -> list[TruthCrossing]:
    """Return when the walks pass the door's line y = 0."""
    found = []
    for person, walk in enumerate(paths, start=1):
        for (t0, _, y0), (t1, _, y1) in pairwise(walk):
            if (y0 < 0) != (y1 < 0):
                at_s = t0 + (t1 - t0) * y0 / (y0 - y1)
                way = "in" if y1 > 0 else "out"
                found.append(TruthCrossing(round(at_s * 1e9), door, person, way))
    return sorted(found, key=lambda c: c.time_ns)


def watch(
    plan: StorePlan,
    paths: list[np.ndarray],
    *,
    duration_s: float,
    seed: int,
    noise: float = 0.03,
    miss: float = 0.05,
    false_alarms: float = 0.02,
    begin_s: float = 0.0,
) -> Iterator[Tick]:
    """Yield one tick per 0.1 s with every camera's detections.

    Args:
        plan: whose cameras look.
        paths: corners (time_s, x, y) of each walk; people exist between first and last.
        duration_s: length.
        seed: of heights, builds and noise.
        noise: of box edges, in box sizes.
        miss: share of boxes lost.
        false_alarms: per frame.
        begin_s: time of the first tick on the paths' clock.
    """
    rng = np.random.default_rng(seed)
    solids = solid_boxes(plan)
    height = rng.normal(1.71, 0.08, len(paths))
    girth = rng.uniform(0.9, 1.2, len(paths))
    views = [(c, Projection.of(c)) for c in plan.cameras]
    for step in range(round(duration_s * 10)):
        now_s = begin_s + step / 10
        here = [i for i, p in enumerate(paths) if p[0, 0] <= now_s <= p[-1, 0]]
        xy = np.array(
            [[np.interp(now_s, paths[i][:, 0], paths[i][:, k]) for k in (1, 2)] for i in here]
        ).reshape(-1, 2)
        ids = np.array([i + 1 for i in here], np.int64)
        time_ns = round(now_s * 1e9)
        detections, truth = [], []
        for camera, view in views:
            scale = np.stack([girth[here], girth[here], np.ones(len(here))], axis=1)
            bodies = [body_points_m(height[i]) for i in here]
            points = np.array(bodies).reshape(len(here), -1, 3) * scale[:, None]
            points[..., :2] += xy[:, None]
            px = view.to_image(points)
            seen = ((px >= 0) & (px <= [camera.width_px, camera.height_px])).all(axis=-1)
            seen[seen] = ~hidden(solids, view.position_m, points[seen])
            share = seen.mean(axis=1)
            boxes = [
                [*px[i][seen[i]].min(axis=0), *px[i][seen[i]].max(axis=0)]
                if seen[i].any()
                else [0.0] * 4
                for i in range(len(here))
            ]
            exact = np.array(boxes, np.float32).reshape(-1, 4)
            visible = np.array(share, np.float32)
            truth.append(TruthBoxes(time_ns, camera.id, ids, exact, exact, visible))
            extent = (exact[:, 2:] - exact[:, :2]).max(axis=1, initial=0.0)
            found = (visible >= 0.25) & (rng.random(len(exact)) > miss)
            rows = exact + rng.normal(0, 1, exact.shape) * noise * extent[:, None]
            score = rng.uniform(0.6, 0.95, len(exact))
            rows, score = rows[found], score[found]
            for _ in range(rng.poisson(false_alarms)):
                corner = rng.uniform([0, 0], [560, 240])
                rows = np.vstack([rows, [*corner, *(corner + rng.uniform(30, 100, 2))]])
                score = np.append(score, rng.uniform(0.5, 0.8))
            detections.append(
                Detections(time_ns, camera.id, rows.astype(np.float32), score.astype(np.float32))
            )
        zero = np.zeros(len(ids))
        people = TruthPeople(time_ns, ids, xy, zero, zero.astype(bool))
        yield Tick(time_ns, detections, truth, people)
