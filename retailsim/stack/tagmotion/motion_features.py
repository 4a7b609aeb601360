"""The interface behind which the published detectors of touched garments stand.

Every detector is a stage of role `tagmotion`: tag reads in, `TagMotion` out. What the published
ones differ in is what they compute of the reads of half a second, and that is what `MotionFeatures`
says; binning, classifier and events are the same (`published.py`). The model folder names the kind
and its features, so that a folder is never put to other features than it was trained on.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ModelError
from retailsim.stack.tagmotion.raw_features import RawFeatures
from retailsim.stack.tagmotion.residuals import Reads
from retailsim.stack.tagmotion.spectral_features import SpectralFeatures

F64 = NDArray[np.float64]


class MotionFeatures(Protocol):
    """What is computed of the reads of one bin after the other, for every tag on its own."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order."""

    def add(self, reads: Reads) -> F64:
        """Return the features (tags, len(names)) after a bin with these reads, in time order."""


KINDS = ("raw", "spectrum")


def make_features(kind: str, *, tags: int, antennas: int, channels: int) -> MotionFeatures:
    """Return the features of that kind for a shop; raises ModelError for an unknown kind."""
    if kind == "raw":
        return RawFeatures(tags, antennas, channels)
    if kind == "spectrum":
        return SpectralFeatures(tags, antennas, channels)
    raise ModelError(f"features '{kind}' are unknown; there are {', '.join(KINDS)}")
