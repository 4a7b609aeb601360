"""The appearance of tracklets as a stage: crops worth a look, of all cameras, in one batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Embeddings, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.batching import USUAL_CROPS
from retailsim.stack.reid.crops import F32, U8, covered_share, cut, stacked
from retailsim.stack.reid.network import EmbedderConfig, PersonEmbedder
from retailsim.stack.runtime import Network, load_network
from retailsim.stack.stage import Stage, StageContext

NEVER_NS = -(2**62)


@dataclass(frozen=True)
class _Look:
    """One crop of this tick."""

    time_ns: int
    camera: str
    track_id: int
    crop: U8


class AppearanceStage(Stage, ABC):
    """Chooses crops and emits what `embed` says of them; subclasses say how.

    Args:
        every_s: a tracklet is looked at again after this long at the earliest.
        min_height_px: lower boxes are left out.
        max_covered: boxes covered by another in front by more than this share are left out.
        per_tick: at most this many crops per tick; who waited longest comes first.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (FrameBatch, Tracks)
    outputs: ClassVar[tuple[type[Message], ...]] = (Embeddings,)
    on_device = True
    size_px = (64, 128)

    def __init__(
        self,
        context: StageContext,
        *,
        every_s: float = 0.5,
        min_height_px: float = 40.0,
        max_covered: float = 0.35,
        per_tick: int = 8,
    ) -> None:
        super().__init__(context)
        if every_s < 0 or per_tick < 1 or not 0 <= max_covered <= 1:
            raise StageError(
                f"{type(self).__name__}: every_s must be 0 or more, per_tick 1 or more, "
                "max_covered in [0, 1]"
            )
        self._every_ns = int(every_s * 1e9)
        self._min_height_px = min_height_px
        self._max_covered = max_covered
        self._per_tick = per_tick
        self._frames: dict[str, Frame] = {}
        self._tracks: list[Tracks] = []
        self._last_ns: dict[int, int] = {}

    @abstractmethod
    def embed(self, crops: Sequence[U8]) -> F32:
        """Return one unit vector per BGR crop of `size_px`, float32 (n, d)."""

    def process(self, message: Message) -> Iterable[Message]:
        """Keep this tick's frames and tracklets."""
        if isinstance(message, FrameBatch):
            self._frames = {frame.camera: frame for frame in message.frames}
        elif isinstance(message, Tracks):
            self._tracks.append(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Look at what is worth it, all cameras together."""
        looks = self._choose()
        self._tracks.clear()
        if len(self._last_ns) > 512:  # tracklets are many in a long day
            old_ns = watermark_ns - 60 * 10**9
            self._last_ns = {t: at for t, at in self._last_ns.items() if at >= old_ns}
        if not looks:
            return ()
        vectors = self.embed([look.crop for look in looks])
        return _by_camera(looks, vectors)

    def _choose(self) -> list[_Look]:
        due: list[tuple[int, Tracks, int]] = []
        for tracks in self._tracks:
            frame = self._frames.get(tracks.camera)
            if frame is None or frame.time_ns != tracks.time_ns:
                continue
            boxes = tracks.boxes_px
            good = (boxes[:, 3] - boxes[:, 1] >= self._min_height_px) & (
                covered_share(boxes) <= self._max_covered
            )
            for i in np.flatnonzero(good).tolist():
                waited_ns = tracks.time_ns - self._last_ns.get(int(tracks.track_id[i]), NEVER_NS)
                if waited_ns >= self._every_ns:
                    due.append((waited_ns, tracks, i))
        due.sort(key=lambda entry: -entry[0])  # stable: cameras and rows keep their order
        return [look for _, t, i in due[: self._per_tick] if (look := self._look(t, i))]

    def _look(self, tracks: Tracks, row: int) -> _Look | None:
        crop = cut(self._frames[tracks.camera].image, tracks.boxes_px[row], self.size_px)
        if crop is None:
            return None
        track_id = int(tracks.track_id[row])
        self._last_ns[track_id] = tracks.time_ns
        return _Look(tracks.time_ns, tracks.camera, track_id, crop)


def _by_camera(looks: Sequence[_Look], vectors: F32) -> list[Embeddings]:
    rows: dict[str, list[int]] = {}
    for i, look in enumerate(looks):
        rows.setdefault(look.camera, []).append(i)
    return [
        Embeddings(
            looks[own[0]].time_ns,
            camera=camera,
            track_id=np.array([looks[i].track_id for i in own], np.int64),
            vector=np.ascontiguousarray(vectors[own], dtype=np.float32),
        )
        for camera, own in sorted(rows.items())
    ]


class Embedder(AppearanceStage):
    """The shipped part-based network.

    Args:
        model: folder under models/ (or a path to one) with config.yaml and weights.
        every_s, min_height_px, max_covered, per_tick: see `AppearanceStage`.

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
        StageError: a parameter is out of range.
    """

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "person-embedder",
        every_s: float = 0.5,
        min_height_px: float = 40.0,
        max_covered: float = 0.35,
        per_tick: int = 8,
    ) -> None:
        super().__init__(
            context,
            every_s=every_s,
            min_height_px=min_height_px,
            max_covered=max_covered,
            per_tick=per_tick,
        )
        config, net = load_embedder(model)
        self.size_px = config.input_px
        self._network = Network(
            net,
            model=model,
            context=context,
            input_px=config.input_px,
            usual=min(per_tick, USUAL_CROPS),
        )

    def embed(self, crops: Sequence[U8]) -> F32:
        """Run the network."""
        return self._network(stacked(crops))[0]


def load_embedder(model: str) -> tuple[EmbedderConfig, PersonEmbedder]:
    """Read an embedder's model folder; raises ModelError when anything in it does not fit."""
    return load_network(model, EmbedderConfig, PersonEmbedder)


def unit(vectors: NDArray[np.float64]) -> F32:
    """Scale rows to unit length, float32 (n, d)."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
