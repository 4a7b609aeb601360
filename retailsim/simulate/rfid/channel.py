"""The one-way channel between a reader antenna and tags in a shop where nobody moves.

h(f) = lambda / (4 pi) * sum_i (t . E_i) exp(-j 2 pi f L_i / c): the tag's effective vector t takes
up the field E_i that path i of length L_i brings, free-space loss included. A monostatic reader
sees h^2. Fields are those at one frequency in the middle of the band, lengths hold for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import transverse
from retailsim.simulate.rfid.elements import Element, Patch
from retailsim.simulate.rfid.furniture import Furniture, Scatterers, furniture, loss_db
from retailsim.simulate.rfid.images import NEAREST_M, Box, Images, Pane, traced
from retailsim.simulate.rfid.slab import AIR, CONCRETE, GLASS, PLASTERBOARD, Slabs
from retailsim.store.plan import Antenna, StorePlan
from retailsim.store.regions import LIGHT_MPS

F64 = NDArray[np.float64]
C64 = NDArray[np.complex64]
C128 = NDArray[np.complex128]

# Walls of a shop as it is usually fitted out (assumed): two boards on studs, bare slabs above and
# below whatever covers them, glazing of two panes taken as one.
WALL, FLOOR, PANE, DOORWAY = (PLASTERBOARD, 0.025), (CONCRETE, 0.2), (GLASS, 0.012), (AIR, 0.0)
DOOR_M = 2.1
ON_WALL_M = 0.05  # a door or window this near to a side of the floor is in that wall
BRIGHTEST = 24  # of all scatterers, those that an antenna lights most are followed
SCATTER_NEAR_M = 0.3  # a scatterer's points are no points nearer than this


@dataclass(frozen=True)
class Surroundings:
    """What an antenna's waves meet; None is not there.

    Attributes:
        box: walls, floor and ceiling.
        furniture: what stands within.
    """

    box: Box | None = None
    furniture: Furniture | None = None


@dataclass(frozen=True)
class Paths:
    """All paths from one antenna to n tags; the first `reflected` of k are those of the walls.

    Attributes:
        field: complex128 (n, k, 3) as it arrives at the tag, loss of free space included.
        origin_m: where each path's last straight line (unfolded) begins, float64 (k, 3).
        base_m: length of the path up to there, float64 (k,).
        length_m: float64 (n, k).
        corner_m: of the reflected ones, as in `ImagePaths`, float64 (n, reflected, c, 3).
    """

    field: C128
    origin_m: F64
    base_m: F64
    length_m: F64
    corner_m: F64

    @property
    def reflected(self) -> int:
        """Return how many paths have corners."""
        return int(self.corner_m.shape[1])


@dataclass(frozen=True)
class Source:
    """An antenna in its surroundings.

    Attributes:
        position_m: float64 (3,).
        element: its pattern and polarisation.
        around: walls and furniture.
        lit_xyz_m: the scatterers it lights most, float64 (s, 3).
        lit: field times distance that they send on, before its part along the ray is taken out,
            complex128 (s, 3).
        lit_m: distance from the antenna, float64 (s,).
    """

    position_m: F64
    element: Element
    around: Surroundings
    lit_xyz_m: F64
    lit: C128
    lit_m: F64

    @cached_property
    def images(self) -> Images:
        """Return its images in the walls."""
        assert self.around.box is not None
        return Images.of(self.position_m, self.around.box)


def surroundings(plan: StorePlan, frequency_hz: float, order: int = 2) -> Surroundings:
    """Return walls and furniture of a plan; free space where it has no floor."""
    if plan.size_m is None:
        return Surroundings()
    layers = [WALL] * 4 + [FLOOR] * 2 + [PANE, DOORWAY]
    slabs = Slabs.of(layers, frequency_hz)
    box = Box((*plan.size_m, plan.height_m), slabs, order, tuple(_panes(plan)))
    return Surroundings(box, furniture(plan))


def patch_source(antenna: Antenna, around: Surroundings) -> Source:
    """Return the source of a reader's antenna."""
    position = np.array(antenna.position_m)
    look = np.array(antenna.look_at_m) - position
    x, y, z = look / np.linalg.norm(look)
    patch = Patch((float(x), float(y), float(z)), antenna.gain_dbi, antenna.beamwidth_deg)
    return source(position, patch, around)


def source(position_m: F64, element: Element, around: Surroundings) -> Source:
    """Return the source of any element."""
    points = _scatterers(around)
    way = points.xyz_m - position_m
    distance = np.maximum(np.sqrt((way * way).sum(axis=1)), SCATTER_NEAR_M)
    arriving = element.field(way / distance[:, None]) / distance[:, None]
    sent = (points.tensor_m @ arriving[..., None])[..., 0]
    kept = np.argsort(-np.linalg.norm(sent, axis=1), kind="stable")[:BRIGHTEST]
    return Source(position_m, element, around, points.xyz_m[kept], sent[kept], distance[kept])


def paths(source: Source, xyz_m: F64) -> Paths:
    """Return all paths of a source to points (n, 3)."""
    field, origin, length, corner = _reflected(source, xyz_m)
    way = xyz_m[:, None] - source.lit_xyz_m
    onward = np.sqrt((way * way).sum(axis=2))
    unit = way / np.maximum(onward, 1e-6)[..., None]
    over = transverse(source.lit[None], unit) / np.maximum(onward, SCATTER_NEAR_M)[..., None]
    return Paths(
        np.concatenate([field, over], axis=1),
        np.concatenate([origin, source.lit_xyz_m]),
        np.concatenate([np.zeros(len(origin)), source.lit_m]),
        np.concatenate([length, source.lit_m + onward], axis=1),
        corner,
    )


def add_up(gain: C64 | C128, length_m: F64, frequency_hz: float) -> C128:
    """Return h (n,) from what a tag takes up of every path (n, k) and the paths' lengths."""
    total = (turn(length_m, frequency_hz) * gain).sum(axis=1)
    h: C128 = friis(frequency_hz) * total.astype(np.complex128)
    return h


def friis(frequency_hz: float) -> float:
    """Return lambda / (4 pi), metres: the amplitude that isotropic antennas pass at 1 m."""
    return LIGHT_MPS / frequency_hz / (4 * np.pi)


def turn(length_m: F64, frequency_hz: float) -> C64:
    """Return exp(-j 2 pi f L / c) of lengths of any shape.

    Whole turns are taken off in double precision; the rest is good to 1e-7 in single, and faster.
    """
    turns = (-frequency_hz / LIGHT_MPS) * length_m
    turns -= np.rint(turns)
    angle = turns.astype(np.float32) * np.float32(2 * np.pi)
    turned = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    return turned


def taken_up(field: C64 | C128, moment: C128) -> C128:
    """Return what tags of effective vectors (n, 3) take up of fields (n, k, 3), (n, k)."""
    gain: C128 = np.einsum("nkx,nx->nk", field, moment)
    return gain


def one_way(source: Source, xyz_m: F64, moment: C128, frequency_hz: float) -> C128:
    """Return the complex one-way channel to tags (n, 3) with effective vectors (n, 3), (n,)."""
    found = paths(source, xyz_m)
    return add_up(taken_up(found.field, moment), found.length_m, frequency_hz)


def _reflected(source: Source, xyz_m: F64) -> tuple[C128, F64, F64, F64]:
    """Return fields, origins, lengths and corners of line of sight and reflections."""
    box, position = source.around.box, source.position_m
    if box is None:
        way = xyz_m - position
        length = np.maximum(np.sqrt((way * way).sum(axis=1))[:, None], NEAREST_M)
        field = (source.element.field(way / length) / length)[:, None]
        ends = np.broadcast_to(position, xyz_m.shape), xyz_m
        return field, position[None], length, np.stack(ends, axis=1)[:, None]
    found = traced(source.images, source.element, xyz_m)
    left = 1 / found.length_m
    if source.around.furniture is not None:
        left *= _past_furniture(source.around.furniture, found.corner_m)
    return found.field * left[..., None], found.origin_m, found.length_m, found.corner_m


def _past_furniture(furniture: Furniture, corner_m: F64) -> F64:
    """Return the amplitude that furniture leaves of every path (n, k)."""
    start, end = corner_m[:, :, :-1], corner_m[:, :, 1:]
    some = np.nonzero(np.minimum(start[..., 2], end[..., 2]) < furniture.tallest_m)
    lost_db = np.zeros(start.shape[:3])
    lost_db[some] = loss_db(furniture, start[some], end[some])
    left: F64 = 10 ** (lost_db.sum(axis=2) / -20)
    return left


def _scatterers(around: Surroundings) -> Scatterers:
    if around.furniture is None:
        return Scatterers(np.zeros((0, 3)), np.zeros((0, 3, 3)))
    return around.furniture.scatterers


def _panes(plan: StorePlan) -> list[Pane]:
    """Return doors and windows as rectangles in the walls they are in."""
    assert plan.size_m is not None
    holes = [(np.array(d.segment_m), 0.0, DOOR_M, 7) for d in plan.doors]
    holes += [(np.array(w.segment_m), w.sill_m, w.top_m, 6) for w in plan.windows]
    found = []
    for segment, bottom_m, top_m, slab in holes:
        (left, front), (right, back) = segment.min(axis=0), segment.max(axis=0)
        for wall in range(4):
            at = (0.0, plan.size_m[wall // 2])[wall % 2]
            if np.all(np.abs(segment[:, wall // 2] - at) < ON_WALL_M):
                low = (float(left), float(front), bottom_m)
                found.append(Pane(wall, low, (float(right), float(back), top_m), slab))
    return found
