"""Two trivial mirrors to measure the real one against."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TryOn
from retailsim.stack.recommend.mirror import MirrorStage
from retailsim.stack.recommend.visits import Visit


class PopularityMirror(MirrorStage):
    """Show everybody what most visits were interested in so far."""

    def scores(self, visit: Visit, try_on: TryOn) -> NDArray[np.float64]:
        """Count visits per article; the catalogue's order breaks ties."""
        popularity: NDArray[np.float64] = (self._book.matrix() > 0).sum(axis=0).astype(np.float64)
        return popularity


class RandomMirror(MirrorStage):
    """Show anything; the draw depends on the try-on alone."""

    def scores(self, visit: Visit, try_on: TryOn) -> NDArray[np.float64]:
        """Draw a score per article."""
        text = f"{try_on.time_ns}/{try_on.mirror}/{try_on.epc}".encode()
        seed = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
        return np.random.default_rng(seed).random(len(self._skus))
