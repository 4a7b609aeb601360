"""What it costs to hand a frame to another process: `retail bench transport`.

One process has frames, two others want them. Four ways are taken in turn, several times: a pipe
with pickled arrays, a pipe with bare bytes, a queue of `multiprocessing`, and the engine's ring.

First hand-off: from the moment the sender has the frame in memory of its own until the first
reader has an array; in the ring this is the copy into a slot and all that follows. Where the
decoder writes into the slot there is no copy: the row 'in place' leaves it out. These times hold
the time it takes to wake a sleeping process, which on a busy machine is most of them.

Each further reader: through pipes and queues the whole way once more. In the ring the frame is
there already; it costs what the reader does to take and return it (measured over frames that wait
for it) and what it adds to the writer's work (publishing and taking back with two readers, less
with one). 'woken' is the same reader asleep before, from the frame's publication until it has an
array.

'busy' is processor time of both sides, without waiting and without reading: where other programs
want the cores, times grow with every change between processes, and these do not.

Reading every byte looks for the greatest in the reader's process. The copy is what the memory
itself takes for a frame, from one place to another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.shm import FrameReader, FrameRing, FrameWriter, RingSpec, start_child
from retailsim.engine.shm.ring import ReaderEnd
from retailsim.errors import ScenarioError, StageError
from retailsim.experiments.replay import describe_device
from retailsim.experiments.transport_figures import WAYS, Times, TransportBench, sum_up

SIZES = ((640, 360), (1920, 1080))
SLOTS = 8
PATIENCE_S = 120
Image = NDArray[np.uint8]


def bench_transport(
    sizes: Sequence[tuple[int, int]] = SIZES,
    *,
    rounds: int = 5,
    frames: int = 24,
    progress: Callable[[float], None] | None = None,
) -> TransportBench:
    """Hand frames over in all ways in turn, `rounds` times.

    Args:
        sizes: width and height in pixels.
        rounds: how often; figures are medians over rounds, with the least and the most.
        frames: of each size and way in a round, of which the median is taken; of a further reader
            of the ring, which takes microseconds, as many times all slots.
        progress: called with the share that is done.

    Raises:
        ScenarioError: fewer than one round or frame, or a size of no pixels.
        DeviceError: too little shared memory.
    """
    if rounds < 1 or frames < 1 or not sizes or min(map(min, sizes)) < 1:
        raise ScenarioError("a bench of transports needs rounds, frames and pixels")
    found: dict[tuple[int, int], list[dict[str, Times]]] = {size: [] for size in sizes}
    with _benches(sizes) as benches:
        for number in range(rounds + 1):  # the first one fills caches and is not counted
            for place, (size, bench) in enumerate(benches.items()):
                figures = bench.measure(frames if number else min(frames, 4))
                if number:
                    found[size].append(figures)
                if progress:
                    progress((number * len(benches) + place + 1) / (rounds + 1) / len(benches))
    summed = tuple(sum_up(size, figures) for size, figures in found.items())
    return TransportBench(describe_device("cpu"), rounds, frames, summed)


@dataclass
class _Bench:
    """The sender's side for one size of frame: two readers, and all ways to each."""

    size: tuple[int, int]
    control: tuple[Connection, Connection]
    pipes: tuple[dict[str, Any], dict[str, Any]]
    alone: FrameWriter
    both: FrameWriter

    def measure(self, frames: int) -> dict[str, Times]:
        """Measure all ways once; returns microseconds by way and figure."""
        width, height = self.size
        images = np.random.default_rng(0).integers(0, 255, (4, height, width, 3), dtype=np.uint8)
        found = {way: self._through_pipes(way, images, frames) for way in WAYS[:3]}
        further = self._further(frames)
        found["ring"] = self._through_ring(images, frames, in_place=False) | further
        found["ring, in place"] = self._through_ring(images, frames, in_place=True) | further
        found["memory"] = _memory_itself(images, frames)
        return found

    def _through_pipes(self, way: str, images: Image, frames: int) -> Times:
        for control in self.control:
            control.send((self.size, way, frames))
        times: dict[str, list[float]] = defaultdict(list)
        for number in range(frames):
            image = images[number % len(images)]
            for name, control, pipes in zip(
                ("first", "further"), self.control, self.pipes, strict=True
            ):
                begin, busy = perf_counter_ns(), process_time_ns()
                _send(way, pipes[way], image)
                ready, done, reader_busy = _answer(control)
                busy = process_time_ns() - busy + reader_busy
                times[name].append((ready - begin) / 1e3)
                times[f"{name}_read"].append((done - begin) / 1e3)
                times[f"{name}_busy"].append(busy / 1e3)
        return {name: median(values) for name, values in times.items()}

    def _through_ring(self, images: Image, frames: int, *, in_place: bool) -> Times:
        for control in self.control:
            control.send((self.size, "ring", frames))
        times: dict[str, list[float]] = defaultdict(list)
        for number in range(frames):
            slot = self.both.borrow(timeout_s=PATIENCE_S)
            into = slot.image(images[0].shape)
            begin, busy = perf_counter_ns(), process_time_ns()
            np.copyto(into, images[number % len(images)])
            published, copied = perf_counter_ns(), process_time_ns()
            if in_place:
                begin, busy = published, copied
            self.both.publish(slot, camera="bench", index=number, time_ns=0)
            busy = process_time_ns() - busy
            (ready, done, reader_busy), (ready_two, _, _) = map(_answer, self.control)
            times["first"].append((ready - begin) / 1e3)
            times["first_read"].append((done - begin) / 1e3)
            times["woken"].append((ready_two - published) / 1e3)
            times["first_busy"].append((busy + reader_busy) / 1e3)
        return {name: median(values) for name, values in times.items()}

    def _further(self, frames: int) -> Times:
        """Measure what one more reader of frames that are in the ring costs both sides."""
        one: list[float] = []
        two: list[float] = []
        take: dict[bool, list[float]] = {False: [], True: []}
        for number in range(max(8, frames)):  # microseconds each: many, for a steady median
            reading = number % 4 == 0
            one += self._publish_all(self.alone)
            self._take_all("alone", self.control[:1], reading)
            two += self._publish_all(self.both)
            take[reading] += self._take_all("both", self.control, reading)
        added = max(0.0, median(two) - median(one))
        bare, whole = median(take[False]) + added, median(take[True]) + added
        return {"further": bare, "further_read": whole, "further_busy": bare}

    def _publish_all(self, writer: FrameWriter) -> list[float]:
        """Publish as many frames as there are slots, as they are; returns microseconds of each."""
        width, height = self.size
        times = []
        for number in range(SLOTS):
            begin = perf_counter_ns()
            slot = writer.borrow(timeout_s=PATIENCE_S)
            slot.image((height, width, 3))
            writer.publish(slot, camera="bench", index=number, time_ns=0)
            times.append((perf_counter_ns() - begin) / 1e3)
        return times

    def _take_all(self, ring: str, controls: Sequence[Connection], reading: bool) -> list[float]:
        """Let readers, one after the other, take all that wait; returns microseconds of each."""
        found: list[float] = []
        for control in controls:
            control.send((self.size, f"{ring}, read" if reading else ring, SLOTS))
            found += _answer(control)
        return found


def _memory_itself(images: Image, frames: int) -> Times:
    """Time a copy from memory to memory, and reading every byte, over several frames in turn."""
    into = np.empty_like(images)
    copy, read = [], []
    for number in range(frames):
        place = number % len(images)
        begin = perf_counter_ns()
        np.copyto(into[place], images[place])
        copied = perf_counter_ns()
        _read_all(images[place])
        copy.append((copied - begin) / 1e3)
        read.append((perf_counter_ns() - copied) / 1e3)
    return {"copy": median(copy), "read": median(read)}


def _send(way: str, pipe: Any, image: Image) -> None:
    if way == "send_bytes":
        pipe.send_bytes(image.reshape(-1))
    elif way == "queue":
        pipe.put(image)
    else:
        pipe.send(image)


def _answer(control: Connection) -> Any:
    if not control.poll(PATIENCE_S):
        raise StageError("a reader of the transport bench does not answer")
    try:
        return control.recv()
    except EOFError as error:
        raise StageError("a reader of the transport bench died") from error


@contextmanager
def _benches(sizes: Sequence[tuple[int, int]]) -> Iterator[dict[tuple[int, int], _Bench]]:
    """Start two readers, with all ways to each; they end with the bench."""
    context = get_context("spawn")
    near, far = zip(*(context.Pipe() for _ in range(2)), strict=True)
    benches, ends = {}, [dict[Any, Any](), dict[Any, Any]()]
    for size in sizes:
        spec = RingSpec(
            name="bench", cameras=("bench",), slots=SLOTS, slot_bytes=size[0] * size[1] * 3
        )
        alone, both = FrameRing(spec), FrameRing(spec)
        senders = []
        for place in range(2):
            receivers: dict[str, Any] = {}
            pipes: dict[str, Any] = {}
            for way in ("pickle", "send_bytes"):
                receivers[way], pipes[way] = context.Pipe(duplex=False)
            receivers["queue"] = pipes["queue"] = context.Queue()
            receivers["both"] = both.reader(f"reader {place}")
            if not place:
                receivers["alone"] = alone.reader("reader 0")
            ends[place][size] = receivers
            senders.append(pipes)
        writers = FrameWriter(alone.writer()), FrameWriter(both.writer())
        benches[size] = _Bench(size, (near[0], near[1]), (senders[0], senders[1]), *writers)
    readers = [
        start_child(_read_on_demand, far[place], ends[place], name=f"reader {place}")
        for place in range(2)
    ]
    for place in range(2):  # so that a reader's death is noticed
        far[place].close()
        for receivers in ends[place].values():
            receivers["pickle"].close()
            receivers["send_bytes"].close()
    try:
        yield benches
    except BrokenPipeError as error:
        raise StageError("a reader of the transport bench died") from error
    finally:
        for reader in readers:
            reader.kill()
            reader.join()


def _read_on_demand(control: Connection, ends: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Take so many frames on each demand, and answer with times."""
    for pipes in ends.values():
        for way in ("alone", "both"):
            if isinstance(pipes.get(way), ReaderEnd):
                pipes[way] = FrameReader(pipes[way])
    while True:
        size, way, frames = control.recv()
        pipes = ends[size]
        ring, _, reading = way.partition(", ")
        if ring in ("alone", "both"):
            control.send(_take_waiting(pipes[ring], frames, bool(reading)))
            continue
        for _ in range(frames):
            control.send(_receive(way, pipes["both" if way == "ring" else way], size))


def _receive(way: str, pipe: Any, size: tuple[int, int]) -> tuple[int, int, int]:
    """Wait for a frame.

    Returns nanoseconds: when it was there, when every byte was read, and processor time until it
    was there.
    """
    busy = process_time_ns()
    if way == "ring":
        image = pipe.take().image
    elif way == "queue":
        image = pipe.get()
    elif way == "pickle":
        image = pipe.recv()
    else:
        image = np.frombuffer(pipe.recv_bytes(), np.uint8).reshape(size[1], size[0], 3)
    ready, busy = perf_counter_ns(), process_time_ns() - busy
    _read_all(image)
    return ready, perf_counter_ns(), busy


def _take_waiting(reader: FrameReader, frames: int, reading: bool) -> list[float]:
    """Take, perhaps read, and return frames that wait; returns microseconds of each."""
    times = []
    for _ in range(frames):
        begin = perf_counter_ns()
        lease = reader.take(timeout_s=PATIENCE_S)
        assert lease is not None
        if reading:
            _read_all(lease.image)
        lease.release()
        times.append((perf_counter_ns() - begin) / 1e3)
    return times


def _read_all(image: Image) -> int:
    """Read every byte: the greatest takes the least time beyond the memory's own."""
    return int(image.reshape(-1).max())
