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

    @cached_property
    def sign(self) -> F64:
        """Return -1 for every axis along which an image is mirrored, (k, 3)."""
        sign: F64 = np.where(self.cell % 2, -1.0, 1.0)
        return sign

    @cached_property
    def met(self) -> NDArray[np.bool_]:
        """Return whether paths of an image have a first, second, ... bounce, (k, order)."""
        met: NDArray[np.bool_] = np.arange(self.axis.shape[1]) < (self.axis >= 0).sum(1)[:, None]
        return met

    @cached_property
    def first(self) -> list[int]:
        """Return for every bounce the first image whose paths have it."""
        return [int(column.argmax()) for column in self.met.T]


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


@dataclass(frozen=True)
class Images:
    """The images of one antenna.

    Attributes:
        position_m: the antenna, float64 (3,).
        box: the room.
        origin_m: the images, the antenna itself first, float64 (k, 3).
        gap_m: from each to the planes that its paths cross, along the plane's axis, float64
            (k, order); 1 where there is none.
    """

    position_m: F64
    box: Box
    origin_m: F64
    gap_m: F64

    @classmethod
    def of(cls, position_m: F64, box: Box) -> Images:
        """Return the images of an antenna in a box."""
        lattice, size, position = box.lattice, np.array(box.size_m), box.inside(position_m)
        cell, axis = lattice.cell, lattice.axis
        origin = cell * size + np.where(cell % 2, size - position, position)
        gap = lattice.plane * size[axis] - np.take_along_axis(origin, axis % 3, 1)
        return cls(position, box, origin, np.where(axis < 0, 1.0, gap))


def image_paths(position_m: F64, element: Element, box: Box, xyz_m: F64) -> ImagePaths:
    """Return all paths from an antenna to points (n, 3) in a box."""
    return traced(Images.of(position_m, box), element, xyz_m)


def traced(images: Images, element: Element, xyz_m: F64) -> ImagePaths:
    """Return all paths from an antenna's images to points (n, 3)."""
    lattice, origin, end = images.box.lattice, images.origin_m, images.box.inside(xyz_m)
    way = end[:, None, :] - origin
    length = np.maximum(np.sqrt((way * way).sum(axis=2)), NEAREST_M)
    unit = way / length[..., None]
    share, wall = _crossings(images, way)
    corner = _corners(images, way, share, end)
    field = lattice.sign * element.field(lattice.sign * unit)
    _bounce(images.box, field, unit, wall, _panes(images.box, wall, corner[:, :, 1:-1]))
    return ImagePaths(origin, field, length, corner)


def _bounce(box: Box, field: C128, unit: F64, wall: I64, slab: I64) -> None:
    """Let fields (n, k, 3) be reflected by walls (n, k, order) in turn, seen in the mirrors.

    Of a transverse field the part along p = n - k (k n) lies in the plane of incidence, the rest
    across it.
    """
    place = np.arange(0, unit.size, 3).reshape(*unit.shape[:2], 1) + wall // 2
    lean = unit.reshape(-1)[place]
    across, along = reflection(np.where(box.lattice.met, np.abs(lean), 1.0), box.slabs, slab)
    within = (along - across) / np.maximum(1 - lean * lean, 1e-12)
    whole = field.reshape(-1)
    for bounce, first in enumerate(box.lattice.first):
        some = np.s_[:, first:, bounce]
        part = within[some] * whole[place[some]]
        field[:, first:] *= across[some][..., None]
        field[:, first:] -= (part * lean[some])[..., None] * unit[:, first:]
        whole[place[some]] += part


def _crossings(images: Images, way: F64) -> tuple[F64, I64]:
    """Return where each path crosses its planes, as shares of it in order, and their walls.

    Both (n, k, order); a share of 1 stands for no crossing.
    """
    lattice, image = images.box.lattice, np.arange(way.shape[1])[:, None]
    along = way[:, image, lattice.axis]
    np.copyto(along, 1.0, where=lattice.axis < 0)
    share = images.gap_m / along
    sequence = np.argsort(share, axis=2, kind="stable")
    share.sort(axis=2, kind="stable")
    return share, lattice.wall[image, sequence]


def _corners(images: Images, way: F64, share: F64, end: F64) -> F64:
    size, (n, k, order) = np.array(images.box.size_m), share.shape
    corner = np.empty((n, k, order + 2, 3))
    corner[:, :, 0] = images.position_m
    between = images.origin_m[:, None] + share[..., None] * way[:, :, None]
    between -= 2 * size * np.rint(between / (2 * size))
    corner[:, :, 1:-1] = np.abs(between)
    corner[:, :, -1] = end[:, None]
    np.copyto(corner[:, :, 1:-1], corner[:, :, -1:], where=(share == 1)[..., None])
    return corner


def _panes(box: Box, wall: I64, corner_m: F64) -> I64:
    """Return the slab that every ray meets where it is reflected, (n, k, order)."""
    slab = wall
    for pane in box.panes:
        within = wall == pane.wall
        for axis in range(3):
            if axis != pane.wall // 2:
                at = corner_m[..., axis]
                within &= (at >= pane.low_m[axis]) & (at <= pane.high_m[axis])
        slab = np.where(within, pane.slab, slab)
    return slab
