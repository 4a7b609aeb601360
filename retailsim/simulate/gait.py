"""How fast people walk: by age, sex and company, as published."""

from __future__ import annotations

import numpy as np

# Comfortable gait speed of healthy adults in their twenties to seventies, m/s. R. W. Bohannon,
# Comfortable and maximum walking speed of adults aged 20-79 years, Age and Ageing 26 (1997) 15-19.
BOHANNON_MPS = {
    "masculine": (1.39, 1.46, 1.46, 1.39, 1.36, 1.33),
    "feminine": (1.41, 1.42, 1.39, 1.40, 1.30, 1.27),
}
DECADES = (25.0, 35.0, 45.0, 55.0, 65.0, 75.0)
ADULT_MPS = float(np.mean(list(BOHANNON_MPS.values())))
# Free speeds of pedestrians, people and purposes mixed: Weidmann 1993 (see crowding), 1.34 m/s
# with a standard deviation of 0.26 m/s.
FREE_SPEED_SPREAD = 0.26 / 1.34
CHILDREN_YEARS, CHILDREN_MPS = (2.0, 4.0, 7.0, 12.0), (0.7, 0.9, 1.1, 1.3)  # assumed
OLDEST_YEARS, OLDEST_MPS = 95.0, 0.85  # assumed
# M. Moussaïd et al., The walking behaviour of pedestrian social groups, PLoS ONE 5(4): e10047
# (2010), figure 2: mean speed over group size, where it is not crowded.
ALONE_MPS, SLOWER_MPS = 1.26, 0.04
LARGEST_GROUP = 6  # the line is not drawn on beyond this (assumed)


def free_speed_mps(age_years: float, presentation: str) -> float:
    """Return the mean speed at which people of an age walk along a street, m/s.

    Adults as Bohannon (1997) measured, drawn straight between the decades; children and those
    over eighty assumed.

    Args:
        age_years: of age.
        presentation: 'feminine' or 'masculine'.

    Raises:
        KeyError: another presentation.

    Example:
        >>> round(free_speed_mps(45, "masculine"), 2), round(free_speed_mps(5, "feminine"), 2)
        (1.46, 0.97)
    """
    years = (*CHILDREN_YEARS, *DECADES, OLDEST_YEARS)
    speeds = (*CHILDREN_MPS, *BOHANNON_MPS[presentation], OLDEST_MPS)
    return float(np.interp(age_years, years, speeds))


def relative_pace(age_years: float, presentation: str) -> float:
    """Return people's speed over that of the average adult, for a pace given for a whole crowd."""
    return free_speed_mps(age_years, presentation) / ADULT_MPS


def group_share(size: int) -> float:
    """Return the speed of a group over that of who walks alone (Moussaïd et al. 2010).

    Example:
        >>> [round(group_share(n), 2) for n in (1, 2, 3)]
        [1.0, 0.97, 0.93]
    """
    return 1 - SLOWER_MPS * (min(size, LARGEST_GROUP) - 1) / (ALONE_MPS - SLOWER_MPS)
