"""Named random streams: every draw in the world comes from a generator with a name.

A stream depends on the seed and its name alone, so one more shopper, or one more draw in the
camera's noise, never changes what another part of the world does.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator of that name; the same name gives the same draws in any process.

    Example:
        >>> stream(7, "shopper", 3).integers(10) == stream(7, "shopper", 3).integers(10)
        True
    """
    text = "/".join(str(part) for part in (seed, *name))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64DXSM(int.from_bytes(digest, "little")))
