"""All calibrated cameras of a plan, drawing one snapshot after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Self

import numpy as np

from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.daylight import lamp_light
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.eye import Eye, look_anew, new_eye, patch_px
from retailsim.simulate.camera.goods import Change, Goods
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.people import crowd_mesh
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.shade import shade_points
from retailsim.simulate.camera.silhouettes import Silhouettes
from retailsim.simulate.camera.targets import read_depth, read_ids, read_picture
from retailsim.simulate.camera.view import (
    Drawing,
    Shot,
    Tick,
    View,
    develop,
    drawing,
    subject,
    view_of,
)
from retailsim.simulate.faults import Faults
from retailsim.simulate.lighting import Lighting, sun_now
from retailsim.simulate.snapshot import Snapshot
from retailsim.store.plan import StorePlan


class CameraRig:
    """Draws every calibrated camera of a plan; snapshots must come in order of time.

    Raises DeviceError where OpenGL is missing, ScenarioError when the plan has no floor.
    The same plan, seed, faults and snapshots give the same bytes in every process. Only with
    `depth` do views have one: reading it back takes time. A shop's pictures take a hundred
    megabytes, which only `close`, or leaving a `with` block, gives back.
    """

    def __init__(
        self,
        plan: StorePlan,
        *,
        seed: int,
        light: Light | None = None,
        lighting: Lighting | None = None,
        faults: Faults = Faults(),
        start_ns: int | None = None,
        depth: bool = False,
    ) -> None:
        """Draw the standing shop once for every camera.

        Args:
            plan: the shop as stocked at opening time.
            seed: of the cameras' make and noise.
            light: all lamps at their full level.
            lighting: the scenario's: how much of that there is, and daylight and sun.
            faults: what is wrong with cameras.
            start_ns: from which faults count and the sun moves; by default the first snapshot's.
            depth: whether views have a depth buffer.
        """
        lighting = lighting or Lighting()
        self._light = light = lamp_light(lighting, light or Light())
        self._lighting, self._start_ns, self._seed = lighting, start_ns, seed
        self._depth = depth
        self._darkroom = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darkroom")
        self._goods = Goods(plan)
        self._started: Tick | None = None
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._scene = Scene(context, plan, self._goods.meshes, light, lighting)
            self._silhouettes = Silhouettes(context)
            self._eyes = [
                new_eye(self._scene, camera, self._goods, seed, faults)
                for camera in plan.cameras
                if camera.calibrated
            ]
            for eye in self._eyes:
                self._draw_still(eye)

    def __enter__(self) -> Self:
        """Return the rig; it is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the rig."""
        self.close()

    def close(self) -> None:
        """Give back OpenGL's memory and the thread; nothing can be drawn afterwards."""
        self._darkroom.shutdown()
        self._context.release()

    def render(self, snapshot: Snapshot) -> list[View]:
        """Return the views of all cameras that are due, in plan order."""
        return [*self.advance(snapshot), *self.finish()]

    def advance(self, snapshot: Snapshot) -> list[View]:
        """Start to draw a snapshot and return the views of the one before it, if there is one.

        While pictures are drawn the caller can do something else, and so does this method: the
        next snapshot's bodies are put together before the last one's pictures are waited for.
        """
        if self._start_ns is None:
            self._start_ns = snapshot.time_ns
        views = self._turn(snapshot.time_ns - self._start_ns)
        tick = self._prepare(snapshot)
        with self._context as context:
            context.gc()
            before, shots = self._started, self._take()
            self._started = tick
            self._start(tick)
        return [*views, *(view_of(before, shot) for shot in shots if before)]

    def finish(self) -> list[View]:
        """Return the views of the last snapshot that `advance` was given, if not done before."""
        with self._context:
            before, shots = self._started, self._take()
        self._started = None
        return [view_of(before, shot) for shot in shots if before]

    def _turn(self, elapsed_ns: int) -> list[View]:
        """Turn the cameras that are knocked now; first finish what they saw before."""
        if not any(eye.delivery.knocked_by(elapsed_ns) for eye in self._eyes):
            return []
        views = self.finish()
        with self._context:
            for eye in self._eyes:
                if eye.delivery.knock(elapsed_ns):
                    look_anew(eye, self._scene, self._goods)
        return views

    def _prepare(self, snapshot: Snapshot) -> Tick:
        """Put together all that needs no OpenGL."""
        mesh = crowd_mesh(snapshot.people)
        change = self._goods.follow(snapshot)
        moving = self._goods.moving(snapshot, mesh)
        shade = shade_points(mesh, self._light)
        due = [eye for eye in self._eyes if eye.due(snapshot.time_ns)]
        frames = [drawing(eye, mesh, moving[1], shade) for eye in due]
        return Tick(snapshot, mesh, change, moving, frames)

    def _start(self, tick: Tick) -> None:
        """Hand everything over that is to be drawn; `_take` waits for it."""
        snapshot, mesh = tick.snapshot, tick.mesh
        assert self._start_ns is not None
        self._crowd.upload(mesh)
        self._scene.replace(tick.change.replaced, self._goods.meshes)
        for eye in self._eyes:
            if eye.bare:
                self._draw_still(eye)
            else:
                self._repair(eye, tick.change)
        self._scene.upload_moving(self._goods.meshes, *tick.moving)
        self._scene.cast_shadows(self._crowd, snapshot.people.xy_m)
        sun = sun_now(
            self._lighting, start_ns=self._start_ns, time_ns=snapshot.time_ns, seed=self._seed
        )
        self._scene.sun.follow(sun, self._crowd)
        for frame in tick.frames:
            self._draw(frame)
        self._silhouettes.draw(self._crowd, [subject(frame) for frame in tick.frames])

    def _draw_still(self, eye: Eye) -> None:
        """Draw all of a camera's standing shop."""
        eye.still.reflect(self._goods.present)
        self._scene.draw_still(eye.still, self._goods.present, None)
        eye.bare = False

    def _repair(self, eye: Eye, change: Change) -> None:
        """Draw the standing shop again where garments came, went or moved."""
        eye.garments_px[change.garment] = full_boxes_px(
            eye.projection, self._goods.meshes.position[change.garment]
        )
        for touched in change.touched:
            patch = patch_px(eye, touched)
            x, y, width, height = patch
            left, top, right, bottom = eye.garments_px.T
            near = (left < x + width) & (right > x) & (top < y + height) & (bottom > y)
            self._scene.draw_still(eye.still, self._goods.present & near, patch)

    def _draw(self, frame: Drawing) -> None:
        """Start drawing what a camera sees."""
        eye, full_px = frame.eye, frame.drawn_px
        height = full_px[:, 3] - full_px[:, 1]
        self._scene.draw(
            self._crowd,
            eye.still,
            eye.clip,
            eye.projection,
            # near ones hide far ones
            (frame.rows[np.argsort(-height[frame.rows], kind="stable")], height),
            frame.goods,
            frame.shaded,
        )

    def _take(self) -> list[Shot]:
        """Wait for what is being drawn; pictures are developed in another thread."""
        tick = self._started
        if tick is None:
            return []
        shots = []
        for frame in tick.frames:
            target = frame.eye.still.target
            picture, ids = read_picture(target), read_ids(target)
            depth = read_depth(target) if self._depth else None
            image = self._darkroom.submit(develop, frame, picture, ids, tick.snapshot)
            shots.append((frame, ids, depth, image))
        areas = self._silhouettes.read()
        return [Shot(*shot, area) for shot, area in zip(shots, areas, strict=True)]
