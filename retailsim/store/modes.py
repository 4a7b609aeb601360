"""Reader modes: how a tag's reply is coded, how many tags a second that gives, how weak it may be.

Rates and sensitivities are those of the reader maker's mode table. A slower mode hears weaker tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModeName = Literal["fm0", "m2", "m4", "m8"]
DEFAULT_MODE: ModeName = "m2"


@dataclass(frozen=True)
class ReaderMode:
    """One row of the maker's mode table.

    Attributes:
        cycles: subcarrier cycles per symbol of the reply; 1 is FM0, else Miller.
        tags_per_s: aggregate rate of a large population before one antenna.
        sensitivity_dbm: weakest reply that is read as a rule.
    """

    cycles: int
    tags_per_s: float
    sensitivity_dbm: float


MODES: dict[ModeName, ReaderMode] = {
    "fm0": ReaderMode(1, 525.0, -81.6),
    "m2": ReaderMode(2, 353.0, -85.9),
    "m4": ReaderMode(4, 233.0, -88.9),
    "m8": ReaderMode(8, 76.0, -95.8),
}


def mode_for_rate(tags_per_s: float) -> ModeName:
    """Return the slowest mode (it hears most) that reads so many tags a second, else the fastest.

    Example:
        >>> mode_for_rate(350.0), mode_for_rate(700.0)
        ('m2', 'fm0')
    """
    slowest_first = sorted(MODES, key=lambda name: MODES[name].tags_per_s)
    fast = (name for name in slowest_first if MODES[name].tags_per_s >= tags_per_s)
    return next(fast, slowest_first[-1])
