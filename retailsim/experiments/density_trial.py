"""A trial of the density bench: so many streams, served for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from time import monotonic
from typing import Literal

from retailsim.engine.config import StackSpec
from retailsim.engine.owner import ROOM_BYTES, Guest, be_owner, make_seats
from retailsim.engine.shm.memory import whole_pages
from retailsim.errors import RetailError
from retailsim.experiments.busy import Busy, Meter
from retailsim.experiments.density_shop import Shop, Takings, serve
from retailsim.experiments.density_windows import Window, window_of
from retailsim.experiments.errands import Errand, hear_all, stand_by
from retailsim.experiments.looped import Footage
from retailsim.stack.resident import MOST_AT_ONCE
from retailsim.stack.stage import StageContext
from retailsim.store.plan import Camera

WINDOWS = 2
START_S = 0.5  # from the word to begin until it is time
LAST_WORDS_S = 1.0  # for the owner of a device to say why it failed


@dataclass(frozen=True)
class Timing:
    """How long a trial takes, once all shops are ready.

    Attributes:
        warm_up_s: before the first window.
        window_s: each of the two.
        rest_s: after the last one, with all streams going on, for what was captured at its end.
    """

    warm_up_s: float = 10.0
    window_s: float = 20.0
    rest_s: float = 2.0

    @property
    def total_s(self) -> float:
        """From the first frame to the last."""
        return self.warm_up_s + WINDOWS * self.window_s + self.rest_s


@dataclass(frozen=True)
class Trial:
    """What became of so many streams.

    Attributes:
        streams, shops: cameras, and processes that served them.
        windows: one after the other.
        dropped: frames by where, warm-up included.
        core_ms_per_frame: processor time of a frame from decoding to fusion, within the windows;
            None where no frame was served.
        cores_busy: share of each core's time that anybody had.
        others: share of all cores' time that other programs had; where it is not small, the
            machine could serve more.
        gpu_busy: of the first GPU that CUDA may use; None without one.
        held: whether both windows were.
        wanting: what there was too little of to begin, or to go on; else empty.
    """

    streams: int
    shops: int
    windows: tuple[Window, ...]
    dropped: dict[str, int]
    core_ms_per_frame: float | None
    cores_busy: tuple[float, ...]
    others: float | None
    gpu_busy: float | None
    held: bool
    wanting: str = ""


def shops_of(streams: int, per_shop: int) -> list[int]:
    """Return how many cameras each shop has: all the same but the last, which may have fewer."""
    full, rest = divmod(streams, per_shop)
    return [per_shop] * full + [rest] * bool(rest)


def try_streams(
    streams: int,
    footage: Footage,
    spec: StackSpec,
    *,
    device: Literal["cpu", "cuda"],
    timing: Timing,
    owned_as: str = "cuda",
) -> Trial:
    """Serve so many streams for the time of a trial.

    Args:
        streams: that many.
        footage: what each shop plays.
        spec: the stack.
        device: where networks run; on 'cuda' those of all shops run in one process.
        timing: how long.
        owned_as: torch's name for what that process owns.

    Raises:
        NoMemoryError: there is too little memory, shared or of the device.
        DeviceError: the device cannot be had.
        RetailError: a stage cannot be made, or fails; a process dies.
    """
    context = StageContext(footage.plan, device=device, precision=spec.precision)
    cameras = shops_of(streams, len(footage.plan.cameras))
    with ExitStack() as running:
        shops: list[Errand] = []
        owner: list[Errand] = []
        guests: list[Guest] = []
        if device == "cuda":
            room = room_of(footage.plan.cameras)
            process, guests = running.enter_context(
                owned(owned_as, guests=len(cameras), room_bytes=room)
            )
            owner = [process]
        for place, number in enumerate(cameras):
            played = footage.of(number).later(place / len(cameras))
            options = {"owner": guests[place]} if guests else {}
            shop = Shop(played, spec, replace(context, options=options), timing.total_s)
            errand = Errand(serve, shop, name=f"shop {place + 1} of {len(cameras)}")
            shops.append(running.enter_context(errand))
        for guest in guests:
            guest.seat.close()  # theirs now
        try:
            hear_all(shops)
            return _serve_all(shops, owner, footage.rate_hz, timing)
        except RetailError:
            for errand in owner:
                if errand.line.poll(LAST_WORDS_S):  # the cause, of which the shops tell what came
                    errand.hear()
            raise


@contextmanager
def owned(
    device: str, *, guests: int, room_bytes: int = ROOM_BYTES, most: int = MOST_AT_ONCE
) -> Iterator[tuple[Errand, list[Guest]]]:
    """Start the process that owns a device, and yield it with so many guests to hand out.

    Args:
        device: torch's name of it.
        guests: that many.
        room_bytes: of the desk of each.
        most: items of several guests that go to the device at once.

    Raises:
        NoMemoryError: there is too little memory, shared or of the device.
        DeviceError: the device cannot be had.
    """
    seats = [make_seats(room_bytes) for _ in range(guests)]
    theirs = [far for _, far in seats]
    with Errand(be_owner, theirs, device, most, name="the owner of the GPU") as owner:
        for seat in theirs:
            seat.close()
        owner.hear()
        yield owner, [Guest(near) for near, _ in seats]


def room_of(cameras: Sequence[Camera]) -> int:
    """Return the bytes of a desk on which a frame of each camera lies, with what is said of it."""
    most = max(camera.width_px * camera.height_px * 3 for camera in cameras)
    return max(ROOM_BYTES, whole_pages(2 * most * len(cameras)))


def _serve_all(
    shops: Sequence[Errand], owner: Sequence[Errand], rate_hz: float, timing: Timing
) -> Trial:
    """Let all begin, watch the machine during the windows, and sum up."""
    begin_s = monotonic() + START_S
    for place, shop in enumerate(shops):
        shop.tell(begin_s + place / (len(shops) * rate_hz))
    first_s = begin_s + timing.warm_up_s
    edges = [first_s + number * timing.window_s for number in range(WINDOWS + 1)]
    with Meter(every_s=0.0) as meter:
        for errand in (*shops, *owner):
            meter.watch(errand.name, errand.pid)
        for edge in edges[:: len(edges) - 1]:
            stand_by(shops, edge)
            meter.look(0)
        busy = meter.busy()
    takings: list[Takings] = hear_all(shops)
    served = [stream for shop in takings for stream in shop.streams.values()]
    windows = tuple(
        window_of(served, begin_s=since_s, end_s=until_s, rate_hz=rate_hz)
        for since_s, until_s in pairwise(edges)
    )
    dropped: dict[str, int] = {}
    for shop_takings in takings:
        for where, frames in shop_takings.dropped.items():
            dropped[where] = dropped.get(where, 0) + frames
    return sum_up(windows, busy, streams=len(served), shops=len(shops), dropped=dropped)


def sum_up(
    windows: tuple[Window, ...], busy: Busy, *, streams: int, shops: int, dropped: dict[str, int]
) -> Trial:
    """Put together what the windows and the machine's counters say."""
    frames = sum(window.frames for window in windows)
    used_s = sum(busy.cpu_s.values())
    others = None
    if busy.cores:
        others = max(0.0, (sum(busy.cores) - used_s / busy.seconds) / len(busy.cores))
    return Trial(
        streams=streams,
        shops=shops,
        windows=windows,
        dropped=dropped,
        core_ms_per_frame=1e3 * used_s / frames if frames and busy.cpu_s else None,
        cores_busy=busy.cores,
        others=others,
        gpu_busy=busy.gpu,
        held=all(window.held for window in windows),
    )


def not_begun(streams: int, per_shop: int, wanting: str) -> Trial:
    """Say of a trial that it was too large to begin."""
    return Trial(
        streams=streams,
        shops=len(shops_of(streams, per_shop)),
        windows=(),
        dropped={},
        core_ms_per_frame=None,
        cores_busy=(),
        others=None,
        gpu_busy=None,
        held=False,
        wanting=wanting,
    )
