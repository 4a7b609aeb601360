"""Plane waves at slabs of finite thickness: what surfaces are made of, what they reflect and pass.

Source: Recommendation ITU-R P.2040-3 (table 3 for materials, section 2.2.2.2 for a single slab).
Time goes as exp(+j omega t), so lossy permittivities have a negative imaginary part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.regions import LIGHT_MPS

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]
VACUUM_F_PER_M = 8.8541878128e-12


@dataclass(frozen=True)
class Material:
    """permittivity = a f^b and conductivity = c f^d S/m with f in GHz (P.2040-3, table 3)."""

    a: float
    b: float
    c: float
    d: float

    def permittivity(self, frequency_hz: float) -> complex:
        """Return the complex relative permittivity."""
        ghz = frequency_hz / 1e9
        return complex_permittivity(self.a * ghz**self.b, self.c * ghz**self.d, frequency_hz)


AIR = Material(1.0, 0.0, 0.0, 0.0)
# Concrete and chipboard are extrapolated a little below the 1 GHz where the table begins.
CONCRETE = Material(5.24, 0.0, 0.0462, 0.7822)
PLASTERBOARD = Material(2.73, 0.0, 0.0085, 0.9395)
CHIPBOARD = Material(2.58, 0.0, 0.0217, 0.7800)
GLASS = Material(6.31, 0.0, 0.0036, 1.3394)
METAL = Material(1.0, 0.0, 1e7, 0.0)


@dataclass(frozen=True)
class Slabs:
    """Slabs of one material each.

    Attributes:
        permittivity: complex and relative, complex128 (s,).
        thickness_m: float64 (s,).
        frequency_hz: what the permittivities and the coefficients are for.
    """

    permittivity: C128
    thickness_m: F64
    frequency_hz: float

    @classmethod
    def of(cls, layers: list[tuple[Material, float]], frequency_hz: float) -> Slabs:
        """Return the slabs of (material, thickness in metres)."""
        permittivity = [material.permittivity(frequency_hz) for material, _ in layers]
        thickness_m = np.array([thickness for _, thickness in layers], float)
        return cls(np.array(permittivity, complex), thickness_m, frequency_hz)


def complex_permittivity(relative: float, siemens_per_m: float, frequency_hz: float) -> complex:
    """Return the relative permittivity with the loss of a conductivity in it."""
    return relative - 1j * siemens_per_m / (2 * np.pi * frequency_hz * VACUUM_F_PER_M)


def reflection(cos_incidence: F64, slabs: Slabs, which: NDArray[np.int64]) -> tuple[C128, C128]:
    """Return the reflected share of the field across and along the plane of incidence.

    Both have the sign of the field seen in the mirror: -1 and -1 at a perfect conductor, equal at
    normal incidence.

    Args:
        cos_incidence: cosine of the angle between ray and normal, 0 to 1, any shape.
        slabs: the slabs.
        which: index of the slab that is met, shaped like `cos_incidence`.
    """
    (across, along), turn = _faces(cos_incidence, slabs, which)
    return _echoes(across, turn), -_echoes(along, turn)


def transmission(cos_incidence: F64, slabs: Slabs, which: NDArray[np.int64]) -> tuple[C128, C128]:
    """Return the field behind a slab, across and along; 1 is the field before it."""
    (across, along), turn = _faces(cos_incidence, slabs, which)
    through = [
        (1 - face * face) * turn / (1 - face * face * turn * turn) for face in (across, along)
    ]
    return through[0], through[1]


def _faces(
    cos_incidence: F64, slabs: Slabs, which: NDArray[np.int64]
) -> tuple[tuple[C128, C128], C128]:
    """Return the Fresnel coefficients of one face and the turn of phase through the slab."""
    permittivity: C128 = slabs.permittivity[which]
    root: C128 = np.sqrt(permittivity - (1 - cos_incidence**2))
    across: C128 = np.divide(cos_incidence - root, cos_incidence + root)
    steep = permittivity * cos_incidence
    along = (steep - root) / (steep + root)
    wave_number = 2 * np.pi * slabs.frequency_hz / LIGHT_MPS
    turn = np.exp(-1j * wave_number * slabs.thickness_m[which] * root)
    return (across, along), turn


def _echoes(face: C128, turn: C128) -> C128:
    """Return the sum of all reflections between the two faces of a slab."""
    twice = turn * turn
    total: C128 = face * (1 - twice) / (1 - face * face * twice)
    return total
