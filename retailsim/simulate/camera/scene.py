"""One tick on the graphics card: the standing shop, what moves in it, shadows and identities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.building import building_mesh
from retailsim.simulate.camera.contact import GRID_PX, contact_map
from retailsim.simulate.camera.crowd import (
    SHADOW_PX,
    Crowd,
    noise_texture,
    set_light,
    set_uniform,
    shadow_texture,
)
from retailsim.simulate.camera.daylight import set_daylight
from retailsim.simulate.camera.furniture import furniture_mesh
from retailsim.simulate.camera.garments import GarmentMeshes
from retailsim.simulate.camera.mannequins import add_mannequins
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.mirrors import Glass, Image, image, panes
from retailsim.simulate.camera.openings import Opening, openings
from retailsim.simulate.camera.optics import Light, light_matrix
from retailsim.simulate.camera.shop_shaders import SHADE_FRAGMENT, SHADE_VERTEX
from retailsim.simulate.camera.still import FineTarget, StillShop, StillView, garment_vertices
from retailsim.simulate.camera.sunlight import Sunlight
from retailsim.simulate.lighting import Lighting
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

STREET_M = 4.0  # how far before a door people cast shadows


class Scene:
    """Draws one snapshot for many cameras; all calls need the context to be current."""

    def __init__(
        self,
        context: Any,
        plan: StorePlan,
        meshes: GarmentMeshes,
        light: Light,
        lighting: Lighting,
    ) -> None:
        self._context, self._light = context, light
        building, furniture = building_mesh(plan), furniture_mesh(plan)
        clothed = add_mannequins(furniture, plan)
        holes = openings(plan)
        self._low, self._high = _shadow_extent_m(plan, holes)
        self._to_light = light_matrix(
            light, np.array([*self._low, 0.0]), np.array([*self._high, 2.3])
        )
        self._noise = noise_texture(context)
        self.shop = StillShop(
            context,
            building,
            furniture,
            clothed,
            garment_vertices(meshes),
            light,
            self._to_light,
            self._noise,
        )
        for program in self.shop.programs:
            set_daylight(program, plan, holes, lighting)
        box = np.array([*self._low, 0.0], np.float32), np.array([*self._high, 2.3], np.float32)
        self.sun = Sunlight(context, holes, box, self.shop.cast)
        self._panes = panes(plan)
        self._glass = Glass(context, self._panes)
        self._mirrored: dict[tuple[int, int], Any] = {}
        self._shadow, self._shadow_frame = shadow_texture(context, SHADOW_PX)
        self._contact = context.texture(GRID_PX, 1)
        self._contact.repeat_x = self._contact.repeat_y = False
        self._moving = self.shop.moving_array()
        self._corners = context.buffer(reserve=1 << 16, dynamic=True)
        self._sheet = self._shade_sheet()
        self._fine: dict[tuple[int, int], FineTarget] = {}

    def still_view(self, projection: Projection, clip: F32, size_px: tuple[int, int]) -> StillView:
        """Return a place for the standing shop as one camera sees it, yet to be drawn."""
        seen = [image(pane, projection, clip, size_px) for pane in self._panes]
        images = [(which, own) for which, own in enumerate(seen) if own]
        eye_m = projection.position_m
        return StillView(self._context, self.shop, size_px, clip, eye_m, self._glass, images)

    def draw_still(
        self, still: StillView, present: NDArray[np.bool_], box_px: tuple[int, int, int, int] | None
    ) -> None:
        """Draw a rectangle (None: all) of a camera's standing shop again."""
        size = still.size_px
        box = box_px or (0, 0, *size)
        if box[2] > 0 and box[3] > 0:
            if size not in self._fine:
                self._fine[size] = FineTarget(self._context, size)
            still.refresh(self._fine[size], present, box)

    def replace(self, rows: NDArray[np.intp], meshes: GarmentMeshes) -> None:
        """Give garments that were put elsewhere their new mesh."""
        for row in rows:
            self.shop.replace(int(row), garment_vertices(meshes, int(row)))

    def upload_moving(
        self, meshes: GarmentMeshes, rows: NDArray[np.intp], position: F32, normal: F32
    ) -> None:
        """Send the garments that swing or are carried."""
        self._moving.upload(meshes, rows, position, normal)

    def cast_shadows(self, crowd: Crowd, xy_m: NDArray[np.float64]) -> None:
        """Draw the shadow map and the contact map of everybody."""
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        crowd.draw_depth(self._to_light)
        self._contact.write(contact_map(xy_m, self._low, self._high).tobytes())
        self._people_m = np.concatenate([xy_m, np.full((len(xy_m), 1), 0.9)], axis=1)

    def draw(
        self,
        crowd: Crowd,
        still: StillView,
        clip: F32,
        projection: Projection,
        people: tuple[NDArray[np.intp], F32],
        goods: NDArray[np.bool_],
        shaded: F32,
    ) -> None:
        """Start drawing what one camera sees; `read` waits for it.

        Args:
            crowd: everybody, uploaded.
            still: the camera's standing shop.
            clip, projection: the camera.
            people: rows to draw, and everybody's height in the picture, (n,).
            goods: which of the moving garments to draw.
            shaded: the corners of triangles outside which no shadow falls, clip space (t, 2).
        """
        context, target = self._context, still.target
        context.copy_framebuffer(target, still.frame)
        target.use()
        self._shade(still, target, shaded)
        program = crowd.program
        set_light(program, self._light)
        set_uniform(program, "world_to_light", self._to_light.T)
        for slot, (name, texture) in enumerate(
            [
                ("noise_map", self._noise),
                ("people_shadow", self._shadow),
                ("shop_shadow", self.shop.shadow),
            ],
            start=1,
        ):
            texture.use(slot)
            set_uniform(program, name, slot)
        crowd.draw(clip, *people)
        if goods.any():
            self.shop.bind(clip, projection.position_m, fine=False)
            self._moving.draw(goods)
        for which, own in still.images:
            self._reflect(crowd, still, clip, which, own)
        self.sun.shine(target, still.picture, projection, clip)

    def _reflect(self, crowd: Crowd, still: StillView, clip: F32, which: int, own: Image) -> None:
        """Draw who and what moves before a mirror into its glass."""
        rows, goods = np.flatnonzero(own.near(self._people_m)), own.near(self._moving.middle_m)
        if not len(rows) and not goods.any():
            return
        size = still.size_px
        if size not in self._mirrored:
            textures = [self._context.texture(size, 4)], self._context.depth_texture(size)
            self._mirrored[size] = self._context.framebuffer(*textures)
        frame = self._mirrored[size]
        frame.use()
        frame.scissor = own.box_px
        frame.clear(depth=1.0)
        crowd.draw(own.clip, rows, own.heights_px(self._people_m), mirrored=True)
        self.shop.bind(own.clip, own.eye_m, fine=False)
        self._moving.draw(goods, mirrored=True)
        frame.scissor = None
        still.target.use()
        self._context.depth_func = "<="  # the glass itself has been drawn before
        texture = frame.color_attachments[0]
        self._glass.show(which, texture, clip, size, standing=False)
        self._context.depth_func = "<"

    def _shade(self, still: StillView, one: Any, shaded: F32) -> None:
        if not len(shaded):
            return
        context = self._context
        self._corners.orphan(shaded.nbytes)
        self._corners.write(shaded.tobytes())
        for slot, texture in (
            (4, still.colour),
            (5, still.world),
            (2, self._shadow),
            (6, self._contact),
        ):
            texture.use(slot)
        context.enable_only(context.BLEND)
        context.blend_func = context.DST_COLOR, context.ZERO
        # Blending is for colour alone: identities have no such thing and stay as they are.
        one.color_mask = (True, True, True, False), (False, False, False, False)
        self._sheet.render(vertices=len(shaded))
        one.color_mask = (True, True, True, True), (True, True, True, True)
        context.enable_only(context.DEPTH_TEST)

    def _shade_sheet(self) -> Any:
        program = self._context.program(SHADE_VERTEX, SHADE_FRAGMENT)
        set_uniform(program, "world_to_light", self._to_light.T)
        set_uniform(program, "shadow_share", self._light.shadow_share)
        scale = 1 / (np.array(self._high) - self._low)
        set_uniform(program, "contact_scale", (*scale.tolist(), *(-scale * self._low).tolist()))
        for name, slot in (
            ("still_colour", 4),
            ("still_world", 5),
            ("people_shadow", 2),
            ("contact_map", 6),
        ):
            set_uniform(program, name, slot)
        return self._context.vertex_array(program, [(self._corners, "2f4", "in_corner")])


def _shadow_extent_m(
    plan: StorePlan, holes: Sequence[Opening]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the lowest and highest corner of the floor on which people cast shadows."""
    width, depth = plan.size_m or (1.0, 1.0)
    beyond = {hole.wall for hole in holes if not hole.glazed} | {0}
    south, east, north, west = (STREET_M if wall in beyond else 1.0 for wall in range(4))
    return (-west, -south), (width + east, depth + north)
