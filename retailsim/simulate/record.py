"""Playing a scenario into a bag: world -> cameras and radio -> recorder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from retailsim.messages.base import Message
from retailsim.session import BagWriter, VideoEncoder
from retailsim.simulate.camera.rig import CameraRig, View
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.snapshot import Snapshot
from retailsim.simulate.world import World
from retailsim.store.plan import StorePlan

# A frame reaches the recorder after exposure, encoding and network (assumed).
FRAME_LATENCY_NS = 40_000_000
Progress = Callable[[float, float], None]


@dataclass
class Recording:
    """What a simulation took: wall seconds in all and by part.

    Parts overlap (frames are encoded while the next tick is drawn), so they may add up to more
    than the whole.
    """

    duration_s: float = 0.0
    wall_s: float = 0.0
    part_s: dict[str, float] = field(default_factory=dict)

    def book(self, part: str, seconds: float) -> None:
        """Add time to a part."""
        self.part_s[part] = self.part_s.get(part, 0.0) + seconds


def record(
    scenario: Scenario,
    plan: StorePlan,
    output: Path,
    *,
    seed: int,
    duration_s: float,
    video: bool = True,
    radio: bool = True,
    label_seed: int | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Simulate `duration_s` seconds of a scenario and write them as a session bag.

    Args:
        scenario: the day to play.
        plan: the shop as installed.
        output: the bag folder to make; written beside its place and renamed when whole.
        seed: all draws follow from it.
        duration_s: length of the session.
        video: False leaves out cameras and everything they would see.
        radio: False leaves out tag reads.
        label_seed: draws the shoppers' numbers in the truth; changes nothing else.
        progress: told (seconds done, wall seconds) after every tick.

    Raises:
        BagError: the output cannot be written.
        DeviceError: there is no OpenGL to draw with.
    """
    taken = Recording(duration_s=duration_s)
    begin = perf_counter()
    world = World(scenario, plan, seed=seed, label_seed=label_seed)
    readers = RadioRig(plan, seed=seed) if radio and plan.readers else None
    with ExitStack() as stack:
        cameras = _Cameras(plan, seed, taken, stack) if video and plan.cameras else None
        writer = stack.enter_context(BagWriter(output, plan))
        before: Snapshot | None = None
        taken.book("set-up", perf_counter() - begin)
        for tick, (snapshot, messages) in enumerate(_timed(world, duration_s, taken), start=1):
            reads = []
            if cameras:
                cameras.draw(snapshot)
            if readers and before is not None:
                start = perf_counter()
                reads = readers.advance(before, snapshot)
                taken.book("radio", perf_counter() - start)
            start = perf_counter()
            for message in (*messages, *reads):
                writer.write(message)
            taken.book("writing", perf_counter() - start)
            if cameras:
                cameras.write_finished(writer)
            before = snapshot
            if progress:
                progress(min(tick * 0.1, duration_s), perf_counter() - begin)
        if cameras:
            cameras.write_finished(writer, everything=True)
    taken.wall_s = perf_counter() - begin
    return taken


def _timed(
    world: World, duration_s: float, taken: Recording
) -> Iterator[tuple[Snapshot, tuple[Message, ...]]]:
    ticks = iter(world.run(duration_s))
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
    """Draws one tick while the frames of the tick before are being encoded."""

    def __init__(self, plan: StorePlan, seed: int, taken: Recording, stack: ExitStack) -> None:
        self._rig = CameraRig(plan, seed=seed)
        self._encoders = {
            camera.id: VideoEncoder(camera.width_px, camera.height_px, camera.rate_hz)
            for camera in plan.cameras
        }
        self._pool = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        self._pending: list[tuple[View, Future[bytes]]] = []
        self._taken = taken

    def draw(self, snapshot: Snapshot) -> None:
        start = perf_counter()
        views = self._rig.render(snapshot)
        self._taken.book("cameras", perf_counter() - start)
        self._pending += [(view, self._pool.submit(self._encode, view)) for view in views]

    def _encode(self, view: View) -> bytes:
        start = perf_counter()
        data = self._encoders[view.frame.camera].encode(view.frame.image)
        self._taken.book("encoder", perf_counter() - start)
        return data

    def write_finished(self, writer: BagWriter, *, everything: bool = False) -> None:
        """Write all but the newest tick's frames, in order; the encoder works on those."""
        keep = 0 if everything else len(self._encoders)
        while len(self._pending) > keep:
            view, future = self._pending.pop(0)
            time_ns = view.frame.time_ns
            start = perf_counter()
            data = future.result()
            self._taken.book("waiting for the encoder", perf_counter() - start)
            start = perf_counter()
            writer.write_video(
                view.frame.camera, time_ns, data, log_time_ns=time_ns + FRAME_LATENCY_NS
            )
            writer.write(view.boxes)
            self._taken.book("writing", perf_counter() - start)
