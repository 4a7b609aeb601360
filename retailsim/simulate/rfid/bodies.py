"""People as upright columns: what they take of a path, and the path over each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.elements import Element

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

BODY_LOSS_DB = 14.0  # on the axis of a body; 8 to 20 dB assumed, 14 dB measured at 184 MHz
BODY_LOSS_CAP_DB = 20.0  # of several bodies in a row: more comes round them
BODY_RADIUS_M = 0.28  # 1/e width of the shadow (assumed)
SHADOW_REACH_M = 0.75  # beyond it the shadow is below 0.02 dB
HEAD_SOFT_M = 0.08  # over so much height the shadow ends above the head (assumed)
# Bistatic radar cross-section. From afar a standing adult has about 0.5 m2; at the ranges of a shop
# only the half of the body within the first Fresnel zone adds up in phase (assumed).
BODY_SECTION_M2 = 0.12
BODY_CENTRE_M = 1.1
BODY_NEAR_M = 0.35  # scattering amplitude is no point source nearer than this
# What a body sends to tags farther off is below -25 dB of the direct path; it fades out between.
SCATTER_FADES_M, SCATTER_REACH_M = 2.5, 3.5


@dataclass(frozen=True)
class Bodies:
    """People as upright columns.

    Attributes:
        xy_m: float64 (p, 2).
        height_m: float64 (p,).
    """

    xy_m: F64
    height_m: F64


@dataclass(frozen=True)
class BodyPaths:
    """Paths antenna - body - tag.

    Attributes:
        row: which tag each is to, int64 (m,).
        gain: what the tag takes up, loss of free space and all, complex128 (m,).
        length_m: float64 (m,).
    """

    row: I64
    gain: C128
    length_m: F64


def shadow_factor(lost_db: F64) -> F64:
    """Return the amplitude left where bodies take `lost_db` together."""
    factor: F64 = np.exp(np.minimum(lost_db, BODY_LOSS_CAP_DB) * (-np.log(10) / 20))
    return factor


def scattered(
    position_m: F64, element: Element, bodies: Bodies, xyz_m: F64, moment: C128
) -> BodyPaths:
    """Return the paths over bodies to tags at `xyz_m` (n, 3) with effective vectors (n, 3).

    The bistatic radar equation with a constant cross-section; the path touches the body at the
    height that makes it shortest. A body sends on the part of the arriving field at right angles
    to the ray.
    """
    gap_x = xyz_m[:, :1] - bodies.xy_m[:, 0]
    gap_y = xyz_m[:, 1:2] - bodies.xy_m[:, 1]
    level = gap_x * gap_x + gap_y * gap_y
    row, body = pair = np.nonzero(level < SCATTER_REACH_M**2)
    beyond, before, lit = np.sqrt(level[pair]), *_lit(position_m, element, bodies)
    first = before[body]
    tag_z = xyz_m[row, 2]
    height = position_m[2] + first / (first + beyond + 1e-6) * (tag_z - position_m[2])
    height = np.minimum(np.maximum(height, 0.1), bodies.height_m[body])
    base = np.sqrt(first**2 + (height - position_m[2]) ** 2)
    way = gap_x[pair], gap_y[pair], tag_z - height
    onward = np.sqrt(beyond**2 + way[2] ** 2)
    level_part = (moment @ lit.T)[pair]
    on_ray = [
        sum(v[i, axis] * way[axis] for axis in range(3)) for v, i in ((moment, row), (lit, body))
    ]
    faded = np.clip((SCATTER_REACH_M - beyond) / (SCATTER_REACH_M - SCATTER_FADES_M), 0, 1)
    strength = np.sqrt(BODY_SECTION_M2 / (4 * np.pi)) * faded / base
    gain = level_part - on_ray[0] * on_ray[1] / np.maximum(onward, 1e-6) ** 2
    return BodyPaths(row, strength / np.maximum(onward, BODY_NEAR_M) * gain, base + onward)


def _lit(position_m: F64, element: Element, bodies: Bodies) -> tuple[F64, C128]:
    """Return each body's distance on the floor from an antenna, and the field at its middle."""
    away = bodies.xy_m - position_m[:2]
    centre = np.column_stack([away, np.full(len(away), BODY_CENTRE_M - position_m[2])])
    unit = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    return np.hypot(away[:, 0], away[:, 1]), element.field(unit)


def transverse(field: C128, unit: F64) -> C128:
    """Return the part of fields (..., 3) at right angles to unit vectors (..., 3)."""
    along = (field * unit).sum(axis=-1, keepdims=True)
    part: C128 = field - along * unit
    return part
