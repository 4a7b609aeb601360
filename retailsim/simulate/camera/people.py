"""Bodies: the rings of torso, head, hair, limbs, clothes and bags of everyone, as one mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.attire import SKIRT_RINGS, bags, skirt
from retailsim.simulate.camera.figure import Figures, Material, figures_of
from retailsim.simulate.camera.limbs import ARM_RINGS, LEG_RINGS, arm, foot, leg
from retailsim.simulate.camera.mesh import F32, Part, Rings, Tube, TubeMesh, unit
from retailsim.simulate.camera.pose import HAND, Skeleton, pose_people
from retailsim.simulate.camera.trunk import HAIR, HEAD, TORSO, hair, head, torso
from retailsim.simulate.snapshot import People

TUBES = (
    Tube(len(TORSO), 14, mirrored=True), Tube(len(HEAD), 12, mirrored=True),
    Tube(len(HAIR) + 3, 12, mirrored=True), Tube(LEG_RINGS, 8), Tube(LEG_RINGS, 8), Tube(6, 8),
    Tube(6, 8), Tube(ARM_RINGS, 8), Tube(ARM_RINGS, 8), Tube(SKIRT_RINGS, 16),
    Tube(6, 8, 0.45, mirrored=True), Tube(7, 4, mirrored=True), Tube(7, 4, mirrored=True),
)  # fmt: skip
MESH = TubeMesh(TUBES)


@dataclass(frozen=True)
class CrowdMesh:
    """Everyone's skin and clothes in the world.

    Attributes:
        position, normal: float32 (n, v, 3), metres.
        cloth: u around and v along the cloth in metres, float32 (n, v, 2).
        material: Material of the patch that ends at the vertex, uint8 (n, v).
        palette: see Figures.
        hands: left and right palm, float32 (n, 2, 3), metres.
    """

    position: F32
    normal: F32
    cloth: F32
    material: NDArray[np.uint8]
    palette: F32
    hands: F32


def crowd_mesh(people: People) -> CrowdMesh:
    """Return the mesh of everybody in the world, feet on the floor at `xy_m`."""
    if not people.body:
        return _NOBODY
    figures = figures_of(people.body)
    skeleton = pose_people(people, figures.height_m, figures.habit)
    parts = _parts(figures, skeleton)
    rings = Rings(
        *(
            np.concatenate(
                [getattr(p, name) for p in parts], 1, dtype=np.float32, casting="same_kind"
            )
            for name in ("centre", "side", "front")
        )
    )
    position, normal = MESH.skin(rings)
    material = np.concatenate([p.material for p in parts], 1).astype(np.uint8)
    along = np.concatenate([p.along for p in parts], 1).astype(np.float32)
    cloth = np.empty((*position.shape[:2], 2), np.float32)
    cloth[..., 0] = MESH.angle * _CLOTH_RADIUS
    cloth[..., 1] = along[:, MESH.ring_of]
    return CrowdMesh(
        position=_to_world(people, position, moves=True),
        normal=_to_world(people, normal, moves=False),
        cloth=cloth,
        material=material[:, MESH.ring_of],
        palette=figures.palette,
        hands=_to_world(people, _hands(skeleton, figures.height_m), moves=True),
    )


def _hands(skeleton: Skeleton, height_m: F32) -> F32:
    palms = [
        arm.end + unit(arm.end - arm.middle) * (0.5 * HAND * height_m)[:, None]
        for arm in skeleton.arms
    ]
    return np.stack(palms, 1)


def _to_world(people: People, vectors: F32, *, moves: bool) -> F32:
    c = np.cos(people.heading_rad).astype(np.float32)[:, None]
    s = np.sin(people.heading_rad).astype(np.float32)[:, None]
    out = np.empty_like(vectors)
    x, y = vectors[..., 0], vectors[..., 1]
    out[..., 0] = c * x - s * y
    out[..., 1] = s * x + c * y
    out[..., 2] = vectors[..., 2]
    if moves:
        out[..., :2] += people.xy_m.astype(np.float32)[:, None, :]
    return out


def _parts(figures: Figures, skeleton: Skeleton) -> list[Part]:
    scale = figures.height_m / 1.75
    left_leg, right_leg = skeleton.legs
    left_arm, right_arm = skeleton.arms
    return [
        torso(figures, skeleton, scale),
        head(figures, skeleton, scale),
        hair(figures, skeleton, scale),
        leg(figures, left_leg, scale),
        leg(figures, right_leg, scale),
        foot(left_leg, skeleton.foot_pitch[:, 0], scale, 1),
        foot(right_leg, skeleton.foot_pitch[:, 1], scale, -1),
        arm(figures, left_arm, scale, 1),
        arm(figures, right_arm, scale, -1),
        skirt(figures, skeleton, scale),
        *bags(figures, skeleton, scale),
    ]


_RADII = (0.15, 0.075, 0.085, 0.07, 0.07, 0.04, 0.04, 0.05, 0.05, 0.19, 0.1, 0.015, 0.015)
_CLOTH_RADIUS = np.concatenate(
    [np.full(t.rings * (t.segments + 1), r, np.float32) for t, r in zip(TUBES, _RADII, strict=True)]
)
_NOBODY = CrowdMesh(
    position=np.zeros((0, MESH.vertices, 3), np.float32),
    normal=np.zeros((0, MESH.vertices, 3), np.float32),
    cloth=np.zeros((0, MESH.vertices, 2), np.float32),
    material=np.zeros((0, MESH.vertices), np.uint8),
    palette=np.zeros((0, len(Material), 2, 4), np.float32),
    hands=np.zeros((0, 2, 3), np.float32),
)
