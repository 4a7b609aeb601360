"""How many cameras a machine serves live: `retail bench density`.

Shops of up to four cameras, each in a process of its own, run the whole stack, detection to fusion,
on every frame of looped footage at its own pace; each decodes what it plays. Where there is a GPU
one more process owns it, and runs the networks of all shops. Shops are not crowded at the same
moments: each begins elsewhere in the footage, and captures at its own instants. All begin within a
frame's time, once all have made their stages. After a warm-up come two windows: in both, every
stream has to get 95 % of its rate, and 95 % of its frames within a second from capture to the last
word. What does not fit is dropped at the source, oldest first. Numbers of streams are doubled until
one is too large, and the gap is halved then. Machines are not the same from one minute to the next:
a number may be tried several times, and holds when most of its trials do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from retailsim.engine.config import load_stack
from retailsim.errors import NoMemoryError, ScenarioError
from retailsim.experiments.density_trial import Timing, Trial, not_begun, try_streams
from retailsim.experiments.density_windows import by_majority, largest
from retailsim.experiments.looped import survey
from retailsim.experiments.replay import Device, describe_device, resolve_device
from retailsim.experiments.sessions import simulated
from retailsim.experiments.simulate_bench import Spread
from retailsim.stack.stage import Precision

CACHE = Path(".cache/bench")
SCENARIO, SEED, SECONDS = "boutique", 42, 60.0
PER_SHOP = 4
MOST = 1024


@dataclass(frozen=True)
class Tried:
    """What came of all trials of one number of streams.

    Attributes:
        streams: that number.
        held: how many did.
        trials: how many there were.
        least_share: of its rate, what the worst stream of a window was served.
        p95_s: latency, of the worst stream of a window where each was served.
        core_ms_per_frame: processor time of a frame.
    """

    streams: int
    held: int
    trials: int
    least_share: Spread | None
    p95_s: Spread | None
    core_ms_per_frame: Spread | None


@dataclass(frozen=True)
class DensityBench:
    """The answer, how it was found, and what it was found on.

    Attributes:
        rate_hz: of each stream.
        sizes: of the footage's images, as 640x360.
        per_shop: streams that share a process, and their shop's tags.
        rounds: trials of each number, fewer where most of them were of one mind before.
        streams: the largest number that held; 0 where not one did.
        capped: whether no larger one was allowed.
        trials: in the order of trying.
        tried: the same summed up by number, the smallest first.
    """

    device: str
    precision: str
    footage: str
    rate_hz: float
    sizes: tuple[str, ...]
    per_shop: int
    rounds: int
    warm_up_s: float
    window_s: float
    streams: int
    capped: bool
    trials: tuple[Trial, ...]
    tried: tuple[Tried, ...]


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
    rounds: int = 1,
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
        rounds: trials of each number.
        timing: of a trial.
        precision: overrides the stack's.
        device: where networks run.
        on_trial: told of every trial when it is over.

    Raises:
        ScenarioError: no stream, no round, no time, or a rate that the footage lacks.
        BagError: the bag cannot be read, or has no frames.
        NoMemoryError: there is too little memory for the first number of streams.
        DeviceError: the device cannot be had.
        RetailError: a stage cannot be made, or fails; a shop's process dies.
    """
    timing = timing or Timing()
    if rounds < 1:
        raise ScenarioError(f"{rounds} rounds: a number of streams is tried at least once")
    if start < 1 or most < 1 or timing.window_s <= 0 or timing.warm_up_s < 0:
        raise ScenarioError("a bench of density needs a stream and a window of more than 0 seconds")
    if rate_hz is not None and not rate_hz > 0:
        raise ScenarioError(f"{rate_hz:g} frames/s: give a rate above 0")
    spec = load_stack(stack)
    spec = spec if precision is None else spec.model_copy(update={"precision": precision})
    where = resolve_device(device)
    footage = survey(bag, rate_hz=rate_hz, most=PER_SHOP)
    trials: list[Trial] = []

    def held(streams: int) -> bool:
        try:
            trial = try_streams(streams, footage, spec, device=where, timing=timing)
        except NoMemoryError as error:
            if not trials:
                raise
            trial = not_begun(streams, len(footage.plan.cameras), str(error))
        trials.append(trial)
        if on_trial:
            on_trial(trial)
        return trial.held

    found = largest(lambda n: by_majority(lambda: held(n), rounds), start=start, most=most)
    return DensityBench(
        device=describe_device(where),
        precision=spec.precision,
        footage=str(bag),
        rate_hz=footage.rate_hz,
        sizes=tuple(sorted({f"{c.width_px}x{c.height_px}" for c in footage.plan.cameras})),
        per_shop=len(footage.plan.cameras),
        rounds=rounds,
        warm_up_s=timing.warm_up_s,
        window_s=timing.window_s,
        streams=found,
        capped=found == most,
        trials=tuple(trials),
        tried=tuple(by_number(trials)),
    )


def by_number(trials: Sequence[Trial]) -> Iterator[Tried]:
    """Yield what came of each number of streams, the smallest first."""
    for streams in sorted({trial.streams for trial in trials}):
        of_it = [trial for trial in trials if trial.streams == streams]
        windows = [window for trial in of_it for window in trial.windows]
        yield Tried(
            streams=streams,
            held=sum(trial.held for trial in of_it),
            trials=len(of_it),
            least_share=Spread.of_known(window.least_share for window in windows),
            p95_s=Spread.of_known(window.p95_s for window in windows),
            core_ms_per_frame=Spread.of_known(trial.core_ms_per_frame for trial in of_it),
        )
