"""Mannequins: bodies of smooth plastic in clothes, part of the standing shop and nobody at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.appearance import draw_clothes
from retailsim.simulate.camera.figure import Material
from retailsim.simulate.camera.people import MESH, crowd_mesh
from retailsim.simulate.camera.surfaces import Colour, Frame, Mesh, Surface
from retailsim.simulate.snapshot import Body, People, Pose
from retailsim.simulate.streams import stream
from retailsim.store.plan import Fixture, StorePlan

BASE_M = 0.025
# White, grey, black and skin-like plastic, as shops have them (assumed).
PLASTICS: tuple[Colour, ...] = (
    (0.66, 0.65, 0.63), (0.66, 0.65, 0.63), (0.30, 0.30, 0.31), (0.025, 0.025, 0.028),
    (0.55, 0.40, 0.31),
)  # fmt: skip
_PATTERNED = (Material.TOP, Material.BOTTOM)
_BARE = (Material.SKIN, Material.FACE, Material.HAIR, Material.LEG)


def add_mannequins(hard: Mesh, plan: StorePlan) -> Mesh:
    """Add bodies and stands of all mannequins to `hard`; return what is cloth of them."""
    cloth = Mesh()
    for fixture in plan.fixtures:
        if fixture.kind == "mannequin":
            _mannequin(hard, cloth, fixture)
    return cloth


def _mannequin(hard: Mesh, cloth: Mesh, fixture: Fixture) -> None:
    rng = stream(0, "mannequin", fixture.id)
    plastic = PLASTICS[int(rng.integers(len(PLASTICS)))]
    body = Body(
        label=0,
        height_m=fixture.height_m - BASE_M,
        build=0.9,
        skin_colour=plastic,
        hair_colour=plastic,
        hair="bald",
        clothes=draw_clothes(rng),
        bag="none",
        texture_seed=int(rng.integers(2**31)),
        presentation=("feminine", "masculine")[int(rng.integers(2))],
    )
    mesh = crowd_mesh(_alone(body, fixture))
    position = mesh.position[0] + np.array([0, 0, BASE_M], np.float32)
    material, palette = mesh.material[0], mesh.palette[0]
    # The last corner of a triangle says what it is made of.
    triangles = MESH.triangles[mesh.worn[0][MESH.tube_of]]
    bare = np.isin(material[triangles[:, 2]], _BARE)
    shape = (position, mesh.normal[0], mesh.cloth[0])
    paint = np.array([*plastic, Surface.PLASTIC])
    hard.add(*shape, triangles[bare], paint, np.array([1.0, 1.0, 1.0, 1.0]))
    first = palette[material, 0]
    first[~np.isin(material, _PATTERNED), 3] = 0.0
    cloth.add(*shape, triangles[~bare], first, palette[material, 1])
    reach, frame = min(fixture.size_m) / 2, Frame.of(fixture)
    steel = (0.35, 0.35, 0.36)
    hard.box((-reach, -reach, 0), (reach, reach, BASE_M), Surface.METAL, steel, frame=frame)


def _alone(body: Body, fixture: Fixture) -> People:
    def one(value: float | list[float]) -> NDArray[Any]:
        return np.array([value])

    return People(
        body=(body,),
        xy_m=one([*fixture.center_m]),
        heading_rad=one(np.deg2rad(fixture.angle_deg - 90.0)),
        speed_mps=one(0.0),
        gait_phase=one(0.0),
        pose=np.array([Pose.STAND], np.uint8),
        reach_xyz_m=one([np.nan] * 3),
        staff=np.array([False]),
    )
