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
        tag: which tag each is to, int64 (m,).
        field: arriving field, loss of free space and all, complex128 (m, 3).
        origin_m: where on the body, float64 (m, 3).
        base_m: length from antenna to there, float64 (m,).
    """

    tag: I64
    field: C128
    origin_m: F64
    base_m: F64


def shadow_db(start_m: F64, end_m: F64, xy_m: F64, height_m: F64) -> F64:
    """Return what one body each takes of straight legs (m, 3) to (m, 3), (m,).

    The loss falls smoothly with the distance between leg and body axis `xy_m` (m, 2), and where
    the leg passes over the head.
    """
    start_x, start_y, start_z = start_m.T
    way_x, way_y, way_z = (end_m - start_m).T
    from_x, from_y = xy_m[:, 0] - start_x, xy_m[:, 1] - start_y
    level = np.maximum(way_x * way_x + way_y * way_y, 1e-9)
    t = np.clip((from_x * way_x + from_y * way_y) / level, 0, 1)
    gap_x, gap_y = from_x - t * way_x, from_y - t * way_y
    over = np.minimum((start_z + t * way_z - height_m) / HEAD_SOFT_M, 50.0)
    near = np.exp(-(gap_x * gap_x + gap_y * gap_y) / BODY_RADIUS_M**2)
    loss: F64 = BODY_LOSS_DB * near / (1 + np.exp(over))
    return loss


def shadow_factor(lost_db: F64) -> F64:
    """Return the amplitude left where bodies take `lost_db` together."""
    factor: F64 = 10 ** (-np.minimum(lost_db, BODY_LOSS_CAP_DB) / 20)
    return factor


def scattered(position_m: F64, element: Element, bodies: Bodies, tag: I64, xyz_m: F64) -> BodyPaths:
    """Return the paths over bodies to tags `tag` (n,) at `xyz_m` (n, 3).

    The bistatic radar equation with a constant cross-section; the path touches the body at the
    height that makes it shortest.
    """
    gap = xyz_m[:, None, :2] - bodies.xy_m
    who = np.nonzero((gap * gap).sum(axis=2) < SCATTER_REACH_M**2)
    mine, body = who
    second = np.hypot(*gap[who].T)
    first_xy = bodies.xy_m - position_m[:2]
    first = np.hypot(*first_xy.T)
    share = first[body] / np.maximum(first[body] + second, 1e-6)
    height = position_m[2] + share * (xyz_m[mine, 2] - position_m[2])
    height = np.clip(height, 0.1, bodies.height_m[body])
    origin = np.column_stack([bodies.xy_m[body], height])
    base = np.hypot(first[body], height - position_m[2])
    onward = xyz_m[mine] - origin
    onward_m = np.sqrt((onward * onward).sum(axis=1))
    centre = np.column_stack([first_xy, np.full(len(first), BODY_CENTRE_M) - position_m[2]])
    lit = element.field(centre / np.linalg.norm(centre, axis=1, keepdims=True))[body]
    faded = np.clip((SCATTER_REACH_M - second) / (SCATTER_REACH_M - SCATTER_FADES_M), 0, 1)
    strength = np.sqrt(BODY_SECTION_M2 / (4 * np.pi)) * faded / base
    field = transverse(lit, onward / np.maximum(onward_m, 1e-6)[:, None])
    field = field * (strength / np.maximum(onward_m, BODY_NEAR_M))[:, None]
    return BodyPaths(tag[mine], field, origin, base)


def transverse(field: C128, unit: F64) -> C128:
    """Return the part of fields (..., 3) at right angles to unit vectors (..., 3)."""
    along = (field * unit).sum(axis=-1, keepdims=True)
    part: C128 = field - along * unit
    return part
