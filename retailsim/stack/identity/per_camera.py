"""The trivial identity that fusing cameras has to beat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import FloorPositions, Identities, People, Tracks
from retailsim.stack.stage import Stage, StageContext


class TrackIsPerson(Stage):
    """Every tracklet of every camera is a person of its own, confirmed at once."""

    inputs: ClassVar[tuple[type[Message], ...]] = (Tracks, FloorPositions)
    outputs: ClassVar[tuple[type[Message], ...]] = (Identities, People)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self._tracks: list[Tracks] = []
        self._floor: list[FloorPositions] = []
        self._number: dict[int, int] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Collect what the cameras saw."""
        if isinstance(message, Tracks):
            self._tracks.append(message)
        elif isinstance(message, FloorPositions):
            self._floor.append(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Say Identities and People of the tick."""
        if not self._tracks:
            return ()
        time_ns = max(t.time_ns for t in self._tracks)
        tracks, floor = self._tracks, self._floor
        self._tracks, self._floor = [], []
        camera = [t.camera for t in tracks for _ in t.track_id]
        track_id = np.concatenate([t.track_id for t in tracks])
        xy = np.concatenate([np.zeros((0, 2)), *(f.xy_m for f in floor)])
        placed = np.isfinite(xy).all(axis=1)
        on_floor = np.concatenate([np.zeros(0, np.int64), *(f.track_id for f in floor)])[placed]
        identities = Identities(
            time_ns,
            np.array(camera, np.str_),
            track_id,
            self._numbers(track_id),
            np.concatenate([t.boxes_px for t in tracks]),
        )
        sure = np.ones(len(on_floor), bool)
        return (identities, People(time_ns, self._numbers(on_floor), xy[placed], sure))

    def _numbers(self, track_id: np.ndarray) -> np.ndarray:
        numbers = [self._number.setdefault(t, len(self._number) + 1) for t in track_id.tolist()]
        return np.array(numbers, np.int64)
