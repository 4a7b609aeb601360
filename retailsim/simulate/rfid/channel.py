"""The one-way channel between a reader antenna and tags, people included.

h(f) = lambda / (4 pi) * sum_i g_i / d_i * exp(-j 2 pi f d_i / c): line of sight, six single
reflections by the image method and one weak path over every body. A monostatic reader sees h^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import Antenna
from retailsim.store.regions import LIGHT_MPS

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]

# ITU-R P.2040-3, table 3: relative permittivity and conductivity S/m at 0.915 GHz.
CONCRETE = 5.24 - 1j * 0.0431 / (2 * np.pi * 0.915e9 * 8.854e-12)
PLASTERBOARD = 2.73 - 1j * 0.0078 / (2 * np.pi * 0.915e9 * 8.854e-12)

FRONT_TO_BACK_DB = 20.0  # typical data sheet value of a patch antenna
POLARISATION_LOSS = 10 ** (-3 / 20)  # circular antenna, linear tag
DIPOLE_GAIN = np.sqrt(1.64)  # amplitude gain of a half-wave dipole broadside
DIPOLE_FLOOR = 0.1  # cross-polar power share that fills the dipole's nulls (assumed)

BODY_LOSS_DB = 14.0  # on the axis of a body; 8 to 20 dB assumed, 14 dB measured at 184 MHz
BODY_LOSS_CAP_DB = 20.0
BODY_RADIUS_M = 0.28  # 1/e width of the shadow (assumed)
# Bistatic radar cross-section. From afar a standing adult has about 0.5 m2; at the ranges of a shop
# only the half of the body within the first Fresnel zone adds up in phase (assumed).
BODY_SECTION_M2 = 0.12
BODY_CENTRE_M = 1.1
BODY_NEAR_M = 0.35  # scattering amplitude is no point source nearer than this


@dataclass(frozen=True)
class Room:
    """The shop as a box; None in `size_m` is free space.

    Attributes:
        size_m: x, y, z extent from the origin.
    """

    size_m: tuple[float, float, float] | None

    @property
    def mirrors(self) -> list[tuple[int, float, complex]]:
        """Return axis, coordinate and permittivity of each reflecting plane."""
        if self.size_m is None:
            return []
        stuff = (PLASTERBOARD, PLASTERBOARD, CONCRETE)
        return [(a, at, stuff[a]) for a in range(3) for at in (0.0, self.size_m[a])]


@dataclass(frozen=True)
class Sources:
    """An antenna and its mirror images; row 0 is the antenna itself.

    Attributes:
        xyz_m: float64 (k, 3).
        boresight: unit vectors, float64 (k, 3).
        axis: axis of the reflecting plane, -1 for none, int64 (k,).
        permittivity: of the reflecting plane, complex128 (k,).
        gain: amplitude on boresight, polarisation loss included.
        beamwidth_rad: full half-power width; NaN is isotropic.
    """

    xyz_m: F64
    boresight: F64
    axis: NDArray[np.int64]
    permittivity: C128
    gain: float
    beamwidth_rad: float


@dataclass(frozen=True)
class Bodies:
    """People as upright columns.

    Attributes:
        xy_m: float64 (p, 2).
        height_m: float64 (p,).
    """

    xy_m: F64
    height_m: F64


def sources(antenna: Antenna, room: Room) -> Sources:
    """Mirror an antenna in all planes of the room."""
    position = np.array(antenna.position_m)
    look = np.array(antenna.look_at_m) - position
    look = look / np.linalg.norm(look)
    gain = 10 ** (antenna.gain_dbi / 20) * POLARISATION_LOSS
    return mirrored(position, look, room, gain, np.deg2rad(antenna.beamwidth_deg))


def mirrored(
    position_m: F64, boresight: F64, room: Room, gain: float, beamwidth_rad: float
) -> Sources:
    """Return a point source at `position_m` with its images of first order."""
    xyz, look, axes, eps = [position_m], [boresight], [-1], [1 + 0j]
    for axis, at, permittivity in room.mirrors:
        image, direction = position_m.copy(), boresight.copy()
        image[axis] = 2 * at - image[axis]
        direction[axis] = -direction[axis]
        xyz.append(image)
        look.append(direction)
        axes.append(axis)
        eps.append(permittivity)
    return Sources(
        np.array(xyz), np.array(look), np.array(axes), np.array(eps), gain, beamwidth_rad
    )


def pattern(cos_angle: F64, beamwidth_rad: float) -> F64:
    """Return the amplitude pattern: 12 (angle / beamwidth)^2 dB down to the front-to-back ratio.

    3GPP TR 36.814, table A.2.1.1-2.
    """
    if np.isnan(beamwidth_rad):
        return np.ones_like(cos_angle)
    angle = np.arccos(np.clip(cos_angle, -1, 1))
    loss_db = np.minimum(12 * (angle / beamwidth_rad) ** 2, FRONT_TO_BACK_DB)
    amplitude: F64 = 10 ** (-loss_db / 20)
    return amplitude


def reflection(cos_incidence: F64, permittivity: C128) -> C128:
    """Return the amplitude reflected off a thick wall.

    The mean of the Fresnel coefficients across and along the plane of incidence, both with the
    sign of the field: a circular wave carries equal parts of the two.
    """
    root = np.sqrt(permittivity - (1 - cos_incidence**2))
    across = (cos_incidence - root) / (cos_incidence + root)
    along = -(permittivity * cos_incidence - root) / (permittivity * cos_incidence + root)
    mean: C128 = (across + along) / 2
    return mean


def rays(source: Sources, tag_xyz_m: F64, tag_axis: F64 | None) -> tuple[C128, F64]:
    """Return amplitude and length of every path to every tag.

    Args:
        source: the antenna and its images, k rows.
        tag_xyz_m: (n, 3).
        tag_axis: unit vectors of the tags' dipoles (n, 3); None is isotropic.

    Returns:
        Amplitudes without the 1/d of free space, complex128 (n, k), and lengths in metres (n, k).
    """
    way = tag_xyz_m[:, None, :] - source.xyz_m
    length = np.sqrt((way * way).sum(axis=2))
    unit = way / length[..., None]
    gain = source.gain * pattern((unit * source.boresight).sum(axis=2), source.beamwidth_rad)
    if tag_axis is not None:
        along = (unit * tag_axis[:, None, :]).sum(axis=2)
        gain = gain * DIPOLE_GAIN * np.sqrt(np.maximum(1 - along**2, DIPOLE_FLOOR))
    amplitude = gain.astype(np.complex128)
    if len(source.axis) > 1:
        rows = np.arange(1, len(source.axis))
        cos_incidence = np.abs(unit[:, rows, source.axis[1:]])
        amplitude[:, 1:] *= reflection(cos_incidence, source.permittivity[1:])
    return amplitude, length


def shadow(source: Sources, tag_xyz_m: F64, bodies: Bodies) -> F64:
    """Return the amplitude left on every path by the bodies beside it, (n, k).

    Of a reflected path the leg from the wall to the tag counts. The loss falls smoothly with the
    distance between path and body axis, and where the path passes over the head.
    """
    way = tag_xyz_m[:, None, :] - source.xyz_m
    way_x, way_y, way_z = (way[..., axis, None] for axis in range(3))
    from_x = bodies.xy_m[None, :, 0] - source.xyz_m[:, 0, None]
    from_y = bodies.xy_m[None, :, 1] - source.xyz_m[:, 1, None]
    level = np.maximum(way_x * way_x + way_y * way_y, 1e-9)
    t = np.clip((from_x * way_x + from_y * way_y) / level, 0, 1)
    gap_x, gap_y = from_x - t * way_x, from_y - t * way_y
    over = source.xyz_m[:, 2, None] + t * way_z - bodies.height_m
    near = np.exp(-(gap_x * gap_x + gap_y * gap_y) / BODY_RADIUS_M**2)
    loss_db = BODY_LOSS_DB * (near / (1 + np.exp(over / 0.08))).sum(axis=2)
    amplitude: F64 = 10 ** (-np.minimum(loss_db, BODY_LOSS_CAP_DB) / 20)
    return amplitude


def scatter(source: Sources, tag_xyz_m: F64, bodies: Bodies) -> tuple[F64, F64]:
    """Return amplitude (as in `rays`) and length of the path over each body, (n, p) each.

    Bistatic radar equation with a constant cross-section.
    """
    centre = np.column_stack([bodies.xy_m, np.full(len(bodies.xy_m), BODY_CENTRE_M)])
    first = centre - source.xyz_m[0]
    first_m = np.sqrt((first * first).sum(axis=1))
    second = centre - tag_xyz_m[:, None]
    second_m = np.sqrt((second * second).sum(axis=2))
    length = first_m + second_m
    towards = (first @ source.boresight[0]) / first_m
    spread = length / (first_m * np.maximum(second_m, BODY_NEAR_M))
    gain = source.gain * pattern(towards, source.beamwidth_rad)
    return gain * np.sqrt(BODY_SECTION_M2 / (4 * np.pi)) * spread, length


def add_up(amplitude: C128, length_m: F64, frequency_hz: float | F64) -> C128:
    """Return h (n,) from paths (n, k) at one frequency, or one frequency per row."""
    f = np.asarray(frequency_hz, float).reshape(-1, 1)
    paths = amplitude / length_m * np.exp(-2j * np.pi * f * length_m / LIGHT_MPS)
    total: C128 = (LIGHT_MPS / f[:, 0]) / (4 * np.pi) * paths.sum(axis=1)
    return total


def past_people(
    source: Sources, tag_xyz_m: F64, paths: tuple[C128, F64], bodies: Bodies
) -> tuple[C128, F64]:
    """Return the paths (n, k) of `rays` weakened by people, with one more over each of them."""
    if not len(bodies.height_m):
        return paths
    amplitude, length = paths
    extra, extra_m = scatter(source, tag_xyz_m, bodies)
    return (
        np.concatenate([amplitude * shadow(source, tag_xyz_m, bodies), extra], axis=1),
        np.concatenate([length, extra_m], axis=1),
    )


def one_way(
    source: Sources,
    tag_xyz_m: F64,
    tag_axis: F64 | None,
    bodies: Bodies | None,
    frequency_hz: float | F64,
) -> C128:
    """Return the complex one-way channel to every tag (n,)."""
    paths = rays(source, tag_xyz_m, tag_axis)
    if bodies is not None:
        paths = past_people(source, tag_xyz_m, paths, bodies)
    return add_up(*paths, frequency_hz)
