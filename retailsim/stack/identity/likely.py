"""How well one camera's sights fit the persons known so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.identity.person import Look, Person, Sight
from retailsim.stack.identity.places import Places
from retailsim.stack.identity.settings import IdentitySettings

F64 = NDArray[np.float64]
NEVER = 1e6
USUAL_SIGMA_M = 0.3  # unit of the spread term; any value moves all costs alike


@dataclass(frozen=True)
class Crowd:
    """All persons of one moment; row i of every field is the same person.

    Attributes:
        number: int64 (n,).
        xy_m: float64 (n, 2).
        cov: of the place, float64 (n, 2, 2).
        seen_ns: time of the last sight, int64 (n,).
        at_door: bool (n,).
        looks: how they look, None for those not looked at yet.
    """

    number: NDArray[np.int64]
    xy_m: F64
    cov: F64
    seen_ns: NDArray[np.int64]
    at_door: NDArray[np.bool_]
    looks: tuple[F64 | None, ...]

    @classmethod
    def of(cls, persons: Collection[Person], places: Places) -> Crowd:
        """Return persons in their order."""
        xy_m = np.array([p.walk.xy_m for p in persons]).reshape(-1, 2)
        return cls(
            np.array([p.number for p in persons], np.int64),
            xy_m,
            np.array([p.walk.place_cov for p in persons]).reshape(-1, 2, 2),
            np.array([p.seen_ns for p in persons], np.int64),
            places.at_door(xy_m),
            tuple(p.look.unit for p in persons),
        )

    def unseen_s(self, time_ns: int) -> F64:
        """Seconds since everybody's last sight, (n,)."""
        return np.asarray((time_ns - self.seen_ns) * 1e-9, np.float64)

    def __len__(self) -> int:
        return len(self.number)


def costs(
    sights: Sequence[Sight],
    persons: Crowd,
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
    if not sights or not len(persons):
        return np.zeros((len(sights), len(persons)))
    xy_m = np.array([s.xy_m for s in sights])
    spread = np.array([s.cov for s in sights])[:, None] + settings.model_sigma_m**2 * np.eye(2)
    squared, log_area = mahalanobis(xy_m[:, None] - persons.xy_m, spread + persons.cov)
    own = np.array([owner.get(s.track_id, 0) for s in sights])[:, None] == persons.number
    cost = squared + log_area - 4 * np.log(USUAL_SIGMA_M) - settings.stick * own
    mine = [looks[s.track_id].unit if s.track_id in looks else None for s in sights]
    unseen_s = persons.unseen_s(sights[0].time_ns)
    cost += _of_looks(mine, persons.looks, unseen_s > settings.fresh_s, settings)
    far = squared > settings.gate * np.where(own, 2.0, 1.0)
    # Whoever comes in now was not inside before.
    inside = (unseen_s > settings.leave_s) & ~persons.at_door
    newcomer = places.at_door(xy_m)[:, None] & inside
    return np.where(far | newcomer, NEVER, cost)


def mahalanobis(off: F64, cov: F64) -> tuple[F64, F64]:
    """Return squared distances in variances, and log determinants, of (..., 2) and (..., 2, 2)."""
    a, b, d = cov[..., 0, 0], cov[..., 0, 1], cov[..., 1, 1]
    area = a * d - b * b
    x, y = off[..., 0], off[..., 1]
    squared: F64 = (d * x * x - 2 * b * x * y + a * y * y) / area
    return squared, np.log(area)


def likeness(ours: Sequence[F64 | None], theirs: Sequence[F64 | None]) -> F64:
    """Return the cosines of unit vectors, (ours, theirs); NaN where either is unknown."""
    alike = np.full((len(ours), len(theirs)), np.nan)
    rows = [i for i, one in enumerate(ours) if one is not None]
    columns = [j for j, one in enumerate(theirs) if one is not None]
    if rows and columns:
        left, right = np.array([ours[i] for i in rows]), np.array([theirs[j] for j in columns])
        alike[np.ix_(rows, columns)] = left @ right.T
    return alike


def _of_looks(
    ours: Sequence[F64 | None],
    theirs: Sequence[F64 | None],
    hidden: NDArray[np.bool_],
    settings: IdentitySettings,
) -> F64:
    """Cost of looking different; hidden people must look at least somewhat alike."""
    alike = likeness(ours, theirs)
    cost = settings.look_weight * (settings.usual_look - alike)
    cost[hidden & (alike < settings.least_look)] = NEVER
    return np.where(np.isnan(alike), 0.0, cost)
