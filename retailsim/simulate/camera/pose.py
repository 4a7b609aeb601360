"""From a pose to joints: legs by gait, a back that bends towards what hands reach for, arms.

Body axes: x ahead, y to the left, z up, origin on the floor under the pelvis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import (
    FOREARM,
    HAND,
    SHOULDER_HALF,
    UPPER_ARM,
    Limb,
    Skeleton,
    arc,
    down,
    two_bones,
)
from retailsim.simulate.camera.figure import Figures
from retailsim.simulate.camera.gait import Stance, stand_or_walk
from retailsim.simulate.camera.gestures import body_targets, carrier_side, hand_goals, palm
from retailsim.simulate.camera.mesh import F32, unit
from retailsim.simulate.snapshot import People, Pose

# Forward lean of the chest by pose, radians (assumed); reaching far adds to it.
_LEAN = {Pose.WALK: 0.03, Pose.PUSH: 0.10, Pose.FOLD: 0.16, Pose.ARMFUL: -0.06, Pose.BEND: 0.75}
# How far the head looks down by pose, radians (assumed).
_LOOK_DOWN = {Pose.FOLD: 0.42, Pose.TRY: 0.18, Pose.FLIP: 0.22, Pose.BEND: 0.1, Pose.PUSH: 0.08}


def pose_people(people: People, figures: Figures) -> Skeleton:
    """Return the joints of everyone."""
    stance = stand_or_walk(people, figures)
    target = body_targets(people, figures.frame_m)
    lean = _lean(people.pose, target, figures)
    twist = (-0.10 * stance.swing).astype(np.float32)
    shoulders = _shoulders(stance.pelvis, lean, twist, figures)
    goals = hand_goals(people, figures, target, shoulders, stance.pelvis)
    carrier = carrier_side(figures)
    arms = [
        _arm(shoulders[i], goals[i], side, stance, lean, carrier == i, figures)
        for i, side in ((0, 1), (1, -1))
    ]
    head_yaw, head_pitch = _gaze(people, target, lean, figures)
    return Skeleton(
        pelvis=stance.pelvis,
        lean=lean,
        twist=twist,
        head_yaw=head_yaw,
        head_pitch=head_pitch,
        legs=stance.legs,
        arms=(arms[0], arms[1]),
        foot_pitch=stance.foot_pitch,
    )


def _by_pose(pose: NDArray[Any], table: dict[Pose, float]) -> NDArray[Any]:
    row = np.array([table.get(kind, 0.0) for kind in Pose], np.float32)
    return np.asarray(row[pose])


def _lean(pose: NDArray[Any], target: F32, figures: Figures) -> F32:
    habit, stature = figures.habit, figures.frame_m
    lean = figures.lean_rad + (
        0.02 + 0.05 * habit[:, 2] + _by_pose(pose, _LEAN) + 0.3 * habit[:, 3] * (pose == Pose.BEND)
    )
    arm = (UPPER_ARM + FOREARM + 0.5 * HAND) * stature
    fall = 0.818 * stature - np.nan_to_num(target[:, 2], nan=1.2)
    ahead = np.nan_to_num(target[:, 0], nan=0.0)
    short = np.sqrt(ahead**2 + fall**2) - 0.92 * arm
    stretch = np.clip(short / figures.spine_m, 0.0, 0.9)
    reaching = np.isfinite(target[:, 0]) & (ahead > 0)
    lean = np.where(reaching, np.maximum(lean, stretch), lean)
    return np.asarray(lean + figures.age_bend, np.float32)


def _shoulders(pelvis: F32, lean: F32, twist: F32, figures: Figures) -> tuple[F32, F32]:
    chest = pelvis + arc(lean, np.ones_like(lean), figures.spine_m)
    across = np.stack([-np.sin(twist), np.cos(twist), np.zeros_like(twist)], 1)
    half = (SHOULDER_HALF * figures.frame_m * figures.shoulders)[:, None] * across
    return (chest + half).astype(np.float32), (chest - half).astype(np.float32)


def _arm(
    root: F32,
    goal: F32,
    side: int,
    stance: Stance,
    lean: F32,
    laden: NDArray[Any],
    figures: Figures,
) -> Limb:
    limb = _hanging_arm(root, side, stance, lean, laden, figures)
    busy = np.flatnonzero(np.isfinite(goal[:, 0]))
    if len(busy):
        reaching = _reaching_arm(root[busy], goal[busy], side, figures.frame_m[busy])
        for joint in ("middle", "end", "hinge"):
            getattr(limb, joint)[busy] = getattr(reaching, joint)
    return limb


def _hanging_arm(
    root: F32, side: int, stance: Stance, lean: F32, laden: NDArray[Any], figures: Figures
) -> Limb:
    habit, stature = figures.habit, figures.frame_m
    idle = habit[:, 5 if side > 0 else 6]
    ahead = -side * stance.swing  # arms swing against the legs
    free = np.where(laden, 0.35, 0.7 + 0.6 * habit[:, 9])
    free = free * figures.arm_swing
    swing = 0.36 * ahead * free + 0.05 * (idle - 0.3) + 0.2 * lean
    elbow = 0.14 + 0.4 * idle**3 * (stance.stride == 0) + 0.16 * stance.stride * (1 + ahead)
    elbow = np.where(laden, 0.08, elbow + figures.elbow_rad)
    stout = np.maximum(figures.girth * figures.body_ease - 1.1, 0)
    outward = side * (0.09 + 0.07 * habit[:, 2] + 0.35 * stout)
    middle = root + down(swing, outward) * (UPPER_ARM * stature)[:, None]
    end = middle + down(swing + elbow, outward * 0.3) * (FOREARM * stature)[:, None]
    hinge = np.tile(np.array([0, 1, 0], np.float32), (len(root), 1))
    return Limb(root, middle.astype(np.float32), end.astype(np.float32), unit(hinge))


def _reaching_arm(root: F32, goal: NDArray[Any], side: int, stature: F32) -> Limb:
    """Put the palm on the goal; a bent elbow turns the hand, so correct twice."""
    pole = np.array([-0.35, 0.45 * side, -1.0])
    wrist = goal.astype(np.float32)
    for _ in range(3):
        limb = two_bones(root, wrist, UPPER_ARM * stature, FOREARM * stature, pole)
        wrist = (wrist + goal - palm(limb.end, limb.middle, stature)).astype(np.float32)
    return limb


def _gaze(people: People, target: F32, lean: F32, figures: Figures) -> tuple[F32, F32]:
    """Return where heads turn: to what hands do, or about."""
    habit, pose = figures.habit, people.pose
    looks = np.isfinite(target[:, 0])
    still = people.speed_mps < 0.15
    yaw = np.where(looks, np.arctan2(target[:, 1], target[:, 0]), 0.0)
    about = (habit[:, 0] - 0.5) * np.where(looks, 0.3, np.where(still, 1.1, 0.4))
    about = about + figures.gaze_rad * ~looks
    eyes = 0.93 * figures.frame_m
    below = np.arctan2(eyes - np.nan_to_num(target[:, 2], nan=1.5), 0.6)
    pitch = 0.45 * lean + 0.03 + 0.22 * habit[:, 1] * still + _by_pose(pose, _LOOK_DOWN)
    pitch = np.where(looks, np.maximum(pitch, 0.4 * below), pitch)
    phone = (habit[:, 11] < 0.10) & ~looks
    pitch = np.clip(pitch + 0.35 * phone, -0.3, 0.85)
    return (np.clip(yaw, -0.7, 0.7) + about).astype(np.float32), pitch.astype(np.float32)
