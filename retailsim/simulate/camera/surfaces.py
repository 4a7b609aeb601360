"""A growing mesh of hard things: boxes, posts, sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32, Rings, Tube, TubeMesh
from retailsim.store.plan import Fixture
from retailsim.store.slots import fixture_axes

Colour = tuple[float, float, float]
Vector = Sequence[float] | NDArray[Any]
VERTEX_FLOATS = 16
STEEL = (0.42, 0.43, 0.45)
WHITE = (0.62, 0.61, 0.58)
OAK = (0.46, 0.30, 0.17)
DARK = (0.04, 0.04, 0.045)


class Surface(IntEnum):
    """How the shader paints a surface."""

    PAINT = 8
    PLANKS = 9
    TILES = 10
    PLASTER = 11
    METAL = 12
    POSTER = 13
    MIRROR = 14
    GLOW = 15
    PAVEMENT = 16
    WOOD = 17
    LEAF = 18
    BRICK = 19
    STONE = 20
    CARPET = 21
    CONCRETE = 22
    PLASTIC = 23
    SCREEN = 24
    SKY = 25
    SIGN = 26
    PORTRAIT = 27


@dataclass
class Mesh:
    """Collects triangles with one vertex layout.

    A vertex is 16 floats: position, normal, uv in metres, first colour + Surface, second
    colour + scale.
    """

    _vertices: list[F32] = field(default_factory=list)
    _triangles: list[NDArray[Any]] = field(default_factory=list)
    count: int = 0

    def add(
        self,
        position: NDArray[Any],
        normal: NDArray[Any],
        uv: NDArray[Any],
        triangles: NDArray[Any],
        first: NDArray[Any],
        second: NDArray[Any],
    ) -> None:
        """Add a patch of v vertices of one material."""
        rows = np.empty((len(position), VERTEX_FLOATS), np.float32)
        rows[:, 0:3], rows[:, 3:6], rows[:, 6:8] = position, normal, uv
        rows[:, 8:12], rows[:, 12:16] = first, second
        self._vertices.append(rows)
        self._triangles.append(np.asarray(triangles, np.int32) + self.count)
        self.count += len(rows)

    def quad(
        self,
        corner: Vector,
        u: Vector,
        v: Vector,
        surface: int,
        first: Colour,
        second: Colour = (1.0, 1.0, 1.0),
        scale: float = 1.0,
    ) -> None:
        """Add the parallelogram corner, corner + u, corner + u + v, corner + v; faces u x v."""
        corner, u, v = (np.asarray(a, float) for a in (corner, u, v))
        position = np.stack([corner, corner + u, corner + u + v, corner + v])
        normal = np.cross(u, v)
        normal /= np.linalg.norm(normal)
        w, h = np.linalg.norm(u), np.linalg.norm(v)
        uv = np.array([(0, 0), (w, 0), (w, h), (0, h)])
        self.add(
            position,
            np.tile(normal, (4, 1)),
            uv,
            np.array([(0, 1, 2), (0, 2, 3)]),
            np.array([*first, surface]),
            np.array([*second, scale]),
        )

    def box(
        self,
        low: Vector,
        high: Vector,
        surface: int,
        first: Colour,
        second: Colour = (1.0, 1.0, 1.0),
        *,
        frame: Frame | None = None,
        scale: float = 1.0,
    ) -> None:
        """Add an upright box; `low` and `high` are in the frame's axes."""
        frame = frame or Frame()
        (x0, y0, z0), (x1, y1, z1) = np.asarray(low, float), np.asarray(high, float)
        dx, dy, dz = np.array([x1 - x0, 0, 0]), np.array([0, y1 - y0, 0]), np.array([0, 0, z1 - z0])
        sides = [
            ((x0, y0, z1), dx, dy), ((x0, y1, z0), dx, -dy), ((x0, y0, z0), dx, dz),
            ((x1, y1, z0), -dx, dz), ((x1, y0, z0), dy, dz), ((x0, y1, z0), -dy, dz),
        ]  # fmt: skip
        for corner, u, v in sides:
            self.quad(
                frame.point(np.array(corner)), frame.turn(u), frame.turn(v), surface, first, second,
                scale,
            )  # fmt: skip

    def rod(self, start: Vector, end: Vector, radius: float, first: Colour) -> None:
        """Add a metal rod."""
        start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
        axis = (end - start) / np.linalg.norm(end - start)
        helper = np.array([1, 0, 0]) if abs(axis[2]) > 0.9 else np.array([0, 0, 1])
        side = np.cross(axis, helper)
        side = (side / np.linalg.norm(side) * radius).astype(np.float32)
        front = np.cross(axis, side).astype(np.float32)
        rings = Rings(
            np.stack([start, end])[None], np.tile(side, (1, 2, 1)), np.tile(front, (1, 2, 1))
        )
        self.tubes(_ROD, rings, Surface.METAL, first)

    def tubes(
        self,
        mesh: TubeMesh,
        rings: Rings,
        surface: int,
        first: Colour,
        second: Colour = (1.0, 1.0, 1.0),
        scale: float = 1.0,
    ) -> None:
        """Add swept tubes of one material."""
        position, normal = mesh.skin(rings)
        uv = np.stack([mesh.angle * 0.15, rings.centre[0, mesh.ring_of, 2]], 1)
        self.add(
            position[0], normal[0], uv, mesh.triangles, np.array([*first, surface]),
            np.array([*second, scale]),
        )  # fmt: skip

    def arrays(self) -> tuple[F32, NDArray[Any]]:
        """Return all vertices (v, 16) and triangles (t, 3)."""
        if not self._vertices:
            return np.zeros((0, VERTEX_FLOATS), np.float32), np.zeros((0, 3), np.int32)
        return np.concatenate(self._vertices), np.concatenate(self._triangles)


@dataclass(frozen=True)
class Frame:
    """A place on the floor with its own axes."""

    origin: tuple[float, float] = (0.0, 0.0)
    along: tuple[float, float] = (1.0, 0.0)

    @classmethod
    def of(cls, fixture: Fixture) -> Frame:
        """Return the frame of a fixture: x along it, origin at its centre."""
        along, _ = fixture_axes(fixture)
        return cls(fixture.center_m, (float(along[0]), float(along[1])))

    def turn(self, vector: Vector) -> NDArray[Any]:
        """Turn a vector from the frame's axes into the world's."""
        (ax, ay), (x, y, z) = self.along, vector
        return np.array([ax * x - ay * y, ay * x + ax * y, z])

    def point(self, xyz: Vector) -> NDArray[Any]:
        """Return the world position of a point in the frame."""
        return self.turn(xyz) + [*self.origin, 0.0]


_ROD = TubeMesh((Tube(2, 8),))
