"""The image method in a box: every path with up to so many reflections, as a vector field.

All is done in unfolded space, where each path is one straight line from an image of the antenna to
the tag and walls are planes it crosses. The direction k is then the same all along a path, and a
wall acts on the field by one symmetric matrix with the coefficients of `slab.reflection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.elements import Element
from retailsim.simulate.rfid.slab import Slabs, reflection

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]
INSIDE_M = 0.005  # nobody stands in the wall itself
NEAREST_M = 0.05  # an antenna is not a point


@dataclass(frozen=True)
class Pane:
    """A rectangle of another slab within a wall: a window, or a doorway filled with air.

    Attributes:
        wall: 0 to 5, as in `Box`.
        low_m, high_m: corners of the rectangle; the coordinate across the wall is not looked at.
        slab: index into the box's slabs.
    """

    wall: int
    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]
    slab: int


@dataclass(frozen=True)
class Box:
    """A room from the origin to `size_m`.

    Attributes:
        size_m: x, y, z extent.
        slabs: the first six are the walls at x = 0, x = size, y = 0, y = size, floor, ceiling.
        order: greatest number of reflections.
        panes: what is let into the walls.
    """

    size_m: tuple[float, float, float]
    slabs: Slabs
    order: int = 2
    panes: tuple[Pane, ...] = ()

    def inside(self, xyz_m: F64) -> F64:
        """Return the nearest points (..., 3) within the room."""
        within: F64 = np.clip(xyz_m, INSIDE_M, np.array(self.size_m) - INSIDE_M)
        return within

    @cached_property
    def lattice(self) -> Lattice:
        """Return which images there are."""
        return Lattice.of(self.order)


@dataclass(frozen=True)
class Lattice:
    """Cells of the unfolded space that hold images, fewest reflections first.

    Attributes:
        cell: how many rooms away along x, y, z, int64 (k, 3).
        axis: of every plane that lies between image and room, int64 (k, order); -1 for none.
        plane: its coordinate in room lengths, int64 (k, order).
        wall: which wall of the room it is an image of, int64 (k, order).
    """

    cell: I64
    axis: I64
    plane: I64
    wall: I64

    @classmethod
    def of(cls, order: int) -> Lattice:
        """Return all cells up to `order` reflections away."""
        reach = range(-order, order + 1)
        cells = [c for c in product(reach, repeat=3) if sum(map(abs, c)) <= order]
        cells.sort(key=lambda c: (sum(map(abs, c)), c))
        axis, plane = (np.full((len(cells), order), fill) for fill in (-1, 0))
        for row, cell in enumerate(cells):
            crossed = [
                (a, m)
                for a, n in enumerate(cell)
                for m in (range(1, n + 1) if n > 0 else range(n + 1, 1))
            ]
            for column, (a, m) in enumerate(crossed):
                axis[row, column], plane[row, column] = a, m
        wall = np.where(axis < 0, 0, 2 * axis + plane % 2)
        return cls(np.array(cells), axis, plane, wall)

    @property
    def sign(self) -> F64:
        """Return -1 for every axis along which an image is mirrored, (k, 3)."""
        sign: F64 = np.where(self.cell % 2, -1.0, 1.0)
        return sign


@dataclass(frozen=True)
class ImagePaths:
    """Paths from one antenna to n points.

    Attributes:
        origin_m: the images, float64 (k, 3).
        field: arriving field before the loss 1/length of free space, complex128 (n, k, 3).
        length_m: float64 (n, k).
        corner_m: the path in the real room: antenna, reflections in their order, point; those with
            fewer reflections end more than once, float64 (n, k, order + 2, 3).
    """

    origin_m: F64
    field: C128
    length_m: F64
    corner_m: F64


def image_positions(position_m: F64, box: Box) -> F64:
    """Return the images of a position, the position itself first, (k, 3)."""
    cell, size = box.lattice.cell, np.array(box.size_m)
    images: F64 = cell * size + np.where(cell % 2, size - position_m, position_m)
    return images


def image_paths(position_m: F64, element: Element, box: Box, xyz_m: F64) -> ImagePaths:
    """Return all paths from an antenna to points (n, 3) in a box."""
    lattice, size = box.lattice, np.array(box.size_m)
    origin = image_positions(box.inside(position_m), box)
    way = box.inside(xyz_m)[:, None, :] - origin
    length = np.maximum(np.sqrt((way * way).sum(axis=2)), NEAREST_M)
    unit = way / length[..., None]
    share, sequence = _crossings(lattice, size, origin, way)
    corner = _corners(origin, way, share, size)
    field = lattice.sign * element.field(lattice.sign * unit)
    for bounce in range(box.order):
        column = sequence[..., bounce]
        axis = np.take_along_axis(lattice.axis[None], column[..., None], 2)[..., 0]
        wall = np.take_along_axis(lattice.wall[None], column[..., None], 2)[..., 0]
        slab = _panes(box, wall, corner[:, :, bounce + 1])
        met = np.nonzero(axis >= 0)
        field[met] = bounced(field[met], unit[met], axis[met], box.slabs, slab[met])
    return ImagePaths(origin, field, length, corner)


def bounced(field: C128, unit: F64, axis: I64, slabs: Slabs, which: I64) -> C128:
    """Return fields (m, 3) after a wall across `axis` (m,), seen in the mirror.

    Of a transverse field the part along p = n - k (k n) lies in the plane of incidence, the rest
    across it.
    """
    rows = np.arange(len(axis))
    lean = unit[rows, axis]
    across, along = reflection(np.abs(lean), slabs, which)
    within = field[rows, axis] / np.maximum(1 - lean * lean, 1e-12)
    p = -unit * lean[:, None]
    p[rows, axis] += 1
    mirrored: C128 = across[:, None] * field + ((along - across) * within)[:, None] * p
    return mirrored


def _crossings(lattice: Lattice, size: F64, origin: F64, way: F64) -> tuple[F64, I64]:
    """Return where each path crosses its planes, as shares of it in order, and their columns.

    Both (n, k, order); a share of 1 stands for no crossing.
    """
    image = np.arange(len(lattice.cell))[:, None]
    along = way[:, image, lattice.axis]
    gap = lattice.plane * size[lattice.axis] - origin[image, lattice.axis]
    some = lattice.axis >= 0
    share = np.where(some, gap / np.where(some, along, 1.0), 1.0)
    sequence = np.argsort(share, axis=2, kind="stable")
    return np.take_along_axis(share, sequence, 2), sequence


def _corners(origin: F64, way: F64, share: F64, size: F64) -> F64:
    ends = np.broadcast_to([0.0], (*share.shape[:2], 1)), np.ones((*share.shape[:2], 1))
    at = np.concatenate([ends[0], share, ends[1]], axis=2)
    unfolded = origin[None, :, None] + at[..., None] * way[:, :, None]
    over = np.mod(unfolded, 2 * size)
    folded: F64 = np.minimum(over, 2 * size - over)
    return folded


def _panes(box: Box, wall: I64, corner_m: F64) -> I64:
    """Return the slab that every ray meets where it is reflected, (n, k)."""
    slab = wall
    for pane in box.panes:
        free = np.arange(3) != pane.wall // 2
        within = ((corner_m >= pane.low_m) & (corner_m <= pane.high_m))[..., free].all(axis=-1)
        slab = np.where((wall == pane.wall) & within, pane.slab, slab)
    return slab
