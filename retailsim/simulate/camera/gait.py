"""Legs: walking, standing on one leg more than on the other, bending down.

A walking foot is on the floor for 60 % of its cycle and moves back under the body, rolls over
its toes and swings ahead (shares and joint angles simplified from the curves of normal level
walking in Winter, Biomechanics and Motor Control of Human Movement, ch. 5). Legs follow their
feet by inverse kinematics, so feet stay on the floor in every pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import ANKLE, HIP_HALF, SHANK, THIGH, Limb, two_bones
from retailsim.simulate.camera.figure import Figures
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.snapshot import People, Pose

STANCE = 0.6  # share of the cycle that a foot is on the floor
STEP = 0.175  # half the way of a foot on the floor, share of stature
FULL_STEP_MPS = 0.7  # slower walkers take shorter steps
BALL = 0.075  # ankle to the ball of the foot, share of stature
STRAIGHT = 0.99  # of the leg's length is used when standing


@dataclass(frozen=True)
class Stance:
    """Legs in body axes.

    Attributes:
        pelvis: (n, 3).
        legs: left, right.
        foot_pitch: toe-down angle of the feet, radians, (n, 2).
        stride: how much they walk, 0 to 1, (n,).
        swing: how far ahead the left foot is, -1 to 1, times stride (n,).
    """

    pelvis: F32
    legs: tuple[Limb, Limb]
    foot_pitch: F32
    stride: F32
    swing: F32


def stand_or_walk(people: People, figures: Figures) -> Stance:
    """Return everyone's legs."""
    speed = people.speed_mps.astype(np.float32)
    old = 1 - 0.8 * figures.age_bend  # the old take shorter steps
    moving = (people.pose == Pose.WALK) | (speed > 0.15)
    stride = np.where(moving, np.clip(speed / FULL_STEP_MPS, 0.15, 1.0) * old, 0.0)
    stride = (stride * figures.stride).astype(np.float32)
    phase = (people.gait_phase % 1.0).astype(np.float32)
    habit, stature = figures.habit, figures.frame_m
    bent = people.pose == Pose.BEND
    shift = _weight(habit) * (stride == 0) * ~bent
    ankles, pitches = [], []
    for side, offset in ((1, 0.0), (-1, 0.5)):
        walk, pitch = _walking_foot((phase + offset) % 1.0, stride, stature, figures.foot_lift)
        stand = _standing_foot(side, shift, habit, bent)
        width = np.where(stride > 0, 0.75 * HIP_HALF, stand[:, 1])
        place = np.stack([stand[:, 0] * (stride == 0), side * width, 0 * width + ANKLE], 1)
        ankles.append((place * stature[:, None] + walk).astype(np.float32))
        pitches.append(pitch)
    sway = 0.010 * figures.sway * stride * np.cos(2 * np.pi * (phase - 0.3)) + 0.026 * shift
    pelvis = np.zeros((len(stature), 3), np.float32)
    pelvis[:, 0] = -0.085 * bent * stature
    pelvis[:, 1] = sway * stature
    roots = []
    for side in (1, -1):
        root = pelvis.copy()
        root[:, 1] += side * HIP_HALF * stature
        roots.append(root)
    bones = (THIGH * figures.leg * stature, SHANK * figures.leg * stature)
    pelvis[:, 2] = _height(roots, ankles, bones[0] + bones[1], 0.045 * bent * stature)
    legs = []
    for root, ankle, side in zip(roots, ankles, (1, -1), strict=True):
        root[:, 2] = pelvis[:, 2]
        limb = two_bones(root, ankle, *bones, np.array([1.0, 0.10 * side, 0.0]))
        legs.append(Limb(limb.root, limb.middle, limb.end, -limb.hinge))
    swing = (ankles[0][:, 0] - ankles[1][:, 0]) / (2 * STEP * stature)
    return Stance(
        pelvis,
        (legs[0], legs[1]),
        np.stack(pitches, 1),
        stride,
        np.asarray(swing * (stride > 0), np.float32),
    )


def _weight(habit: F32) -> F32:
    """Return which leg carries more, -1 right to 1 left; two in five stand even."""
    lean = 2.0 * habit[:, 4] - 1.0
    return np.asarray(np.where(np.abs(lean) < 0.4, 0.0, lean), np.float32)


def _standing_foot(
    side: int, shift: NDArray[Any], habit: F32, bent: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return how far ahead and aside a standing foot is, shares of stature (n, 2)."""
    free = np.clip(-side * shift, 0, 1)  # the leg without weight is put a little away
    step = 0.035 * (habit[:, 5 if side > 0 else 6] - 0.5)
    ahead = step + 0.05 * free * (habit[:, 8] > 0.3) + bent * 0.05 * side * (habit[:, 4] - 0.5)
    aside = HIP_HALF + 0.008 + 0.03 * habit[:, 6] + 0.022 * free
    return np.stack([ahead, aside], 1)


def _walking_foot(phase: F32, stride: F32, stature: F32, foot_lift: F32) -> tuple[F32, F32]:
    """Return an ankle's way from its place under the hip (n, 3) and the foot's pitch (n,)."""
    on = np.clip(phase / STANCE, 0, 1)
    off = np.clip((phase - STANCE) / (1 - STANCE), 0, 1)
    rolled = 0.75 * np.clip((on - 0.62) / 0.38, 0, 1) ** 1.5
    landing = -0.30 * np.clip(1 - on / 0.14, 0, 1)
    swinging = 0.75 * (1 - off) ** 1.6 - 0.30 * off**2
    pitch = np.where(phase < STANCE, rolled + landing, swinging) * stride
    way = np.where(phase < STANCE, 1 - 2 * on, -np.cos(np.pi * off)) * STEP * stride
    toe = np.maximum(pitch, 0)
    lift = 0.042 * foot_lift * stride * np.sin(np.pi * off) ** 2 * (phase >= STANCE)
    heel = 0.03 * np.sin(np.maximum(-pitch, 0))  # the ankle turns about the heel
    ahead = way + BALL * (1 - np.cos(toe))
    up = BALL * np.sin(toe) + lift + heel
    foot = np.stack([ahead * stature, 0 * ahead, up * stature], 1)
    return foot.astype(np.float32), pitch.astype(np.float32)


def _height(
    roots: list[F32], ankles: list[F32], length_m: NDArray[Any], lower_m: NDArray[Any]
) -> NDArray[Any]:
    """Return the highest pelvis both legs allow."""
    highest = []
    for root, ankle in zip(roots, ankles, strict=True):
        flat = ((root - ankle)[:, :2] ** 2).sum(1)
        highest.append(ankle[:, 2] + np.sqrt((0.997 * length_m) ** 2 - flat))
    lowest_ankle = np.minimum(ankles[0][:, 2], ankles[1][:, 2])
    straight = lowest_ankle + STRAIGHT * length_m
    return np.asarray(np.minimum(np.minimum(*highest), straight) - lower_m)
