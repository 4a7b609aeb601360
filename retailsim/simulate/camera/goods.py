"""Which garments stand still, and what the moving ones look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.garments import GarmentMeshes, garment_meshes, place_garment, turned
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.people import CrowdMesh
from retailsim.simulate.snapshot import Place, Pose, Snapshot, Swing, swing_offset_m
from retailsim.store.plan import StorePlan
from retailsim.store.slots import TAG_BELOW_BAR_M

MOVED_M = 0.005


@dataclass(frozen=True)
class Change:
    """What is different on the fixtures since the last tick.

    Attributes:
        garment: rows whose place at rest appeared, vanished or moved, intp (c,).
        touched: vertices whose part of the picture must be drawn again, float32 (c, 2v, 3).
        replaced: those of `garment` that have a new mesh at rest, intp.
    """

    garment: NDArray[Any]
    touched: F32
    replaced: NDArray[Any]


class Goods:
    """Follows the garments from snapshot to snapshot."""

    def __init__(self, plan: StorePlan) -> None:
        self._plan = plan
        self.meshes: GarmentMeshes = garment_meshes(plan)
        self._tags = np.array([plan.slot_xyz_m(i.fixture, i.slot) for i in plan.items]).reshape(
            -1, 3
        )
        self.present = np.ones(len(plan.items), bool)

    def follow(self, snapshot: Snapshot) -> Change:
        """Take over the garments at rest and say what changed."""
        garments = snapshot.garments
        present = garments.place == Place.ON_FIXTURE
        present[[s.garment for s in _swinging(snapshot)]] = False
        moved = np.abs(garments.tag_xyz_m - self._tags).max(1, initial=0.0) > MOVED_M
        replaced = np.flatnonzero((garments.place == Place.ON_FIXTURE) & moved)
        changed = np.union1d(np.flatnonzero(present != self.present), replaced)
        before = self.meshes.position[changed]
        for row in replaced:
            self._replace(int(row), garments.tag_xyz_m[row])
        self.present = present
        touched = np.concatenate([before, self.meshes.position[changed]], 1)
        return Change(changed, touched, replaced)

    def moving(self, snapshot: Snapshot, crowd: CrowdMesh) -> tuple[NDArray[Any], F32, F32]:
        """Return rows, positions and normals of the garments that swing or are carried."""
        rows, positions, normals = [], [], []
        for swing in _swinging(snapshot):
            offset = swing_offset_m(swing, np.array([snapshot.time_ns]))[0]
            rows.append(swing.garment)
            positions.append(self._swung(swing.garment, offset))
            normals.append(self.meshes.normal[swing.garment])
        carried: dict[int, int] = {}
        for row in np.flatnonzero(snapshot.garments.place == Place.CARRIED):
            holder = int(snapshot.garments.holder[row])
            if holder < 0 or snapshot.people.pose[holder] == Pose.ARMFUL:
                continue  # an armful is drawn as a pile, with its carrier
            carried[holder] = carried.get(holder, -1) + 1
            position, normal = self._carried(int(row), holder, carried[holder], snapshot, crowd)
            rows.append(int(row))
            positions.append(position)
            normals.append(normal)
        if not rows:
            nothing = self.meshes.position[:0]
            return np.zeros(0, np.intp), nothing, nothing
        return np.array(rows), np.stack(positions), np.stack(normals)

    def _replace(self, row: int, tag_xyz_m: NDArray[Any]) -> None:
        placed = place_garment(self._plan, row, tag_xyz_m)
        for name, value in placed.items():
            getattr(self.meshes, name)[row] = value
        self._tags[row] = tag_xyz_m

    def _swung(self, row: int, offset: NDArray[Any]) -> F32:
        """Shear the garment about the bar so that its tag is displaced by `offset`."""
        position = self.meshes.position[row]
        if self.meshes.folded[row]:
            return np.asarray(position + offset, np.float32)
        below = (self.meshes.top_xyz_m[row, 2] - position[:, 2:3]) / TAG_BELOW_BAR_M
        return np.asarray(position + offset * np.clip(below, 0, None), np.float32)

    def _carried(
        self, row: int, holder: int, order: int, snapshot: Snapshot, crowd: CrowdMesh
    ) -> tuple[F32, F32]:
        """Fold the garment over the hand that is nearer to its tag."""
        hands = crowd.hands[holder]
        tag = snapshot.garments.tag_xyz_m[row]
        hand = hands[np.argmin(((hands - tag) ** 2).sum(1))]
        heading = float(snapshot.people.heading_rad[holder])
        local = self.meshes.local[row].copy()
        if not self.meshes.folded[row]:
            local[:, 2] = (local[:, 2] + 0.10) * 0.6
            local[:, 1] *= 0.8
            local[:, 0] *= 1.3
        away = np.array([np.cos(heading), np.sin(heading), 0]) * (0.05 + 0.045 * order)
        position = turned(local, heading) + (hand + away + [0, 0, 0.03])
        return position.astype(np.float32), turned(self.meshes.local_normal[row], heading)


def _swinging(snapshot: Snapshot) -> list[Swing]:
    now = snapshot.time_ns
    return [s for s in snapshot.swings if s.start_ns <= now <= s.end_ns]
