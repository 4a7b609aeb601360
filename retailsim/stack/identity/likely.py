"""How well one camera's sights fit the persons known so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.identity.person import Look, Person, Sight
from retailsim.stack.identity.places import Places
from retailsim.stack.identity.settings import IdentitySettings

F64 = NDArray[np.float64]
NEVER = 1e6
USUAL_SIGMA_M = 0.3  # unit of the spread term; any value moves all costs alike


def costs(
    sights: Sequence[Sight],
    persons: Sequence[Person],
    owner: Mapping[int, int],
    looks: Mapping[int, Look],
    places: Places,
    settings: IdentitySettings,
) -> F64:
    """Return -2 log likelihood (up to a constant) that a sight is of a person, (sights, persons).

    Args:
        sights: of one camera, all placed.
        persons: with walks predicted to the sights' time.
        owner: track number -> person number so far.
        looks: track number -> appearance.
        places: of the plan.
        settings: gates and weights.

    Impossible pairs cost `NEVER`.
    """
    if not sights or not persons:
        return np.zeros((len(sights), len(persons)))
    off = np.array([s.xy_m for s in sights])[:, None] - np.array([p.walk.xy_m for p in persons])
    spread = np.array([s.cov for s in sights])[:, None] + settings.model_sigma_m**2 * np.eye(2)
    spread = spread + np.array([p.walk.place_cov for p in persons])
    squared, log_area = mahalanobis(off, spread)
    mine = np.array([owner.get(s.track_id, 0) for s in sights])
    own = mine[:, None] == np.array([p.number for p in persons])[None]
    cost = squared + log_area - 4 * np.log(USUAL_SIGMA_M) - settings.stick * own
    cost += _of_looks(sights, persons, looks, settings)
    far = squared > settings.gate * np.where(own, 2.0, 1.0)
    return np.where(far | _newcomer(sights, persons, places, settings), NEVER, cost)


def mahalanobis(off: F64, cov: F64) -> tuple[F64, F64]:
    """Return squared distances in variances, and log determinants, of (..., 2) and (..., 2, 2)."""
    a, b, d = cov[..., 0, 0], cov[..., 0, 1], cov[..., 1, 1]
    area = a * d - b * b
    x, y = off[..., 0], off[..., 1]
    squared: F64 = (d * x * x - 2 * b * x * y + a * y * y) / area
    return squared, np.log(area)


def _of_looks(
    sights: Sequence[Sight],
    persons: Sequence[Person],
    looks: Mapping[int, Look],
    settings: IdentitySettings,
) -> F64:
    """Cost of looking different; hidden people must look at least somewhat alike."""
    hidden = [_unseen_s(p, sights) > settings.fresh_s for p in persons]
    cost = np.zeros((len(sights), len(persons)))
    for i, sight in enumerate(sights):
        look = looks.get(sight.track_id)
        for j, person in enumerate(persons):
            alike = person.look.similarity(look) if look is not None else None
            if alike is None:
                continue
            cost[i, j] = settings.look_weight * (settings.usual_look - alike)
            if hidden[j] and alike < settings.least_look:
                cost[i, j] = NEVER
    return cost


def _newcomer(
    sights: Sequence[Sight],
    persons: Sequence[Person],
    places: Places,
    settings: IdentitySettings,
) -> NDArray[np.bool_]:
    """Say which pairs are impossible because whoever comes in now was not inside before."""
    at_door = np.array([places.at_door(s.xy_m) for s in sights])
    hidden = np.array(
        [
            _unseen_s(p, sights) > settings.leave_s and not places.at_door(p.walk.xy_m)
            for p in persons
        ]
    )
    impossible: NDArray[np.bool_] = at_door[:, None] & hidden[None]
    return impossible


def _unseen_s(person: Person, sights: Sequence[Sight]) -> float:
    return person.unseen_s(sights[0].time_ns)
