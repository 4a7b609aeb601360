"""Motion blur of people: what a moving body does while the shutter is open.

A body is smeared as a whole along the way its middle makes in the picture; limbs, which swing
faster, and carried garments are not treated apart. The standing shop stands still; furniture that
hides a part of a moving body is taken to be behind it for the few pixels of its smear.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.snapshot import People
from retailsim.store.projection import Projection

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
LEAST_PX = 2.0  # shorter ways are lost in the lens' blur
LONGEST_PX = 60.0


@dataclass(frozen=True)
class Motion:
    """How some people move in the picture while the shutter is open.

    Attributes:
        rows: who, intp (k,).
        way_px: the way of their middles, zero where it is not known, float64 (k, 2).
        far_m: how far away they are, float64 (k,).
        box_px: boxes that hold them, float32 (k, 4).
    """

    rows: NDArray[np.intp]
    way_px: F64
    far_m: F64
    box_px: F32


def motion_of(
    projection: Projection, people: People, full_px: F32, rows: NDArray[np.intp], shutter_s: float
) -> Motion:
    """Return the motion of `rows`, who move where they face, within an exposure.

    Args:
        projection: the camera.
        people, full_px: everyone and their boxes (n, 4).
        rows: whose motion is wanted, (k,).
        shutter_s: how long the exposure takes.
    """
    heading, speed = people.heading_rad[rows], people.speed_mps[rows]
    middle, half = np.zeros((2, len(rows), 3))
    middle[:, :2] = people.xy_m[rows]
    middle[:, 2] = [people.body[row].height_m / 2 for row in rows]
    half[:, 0], half[:, 1] = np.cos(heading), np.sin(heading)
    half *= (speed * shutter_s / 2)[:, None]
    way = projection.to_image(middle + half) - projection.to_image(middle - half)
    far_m = projection.to_camera(middle)[:, 2]
    return Motion(rows, np.nan_to_num(way, nan=0.0), far_m, full_px[rows])


def smear(bgr: U8, ids: NDArray[np.uint16], motion: Motion) -> U8:
    """Return the picture (h, w, 3) with people smeared along their ways, farther ones first.

    `ids` holds row + 1 of the person seen, 0 for none, (h, w).
    """
    length = np.hypot(motion.way_px[:, 0], motion.way_px[:, 1])
    moving = np.flatnonzero(length >= LEAST_PX)
    if not len(moving):
        return bgr
    far_m = np.full(int(ids.max()) + 1, np.inf)
    known = motion.rows < len(far_m) - 1
    far_m[motion.rows[known] + 1] = motion.far_m[known]
    out = bgr.copy()
    for i in moving[np.argsort(-motion.far_m[moving], kind="stable")]:
        kernel = line_kernel(motion.way_px[i] * min(1.0, LONGEST_PX / length[i]))
        part = _around(motion.box_px[i], len(kernel) // 2 + 1, ids.shape)
        body = ids[part] == motion.rows[i] + 1
        if body.any():
            free = far_m[ids[part]] >= motion.far_m[i]
            out[part] = _smeared(out[part], body, free, kernel)
    return out


def _around(box_px: F32, margin: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    size = shape[1], shape[0]
    low = np.clip(np.nan_to_num(box_px[:2]) - margin, 0, size).astype(int)
    high = np.clip(np.ceil(np.nan_to_num(box_px[2:])) + margin, 0, size).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _smeared(bgr: U8, body: NDArray[np.bool_], free: NDArray[np.bool_], kernel: F32) -> U8:
    """Return a part of the picture with one body smeared.

    Inside its outline the picture is a mix of body and what is beside it along the way; outside,
    the body's share covers what is `free` to be covered.
    """
    own, covered = body[..., None], free[..., None]
    picture, mask = bgr.astype(np.float32), own.astype(np.float32)
    everything = _filtered(picture, kernel)
    body_only, share = _filtered(picture * mask, kernel), _filtered(mask, kernel)[..., None]
    over = picture + np.where(covered, body_only - share * picture, 0.0)
    return np.clip(np.rint(np.where(own, everything, over)), 0, 255).astype(np.uint8)


def line_kernel(way_px: F64) -> F32:
    """Return the kernel of an even motion along a vector, odd square, sum 1."""
    half = int(np.ceil(np.abs(way_px).max() / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    at = np.linspace(-0.5, 0.5, 8 * half + 1)[:, None] * way_px + half
    low = np.floor(at).astype(int)
    share = (at - low).astype(np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            np.add.at(kernel, (low[:, 1] + dy, low[:, 0] + dx), weight)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filtered(image: F32, kernel: F32) -> F32:
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=border), np.float32)
