"""Bag -> stack -> scorecard: what `retail replay` does."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypedDict

from retailsim.engine.config import BaselineSpec, StackSpec, load_baselines
from retailsim.engine.graph import Station, plan_graph
from retailsim.engine.live import RESTARTS, LiveRun, run_live
from retailsim.engine.pipeline import STALL_S, BagSource, run_pipelined, run_pipelined_live
from retailsim.engine.pipeline.control import few_threads
from retailsim.engine.serial import Run, run_serial
from retailsim.engine.vigil import OnStall, Vigil
from retailsim.errors import BagError, DeviceError, ModelError, StageError
from retailsim.evaluate.score import counts, score
from retailsim.evaluate.scorecard import Counts, Provenance, Scorecard, Speed
from retailsim.messages import results
from retailsim.messages.base import Message
from retailsim.messages.digest import digest
from retailsim.messages.log import MessageLog
from retailsim.messages.registry import MESSAGE_TYPES
from retailsim.messages.sensors import Sale, TagReads, TryOn
from retailsim.messages.truth import TruthScenario
from retailsim.session import BagReader
from retailsim.stack.on_cpu import fast_unit
from retailsim.stack.runtime import model_sha256, twin_sha256
from retailsim.stack.stage import Precision, StageContext
from retailsim.stack.twin import FILE as TWIN
from retailsim.store.plan import StorePlan
from retailsim.version import __version__

Device = Literal["auto", "cpu", "cuda"]
Mode = Literal["serial", "pipeline"]
Progress = Callable[[float, float, float], None]

# Which block of the scorecard each kind of result decides: a rival is shown in its own blocks.
BLOCKS: dict[type[Message], str] = {
    results.Detections: "detection",
    results.Tracks: "tracking",
    results.Embeddings: "reid",
    results.Identities: "identity",
    results.TagZones: "tag_zone",
    results.TagPositions: "position",
    results.Misplaced: "misplaced",
    results.TagMotion: "flip",
    results.Interaction: "interaction",
    results.Crossing: "footfall",
    results.ZoneStay: "dwell",
    results.HeatMap: "heatmap",
    results.Flow: "flow",
    results.Recommendation: "recommendation",
}


@dataclass(frozen=True)
class Replayed:
    """A scored replay.

    Attributes:
        scorecard: the figures.
        baselines: block of the scorecard -> name of the rival -> its figures.
        run: results and times.
        plan: the shop's plan from the bag.
        warnings: what the user should know, such as how much of a cut bag is lost.
        live: what a live replay dropped and who was started anew; None for a lossless one.
    """

    scorecard: Scorecard
    baselines: dict[str, dict[str, dict[str, Any]]]
    run: Run
    plan: StorePlan
    warnings: tuple[str, ...]
    live: LiveRun | None = None

    def live_line(self) -> str:
        """Say in one line how a live replay went; empty for a lossless one."""
        if self.live is None:
            return ""
        latency = self.scorecard.speed.latency_ms
        parts = [f"live: {self.live.run.frames} frames served", frames_dropped(self.live.dropped)]
        if latency.p50 is not None and latency.p95 is not None:
            parts.append(f"latency {latency.p50:.0f} ms, 95 % within {latency.p95:.0f} ms")
        if self.live.restarts:
            parts.append(f"{len(self.live.restarts)} times a process was started anew")
        return "; ".join(parts)


def replay_bag(
    bag: Path,
    *,
    spec: StackSpec,
    device: Device = "auto",
    precision: Precision | None = None,
    baselines: bool | BaselineSpec = False,
    workers: int | None = None,
    stall_s: float = STALL_S,
    on_stall: OnStall | None = None,
    live: bool = False,
    restarts: int = RESTARTS,
    progress: Progress | None = None,
) -> Replayed:
    """Replay a bag through a stack and score it against the bag's truth.

    Args:
        bag: folder, .mcap file or ROS 1 .bag file.
        spec: the stack.
        device: 'auto' takes CUDA where there is one.
        precision: overrides the stack's.
        baselines: also run and score the trivial rivals; True takes the shipped ones.
        workers: processes that run stages, beside one that decodes; None runs one stage after
            the other in this process. The results are the same.
        stall_s: how long a stage may take for one message before it counts as stuck.
        on_stall: told in one line, from another thread, which stage of this process is stuck.
            Nothing can stop such a stage but the end of the process. None watches nothing; stages
            in processes of their own are always watched.
        live: play at the pace of the recording's own clock, and drop the oldest frames where the
            stages fall behind.
        restarts: how often each process that died or is stuck is started anew in a live replay.
        progress: told (seconds done, seconds in all, frames per second).

    Raises:
        BagError: the bag cannot be read, or holds nothing that the stack reads.
        StageError: a stage cannot be made, fails, or says what no result can hold.
        ModelError: weights are missing or do not fit.
    """
    spec = spec if precision is None else spec.model_copy(update={"precision": precision})
    reader = BagReader(bag)
    summary = reader.summary()
    where = resolve_device(device)
    context = StageContext(reader.plan, device=where, precision=spec.precision)
    rivals_of = load_baselines() if baselines is True else baselines or None
    sensors = MessageLog()
    pace = _Pace(summary.duration_s, progress)
    stations = plan_graph(spec, baselines=rivals_of)
    _check_kept(stations)
    played: LiveRun | None = None
    if workers is None:
        messages = listen(reader.messages(), sensors)
        with Vigil(stall_s, on_stall) as vigil:
            nodes = vigil.make(stations, context)
            terms: Terms = {"lateness_s": spec.lateness_s, "progress": pace, "vigil": vigil}
            with few_threads(1):
                if live:
                    played = run_live(messages, nodes, **terms)
                run = played.run if played else run_serial(messages, nodes, **terms)
        run = replace(run, dropped_frames=reader.dropped_frames)
    else:
        side_by_side: dict[str, Any] = {
            "baselines": rivals_of,
            "workers": workers,
            "stall_s": stall_s,
            "progress": pace,
            "listen": partial(keep, sensors),
        }
        source = BagSource(bag)
        if live:
            played = run_pipelined_live(source, spec, context, restarts=restarts, **side_by_side)
        run = played.run if played else run_pipelined(source, spec, context, **side_by_side)
    if run.frames == 0 and len(sensors) == 0:
        raise BagError(f"{bag}: holds no camera frames and no tag reads; nothing to replay")
    truth = MessageLog(reader.truth())
    mode: Mode = "serial" if workers is None else "pipeline"
    card = _scorecard(bag, spec, run, truth, sensors, reader.plan, where, mode)
    rivals = _score_baselines(run, truth, sensors, reader.plan)
    stages = [f"{reader.path}: {warning}" for warning in run.warnings]
    notes = (*_warnings(reader, run), *_live_warnings(reader, played), *stages)
    return Replayed(card, rivals, run, reader.plan, notes, played)


class Terms(TypedDict):
    """What both ways to run stages in this process are told."""

    lateness_s: float
    progress: Callable[[int, int], None]
    vigil: Vigil


def _check_kept(stations: Sequence[Station]) -> None:
    """Refuse stages whose words no result can hold, before they run; raises StageError."""
    known = set(MESSAGE_TYPES.values())
    for station in stations:
        for kind in station.outputs:
            if kind.kept and kind not in known:
                raise StageError(
                    f"stage '{station.role}' says {kind.__name__}, a message that no result holds: "
                    f"give the class `kept: ClassVar[bool] = False`, and it goes to other stages"
                )


def _digest(run: Run) -> str:
    """Return the digest of what was said; raises StageError where it cannot be written."""
    try:
        return digest(run.results)
    except (AttributeError, TypeError, ValueError) as error:
        raise StageError(f"what the stages said cannot be written: {error}") from error


def _warnings(reader: BagReader, run: Run) -> tuple[str, ...]:
    """Say what the user should know of the bag: what is lost, what could not be decoded."""
    damage = [f"{reader.path}: {reader.damage}"] if reader.damage else []
    dropped = run.dropped_frames
    frames = [f"{reader.path}: {dropped} frames could not be decoded"] if dropped else []
    return (*damage, *frames)


def listen(messages: Iterator[Message], sensors: MessageLog) -> Iterator[Message]:
    """Pass messages on and keep those that scoring needs."""
    for message in messages:
        keep(sensors, message)
        yield message


def keep(sensors: MessageLog, message: Message) -> None:
    """Keep a message if scoring needs it."""
    if isinstance(message, TagReads | Sale | TryOn):  # reads decide which flips count
        sensors.append(message)


def _live_warnings(reader: BagReader, live: LiveRun | None) -> tuple[str, ...]:
    """Say what a live replay lost."""
    if live is None:
        return ()
    lost = [frames_dropped(live.dropped)] if any(live.dropped.values()) else []
    if live.missed_ticks:
        lost.append(f"ticks missed: {_by_where(live.missed_ticks)}")
    return tuple(f"{reader.path}: live: {line}" for line in (*lost, *live.restarts))


def frames_dropped(dropped: Mapping[str, int]) -> str:
    """Say how many frames were dropped where."""
    return f"frames dropped: {_by_where(dropped)}"


def _by_where(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{where} {number}" for where, number in counts.items())


def _scorecard(
    bag: Path,
    spec: StackSpec,
    run: Run,
    truth: MessageLog,
    sensors: MessageLog,
    plan: StorePlan,
    device: str,
    mode: Mode,
) -> Scorecard:
    played = truth.of(TruthScenario)
    duration_s = (run.end_ns - run.begin_ns) * 1e-9
    return Scorecard(
        session=bag.resolve().stem,
        scenario=played[0].name if played else None,
        seed=played[0].seed if played else None,
        device=describe_device(device),
        precision=spec.precision,
        mode=mode,
        digest=_digest(run),
        provenance=Provenance(
            retailsim=__version__, stack=spec.sha256(), models=_models_of(spec, device)
        ),
        counts=Counts(**counts(run.results, plan, sensors, frames=run.frames)),
        speed=Speed.model_validate(run.watch.summary(frames=run.frames, duration_s=duration_s)),
        accuracy=score(truth, run.results, plan, sensors, outputs=run.outputs),
    )


def _score_baselines(
    run: Run, truth: MessageLog, sensors: MessageLog, plan: StorePlan
) -> dict[str, dict[str, dict[str, Any]]]:
    """Score every rival with its words in the place of the stack's own."""
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for rival in run.baselines:
        mixed = run.results.replaced(rival.said, rival.replaces)
        blocks = [block for kind, block in BLOCKS.items() if kind in rival.outputs]
        declared = run.outputs | rival.outputs
        figures = score(truth, mixed, plan, sensors, outputs=declared, only=blocks)
        for block in blocks:
            table.setdefault(block, {})[rival.name] = figures[block]
    return table


def _models_of(spec: StackSpec, device: str) -> dict[str, str]:
    """Return the weights' digests of every model that a stage's parameters name.

    Where an int8 twin stood for a network, its digest is there too, under 'MODEL/int8.zip'.
    A user's own stage may mean something else by `model`; it has no digest then.
    """
    found = {}
    for stage in spec.stages.values():
        name = stage.parameters.get("model") if stage else None
        if isinstance(name, str):
            with suppress(ModelError):
                found[name] = model_sha256(name)
                twin = twin_sha256(name, spec.precision) if device == "cpu" else None
                if twin:
                    found[f"{name}/{TWIN}"] = twin
    return found


def resolve_device(device: Device) -> Literal["cpu", "cuda"]:
    """Return the device that is meant: 'auto' takes CUDA where there is one.

    Raises:
        DeviceError: CUDA is asked for, and there is none.
    """
    if device == "cpu":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        reason = "no GPU is found" if torch.version.cuda else "this torch is built for CPUs alone"
        raise DeviceError(f"CUDA is not to be had: {reason}; take --device cpu")
    return "cpu"


def describe_device(device: str) -> str:
    """Name the machine a replay ran on, and what makes networks fast on it, for the scorecard."""
    if device == "cuda":
        import torch

        return f"cuda: {torch.cuda.get_device_name()}; {describe_device('cpu')}"
    return ", ".join(filter(None, (f"cpu: {_cpu_name()}", f"{os.cpu_count()} cores", fast_unit())))


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class _Pace:
    """Turns the executor's frame counts into seconds done and frames per second."""

    def __init__(self, total_s: float, progress: Progress | None) -> None:
        from time import perf_counter

        self._clock = perf_counter
        self._begin = perf_counter()
        self._first_ns: int | None = None
        self._total_s = total_s
        self._progress = progress

    def __call__(self, frames: int, now_ns: int) -> None:
        self._first_ns = self._first_ns if self._first_ns is not None else now_ns
        if self._progress:
            wall_s = max(self._clock() - self._begin, 1e-9)
            self._progress((now_ns - self._first_ns) * 1e-9, self._total_s, frames / wall_s)
