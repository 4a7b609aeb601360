"""Radio regions: which frequencies a UHF reader hops over, and how long it stays on each.

Sources: FCC 15.247 (50 channels, at most 0.4 s each; readers in the field were measured at 0.2 s),
ETSI EN 302 208 (four high-power channels, at most 4 s), China MIIT 2007/205 (16 channels of the
920 to 925 MHz band, at most 2 s).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIGHT_MPS = 299_792_458.0


@dataclass(frozen=True)
class Region:
    """One region's hop table.

    Attributes:
        frequency_hz: carrier of channel index i + 1, in the order of hopping, float64 (n,).
        dwell_s: stay on one channel.
    """

    frequency_hz: NDArray[np.float64]
    dwell_s: float


REGIONS = {
    # Hop orders are the makers' own; a reader tells its table when asked. Every 17th and every
    # 7th channel stand for "looks random, visits all equally" (assumed).
    "fcc": Region(902.75e6 + 0.5e6 * (17 * np.arange(50.0) % 50), 0.2),
    "etsi": Region(865.7e6 + 0.6e6 * np.arange(4.0), 4.0),
    "china": Region(920.625e6 + 0.25e6 * (7 * np.arange(16.0) % 16), 2.0),
}
