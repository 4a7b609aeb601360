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
class Lit:
    """Bodies in an antenna's field.

    Attributes:
        antenna_z_m: height of the antenna.
        bodies: the people.
        before_m: their distances from it on the floor, float64 (p,).
        field: at their middles, complex128 (p, 3).
    """

    antenna_z_m: float
    bodies: Bodies
    before_m: F64
    field: C128


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


def lit(position_m: F64, element: Element, bodies: Bodies) -> Lit:
    """Return what an antenna sends to bodies."""
    away = bodies.xy_m - position_m[:2]
    unit = np.column_stack([away, np.full(len(away), BODY_CENTRE_M - position_m[2])])
    unit /= np.sqrt((unit * unit).sum(axis=1))[:, None]
    before = np.sqrt((away * away).sum(axis=1))
    return Lit(float(position_m[2]), bodies, before, element.field(unit))


def scattered(lit: Lit, xyz_m: F64, moment: C128) -> BodyPaths:
    """Return the paths over bodies to tags at `xyz_m` (n, 3) with effective vectors (n, 3).

    The bistatic radar equation with a constant cross-section; the path touches the body at the
    height that makes it shortest. A body sends on the part of the arriving field at right angles
    to the ray.
    """
    xy, field, antenna_z = lit.bodies.xy_m, lit.field, lit.antenna_z_m
    gap_x, gap_y = xyz_m[:, :1] - xy[:, 0], xyz_m[:, 1:2] - xy[:, 1]
    level = gap_x * gap_x + gap_y * gap_y
    pair = np.flatnonzero(level < SCATTER_REACH_M**2)
    row, body = np.divmod(pair, max(len(xy), 1))
    beyond, first = np.sqrt(level.reshape(-1)[pair]), lit.before_m[body]
    tag_z = xyz_m[row, 2]
    height = antenna_z + first / (first + beyond + 1e-6) * (tag_z - antenna_z)
    height = np.minimum(np.maximum(height, 0.1), lit.bodies.height_m[body])
    drop = height - antenna_z
    base, rise = np.sqrt(first * first + drop * drop), tag_z - height
    onward = np.sqrt(beyond * beyond + rise * rise)
    # Along the ray: the parts on the floor for all pairs at once, then what the heights add.
    level_part = (moment @ field.T).reshape(-1)[pair]
    taken = gap_x * moment[:, :1] + gap_y * moment[:, 1:2]
    arriving = gap_x * field[:, 0] + gap_y * field[:, 1]
    on_ray = taken.reshape(-1)[pair] + rise * moment[row, 2]
    on_ray *= arriving.reshape(-1)[pair] + rise * field[body, 2]
    faded = np.minimum((SCATTER_REACH_M - beyond) / (SCATTER_REACH_M - SCATTER_FADES_M), 1)
    strength = np.sqrt(BODY_SECTION_M2 / (4 * np.pi)) * faded / base
    gain = level_part - on_ray / np.maximum(onward * onward, 1e-12)
    return BodyPaths(row, strength / np.maximum(onward, BODY_NEAR_M) * gain, base + onward)


def transverse(field: C128, unit: F64) -> C128:
    """Return the part of fields (..., 3) at right angles to unit vectors (..., 3)."""
    along = (field * unit).sum(axis=-1, keepdims=True)
    part: C128 = field - along * unit
    return part
