"""From a pose to joints: gait, reaching arms and bent backs.

Body axes: x ahead, y to the left, z up, origin on the floor under the pelvis. Segment lengths are
shares of stature after Drillis and Contini (1966) as printed in Winter, Biomechanics and Motor
Control of Human Movement, fig. 4.1. Gait angles are sinusoids shaped after the hip and knee
curves of normal level walking in the same book (ch. 5), simplified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32, cross, unit
from retailsim.simulate.snapshot import People, Pose

THIGH, SHANK, ANKLE = 0.245, 0.246, 0.039
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.108
HIP_HALF, SHOULDER_HALF = 0.052, 0.108
SHOULDER_ABOVE_HIP = 0.288


@dataclass(frozen=True)
class Limb:
    """Two bones: root, middle, end (n, 3), and the hinge's axis (n, 3)."""

    root: F32
    middle: F32
    end: F32
    hinge: F32


@dataclass(frozen=True)
class Skeleton:
    """Joints in body axes, metres; every array float32 with n first.

    Attributes:
        pelvis: centre between the hips (n, 3).
        lean: forward pitch of the chest, radians (n,).
        twist: yaw of the shoulders to the left, radians (n,).
        head_yaw, head_pitch: of the head against the world, radians (n,).
        legs, arms: left, right.
        foot_pitch: toe-down angle of the feet, radians, (n, 2).
    """

    pelvis: F32
    lean: F32
    twist: F32
    head_yaw: F32
    head_pitch: F32
    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]
    foot_pitch: F32


def pose_people(people: People, height_m: F32, habit: F32) -> Skeleton:
    """Return the joints of everyone.

    Args:
        people: the snapshot's people.
        height_m: stature, (n,).
        habit: per-person numbers in [0, 1] that vary posture, (n, 8).
    """
    pose = people.pose
    walking = pose == Pose.WALK
    speed = people.speed_mps.astype(np.float32)
    stride = np.where(walking | (speed > 0.15), np.clip(0.10 + 0.23 * speed, 0.0, 0.5), 0.0)
    phase = (2 * np.pi * (people.gait_phase % 1.0)).astype(np.float32)
    legs, foot_pitch, pelvis_z = _legs(stride.astype(np.float32), phase, pose, height_m, habit)
    pelvis = np.zeros((len(pose), 3), np.float32)
    pelvis[:, 2] = pelvis_z
    target = _target(people)
    lean = _lean(pose, target, height_m, habit)
    twist = (-0.25 * stride * np.sin(phase)).astype(np.float32)
    arms = _arms(pelvis, lean, twist, stride, phase, target, height_m, habit)
    gaze = np.where(np.isfinite(target[:, 0]), np.arctan2(target[:, 1], target[:, 0]), 0.0)
    head_yaw = np.clip(gaze, -0.7, 0.7) + (habit[:, 0] - 0.5) * np.where(walking, 0.4, 1.1)
    head_pitch = 0.45 * lean + 0.05 + 0.25 * habit[:, 1] * ~walking
    return Skeleton(
        pelvis=pelvis,
        lean=lean,
        twist=twist,
        head_yaw=head_yaw.astype(np.float32),
        head_pitch=head_pitch.astype(np.float32),
        legs=legs,
        arms=arms,
        foot_pitch=foot_pitch,
    )


def spine_point(skeleton: Skeleton, share: F32 | float, length_m: F32) -> F32:
    """Return the point at `share` of the spine (0 pelvis, 1 shoulders) in body axes, (n, 3).

    The back bends most in its lower half: pitch grows as sin, so the curve is an arc.
    """
    return skeleton.pelvis + arc(skeleton.lean, np.asarray(share, np.float32), length_m)


def arc(lean: NDArray[Any], share: NDArray[Any], length_m: NDArray[Any]) -> F32:
    """Return where a rod ends whose pitch grows linearly from `lean`/2 to `lean`, (n, 3)."""
    pitch = lean * (0.5 + 0.25 * share)
    reach = length_m * share
    zero = np.zeros_like(pitch)
    out: F32 = np.stack([np.sin(pitch) * reach, zero, np.cos(pitch) * reach], axis=-1)
    return out


def _target(people: People) -> F32:
    """Return the reaching hand's target in body axes, NaN where there is none, (n, 3)."""
    reaching = np.isin(people.pose, (Pose.REACH, Pose.HOLD, Pose.BEND))
    local = people.reach_xyz_m.astype(np.float64).copy()
    local[:, :2] -= people.xy_m
    c, s = np.cos(people.heading_rad), np.sin(people.heading_rad)
    out = np.stack(
        [c * local[:, 0] + s * local[:, 1], c * local[:, 1] - s * local[:, 0], local[:, 2]], axis=1
    )
    out[~reaching] = np.nan
    return out.astype(np.float32)


def _lean(pose: NDArray[Any], target: F32, height_m: F32, habit: F32) -> F32:
    lean = 0.03 + 0.05 * habit[:, 2] + 0.03 * (pose == Pose.WALK)
    arm = (UPPER_ARM + FOREARM + 0.5 * HAND) * height_m
    drop = 0.818 * height_m - np.nan_to_num(target[:, 2], nan=1.2)
    ahead = np.nan_to_num(target[:, 0], nan=0.0)
    short = np.sqrt(ahead**2 + drop**2) - 0.92 * arm
    stretch = np.clip(short / (SHOULDER_ABOVE_HIP * height_m), 0.0, 0.9)
    reaching = np.isfinite(target[:, 0]) & (ahead > 0)
    lean = np.where(reaching, np.maximum(lean, stretch), lean)
    return np.where(pose == Pose.BEND, 0.75 + 0.3 * habit[:, 3], lean).astype(np.float32)


def _legs(
    stride: F32, phase: F32, pose: NDArray[Any], height_m: F32, habit: F32
) -> tuple[tuple[Limb, Limb], F32, F32]:
    """Return both legs, the feet's pitch and the pelvis height that puts a foot on the floor."""
    bend = np.where(pose == Pose.BEND, 0.45, 0.0)
    hips, knees, spread = [], [], []
    for side, offset in ((1, 0.0), (-1, np.pi)):
        angle = phase + offset
        swing = np.maximum(0.0, np.cos(angle + 0.4)) ** 2
        idle = 0.10 * (habit[:, 4 if side > 0 else 5] - 0.4) * (stride == 0)
        hips.append(stride * np.sin(angle) * 1.05 + 0.04 * (stride > 0) + bend + idle)
        knees.append(0.06 + 2.0 * stride * swing + 1.9 * bend + np.maximum(idle, 0) * 1.5)
        spread.append(side * np.where(stride > 0, 0.0, 0.03 + 0.09 * habit[:, 6]))
    ends, middles = [], []
    for hip, knee, out in zip(hips, knees, spread, strict=True):
        thigh = _down(hip, out) * (THIGH * height_m)[:, None]
        shank = _down(hip - knee, out) * (SHANK * height_m)[:, None]
        middles.append(thigh)
        ends.append(thigh + shank)
    depth = np.maximum(-ends[0][:, 2], -ends[1][:, 2])
    pelvis_z = (depth + ANKLE * height_m).astype(np.float32)
    hinge = np.tile(np.array([0, 1, 0], np.float32), (len(stride), 1))
    legs = []
    for side, middle, end in zip((1, -1), middles, ends, strict=True):
        root = np.zeros_like(middle)
        root[:, 1] = side * HIP_HALF * height_m
        root[:, 2] = pelvis_z
        legs.append(Limb(root, root + middle, root + end, hinge))
    lifted = [np.clip((-end[:, 2] - depth) * -6.0 / height_m, 0.0, 1.0) for end in ends]
    pitch = [
        0.9 * up * np.clip(knee, 0, 1) - 0.25 * np.maximum(hip, 0) * (stride > 0)
        for up, knee, hip in zip(lifted, knees, hips, strict=True)
    ]
    return (legs[0], legs[1]), np.stack(pitch, 1).astype(np.float32), pelvis_z


def _down(forward: NDArray[Any], outward: NDArray[Any]) -> F32:
    """Return unit vectors that hang down, swung ahead and to the left by these angles."""
    out = np.stack(
        [np.sin(forward) * np.cos(outward), np.sin(outward), -np.cos(forward) * np.cos(outward)], -1
    )
    return out.astype(np.float32)


def _arms(
    pelvis: F32,
    lean: F32,
    twist: F32,
    stride: F32,
    phase: F32,
    target: F32,
    height_m: F32,
    habit: F32,
) -> tuple[Limb, Limb]:
    chest = pelvis + arc(lean, np.ones_like(lean), SHOULDER_ABOVE_HIP * height_m)
    across = np.stack([-np.sin(twist), np.cos(twist), np.zeros_like(twist)], 1)
    prefers_left = np.where(np.abs(target[:, 1]) < 0.08, habit[:, 7] > 0.6, target[:, 1] > 0)
    both = np.isfinite(target[:, 0]) & (habit[:, 3] > 0.55)
    limbs = []
    for side, offset in ((1, np.pi), (-1, 0.0)):
        root = (chest + side * (SHOULDER_HALF * height_m)[:, None] * across).astype(np.float32)
        hanging = _hanging_arm(root, side, stride, phase + offset, lean, height_m, habit)
        mine = np.isfinite(target[:, 0]) & ((prefers_left == (side > 0)) | both)
        goal = np.where(mine[:, None], target, root + [0.3, 0, -0.3]).astype(np.float32)
        helper = mine & (prefers_left != (side > 0))
        goal += helper[:, None] * np.array([-0.06, side * 0.12, 0.05], np.float32)
        limbs.append(_choose(mine, _reaching_arm(root, goal, side, height_m), hanging))
    return limbs[0], limbs[1]


def _hanging_arm(
    root: F32, side: int, stride: F32, phase: F32, lean: F32, height_m: F32, habit: F32
) -> Limb:
    idle = habit[:, 5 if side > 0 else 6]
    swing = 0.95 * stride * np.sin(phase) + 0.06 * (idle - 0.3) + 0.2 * lean
    elbow = np.where(stride > 0, 0.25 + 0.5 * stride * (1 + np.sin(phase)), 0.12 + 0.5 * idle**3)
    outward = side * (0.10 + 0.08 * habit[:, 2])
    upper = _down(swing, outward)
    lower = _down(swing + elbow, outward * 0.3)
    middle = root + upper * (UPPER_ARM * height_m)[:, None]
    end = middle + lower * (FOREARM * height_m)[:, None]
    hinge = np.tile(np.array([0, 1, 0], np.float32), (len(root), 1))
    return Limb(root, middle, end.astype(np.float32), unit(hinge))


def _reaching_arm(root: F32, goal: F32, side: int, height_m: F32) -> Limb:
    """Put the palm on the goal; a bent elbow turns the hand, so correct twice."""
    wrist = goal
    for _ in range(3):
        limb = _two_bones(root, wrist, side, height_m)
        palm = limb.end + unit(limb.end - limb.middle) * (0.5 * HAND * height_m)[:, None]
        wrist = wrist + (goal - palm)
    return limb


def _two_bones(root: F32, wrist: F32, side: int, height_m: F32) -> Limb:
    """Two-bone inverse kinematics: the wrist goes to its goal, or as near as the arm allows."""
    a, b = (UPPER_ARM * height_m)[:, None], (FOREARM * height_m)[:, None]
    ray = wrist - root
    far = np.sqrt((ray * ray).sum(-1, keepdims=True))
    ahead = ray / np.maximum(far, 1e-6)
    reach = np.clip(far, 0.35 * (a + b), 0.995 * (a + b))
    pole = np.array([-0.35, 0.45 * side, -1.0], np.float32)
    off = unit(pole - (ahead * pole).sum(-1, keepdims=True) * ahead)
    cos = np.clip((a * a + reach * reach - b * b) / (2 * a * reach), -1, 1)
    middle = root + ahead * (a * cos) + off * (a * np.sqrt(1 - cos * cos))
    end = root + ahead * reach
    hinge = unit(cross(ahead, off))
    return Limb(root, middle.astype(np.float32), end.astype(np.float32), hinge)


def _choose(mask: NDArray[Any], yes: Limb, no: Limb) -> Limb:
    pick = mask[:, None]
    return Limb(
        np.where(pick, yes.root, no.root),
        np.where(pick, yes.middle, no.middle),
        np.where(pick, yes.end, no.end),
        np.where(pick, yes.hinge, no.hinge),
    )
