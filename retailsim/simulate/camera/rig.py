"""All calibrated cameras of a plan, drawing one snapshot after the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import Frame
from retailsim.messages.truth import TruthBoxes, TruthKeypoints
from retailsim.simulate.camera.boxes import full_boxes_px, visible_boxes_px
from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.daylight import lamp_light
from retailsim.simulate.camera.delivery import Delivery
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.edges import smooth_outlines
from retailsim.simulate.camera.goods import Change, Goods
from retailsim.simulate.camera.joints import joints_px
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light, depth_m, world_to_clip
from retailsim.simulate.camera.people import CrowdMesh, crowd_mesh
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.shade import shade_corners, shade_points
from retailsim.simulate.camera.silhouettes import Silhouettes, Subject
from retailsim.simulate.camera.still import StillView
from retailsim.simulate.camera.targets import read_depth, read_ids, read_picture
from retailsim.simulate.faults import Faults
from retailsim.simulate.lighting import Lighting, sun_now
from retailsim.simulate.snapshot import Snapshot
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.projection import Projection


@dataclass(frozen=True)
class View:
    """What one camera delivers at one tick, and the truth about it.

    Attributes:
        frame: the picture after the sensor.
        boxes: everybody with at least one visible pixel.
        keypoints: their joints.
        id: row into `snapshot.people` + 1 of the person seen, 0 for none, uint16 (h, w).
        depth_buffer: OpenGL depth in [0, 1], float32 (h, w), where the rig was asked for depth.
    """

    frame: Frame
    boxes: TruthBoxes
    keypoints: TruthKeypoints
    id: NDArray[np.uint16]
    depth_buffer: F32 | None = None

    @property
    def depth_m(self) -> F32:
        """Distance along the optical axis, metres, float32 (h, w).

        Raises ValueError unless the rig was made with `depth=True`.
        """
        if self.depth_buffer is None:
            raise ValueError("this rig was not asked for depth")
        return depth_m(self.depth_buffer)

    @property
    def mask(self) -> NDArray[np.int64]:
        """Who is seen in every pixel: `person_id`, 0 for nobody, int64 (h, w)."""
        pixels = np.bincount(self.id.ravel())
        number = np.zeros(len(pixels), np.int64)
        number[1:][pixels[1:] > 0] = self.boxes.person_id
        return number[self.id]


@dataclass
class _Eye:
    """One camera on the rig: `camera` and `projection` are those of the picture that is drawn.

    `bare` says that its standing shop is still to be drawn.
    """

    camera: Camera
    projection: Projection
    clip: F32
    still: StillView
    garments_px: F32
    delivery: Delivery
    bare: bool = True
    next_ns: int | None = None
    index: int = 0

    def due(self, time_ns: int) -> bool:
        """Whether a frame is due; the first call sets the camera's clock."""
        if self.next_ns is None:
            self.next_ns = time_ns
        if time_ns < self.next_ns:
            return False
        self.next_ns += round(1e9 / self.camera.rate_hz)
        return True


@dataclass(frozen=True)
class _Frame:
    """What is to be drawn for one camera.

    Attributes:
        eye: the camera.
        drawn_px: everybody's full boxes in the picture drawn, (n, 4).
        rows: who is in it, (k,).
        goods: which of the moving garments are, (g,).
        shaded: corners of the triangles in which shade may fall, clip space (t, 2).
    """

    eye: _Eye
    drawn_px: F32
    rows: NDArray[np.intp]
    goods: NDArray[np.bool_]
    shaded: F32


@dataclass(frozen=True)
class _Tick:
    """One snapshot, ready to be drawn: all that needs no OpenGL.

    Attributes:
        change: of the garments at rest.
        moving: rows, positions and normals of the garments that swing or are carried.
        frames: of the cameras that are due, in plan order.
    """

    snapshot: Snapshot
    mesh: CrowdMesh
    change: Change
    moving: tuple[NDArray[Any], F32, F32]
    frames: list[_Frame]


@dataclass(frozen=True)
class _Shot:
    """What came out of drawing a frame.

    Attributes:
        ids, depth: straight, as drawn.
        image: the picture as the camera delivers it, being developed.
        area_px: how much of the picture everybody of `frame.rows` would fill, (k,).
    """

    frame: _Frame
    ids: NDArray[np.uint16]
    depth: F32 | None
    image: Future[NDArray[np.uint8]]
    area_px: NDArray[np.float64]


class CameraRig:
    """Draws every calibrated camera of a plan; snapshots must come in order of time.

    Raises DeviceError where OpenGL is missing, ScenarioError when the plan has no floor.
    The same plan, seed, faults and snapshots give the same bytes in every process. Only with
    `depth` do views have one: reading it back takes time.
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
        self._started: _Tick | None = None
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._scene = Scene(context, plan, self._goods.meshes, light, lighting)
            self._silhouettes = Silhouettes(context)
            self._eyes = [
                _eye(self._scene, camera, self._goods, seed, faults)
                for camera in plan.cameras
                if camera.calibrated
            ]
            for eye in self._eyes:
                self._draw_still(eye)

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
        return [*views, *(_view(before, shot) for shot in shots if before)]

    def finish(self) -> list[View]:
        """Return the views of the last snapshot that `advance` was given, if not done before."""
        with self._context:
            before, shots = self._started, self._take()
        self._started = None
        return [_view(before, shot) for shot in shots if before]

    def _turn(self, elapsed_ns: int) -> list[View]:
        """Turn the cameras that are knocked now; first finish what they saw before."""
        if not any(eye.delivery.knocked_by(elapsed_ns) for eye in self._eyes):
            return []
        views = self.finish()
        with self._context:
            for eye in self._eyes:
                if eye.delivery.knock(elapsed_ns):
                    _look(eye, self._scene, self._goods)
        return views

    def _prepare(self, snapshot: Snapshot) -> _Tick:
        """Put together all that needs no OpenGL."""
        mesh = crowd_mesh(snapshot.people)
        change = self._goods.follow(snapshot)
        moving = self._goods.moving(snapshot, mesh)
        shade = shade_points(mesh, self._light)
        due = [eye for eye in self._eyes if eye.due(snapshot.time_ns)]
        frames = [_frame(eye, mesh, moving[1], shade) for eye in due]
        return _Tick(snapshot, mesh, change, moving, frames)

    def _start(self, tick: _Tick) -> None:
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
        self._silhouettes.draw(self._crowd, [_subject(frame) for frame in tick.frames])

    def _draw_still(self, eye: _Eye) -> None:
        """Draw all of a camera's standing shop."""
        eye.still.reflect(self._goods.present)
        self._scene.draw_still(eye.still, self._goods.present, None)
        eye.bare = False

    def _repair(self, eye: _Eye, change: Change) -> None:
        """Draw the standing shop again where garments came, went or moved."""
        eye.garments_px[change.garment] = full_boxes_px(
            eye.projection, self._goods.meshes.position[change.garment]
        )
        for touched in change.touched:
            patch = _patch_px(eye, touched)
            x, y, width, height = patch
            left, top, right, bottom = eye.garments_px.T
            near = (left < x + width) & (right > x) & (top < y + height) & (bottom > y)
            self._scene.draw_still(eye.still, self._goods.present & near, patch)

    def _draw(self, frame: _Frame) -> None:
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

    def _take(self) -> list[_Shot]:
        """Wait for what is being drawn; pictures are developed in another thread."""
        tick = self._started
        if tick is None:
            return []
        shots = []
        for frame in tick.frames:
            target = frame.eye.still.target
            picture, ids = read_picture(target), read_ids(target)
            depth = read_depth(target) if self._depth else None
            image = self._darkroom.submit(_develop, frame, picture, ids, tick.snapshot)
            shots.append((frame, ids, depth, image))
        areas = self._silhouettes.read()
        return [_Shot(*shot, area) for shot, area in zip(shots, areas, strict=True)]


def _frame(eye: _Eye, mesh: CrowdMesh, goods: F32, shade: F32) -> _Frame:
    size = (eye.camera.width_px, eye.camera.height_px)
    drawn_px = full_boxes_px(eye.projection, mesh.position)
    return _Frame(
        eye=eye,
        drawn_px=drawn_px,
        rows=np.flatnonzero(_touches(drawn_px, size)),
        goods=_touches(full_boxes_px(eye.projection, goods), size),
        shaded=shade_corners(eye.projection, shade, size),
    )


def _develop(
    frame: _Frame, picture: NDArray[np.uint8], ids: NDArray[np.uint16], snapshot: Snapshot
) -> NDArray[np.uint8]:
    """Return a camera's picture as it delivers it."""
    return frame.eye.delivery.image(
        smooth_outlines(picture, ids),
        ids,
        snapshot.people,
        frame.drawn_px,
        frame.rows,
        snapshot.time_ns,
    )


def _view(tick: _Tick, shot: _Shot) -> View:
    """Put together a camera's view."""
    eye, people, mesh = shot.frame.eye, tick.snapshot.people, tick.mesh
    ids, depth, full, bend = shot.ids, shot.depth, shot.frame.drawn_px, eye.delivery.bend
    if bend:
        ids, full = bend.labels(ids), full_boxes_px(eye.delivery.sight, mesh.position)
        depth = None if depth is None else bend.labels(depth)
    visible, pixels = visible_boxes_px(ids, full)
    seen = np.flatnonzero(pixels)
    filled = bend.drawn_px(ids, len(full)) if bend else pixels
    area = np.ones(len(full))
    area[shot.frame.rows] = np.maximum(shot.area_px, 1.0)
    label = np.array([people.body[row].label for row in seen], np.int64)
    boxes = TruthBoxes(
        time_ns=tick.snapshot.time_ns,
        camera=eye.camera.id,
        person_id=label,
        full_px=full[seen],
        visible_px=visible[seen],
        visible_share=np.minimum(filled[seen] / area[seen], 1.0).astype(np.float32),
    )
    joints = joints_px(eye.delivery.sight, mesh.keypoints, ids, seen)
    keypoints = TruthKeypoints(tick.snapshot.time_ns, eye.camera.id, label, *joints)
    frame = Frame(
        time_ns=tick.snapshot.time_ns,
        camera=eye.camera.id,
        index=eye.index,
        image=shot.image.result(),
    )
    eye.index += 1
    return View(frame, boxes, keypoints, ids, depth)


def _eye(scene: Scene, camera: Camera, goods: Goods, seed: int, faults: Faults) -> _Eye:
    delivery = Delivery(camera, seed=seed, faults=faults)
    drawn, projection = delivery.drawn, delivery.projection
    size = (drawn.width_px, drawn.height_px)
    clip = world_to_clip(projection, *size)
    still = scene.still_view(projection, clip, size)
    garments_px = full_boxes_px(projection, goods.meshes.position)
    return _Eye(drawn, projection, clip, still, garments_px, delivery)


def _look(eye: _Eye, scene: Scene, goods: Goods) -> None:
    """Let a camera look where it now stands; its standing shop is still to be drawn."""
    size = (eye.camera.width_px, eye.camera.height_px)
    eye.projection = eye.delivery.projection
    eye.clip = world_to_clip(eye.projection, *size)
    eye.still = scene.still_view(eye.projection, eye.clip, size)
    eye.garments_px = full_boxes_px(eye.projection, goods.meshes.position)
    eye.bare = True


def _subject(frame: _Frame) -> Subject:
    camera = frame.eye.camera
    size = (camera.width_px, camera.height_px)
    return Subject(frame.eye.clip, size, frame.drawn_px[frame.rows], frame.rows)


def _touches(full_px: F32, size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether boxes (n, 4) reach into the picture; False for NaN."""
    width, height = size_px
    out: NDArray[np.bool_] = (
        (full_px[:, 0] < width)
        & (full_px[:, 2] > 0)
        & (full_px[:, 1] < height)
        & (full_px[:, 3] > 0)
    )
    return out


def _patch_px(eye: _Eye, vertices: F32) -> tuple[int, int, int, int]:
    """Return the picture's rectangle x, y, width, height that holds the vertices (v, 3)."""
    box = full_boxes_px(eye.projection, vertices[None])[0]
    if not np.isfinite(box).all():
        return (0, 0, 0, 0)
    limit = np.array([eye.camera.width_px, eye.camera.height_px])
    low = np.clip(np.floor(box[:2]) - 2, 0, limit).astype(int)
    high = np.clip(np.ceil(box[2:]) + 2, 0, limit).astype(int)
    return (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
