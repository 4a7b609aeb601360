"""Small shops and sessions for the tests of scoring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retailsim.messages.results import Detections, Identities, Interaction, Tracks
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import TruthBoxes, TruthInteraction, TruthPeople
from retailsim.store.plan import StorePlan

S = 1_000_000_000
T0 = 1_700_000_000 * S
EPC = "30" + "0" * 22


def at(seconds: float) -> int:
    """Return a time of the session in nanoseconds."""
    return T0 + round(seconds * S)


def plan(**fields: object) -> StorePlan:
    """Return a shop of 4 x 3 m: zone `left` (x < 2), zone `right` (2 < x < 3), aisle beyond."""
    return StorePlan.model_validate(
        {
            "name": "corner",
            "size_m": (4.0, 3.0),
            "zones": [
                {"id": "left", "kind": "display", "polygon_m": [(0, 0), (2, 0), (2, 3), (0, 3)]},
                {"id": "right", "kind": "display", "polygon_m": [(2, 0), (3, 0), (3, 3), (2, 3)]},
            ],
            "doors": [{"id": "door", "segment_m": [(1, 0), (2, 0)], "inside_m": (1.5, 1)}],
            "cameras": [{"id": "cam"}],
        }
        | fields
    )


def boxes(
    rows: Sequence[tuple[int, Sequence[float]]],
    *,
    seconds: float = 0.0,
    camera: str = "cam",
    visible: Sequence[float] | None = None,
    full: Sequence[Sequence[float]] | None = None,
) -> TruthBoxes:
    """Return true boxes from (person, box) rows, wholly visible by default."""
    visible_px = _boxes([box for _, box in rows])
    return TruthBoxes(
        at(seconds),
        camera,
        np.array([person for person, _ in rows], np.int64),
        visible_px if full is None else _boxes(full),
        visible_px,
        np.array(visible if visible is not None else [1.0] * len(rows), np.float32),
    )


def detections(
    rows: Sequence[tuple[float, Sequence[float]]], *, seconds: float = 0.0, camera: str = "cam"
) -> Detections:
    """Return detections from (score, box) rows."""
    return Detections(
        at(seconds),
        camera,
        _boxes([box for _, box in rows]),
        np.array([score for score, _ in rows], np.float32),
    )


def tracks(
    rows: Sequence[tuple[int, Sequence[float]]], *, seconds: float = 0.0, camera: str = "cam"
) -> Tracks:
    """Return tracks from (track id, box) rows."""
    return Tracks(
        at(seconds),
        camera,
        np.array([i for i, _ in rows], np.int64),
        _boxes([box for _, box in rows]),
        np.ones(len(rows), np.float32),
    )


def identities(
    rows: Sequence[tuple[int, Sequence[float]]], *, seconds: float = 0.0, camera: str = "cam"
) -> Identities:
    """Return identities of one camera from (person, box) rows."""
    return Identities(
        at(seconds),
        np.array([camera] * len(rows), np.str_),
        np.array([i for i, _ in rows], np.int64),
        np.array([i for i, _ in rows], np.int64),
        _boxes([box for _, box in rows]),
    )


def people(rows: Sequence[tuple[int, float, float]], *, seconds: float, staff: Sequence[int] = ()):
    """Return true people from (person, x, y) rows."""
    return TruthPeople(
        at(seconds),
        np.array([i for i, _, _ in rows], np.int64),
        np.array([(x, y) for _, x, y in rows], np.float64).reshape(-1, 2),
        np.zeros(len(rows)),
        np.array([i in staff for i, _, _ in rows], np.bool_),
    )


def reads(seconds: Sequence[float], *, epc: str = EPC) -> TagReads:
    """Return reads of one tag."""
    n = len(seconds)
    return TagReads(
        at(max(seconds)),
        "reader",
        np.array([at(s) // 1000 for s in seconds], np.int64),
        np.array([epc] * n, np.str_),
        np.ones(n, np.uint8),
        np.ones(n, np.uint16),
        np.full(n, -5000, np.int16),
        np.zeros(n, np.uint16),
        np.zeros(n, np.int16),
    )


def handled(
    begin: float, end: float, *, person: int = 1, epc: str = EPC, kind: str = "flip"
) -> TruthInteraction:
    """Return a true interaction."""
    return TruthInteraction(at(begin), at(end), person, epc, kind)  # type: ignore[arg-type]


def interaction(
    begin: float,
    end: float,
    *,
    person: int,
    epc: str = EPC,
    confidence: float = 0.9,
    xy_m: tuple[float, float] = (np.nan, np.nan),
) -> Interaction:
    """Return what the stack says about an interaction."""
    return Interaction(at(begin), at(end), epc, person, confidence, np.array(xy_m, np.float64))


def _boxes(rows: Sequence[Sequence[float]]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)
