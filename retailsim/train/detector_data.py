"""The stream of training pictures: stored layers and backgrounds, mixed anew for every sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from retailsim.errors import RetailError
from retailsim.simulate.streams import stream
from retailsim.train.backgrounds import vary
from retailsim.train.composite import Sample, compose
from retailsim.train.detector_loss import Targets
from retailsim.train.layers import load_layer
from retailsim.train.photometric import disturb
from retailsim.train.randomisers import ALL, Randomisers, pool

HELD_OUT_SHARE = 0.03
MAX_PEOPLE = 32
SCENE_SHARE = 0.65  # of samples: whole rendered shops
AS_DELIVERED_SHARE = 0.3  # of those: as the simulated camera delivers them
EMPTY_SHARE = 0.06  # of samples: clutter without people


@dataclass(frozen=True)
class Store:
    """The files of a data set, in a fixed order.

    Attributes:
        people: layers of people alone.
        scenes: layers of whole shops.
        backgrounds: pictures without people.
    """

    people: tuple[Path, ...]
    scenes: tuple[Path, ...]
    backgrounds: tuple[Path, ...]

    @classmethod
    def open(cls, folder: Path, randomisers: Randomisers = ALL) -> Store:
        """List a data set's folder; raises RetailError when it holds no people or backgrounds."""
        store = cls(
            tuple(sorted(pool(folder, "people", randomisers).glob("*.npz"))),
            tuple(sorted(pool(folder, "scenes", randomisers).glob("*.npz"))),
            tuple(sorted(pool(folder, "backgrounds", randomisers).glob("*.jpg"))),
        )
        if not store.people or not store.backgrounds:
            raise RetailError(f"{folder}: holds no training data; make it with --make")
        return store

    def split(self) -> tuple[Store, Store]:
        """Return the part to train on and the part held out (the last files of each kind)."""
        cuts = [
            (files[: len(files) - held], files[len(files) - held :])
            for files in (self.people, self.scenes, self.backgrounds)
            for held in [int(np.ceil(len(files) * HELD_OUT_SHARE))]
        ]
        return Store(*(cut[0] for cut in cuts)), Store(*(cut[1] for cut in cuts))


def picture(
    store: Store,
    index: int,
    *,
    seed: int,
    size: tuple[int, int],
    people_only: bool = False,
    randomisers: Randomisers = ALL,
) -> Sample:
    """Return the sample of that number; the same number gives the same picture.

    Args:
        store: files to mix.
        index: running number.
        seed: names the series.
        size: width and height, pixels.
        people_only: no shop scenes.
        randomisers: what is varied in mixing; the files are what they were made to be.
    """
    rng = stream(seed, "picture", index)
    kind = rng.random()
    layer = None
    if store.scenes and kind < SCENE_SHARE and not people_only:
        layer = load_layer(_pick(rng, store.scenes))
    elif kind < 1 - EMPTY_SHARE:
        layer = load_layer(_pick(rng, store.people))
    backdrop = cv2.imread(str(_pick(rng, store.backgrounds)), cv2.IMREAD_COLOR)
    if backdrop is None:
        raise RetailError("a background of the training data does not decode")
    backdrop = vary(rng, backdrop.astype(np.uint8), randomisers=randomisers)
    sample = compose(rng, layer, backdrop, size, randomisers=randomisers)
    as_delivered = layer is not None and layer.opaque and rng.random() < AS_DELIVERED_SHARE
    if as_delivered or not randomisers.lighting:
        return replace(sample, image=sample.padded(sample.image))
    return replace(sample, image=sample.padded(disturb(rng, sample.image)))


def _pick(rng: np.random.Generator, files: Sequence[Path]) -> Path:
    return files[int(rng.integers(len(files)))]


class Pictures(IterableDataset[tuple[Tensor, Targets]]):
    """Endless batches from sample number `start` on; meant for one loading process.

    Args:
        store: files to mix.
        seed: names the series.
        size: width and height, pixels.
        batch: pictures per batch.
        start: number of the first sample.
        randomisers: what is varied in mixing.
    """

    def __init__(
        self,
        store: Store,
        *,
        seed: int,
        size: tuple[int, int],
        batch: int,
        start: int = 0,
        randomisers: Randomisers = ALL,
    ) -> None:
        super().__init__()
        self._randomisers = randomisers
        self._store, self._seed, self._size = store, seed, size
        self._batch, self._start = batch, start

    def __iter__(self) -> Iterator[tuple[Tensor, Targets]]:
        index = self._start
        while True:
            numbers = range(index, index + self._batch)
            samples = [self._picture(i) for i in numbers]
            index += self._batch
            yield collate(samples)

    def _picture(self, index: int) -> Sample:
        return picture(
            self._store, index, seed=self._seed, size=self._size, randomisers=self._randomisers
        )


def collate(samples: Sequence[Sample]) -> tuple[Tensor, Targets]:
    """Stack samples: BGR uint8 (b, h, w, 3) and the padded targets."""
    most = max(1, min(MAX_PEOPLE, max(len(s.boxes) for s in samples)))
    boxes = np.zeros((len(samples), most, 4), np.float32)
    real = np.zeros((len(samples), most), bool)
    ignore = np.zeros((len(samples), most), bool)
    for i, sample in enumerate(samples):
        n = min(most, len(sample.boxes))
        boxes[i, :n], real[i, :n], ignore[i, :n] = sample.boxes[:n], True, sample.ignore[:n]
    images: NDArray[np.uint8] = np.stack([s.image for s in samples])
    targets = Targets(*(torch.from_numpy(a) for a in (boxes, real, ignore)))
    return torch.from_numpy(images), targets
