"""How many cameras a machine serves live: `retail bench density`.

Shops of up to four cameras, each in a process of its own, run the whole stack, detection to fusion,
on every frame of looped footage at its own pace; each decodes what it plays. Shops are not crowded
at the same moments: each begins elsewhere in the footage, and captures at its own instants. All
begin within a frame's time, once all have made their stages. After a warm-up come two windows: in
both, every stream has to get 95 % of its rate, and 95 % of its frames within a second from capture
to the last word. What does not fit is dropped at the source, oldest first. Numbers of streams are
doubled until one is too large, and the gap is halved then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Literal

from retailsim.engine.config import StackSpec, load_stack
from retailsim.errors import ScenarioError
from retailsim.experiments.busy import Busy, Meter
from retailsim.experiments.density_shop import Shop, Takings, serve
from retailsim.experiments.density_windows import Window, largest, window_of
from retailsim.experiments.errands import Errand, hear_all, stand_by
from retailsim.experiments.looped import Footage, survey
from retailsim.experiments.replay import Device, describe_device, resolve_device
from retailsim.experiments.sessions import simulated
from retailsim.stack.stage import Precision, StageContext

CACHE = Path(".cache/bench")
SCENARIO, SEED, SECONDS = "boutique", 42, 60.0
PER_SHOP = 4
WINDOWS = 2
START_S = 0.5  # from the word to begin until it is time
MOST = 1024


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
        gpu_busy: of the first GPU; None without one.
        held: whether both windows were.
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


@dataclass(frozen=True)
class DensityBench:
    """The answer, how it was found, and what it was found on.

    Attributes:
        rate_hz: of each stream.
        sizes: of the footage's images, as 640x360.
        per_shop: streams that share a process, and their shop's tags.
        streams: the largest number that held; 0 where not one did.
        capped: whether no larger one was allowed.
        trials: in the order of trying.
    """

    device: str
    precision: str
    footage: str
    rate_hz: float
    sizes: tuple[str, ...]
    per_shop: int
    warm_up_s: float
    window_s: float
    streams: int
    capped: bool
    trials: tuple[Trial, ...]


def boutique(
    cache: Path = CACHE, *, progress: Callable[[float, float, float], None] | None = None
) -> Path:
    """Return a minute of the boutique from the cache, simulating it first if it is not there.

    Args:
        cache: folder of bags.
        progress: as for `api.simulate`.

    Raises:
        DeviceError: there is no OpenGL to draw it with.
    """
    return simulated(SCENARIO, seed=SEED, seconds=SECONDS, cache=cache, progress=progress)


def bench_density(
    bag: str | Path,
    *,
    stack: str | Path | None = None,
    rate_hz: float | None = None,
    start: int = PER_SHOP,
    most: int = MOST,
    timing: Timing | None = None,
    precision: Precision | None = None,
    device: Device = "auto",
    on_trial: Callable[[Trial], None] | None = None,
) -> DensityBench:
    """Find the largest number of streams that are all served.

    Args:
        bag: footage.
        stack: stack YAML; the shipped one by default.
        rate_hz: of each stream; the footage's by default.
        start: how many streams to try first.
        most: not to be exceeded.
        timing: of a trial.
        precision: overrides the stack's.
        device: where networks run.
        on_trial: told of every trial when it is over.

    Raises:
        ScenarioError: no stream, no time, or a rate that the footage lacks.
        BagError: the bag cannot be read, or has no frames.
        RetailError: a stage cannot be made, or fails; a shop's process dies.
    """
    timing = timing or Timing()
    if start < 1 or most < 1 or timing.window_s <= 0 or timing.warm_up_s < 0:
        raise ScenarioError("a bench of density needs a stream and a window of more than 0 seconds")
    if rate_hz is not None and not rate_hz > 0:
        raise ScenarioError(f"{rate_hz:g} frames/s: give a rate above 0")
    spec = load_stack(stack)
    spec = spec if precision is None else spec.model_copy(update={"precision": precision})
    where = resolve_device(device)
    footage = survey(bag, rate_hz=rate_hz, most=PER_SHOP)
    trials: list[Trial] = []

    def holds(streams: int) -> bool:
        trial = try_streams(streams, footage, spec, device=where, timing=timing)
        trials.append(trial)
        if on_trial:
            on_trial(trial)
        return trial.held

    found = largest(holds, start=start, most=most)
    return DensityBench(
        device=describe_device(where),
        precision=spec.precision,
        footage=str(bag),
        rate_hz=footage.rate_hz,
        sizes=tuple(sorted({f"{c.width_px}x{c.height_px}" for c in footage.plan.cameras})),
        per_shop=len(footage.plan.cameras),
        warm_up_s=timing.warm_up_s,
        window_s=timing.window_s,
        streams=found,
        capped=found == most,
        trials=tuple(trials),
    )


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
) -> Trial:
    """Serve so many streams for the time of a trial.

    Raises:
        RetailError: a stage cannot be made, or fails; a shop's process dies.
    """
    context = StageContext(footage.plan, device=device, precision=spec.precision)
    cameras = shops_of(streams, len(footage.plan.cameras))
    shops: list[Errand] = []
    try:
        for place, number in enumerate(cameras):
            played = footage.of(number).later(place / len(cameras))
            shop = Shop(played, spec, context, timing.total_s)
            shops.append(Errand(serve, shop, name=f"shop {place + 1} of {len(cameras)}"))
        hear_all(shops)
        return _serve_all(shops, footage.rate_hz, timing)
    finally:
        for errand in shops:
            errand.close()


def _serve_all(shops: Sequence[Errand], rate_hz: float, timing: Timing) -> Trial:
    """Let all begin, watch the machine during the windows, and sum up."""
    begin_s = monotonic() + START_S
    for place, shop in enumerate(shops):
        shop.tell(begin_s + place / (len(shops) * rate_hz))
    first_s = begin_s + timing.warm_up_s
    edges = [first_s + number * timing.window_s for number in range(WINDOWS + 1)]
    with Meter(every_s=0.0) as meter:
        for shop in shops:
            meter.watch(shop.name, shop.pid)
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
