"""Antennas as vector fields: gain pattern and polarisation in every direction.

An element is told unit vectors (..., 3) and returns the complex field (..., 3) it sends there, at
right angles to them: its length is the amplitude gain over an isotropic element. What it receives
from there is the product of that vector with the arriving field, not conjugated (reciprocity).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]

FRONT_TO_BACK_DB = 20.0  # typical data sheet value of a patch antenna
DIPOLE_GAIN = 1.64  # of a half-wave dipole, broadside
# Meandered arms carry some current across the tag's axis; it fills the nulls (assumed).
CROSS_POLAR = 0.3


class Element(Protocol):
    """Something that radiates."""

    def field(self, direction: F64) -> C128:
        """Return the field sent into unit directions (..., 3)."""
        ...


@dataclass(frozen=True)
class Isotropic:
    """The same amplitude everywhere: along theta for 'V', along phi for 'H'."""

    polarisation: Literal["V", "H"] = "V"

    def field(self, direction: F64) -> C128:
        """Return the field sent into unit directions (..., 3)."""
        x, y, z = direction[..., 0], direction[..., 1], direction[..., 2]
        level = np.maximum(np.hypot(x, y), 1e-12)
        cos, sin = x / level, y / level
        if self.polarisation == "H":
            return np.stack([-sin, cos, np.zeros_like(z)], axis=-1).astype(np.complex128)
        return np.stack([z * cos, z * sin, -level], axis=-1).astype(np.complex128)


@dataclass(frozen=True)
class Patch:
    """A right-hand circular patch antenna.

    Attributes:
        boresight: unit vector.
        gain_dbi: on boresight.
        beamwidth_deg: full half-power width.
    """

    boresight: tuple[float, float, float]
    gain_dbi: float
    beamwidth_deg: float

    def field(self, direction: F64) -> C128:
        """Return the field sent into unit directions (..., 3).

        Ludwig's third definition: the two linear polarisations of the boresight, turned with the
        ray, so that the wave is circular everywhere.
        """
        boresight, circular = self._axes
        ahead = direction @ boresight
        gain = 10 ** (self.gain_dbi / 20) * pattern(ahead, float(np.deg2rad(self.beamwidth_deg)))
        lean = gain * (direction @ circular) / np.maximum(1 + ahead, 1e-6)
        field: C128 = gain[..., None] * circular - lean[..., None] * (direction + boresight)
        return field

    @cached_property
    def _axes(self) -> tuple[F64, C128]:
        """Return the boresight, and (u + j v) / sqrt 2 of u, v at right angles to it."""
        boresight = np.array(self.boresight)
        u = np.cross(boresight, np.eye(3)[np.argmin(np.abs(boresight))])
        u = u / np.linalg.norm(u)
        return boresight, (u + 1j * np.cross(u, boresight)) / np.sqrt(2)


def pattern(cos_angle: F64, beamwidth_rad: float) -> F64:
    """Return the amplitude pattern: 12 (angle / beamwidth)^2 dB down to the front-to-back ratio.

    3GPP TR 36.814, table A.2.1.1-2.
    """
    angle = np.arccos(np.minimum(np.maximum(cos_angle, -1), 1))
    loss_db = np.minimum(12 * (angle / beamwidth_rad) ** 2, FRONT_TO_BACK_DB)
    amplitude: F64 = np.exp(loss_db * (-np.log(10) / 20))
    return amplitude


def dipole(axis: F64, cross_axis: F64) -> C128:
    """Return the effective vectors (n, 3) of tags whose dipoles lie along `axis` (n, 3).

    Its product with an arriving field is what the tag takes up; the transverse part of the vector
    gives the sine pattern of a dipole by itself. `cross_axis` is at right angles to `axis`.
    """
    moment: C128 = np.sqrt(DIPOLE_GAIN / (1 + CROSS_POLAR**2)) * (
        axis + 1j * CROSS_POLAR * cross_axis
    )
    return moment
