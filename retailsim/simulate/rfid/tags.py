"""What makes one tag differ from the next, and how a tag answers what reaches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.elements import dipole
from retailsim.simulate.streams import stream

F64 = NDArray[np.float64]
C128 = NDArray[np.complex128]
Which = NDArray[np.int64] | slice

# Measured turn-on: 11.9 to 14.2 dBm of reader power at 2 m through a patch antenna, about -17 dBm
# at the tag.
SENSITIVITY_DBM = (-17.0, 0.8)
# Received power against transmitted power was measured with a slope of 0.59 to 0.89; it falls
# short of 1 by the share the tag's rectifier takes as it saturates.
MODULATION_SLOPE = (0.11, 0.41)
MODULATION_AT_TURN_ON_DB = -6.0  # assumed
GARMENT_LOSS_DB = (1.0, 3.0)  # of the tag in its fabric (assumed); neighbours: see `detuning`
PENDULUM_M = 0.45  # tag below the bar it swings from


@dataclass(frozen=True)
class Tags:
    """Constant properties of all tags of a shop, one row each, in the order of `plan.items`.

    Attributes:
        axis: unit vector of the dipole at rest, float64 (g, 3).
        moment: effective vector at rest (see `elements.dipole`), complex128 (g, 3).
        sensitivity_dbm: power at which the chip wakes up (g,).
        loss_db: loss on each way in the garment (g,).
        modulation_slope: dB of modulation lost per dB above the turn-on power (g,).
        phase_rad: of the tag's own reflection (g,).
    """

    axis: F64
    moment: C128
    sensitivity_dbm: F64
    loss_db: F64
    modulation_slope: F64
    phase_rad: F64

    @classmethod
    def draw(cls, count: int, *, seed: int) -> Tags:
        """Draw the tags of a shop."""
        rng = stream(seed, "rfid", "tags")
        axis = rng.normal(size=(count, 3))
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        cross = np.cross(axis, stream(seed, "rfid", "tags", "cross").normal(size=(count, 3)))
        cross /= np.linalg.norm(cross, axis=1, keepdims=True)
        return cls(
            axis,
            dipole(axis, cross),
            rng.normal(*SENSITIVITY_DBM, count),
            rng.uniform(*GARMENT_LOSS_DB, count),
            rng.uniform(*MODULATION_SLOPE, count),
            rng.uniform(0, 2 * np.pi, count),
        )

    def incident_dbm(self, tag: Which, path_db: F64, tx_power_dbm: float) -> F64:
        """Return the power at the chips of `tag` (n,) behind one-way gains `path_db` (n,)."""
        return tx_power_dbm + path_db - self.loss_db[tag]

    def weakest_path_db(self, tx_power_dbm: float) -> F64:
        """Return the one-way gain below which each tag does not wake up (g,)."""
        weakest: F64 = self.sensitivity_dbm + self.loss_db - tx_power_dbm
        return weakest

    def answer_dbm(self, tag: Which, path_db: F64, tx_power_dbm: float) -> F64:
        """Return the power received back at the reader (n,)."""
        return self.answer(tag, path_db, tx_power_dbm)[1]

    def answer(
        self, tag: Which, path_db: F64, tx_power_dbm: float
    ) -> tuple[NDArray[np.bool_], F64]:
        """Return which of `tag` (n,) wake up, and what the reader receives back from them, dBm."""
        surplus_db = self.incident_dbm(tag, path_db, tx_power_dbm) - self.sensitivity_dbm[tag]
        modulation_db = MODULATION_AT_TURN_ON_DB - self.modulation_slope[tag] * np.maximum(
            surplus_db, 0
        )
        reply_dbm = tx_power_dbm + 2 * (path_db - self.loss_db[tag]) + modulation_db
        return surplus_db >= 0, reply_dbm


def turned(moment: C128, turn_rad: F64) -> C128:
    """Return effective vectors (n, 3) turned about the vertical by angles (n,).

    A circular antenna overhead sees its phase turned by as much, on each way.
    """
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    x, y, z = moment.T
    about: C128 = np.column_stack([cos * x - sin * y, sin * x + cos * y, z])
    return about


def tilted(moment: C128, offset_m: F64) -> C128:
    """Return the effective vectors (n, 3) of tags that hang `offset_m` (n, 3) beside their rest."""
    turn_x, turn_y = offset_m[:, 1] / PENDULUM_M, -offset_m[:, 0] / PENDULUM_M
    x, y, z = moment.T
    moved = moment + np.column_stack([turn_y * z, -turn_x * z, turn_x * y - turn_y * x])
    size = np.linalg.norm(moment, axis=1, keepdims=True)
    turned: C128 = moved * (size / np.linalg.norm(moved, axis=1, keepdims=True))
    return turned
