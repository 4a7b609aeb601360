"""Bodies: the rings of torso, head, hair, limbs, clothes and bags of everyone, as one mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.attire import SKIRT_RINGS, skirt
from retailsim.simulate.camera.bags import BAG_RINGS, STRAP_RINGS, bags
from retailsim.simulate.camera.bones import Skeleton
from retailsim.simulate.camera.figure import HAIR_STYLES, HEADWEAR, Figures, Material, figures_of
from retailsim.simulate.camera.gestures import palm
from retailsim.simulate.camera.heads import HAIR_RINGS, HAT_RINGS, HEAD, TAIL_RINGS, TIED, heads
from retailsim.simulate.camera.keypoints import KEYPOINTS, body_keypoints_m
from retailsim.simulate.camera.limbs import ARM_RINGS, LEG_RINGS, arm, foot, leg
from retailsim.simulate.camera.mesh import F32, Part, Rings, Tube, TubeMesh
from retailsim.simulate.camera.pose import pose_people
from retailsim.simulate.camera.props import NOTHING, Props, props_of
from retailsim.simulate.camera.trunk import TORSO, torso
from retailsim.simulate.snapshot import People

# (tube, radius in metres by which its cloth is measured around)
_TUBES = (
    (Tube(len(TORSO), 14, mirrored=True), 0.15),
    (Tube(len(HEAD), 12, mirrored=True), 0.075),
    (Tube(HAIR_RINGS, 12, mirrored=True), 0.085),
    (Tube(TAIL_RINGS, 6), 0.04),
    (Tube(HAT_RINGS, 12, mirrored=True), 0.085),
    (Tube(LEG_RINGS, 8), 0.07),
    (Tube(LEG_RINGS, 8), 0.07),
    (Tube(6, 8), 0.04),
    (Tube(6, 8), 0.04),
    (Tube(ARM_RINGS, 8), 0.05),
    (Tube(ARM_RINGS, 8), 0.05),
    (Tube(SKIRT_RINGS, 16), 0.19),
    (Tube(BAG_RINGS, 8, 0.45, mirrored=True), 0.1),
    (Tube(STRAP_RINGS, 4, mirrored=True), 0.015),
    (Tube(STRAP_RINGS, 4, mirrored=True), 0.015),
)
TUBES = tuple(tube for tube, _ in _TUBES)
_HAIR, _TAIL, _HAT, _SKIRT, _BAG = 2, 3, 4, 11, 12
MESH = TubeMesh(TUBES)


@dataclass(frozen=True)
class CrowdMesh:
    """Everyone's skin and clothes in the world.

    Attributes:
        position, normal: float32 (n, v, 3), metres.
        cloth: u around and v along the cloth in metres, float32 (n, v, 2).
        material: Material of the patch that ends at the vertex, uint8 (n, v).
        palette: see Figures.
        worn: which tubes of MESH a person has at all, hats and bags as an example, (n, tubes).
        hands: left and right palm, float32 (n, 2, 3), metres.
        keypoints: the 17 of COCO in its order (see keypoints.KEYPOINTS), float32 (n, 17, 3),
            metres in the world.
        props: prams and piles, drawn but in nobody's box.
    """

    position: F32
    normal: F32
    cloth: F32
    material: NDArray[np.uint8]
    palette: F32
    worn: NDArray[np.bool_]
    hands: F32
    keypoints: F32
    props: Props

    @cached_property
    def bounds(self) -> F32:
        """The lowest and highest corner of everyone, props with them, (n, 2, 3)."""
        low, high = self.position.min(1), self.position.max(1)
        for row in np.unique(self.props.owner):
            thing = self.props.position[self.props.owner == row]
            low[row] = np.minimum(low[row], thing.min(0))
            high[row] = np.maximum(high[row], thing.max(0))
        return np.stack([low, high], 1)


def crowd_mesh(people: People) -> CrowdMesh:
    """Return the mesh of everybody in the world, feet on the floor at `xy_m`."""
    if not people.body:
        return _NOBODY
    figures = figures_of(people.body)
    skeleton = pose_people(people, figures)
    parts = _parts(figures, skeleton)
    # Rings are turned into the world, not vertices: there are eleven times fewer.
    centre, side, front = (
        np.concatenate([getattr(p, name) for p in parts], 1, dtype=np.float32, casting="same_kind")
        for name in ("centre", "side", "front")
    )
    rings = Rings(
        _to_world(people, centre, moves=True),
        _to_world(people, side, moves=False),
        _to_world(people, front, moves=False),
    )
    position, normal = MESH.skin(rings)
    material = np.concatenate([p.material for p in parts], 1).astype(np.uint8)
    along = np.concatenate([p.along for p in parts], 1).astype(np.float32)
    cloth = np.empty((*position.shape[:2], 2), np.float32)
    cloth[..., 0] = MESH.angle * _CLOTH_RADIUS
    cloth[..., 1] = along.take(MESH.ring_of, 1)
    palms = np.stack([palm(a.end, a.middle, figures.frame_m) for a in skeleton.arms], 1)
    return CrowdMesh(
        position=position,
        normal=normal,
        cloth=cloth,
        material=material.take(MESH.ring_of, 1),
        palette=figures.palette,
        worn=_worn(figures),
        hands=_to_world(people, palms, moves=True),
        keypoints=_to_world(people, body_keypoints_m(figures, skeleton), moves=True),
        props=props_of(people, figures),
    )


def _worn(figures: Figures) -> NDArray[np.bool_]:
    """Return whether each tube of MESH can be seen, (n, tubes); what nobody wears costs nothing."""
    out = np.ones((len(figures.height_m), len(TUBES)), bool)
    scarf = figures.headwear == HEADWEAR.index("headscarf")
    bald = figures.hair == HAIR_STYLES.index("bald")
    out[:, _HAIR] = ~(bald | scarf)
    out[:, _TAIL] = TIED[figures.hair] & ~scarf
    out[:, _HAT] = figures.headwear > 0
    out[:, _SKIRT] = figures.skirt_hem > 0
    out[:, _BAG:] = (figures.bag > 0)[:, None]
    return out


def _to_world(people: People, vectors: F32, *, moves: bool) -> F32:
    c = np.cos(people.heading_rad).astype(np.float32)[:, None]
    s = np.sin(people.heading_rad).astype(np.float32)[:, None]
    out = np.empty_like(vectors, dtype=np.float32)
    x, y = vectors[..., 0], vectors[..., 1]
    out[..., 0] = c * x - s * y
    out[..., 1] = s * x + c * y
    out[..., 2] = vectors[..., 2]
    if moves:
        out[..., :2] += people.xy_m.astype(np.float32)[:, None, :]
    return out


def _parts(figures: Figures, skeleton: Skeleton) -> list[Part]:
    scale = figures.scale
    left_leg, right_leg = skeleton.legs
    left_arm, right_arm = skeleton.arms
    return [
        torso(figures, skeleton, scale),
        *heads(figures, skeleton),
        leg(figures, left_leg, scale),
        leg(figures, right_leg, scale),
        foot(left_leg, skeleton.foot_pitch[:, 0], scale, 1),
        foot(right_leg, skeleton.foot_pitch[:, 1], scale, -1),
        arm(figures, left_arm, scale, 1),
        arm(figures, right_arm, scale, -1),
        skirt(figures, skeleton, scale),
        *bags(figures, skeleton, scale),
    ]


_CLOTH_RADIUS = np.concatenate(
    [np.full(t.rings * (t.segments + 1), radius, np.float32) for t, radius in _TUBES]
)
_NOBODY = CrowdMesh(
    position=np.zeros((0, MESH.vertices, 3), np.float32),
    normal=np.zeros((0, MESH.vertices, 3), np.float32),
    cloth=np.zeros((0, MESH.vertices, 2), np.float32),
    material=np.zeros((0, MESH.vertices), np.uint8),
    palette=np.zeros((0, len(Material), 2, 4), np.float32),
    worn=np.zeros((0, len(TUBES)), bool),
    hands=np.zeros((0, 2, 3), np.float32),
    keypoints=np.zeros((0, len(KEYPOINTS), 3), np.float32),
    props=NOTHING,
)
