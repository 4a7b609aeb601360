"""Swept tubes: every rounded thing in the shop is a chain of elliptic rings with skin over them.

A ring is a centre and two axis vectors (their lengths are the radii). All bodies share one
topology, so that a crowd is one array operation and one draw call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Tube:
    """`rings` rings of `segments` corners; `roundness` below 1 makes the section boxy."""

    rings: int
    segments: int
    roundness: float = 1.0


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


class TubeMesh:
    """The shared topology of a chain of tubes.

    Attributes:
        ring_of: ring of every vertex, intp (v,).
        angle: angle of every vertex around its ring, 0 in front, float32 (v,).
        triangles: vertex indices, int32 (t, 3); the last corner of both triangles of a patch
            lies on the later ring, so a flat attribute of a ring colours the patch before it.
    """

    def __init__(self, tubes: tuple[Tube, ...]) -> None:
        self.tubes = tubes
        ring_of, angle, cos, sin, before, after, triangles = [], [], [], [], [], [], []
        ring = vertex = 0
        for tube in tubes:
            theta = np.linspace(-1.5 * np.pi, 0.5 * np.pi, tube.segments + 1)
            c, s = _rounded(np.cos(theta), tube.roundness), _rounded(np.sin(theta), tube.roundness)
            corners = tube.segments + 1
            for i in range(tube.rings):
                ring_of += [ring + i] * corners
                angle += list(theta + np.pi / 2)
                cos += list(c)
                sin += list(s)
                first = vertex + i * corners
                before += (
                    list(range(first, first + corners))
                    if i == 0
                    else list(range(first - corners, first))
                )
                last = i == tube.rings - 1
                start = first if last else first + corners
                after += list(range(start, start + corners))
                if not last:
                    j = np.arange(tube.segments) + first
                    k = j + corners
                    triangles += [np.stack([j, j + 1, k], 1), np.stack([k + 1, j + 1, k], 1)]
            ring += tube.rings
            vertex += tube.rings * corners
        self.ring_of = np.array(ring_of)
        self.angle = np.array(angle, np.float32)
        self.triangles = np.concatenate(triangles).astype(np.int32)
        self._cos = np.array(cos, np.float32)[:, None]
        self._sin = np.array(sin, np.float32)[:, None]
        self._before, self._after = np.array(before), np.array(after)
        self._ring_before = self.ring_of[self._before][
            np.unique(self.ring_of, return_index=True)[1]
        ]
        self._ring_after = self.ring_of[self._after][np.unique(self.ring_of, return_index=True)[1]]

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
        side, front = rings.side[:, self.ring_of], rings.front[:, self.ring_of]
        position = rings.centre[:, self.ring_of] + self._cos * side + self._sin * front
        around = self._cos * front - self._sin * side
        along = position[:, self._after] - position[:, self._before]
        normal = cross(around, along)
        axis = rings.centre[:, self._ring_after] - rings.centre[:, self._ring_before]
        turn = np.sign((cross(rings.side, rings.front) * axis).sum(-1))
        normal *= turn[:, self.ring_of, None]
        length = np.sqrt((normal * normal).sum(-1, keepdims=True))
        return position, normal / np.maximum(length, 1e-12)


def cross(a: F32, b: F32) -> F32:
    """Return the cross product along the last axis (several times faster than np.cross)."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    out: F32 = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
    return out


def unit(vector: F32) -> F32:
    """Return vectors of length one; zero stays zero."""
    length = np.sqrt((vector * vector).sum(-1, keepdims=True))
    out: F32 = vector / np.maximum(length, 1e-9)
    return out


def _rounded(wave: NDArray[np.float64], roundness: float) -> NDArray[np.float64]:
    out: NDArray[np.float64] = np.sign(wave) * np.abs(wave) ** roundness
    return out
