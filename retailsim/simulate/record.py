"""Playing a scenario into a bag: world -> cameras and radio -> recorder."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from retailsim.errors import ScenarioError
from retailsim.messages.base import Message
from retailsim.session import BagWriter, VideoEncoder
from retailsim.simulate.camera.network import Network
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.view import View
from retailsim.simulate.faults import Faults, strangers
from retailsim.simulate.masks import MaskFolder
from retailsim.simulate.randomise import randomised
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.snapshot import Snapshot
from retailsim.simulate.wild import wild_light
from retailsim.simulate.world import World
from retailsim.store.plan import StorePlan

Progress = Callable[[float, float], None]
COARSE_STEP_S = 10.0
T = TypeVar("T")
Tick = tuple[Snapshot, tuple[Message, ...]]


@dataclass
class Recording:
    """What a simulation took: wall seconds in all and by part; and what it lost.

    Parts overlap (frames are encoded while the next tick is drawn), so they may add up to more
    than the whole.

    Attributes:
        lost_frames: how many frames each camera's network swallowed.
    """

    duration_s: float = 0.0
    wall_s: float = 0.0
    part_s: dict[str, float] = field(default_factory=dict)
    lost_frames: dict[str, int] = field(default_factory=dict)

    def book(self, part: str, seconds: float) -> None:
        """Add time to a part."""
        self.part_s[part] = self.part_s.get(part, 0.0) + seconds

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Book the time that a block takes."""
        start = perf_counter()
        yield
        self.book(part, perf_counter() - start)


def record(
    scenario: Scenario,
    plan: StorePlan,
    output: Path,
    *,
    seed: int,
    duration_s: float,
    video: bool = True,
    radio: bool = True,
    coarse: bool = False,
    label_seed: int | None = None,
    masks: Path | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Simulate `duration_s` seconds of a scenario and write them as a session bag.

    Args:
        scenario: the day to play.
        plan: the shop as installed; recorded as the scenario's randomisation makes it.
        output: the bag folder to make; written beside its place and renamed when whole.
        seed: all draws follow from it.
        duration_s: length of the session.
        video: False leaves out cameras and everything they would see.
        radio: False leaves out tag reads.
        coarse: play decisions and visits alone, without walking, cameras and radio.
        label_seed: draws the shoppers' numbers in the truth; changes nothing else.
        masks: folder for an instance mask per frame (see `MaskFolder`); None writes none.
        progress: told (seconds done, wall seconds) after every tick.

    Raises:
        BagError: the output cannot be written.
        ScenarioError: a fault names a device that the plan lacks.
        DeviceError: there is no OpenGL to draw with.
    """
    for stranger in strangers(scenario.faults, plan):
        raise ScenarioError(stranger.message)
    taken = Recording(duration_s=duration_s)
    begin = perf_counter()
    plan, faults = randomised(plan, scenario.faults, scenario.randomise, seed=seed)
    world = World(scenario, plan, seed=seed, label_seed=label_seed, coarse=coarse)
    if coarse:
        return _record_coarse(world, plan, output, taken, begin, progress)
    readers = None
    if radio and plan.readers:
        readers = RadioRig(plan, seed=seed, reboots=faults.readers)
    with ExitStack() as stack:
        cameras = None
        if video and plan.cameras:
            folder = MaskFolder(masks) if masks else None
            cameras = _Cameras(plan, scenario, faults, seed, folder, taken, stack)
        writer = stack.enter_context(BagWriter(output, plan))
        taken.book("set-up", perf_counter() - begin)
        ticks = _timed(world.run(duration_s), taken)
        for done_s in _write_ticks(ticks, cameras, readers, writer, taken):
            if progress:
                progress(min(done_s, duration_s), perf_counter() - begin)
    taken.wall_s = perf_counter() - begin
    return taken


def _write_ticks(
    ticks: Iterator[Tick],
    cameras: _Cameras | None,
    readers: RadioRig | None,
    writer: BagWriter,
    taken: Recording,
) -> Iterator[float]:
    """Write what the devices see of every tick; yields the seconds done after each."""
    before: Snapshot | None = None
    for number, (snapshot, messages) in enumerate(ticks, start=1):
        reads = []
        if cameras:
            cameras.draw(snapshot)
        if readers and before is not None:
            start = perf_counter()
            reads = readers.advance(before, snapshot)
            taken.book("radio", perf_counter() - start)
        with taken.timing("writing"):
            for message in (*messages, *reads):
                writer.write(message)
        if cameras:
            cameras.write_finished(writer, snapshot.time_ns)
        before = snapshot
        yield number * 0.1
    if cameras and before is not None:
        cameras.write_finished(writer, before.time_ns, everything=True)


def _record_coarse(
    world: World,
    plan: StorePlan,
    output: Path,
    taken: Recording,
    begin: float,
    progress: Progress | None,
) -> Recording:
    """Write the truth of a coarse world, one step after the other."""
    with BagWriter(output, plan) as writer:
        taken.book("set-up", perf_counter() - begin)
        steps = world.run_coarse(taken.duration_s, every_s=COARSE_STEP_S)
        for step, messages in enumerate(_timed(steps, taken)):
            with taken.timing("writing"):
                for message in messages:
                    writer.write(message)
            if progress:
                progress(min(step * COARSE_STEP_S, taken.duration_s), perf_counter() - begin)
    taken.wall_s = perf_counter() - begin
    return taken


def camera_rig(scenario: Scenario, plan: StorePlan, faults: Faults, *, seed: int) -> CameraRig:
    """Return the cameras of a day; plan and faults as `randomised` returns them."""
    light = wild_light(Light(), scenario.randomise.lighting, seed=seed)
    return CameraRig(
        plan,
        seed=seed,
        light=light,
        lighting=scenario.lighting,
        faults=faults,
        start_ns=scenario.start_ns,
    )


def _timed(source: Iterable[T], taken: Recording) -> Iterator[T]:
    ticks = iter(source)
    part = "warm-up"  # the first tick comes after it
    while True:
        start = perf_counter()
        try:
            item = next(ticks)
        except StopIteration:
            return
        taken.book(part, perf_counter() - start)
        part = "world"
        yield item


class _Cameras:
    """Draws one tick while the frames of those before are developed and encoded."""

    def __init__(
        self,
        plan: StorePlan,
        scenario: Scenario,
        faults: Faults,
        seed: int,
        masks: MaskFolder | None,
        taken: Recording,
        stack: ExitStack,
    ) -> None:
        start_ns = scenario.start_ns
        self._rig = stack.enter_context(camera_rig(scenario, plan, faults, seed=seed))
        self._encoders = {
            camera.id: VideoEncoder(camera.width_px, camera.height_px, camera.rate_hz)
            for camera in plan.cameras
        }
        self._networks = {
            camera.id: Network(camera.id, faults.frames, seed=seed, start_ns=start_ns)
            for camera in plan.cameras
        }
        self._masks = masks
        self._pool = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        self._pending: list[tuple[View, int, Future[bytes]]] = []
        self._under_way: list[tuple[int, int, str, int, bytes]] = []
        self._encoded = 0
        self._taken = taken

    def draw(self, snapshot: Snapshot) -> None:
        with self._taken.timing("cameras"):
            views = self._rig.advance(snapshot)
        self._encode_all(views)

    def _encode_all(self, views: list[View]) -> None:
        for view in views:
            camera = view.frame.camera
            arrival_ns = self._networks[camera].arrival_ns(view.frame.time_ns)
            if arrival_ns is None:
                # Lost before the encoder: the frames that arrive can all be decoded.
                self._taken.lost_frames[camera] = self._taken.lost_frames.get(camera, 0) + 1
            else:
                encoding = self._pool.submit(self._encode, view)
                self._pending.append((view, arrival_ns, encoding))

    def _encode(self, view: View) -> bytes:
        start = perf_counter()
        data = self._encoders[view.frame.camera].encode(view.frame.image)
        self._taken.book("encoder", perf_counter() - start)
        if self._masks:
            self._masks.write(view.frame.camera, view.frame.time_ns, view.mask)
        return data

    def write_finished(self, writer: BagWriter, now_ns: int, *, everything: bool = False) -> None:
        """Write the frames that have been encoded, as they arrive, but for the newest tick's."""
        if everything:
            self._encode_all(self._rig.finish())
        keep = 0 if everything else len(self._encoders)
        while len(self._pending) > keep:
            view, arrival_ns, encoding = self._pending.pop(0)
            self._encoded += 1
            with self._taken.timing("waiting for the encoder"):
                packet = (view.frame.camera, view.frame.time_ns, encoding.result())
            heapq.heappush(self._under_way, (arrival_ns, self._encoded, *packet))
            with self._taken.timing("writing"):
                writer.write(view.boxes)
                writer.write(view.keypoints)
        while self._under_way and (everything or self._under_way[0][0] <= now_ns):
            arrival_ns, _, camera, time_ns, data = heapq.heappop(self._under_way)
            with self._taken.timing("writing"):
                writer.write_video(camera, time_ns, data, log_time_ns=arrival_ns)
