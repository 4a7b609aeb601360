"""One shop of the density bench: a process that serves its cameras live, with the whole stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing.connection import Connection

import numpy as np

from retailsim.engine.config import StackSpec
from retailsim.engine.graph import plan_graph
from retailsim.engine.live import ServedTick, run_live
from retailsim.engine.pipeline import STALL_S
from retailsim.engine.pipeline.control import limit_threads
from retailsim.engine.vigil import Vigil
from retailsim.experiments.density_windows import Stream
from retailsim.experiments.errands import accuse
from retailsim.experiments.looped import Footage
from retailsim.stack.stage import StageContext

READY = "ready"


@dataclass(frozen=True)
class Shop:
    """What a shop plays, and with what.

    Attributes:
        footage: of its cameras.
        spec: the stack.
        context: to make its stages with; the plan is the footage's.
        seconds: how long.
    """

    footage: Footage
    spec: StackSpec
    context: StageContext
    seconds: float


@dataclass(frozen=True)
class Takings:
    """What came of it.

    Attributes:
        streams: by camera.
        dropped: frames, by where.
    """

    streams: Mapping[str, Stream]
    dropped: Mapping[str, int]


def serve(line: Connection, shop: Shop) -> None:
    """Make the stages, say so, wait to be told when to begin, play, and say what came of it."""
    options = {"threads": 1} | shop.context.options
    context = replace(shop.context, plan=shop.footage.plan, options=options)
    with Vigil(STALL_S, accuse(line)) as vigil:
        nodes = vigil.make(plan_graph(shop.spec), context)
    limit_threads(1)
    footage = shop.footage.play(shop.seconds)
    first = next(footage)  # the way to where it begins is no part of the trial
    line.send(READY)
    begin_s = line.recv()
    ticks: list[ServedTick] = []
    with Vigil(STALL_S, accuse(line)) as vigil:
        live = run_live(
            chain([first], footage),
            nodes,
            lateness_s=shop.spec.lateness_s,
            begin_s=begin_s,
            on_tick=ticks.append,
            vigil=vigil,
        )
    line.send(Takings(streams_of(ticks, shop.footage), live.dropped))


def streams_of(ticks: list[ServedTick], footage: Footage) -> dict[str, Stream]:
    """Return what each camera of the footage was served, nothing at all included."""
    times: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for tick in ticks:
        for camera in tick.cameras:
            times[camera].append((tick.due_s, tick.done_s))
    return {
        camera.id: Stream(*np.array(times[camera.id], np.float64).reshape(-1, 2).T)
        for camera in footage.plan.cameras
    }
