"""Bodies: the rings of torso, head, hair, limbs, clothes and bags of everyone, as one mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import Figures, Material, figures_of
from retailsim.simulate.camera.mesh import F32, Rings, Tube, TubeMesh, cross, unit
from retailsim.simulate.camera.pose import HAND, Limb, Skeleton, arc, pose_people
from retailsim.simulate.snapshot import People

SPINE = 0.288  # hip to shoulder joints, share of stature
HIP = 0.53
# (height as share of stature, half width, half depth) in metres for 1.75 m; after mean breadths
# and depths of the ANSUR II survey (Gordon et al. 2014), rounded.
TORSO = np.array(
    [
        (0.455, 0.05, 0.04), (0.462, 0.125, 0.088), (0.485, 0.168, 0.112), (0.53, 0.176, 0.118),
        (0.535, 0.177, 0.118), (0.58, 0.160, 0.110), (0.63, 0.148, 0.100), (0.685, 0.158, 0.108),
        (0.73, 0.172, 0.118), (0.775, 0.182, 0.112), (0.805, 0.178, 0.094), (0.826, 0.135, 0.074),
        (0.842, 0.070, 0.058),
    ],
    np.float32,
)  # fmt: skip
# Head: (height above the neck's base, half width, half depth, shift ahead), metres for 1.75 m.
HEAD = np.array(
    [
        (-0.02, 0.062, 0.060, 0.000), (0.030, 0.056, 0.058, 0.006), (0.058, 0.055, 0.062, 0.012),
        (0.070, 0.052, 0.075, 0.024), (0.095, 0.064, 0.090, 0.020), (0.130, 0.073, 0.098, 0.014),
        (0.170, 0.077, 0.100, 0.010), (0.210, 0.077, 0.100, 0.006), (0.245, 0.070, 0.092, 0.003),
        (0.272, 0.052, 0.070, 0.001), (0.287, 0.024, 0.034, 0.000), (0.290, 0.004, 0.006, 0.000),
    ],
    np.float32,
)  # fmt: skip
# Hair: (height, half width, half depth, shift ahead, tilt: front above centre), metres.
HAIR = np.array(
    [
        (0.150, 0.078, 0.098, -0.006, 0.075), (0.165, 0.084, 0.104, -0.006, 0.072),
        (0.205, 0.085, 0.109, -0.004, 0.050), (0.245, 0.079, 0.102, -0.002, 0.022),
        (0.277, 0.058, 0.076, -0.002, 0.006), (0.298, 0.026, 0.034, -0.003, 0.0),
        (0.301, 0.004, 0.005, -0.003, 0.0),
    ],
    np.float32,
)  # fmt: skip
LEG = np.array(
    [
        (-0.05, 0.070, 0.080), (0.08, 0.086, 0.096), (0.35, 0.082, 0.088), (0.65, 0.070, 0.073),
        (0.90, 0.058, 0.062), (1.05, 0.052, 0.058), (1.30, 0.054, 0.062), (1.60, 0.044, 0.048),
        (1.90, 0.034, 0.038), (2.00, 0.036, 0.042),
    ],
    np.float32,
)  # fmt: skip
ARM = np.array(
    [
        (0.00, 0.050, 0.056), (0.10, 0.054, 0.058), (0.20, 0.053, 0.056), (0.55, 0.045, 0.048),
        (0.85, 0.040, 0.042), (1.05, 0.038, 0.041), (1.30, 0.040, 0.041), (1.65, 0.034, 0.034),
        (2.00, 0.027, 0.023),
    ],
    np.float32,
)  # fmt: skip
PALM = np.array(
    [(2.25, 0.020, 0.038), (2.55, 0.018, 0.043), (2.85, 0.012, 0.030), (3.0, 0.004, 0.012)]
)
SLEEVE_RINGS, BARE_RINGS, LEG_CLOTH, LEG_BARE, SKIRT_RINGS = 7, 4, 8, 5, 8
LEG_RINGS, ARM_RINGS = LEG_CLOTH + LEG_BARE, SLEEVE_RINGS + BARE_RINGS + len(PALM)
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


@dataclass(frozen=True)
class _Part:
    """One tube of everyone: centre, side, front (n, k, 3), material and cloth v (n, k)."""

    centre: F32
    side: F32
    front: F32
    material: np.ndarray
    along: np.ndarray


def crowd_mesh(people: People) -> CrowdMesh:
    """Return the mesh of everybody in the world, feet on the floor at `xy_m`."""
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


def _parts(figures: Figures, skeleton: Skeleton) -> list[_Part]:
    scale = figures.height_m / 1.75
    left_leg, right_leg = skeleton.legs
    left_arm, right_arm = skeleton.arms
    return [
        _torso(figures, skeleton, scale),
        _head(figures, skeleton, scale),
        _hair(figures, skeleton, scale),
        _leg(figures, left_leg, scale),
        _leg(figures, right_leg, scale),
        _foot(left_leg, skeleton.foot_pitch[:, 0], scale, 1),
        _foot(right_leg, skeleton.foot_pitch[:, 1], scale, -1),
        _arm(figures, left_arm, scale, 1),
        _arm(figures, right_arm, scale, -1),
        _skirt(figures, skeleton, scale),
        *_bags(figures, skeleton, scale),
    ]


def _spine(figures: Figures, skeleton: Skeleton, height: np.ndarray) -> tuple[F32, F32, F32]:
    """Return centre, left and front unit vectors of the trunk at heights (n, k) of stature."""
    share = (height - HIP) / SPINE
    lean, twist = skeleton.lean[:, None], skeleton.twist[:, None] * np.clip(share, -0.3, 1.1)
    centre = skeleton.pelvis[:, None] + arc(lean, share, SPINE * figures.height_m[:, None])
    pitch = lean * np.clip(0.5 + 0.5 * share, 0.0, 1.1)
    zero = np.zeros_like(pitch)
    left = np.stack([-np.sin(twist), np.cos(twist), zero], -1)
    front = np.stack(
        [np.cos(pitch) * np.cos(twist), np.cos(pitch) * np.sin(twist), -np.sin(pitch)], -1
    )
    return centre.astype(np.float32), left.astype(np.float32), front.astype(np.float32)


def _torso(figures: Figures, skeleton: Skeleton, scale: F32) -> _Part:
    n = len(scale)
    height = np.tile(TORSO[:, 0], (n, 1))
    has_skirt_top = figures.skirt_hem > 0
    # Two rings meet at the top's hem: the lower belongs to the trousers, the upper is wider.
    hem = np.where(has_skirt_top, 0.475, figures.top_hem)
    height[:, 2], height[:, 3] = hem - 0.002, hem
    height[:, 1] = np.minimum(height[:, 1], hem - 0.006)
    hips = 1 + 0.10 * (figures.habit[:, 5] - 0.5)
    shoulders = 1 + 0.08 * (figures.habit[:, 6] - 0.5)
    across = np.interp(height, TORSO[:, 0], TORSO[:, 1])
    deep = np.interp(height, TORSO[:, 0], TORSO[:, 2])
    upper = np.clip((height - 0.58) / 0.15, 0, 1)
    girth = figures.girth[:, None] ** (1.0 - 0.35 * upper)
    belly = 1 + np.maximum(figures.girth[:, None] - 1, 0) * np.exp(-(((height - 0.61) / 0.06) ** 2))
    ease = np.where(np.arange(len(TORSO)) >= 3, figures.body_ease[:, None], 1.0)
    ease = np.where(height > 0.82, 1 + (ease - 1) * 0.5, ease)
    width = across * girth * (hips[:, None] * (1 - upper) + shoulders[:, None] * upper) * ease
    centre, left, front = _spine(figures, skeleton, height)
    size = scale[:, None]
    dress = figures.trouser_end[:, None] == 0
    below = np.where(dress & has_skirt_top[:, None], Material.TOP, Material.BOTTOM)
    material = np.where(np.arange(len(TORSO)) >= 3, Material.TOP, below)
    return _Part(
        centre,
        left * (width * size)[..., None].astype(np.float32),
        front * (deep * girth * belly * ease * size)[..., None].astype(np.float32),
        material,
        height * figures.height_m[:, None],
    )


def _head_frame(figures: Figures, skeleton: Skeleton) -> tuple[F32, F32, F32, F32]:
    """Return the neck's base and the head's left, front and up vectors, (n, 3) each."""
    base, _, _ = _spine(figures, skeleton, np.full((len(skeleton.lean), 1), 0.836, np.float32))
    yaw, pitch = skeleton.head_yaw + skeleton.twist, skeleton.head_pitch
    zero = np.zeros_like(yaw)
    left = np.stack([-np.sin(yaw), np.cos(yaw), zero], 1)
    front = np.stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), -np.sin(pitch)], 1)
    up = cross(front, left)
    return base[:, 0], left, front, up


def _head(figures: Figures, skeleton: Skeleton, scale: F32) -> _Part:
    base, left, front, up = (v[:, None] for v in _head_frame(figures, skeleton))
    size = scale[:, None, None]
    h, across, deep, shift = (HEAD[None, :, i, None] * size for i in range(4))
    centre = base + up * h + front * shift
    material = np.tile(
        np.where(np.arange(len(HEAD)) < 3, Material.SKIN, Material.FACE), (len(scale), 1)
    )
    along = np.tile(HEAD[:, 0], (len(scale), 1))
    return _Part(centre, left * across, front * deep, material, along)


def _hair(figures: Figures, skeleton: Skeleton, scale: F32) -> _Part:
    base, left, front, up = (v[:, None] for v in _head_frame(figures, skeleton))
    n = len(scale)
    style = figures.hair[:, None]
    table = np.tile(HAIR[None], (n, 1, 1))
    # Long hair falls from the cap's edge behind the neck; a hat's brim goes out and back.
    fall = np.array([(-0.03, 0.075, 0.030, -0.085, 0.0), (0.06, 0.085, 0.045, -0.066, 0.0),
                     (0.12, 0.084, 0.070, -0.040, 0.04)])  # fmt: skip
    brim = np.array([(0.192, 0.092, 0.112, -0.002, 0.01), (0.196, 0.10, 0.165, 0.045, -0.01),
                     (0.202, 0.092, 0.112, -0.002, 0.01)])  # fmt: skip
    closed = np.tile(HAIR[:1], (3, 1))
    lower = np.where((style == 1)[..., None], fall, np.where((style == 3)[..., None], brim, closed))
    table = np.concatenate([lower, table], 1)
    cap = (style == 3)[..., None] & (np.arange(table.shape[1]) >= 3)[None, :, None]
    table = np.where(cap, table * [1, 1.06, 1.06, 1, 0.15] + [0.0, 0, 0, 0, 0], table)
    table[:, 3:6, 0] = np.where(style == 3, np.maximum(table[:, 3:6, 0], 0.203), table[:, 3:6, 0])
    table *= np.where(style == 2, 0.75, 1.0)[..., None]  # bald: inside the skull
    table = (table * scale[:, None, None]).astype(np.float32)
    h, across, deep, shift, tilt = (table[..., i, None] for i in range(5))
    centre = base + up * h + front * shift
    along = table[..., 0]
    material = np.full(along.shape, int(Material.HAIR))
    return _Part(centre, left * across, front * deep + up * tilt, material, along)


def _limb(limb: Limb, t: np.ndarray, tail_m: np.ndarray, joint: float) -> tuple[F32, F32, F32]:
    """Return centre, side and front unit vectors along a limb at bone coordinates t (n, k)."""
    first, second = limb.middle - limb.root, limb.end - limb.middle
    d1, d2 = unit(first)[:, None], unit(second)[:, None]
    a, b = np.minimum(t, 1)[..., None], np.clip(t - 1, 0, 1)[..., None]
    beyond = np.maximum(t - 2, 0)[..., None] * d2 * tail_m[:, None, None]
    centre = limb.root[:, None] + first[:, None] * a + second[:, None] * b + beyond
    w = np.clip((t - 1 + joint) / (2 * joint), 0, 1)[..., None]
    along = unit(d1 * (1 - w) + d2 * w)
    side = unit(limb.hinge[:, None] - (limb.hinge[:, None] * along).sum(-1, keepdims=True) * along)
    return centre.astype(np.float32), side.astype(np.float32), cross(along, side).astype(np.float32)


def _leg(figures: Figures, limb: Limb, scale: F32) -> _Part:
    end = figures.trouser_end[:, None]
    covered = end > 0
    # Garment rings spread from the hip to the hem; bare rings from the hem to the ankle.
    cloth_t = -0.05 + (np.maximum(end, 0.25) + 0.05) * np.linspace(0, 1, LEG_CLOTH)
    bare_t = np.maximum(end, 0.25) + (2.0 - np.maximum(end, 0.25)) * np.linspace(0, 1, LEG_BARE)
    t = np.concatenate([cloth_t, bare_t], 1)
    is_cloth = np.arange(t.shape[1]) < LEG_CLOTH
    side, deep = (np.interp(t, LEG[:, 0], LEG[:, i]) for i in (1, 2))
    wide = 0.9 + 0.25 * figures.habit[:, 3:4]
    hem = 0.052 + 0.03 * figures.habit[:, 3:4]
    for_legs = [np.maximum(r * 1.10 * wide**0.5, np.where(t > 0.9, hem, 0)) for r in (side, deep)]
    loose = is_cloth & covered
    side, deep = (np.where(loose, c, r) for c, r in zip(for_legs, (side, deep), strict=True))
    size = scale * figures.girth**0.8
    centre, x, y = _limb(limb, t, scale * 0, 0.16)
    shorts_or_skirt = np.where(covered, Material.SKIN, Material.LEG)
    material = np.where(is_cloth & covered, Material.BOTTOM, shorts_or_skirt)
    return _Part(
        centre,
        x * (side * size[:, None])[..., None].astype(np.float32),
        y * (deep * size[:, None])[..., None].astype(np.float32),
        material,
        t * 0.43 * scale[:, None],
    )


def _foot(limb: Limb, pitch: F32, scale: F32, side: int) -> _Part:
    # (behind or ahead of the ankle, height above the sole, half width, half height), metres.
    shape = np.array(
        [(-0.062, 0.035, 0.018, 0.020), (-0.055, 0.042, 0.034, 0.040), (0.0, 0.045, 0.038, 0.046),
         (0.07, 0.034, 0.043, 0.034), (0.15, 0.024, 0.045, 0.024), (0.195, 0.018, 0.020, 0.012)],
        np.float32,
    )  # fmt: skip
    out = side * 0.14
    c, s = np.cos(pitch)[:, None], np.sin(pitch)[:, None]
    x, z = shape[None, :, 0], shape[None, :, 1] - 0.068
    ahead, up = c * x + s * z, c * z - s * x
    size = scale[:, None]
    centre = limb.end[:, None] + np.stack([ahead * size, ahead * size * out, up * size], -1)
    n = len(scale)
    left = np.tile(np.array([-out, 1, 0], np.float32), (n, len(shape), 1))
    upward = np.stack([s + 0 * x, 0 * s * x, c + 0 * x], -1)
    width, tall = (
        shape[None, :, 2, None] * size[..., None],
        shape[None, :, 3, None] * size[..., None],
    )
    material = np.full((n, len(shape)), int(Material.SHOE))
    along = np.tile(shape[:, 0], (n, 1))
    return _Part(
        centre.astype(np.float32), left * width, (upward * tall).astype(np.float32), material, along
    )


def _arm(figures: Figures, limb: Limb, scale: F32, sign: int) -> _Part:
    sleeve = figures.sleeve[:, None]
    cloth_t = sleeve * np.linspace(0, 1, SLEEVE_RINGS) ** 1.2
    bare_t = sleeve + (2.02 - sleeve) * np.linspace(0, 1, BARE_RINGS)
    n = len(scale)
    t = np.concatenate([cloth_t, bare_t, np.tile(PALM[:, 0], (n, 1))], 1)
    table = np.concatenate([ARM, PALM])
    side, deep = (np.interp(t, table[:, 0], table[:, i]) for i in (1, 2))
    is_cloth = np.arange(t.shape[1]) < SLEEVE_RINGS
    grow = np.clip(t / 0.5, 0.1, 1)
    ease = np.where(is_cloth, 1 + (figures.sleeve_ease[:, None] - 1) * grow * 0.75, 1.0)
    size = scale * figures.girth**0.5
    centre, x, y = _limb(limb, t, HAND * figures.height_m, 0.2)
    # The shoulder's cap slopes up and inwards into the trunk.
    centre[:, 0] += np.array([0.0, -0.055 * sign, 0.022], np.float32) * scale[:, None]
    side[:, 0], deep[:, 0] = 0.034, 0.040
    material = np.where(is_cloth, Material.TOP, Material.SKIN)
    return _Part(
        centre,
        x * (side * ease * size[:, None])[..., None].astype(np.float32),
        y * (deep * ease * size[:, None])[..., None].astype(np.float32),
        np.tile(material, (n, 1)),
        t * 0.3 * scale[:, None],
    )


def _skirt(figures: Figures, skeleton: Skeleton, scale: F32) -> _Part:
    """A cone from the waist to the hem that follows both thighs."""
    n = len(scale)
    exists = figures.skirt_hem > 0
    hem = np.where(exists, figures.skirt_hem, 0.55)[:, None]
    # The last ring closes the hem from below.
    share = np.minimum(np.arange(SKIRT_RINGS) / (SKIRT_RINGS - 2), 1.0)[None]
    height = 0.61 + (hem - 0.61) * share
    waist = np.interp(height, TORSO[:, 0], TORSO[:, 1]), np.interp(height, TORSO[:, 0], TORSO[:, 2])
    hips = (np.maximum(w, 0.98 * m) for w, m in zip(waist, (0.176, 0.118), strict=True))
    grown = np.clip((0.61 - height) / 0.08, 0, 1)
    across, deep = (
        w * (1 - grown) + h * grown * (1 + figures.skirt_flare[:, None] * share**1.3)
        for w, h in zip(waist, hips, strict=True)
    )
    ease = np.where(figures.sleeve_ease > 1.6, 1.24, 1.06)[:, None] * figures.girth[:, None] ** 0.9
    size = scale[:, None]
    across, deep = across * ease * size, deep * ease * size
    drop = np.maximum(HIP - height, 0) * figures.height_m[:, None]
    knees = [_leg_at(leg, drop) for leg in skeleton.legs]
    low, high = np.minimum(knees[0], knees[1]), np.maximum(knees[0], knees[1])
    trunk, left, front = _spine(figures, skeleton, np.maximum(height, HIP))
    centre = trunk.copy()
    centre[..., 0] = np.where(height < HIP, (low + high) / 2, trunk[..., 0])
    centre[..., 2] -= drop
    deep = np.maximum(deep, (high - low) / 2 + 0.088 * size)
    shrink = np.where(exists, 1.0, 0.4)[:, None] * np.where(
        np.arange(SKIRT_RINGS) < SKIRT_RINGS - 1, 1, 0.3
    )
    coat = (figures.trouser_end > 0) | (figures.body_ease > 1.2)
    of_top = coat | (figures.body_ease < 1.05)
    material = np.where(of_top, Material.TOP, Material.BOTTOM)
    return _Part(
        centre.astype(np.float32),
        left * (across * shrink)[..., None].astype(np.float32),
        front * (deep * shrink)[..., None].astype(np.float32),
        np.tile(material[:, None], (1, SKIRT_RINGS)),
        height * figures.height_m[:, None] + np.zeros((n, 1)),
    )


def _leg_at(leg: Limb, drop: np.ndarray) -> np.ndarray:
    """Return how far ahead a leg is, `drop` metres below the hip, (n, k)."""
    knee, ankle = leg.middle - leg.root, leg.end - leg.middle
    thigh = np.maximum(-knee[:, 2:3], 0.05)
    above = knee[:, :1] * np.minimum(drop / thigh, 1.0)
    below = ankle[:, :1] * np.clip((drop - thigh) / np.maximum(-ankle[:, 2:3], 0.05), 0, 1)
    out: np.ndarray = leg.root[:, :1] + above + below
    return out


def _bags(figures: Figures, skeleton: Skeleton, scale: F32) -> list[_Part]:
    """Return the bag's body and two straps; without a bag they hide inside the trunk."""
    n = len(scale)
    shoulder, back = (figures.bag == 1)[:, None, None], (figures.bag == 2)[:, None, None]
    size = scale[:, None, None]
    share = np.array([0.0, 0.04, 0.3, 0.7, 0.96, 1.0], np.float32)
    closing = np.array([0.3, 1.0, 1.05, 1.03, 0.95, 0.3], np.float32)[None, :, None]
    height = np.where(shoulder[..., 0], 0.50 + 0.13 * share, 0.60 + 0.21 * share)
    centre, left, front = _spine(figures, skeleton, height.astype(np.float32))
    ease = (figures.body_ease * figures.girth)[:, None, None]
    hip_bag = centre - left * (0.215 * ease * size) + front * 0.02
    back_bag = centre - front * (0.11 * ease + 0.075) * size
    middle = np.where(shoulder, hip_bag, np.where(back, back_bag, centre))
    wide = np.where(shoulder, 0.045, np.where(back, 0.14, 0.03)) * closing * size
    deep = np.where(shoulder, 0.13, np.where(back, 0.075, 0.03)) * closing * size
    material = np.full((n, 6), int(Material.BAG))
    body = _Part(middle, left * wide, front * deep, material, height * 1.75)
    return [body, *(_strap(figures, skeleton, scale, ahead) for ahead in (1, -1))]


def _strap(figures: Figures, skeleton: Skeleton, scale: F32, sign: int) -> _Part:
    """One run of the strap: front or back run of a shoulder bag, left or right of a backpack."""
    n = len(scale)
    turn = np.linspace(0, 1, 7, dtype=np.float32)[None]
    diagonal = (figures.bag == 1)[:, None]
    worn = (figures.bag > 0)[:, None, None]
    # The diagonal goes from the left shoulder to the right hip over the chest or the back.
    height = np.where(diagonal, 0.825 - 0.22 * turn, 0.70 + 0.135 * np.sin(np.pi * turn))
    lateral = np.where(diagonal, 0.075 - 0.24 * turn, 0.105 * sign + 0 * turn)
    centre, left, front = _spine(figures, skeleton, height.astype(np.float32))
    half = (
        np.interp(height, TORSO[:, 0], TORSO[:, 2]) * (figures.body_ease * figures.girth)[:, None]
    )
    across = np.interp(height, TORSO[:, 0], TORSO[:, 1]) * figures.body_ease[:, None]
    bulge = np.sqrt(np.clip(1 - (lateral / (across * 1.02)) ** 2, 0.05, 1))
    outward = np.where(diagonal, sign * bulge, np.cos(np.pi * turn) * bulge)
    size = scale[:, None, None]
    path = centre + left * lateral[..., None] * size
    path = path + front * (half * outward * 1.0)[..., None] * size * 1.04
    path = np.where(worn, path, centre)
    width = np.where(worn, 0.018, 0.005) * size
    material = np.full((n, 7), int(Material.BAG))
    side = unit(left + front * 0.3)
    return _Part(
        path.astype(np.float32),
        (side * width).astype(np.float32),
        (unit(cross(side, path_direction(path))) * width * 0.4).astype(np.float32),
        material,
        height * 1.75,
    )


def path_direction(path: np.ndarray) -> F32:
    """Return unit tangents of polylines (n, k, 3)."""
    out: F32 = unit(np.gradient(path, axis=1).astype(np.float32))
    return out


_RADII = (0.15, 0.075, 0.085, 0.07, 0.07, 0.04, 0.04, 0.05, 0.05, 0.19, 0.1, 0.015, 0.015)
_CLOTH_RADIUS = np.concatenate(
    [np.full(t.rings * (t.segments + 1), r, np.float32) for t, r in zip(TUBES, _RADII, strict=True)]
)
