"""Swept tubes: every rounded thing in the shop is a chain of elliptic rings with skin over them.

A ring is a centre and two axis vectors (their lengths are the radii). All bodies share one
topology, so that a crowd is one array operation and one draw call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Tube:
    """`rings` rings of `segments` corners (an even number).

    `roundness` below 1 makes the section boxy. `mirrored` says that side, front and the way
    along the tube are a left-handed triple; triangles then turn the other way, so that all
    faces look outward counter-clockwise.
    """

    rings: int
    segments: int
    roundness: float = 1.0
    mirrored: bool = False


@dataclass(frozen=True)
class Rings:
    """The rings of n bodies, all float32 (n, r, 3), metres.

    Attributes:
        centre: ring centres.
        side: first axis vector.
        front: second axis vector; the seam of the skin lies opposite to it.
    """

    centre: F32
    side: F32
    front: F32


@dataclass(frozen=True)
class Part:
    """One tube of everyone: centre, side, front (n, k, 3), material and cloth v (n, k)."""

    centre: F32
    side: F32
    front: F32
    material: NDArray[Any]
    along: NDArray[Any]


class TubeMesh:
    """The shared topology of a chain of tubes.

    Attributes:
        ring_of: ring of every vertex, intp (v,).
        angle: angle of every vertex around its ring, 0 in front, float32 (v,).
        triangles: vertex indices, int32 (t, 3); the last corner of both triangles of a patch
            lies on the later ring, so a flat attribute of a ring colours the patch before it.
        coarse: the same with every second corner left out, for bodies that are small to see.
        far: the same with every second ring left out, too.
        tube_of, coarse_tube_of, far_tube_of: tube of every triangle, intp (t,).
    """

    def __init__(self, tubes: tuple[Tube, ...]) -> None:
        self.tubes = tubes
        ring_of, angle, cos, sin, before, after = [], [], [], [], [], []
        fine, coarse, far = [], [], []
        ring = vertex = 0
        for tube in tubes:
            theta = np.linspace(-0.5 * np.pi, 1.5 * np.pi, tube.segments + 1)
            corners = tube.segments + 1
            count = tube.rings * corners
            cos.append(np.tile(_rounded(np.cos(theta), tube.roundness), tube.rings))
            sin.append(np.tile(_rounded(np.sin(theta), tube.roundness), tube.rings))
            angle.append(np.tile(theta - np.pi / 2, tube.rings))
            ring_of.append(ring + np.repeat(np.arange(tube.rings), corners))
            own = vertex + np.arange(count)
            before.append(np.maximum(own - corners, vertex + np.arange(count) % corners))
            last = vertex + count - corners
            after.append(np.minimum(own + corners, last + np.arange(count) % corners))
            every = np.arange(tube.rings)
            fine.append(_patches(tube, vertex, 1, every))
            coarse.append(_patches(tube, vertex, 2, every))
            far.append(_patches(tube, vertex, 2, np.union1d(every[::2], every[-1:])))
            ring += tube.rings
            vertex += count
        self.ring_of = np.concatenate(ring_of)
        self.angle = np.concatenate(angle).astype(np.float32)
        self.triangles = np.concatenate(fine).astype(np.int32)
        self.coarse = np.concatenate(coarse).astype(np.int32)
        self.far = np.concatenate(far).astype(np.int32)
        self.tube_of, self.coarse_tube_of, self.far_tube_of = (
            np.repeat(np.arange(len(tubes)), [len(patch) for patch in patches])
            for patches in (fine, coarse, far)
        )
        self._cos = np.concatenate(cos).astype(np.float32)[:, None]
        self._sin = np.concatenate(sin).astype(np.float32)[:, None]
        self._before, self._after = np.concatenate(before), np.concatenate(after)
        mirrored = np.concatenate([np.full(t.rings, t.mirrored) for t in tubes])
        self._turn = np.where(mirrored, -1.0, 1.0).astype(np.float32)[self.ring_of, None]

    @property
    def vertices(self) -> int:
        """Number of vertices of one body."""
        return len(self.ring_of)

    @property
    def rings(self) -> int:
        """Number of rings of one body."""
        return sum(tube.rings for tube in self.tubes)

    def skin(self, rings: Rings) -> tuple[F32, F32]:
        """Return positions and unit normals, both float32 (n, v, 3)."""
        # take() and einsum() are two to three times faster here than indexing and sum().
        centre, side, front = (
            axis.take(self.ring_of, 1) for axis in (rings.centre, rings.side, rings.front)
        )
        position = centre + self._cos * side + self._sin * front
        around = self._cos * front - self._sin * side
        along = position.take(self._after, 1) - position.take(self._before, 1)
        normal = cross(around, along)
        normal *= self._turn
        length = np.sqrt(np.einsum("nvk,nvk->nv", normal, normal))[..., None]
        normal /= np.maximum(length, 1e-12)
        return position, normal


def _patches(tube: Tube, first: int, step: int, rings: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the triangles between these rings of a tube, every `step`-th corner taken."""
    corner, ring = np.arange(0, tube.segments, step)[None], (tube.segments + 1) * rings[:, None]
    j, k = ((corner + some).ravel() + first for some in (ring[:-1], ring[1:]))
    if tube.mirrored:
        pairs = [np.stack([j + step, j, k], 1), np.stack([j + step, k, k + step], 1)]
    else:
        pairs = [np.stack([j, j + step, k], 1), np.stack([k, j + step, k + step], 1)]
    return np.concatenate(pairs)


def cross(a: NDArray[Any], b: NDArray[Any]) -> F32:
    """Return the cross product along the last axis (several times faster than np.cross)."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    first = ay * bz - az * by
    out: F32 = np.empty((*first.shape, 3), first.dtype)
    out[..., 0], out[..., 1], out[..., 2] = first, az * bx - ax * bz, ax * by - ay * bx
    return out


def unit(vector: NDArray[Any]) -> F32:
    """Return vectors of length one; zero stays zero."""
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    length = np.sqrt(x * x + y * y + z * z)[..., None]
    out: F32 = vector / np.maximum(length, 1e-9)
    return out


def _rounded(wave: NDArray[np.float64], roundness: float) -> NDArray[np.float64]:
    out: NDArray[np.float64] = np.sign(wave) * np.abs(wave) ** roundness
    return out
