"""The stage graph: who feeds whom, and in which order stages run within a tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from retailsim.engine.config import BaselineSpec, StackSpec, build_stage
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch, Sale, TagReads, TryOn
from retailsim.stack.stage import Stage, StageContext

SOURCES: tuple[type[Message], ...] = (FrameBatch, TagReads, Sale, TryOn)


@dataclass(frozen=True)
class Node:
    """A stage at its station.

    Attributes:
        role: its name in the stack description.
        stage: the instance.
        baseline: name of the baseline it is, None for the stack's own stages. What a baseline
            says is kept apart and feeds nobody.
    """

    role: str
    stage: Stage
    baseline: str | None = None


def build_graph(
    spec: StackSpec, context: StageContext, *, baselines: BaselineSpec | None = None
) -> tuple[Node, ...]:
    """Make all stages of a stack, in an order in which every stage follows its feeders.

    Raises:
        StageError: a class cannot be found or made, an input that nobody gives, or a cycle.
    """
    stages = {
        role: build_stage(role, stage, context)
        for role, stage in spec.stages.items()
        if stage is not None
    }
    nodes = [Node(role, stages[role]) for role in running_order(stages)]
    rivals = baselines.roles if baselines else {}
    for role, named in rivals.items():
        if role in stages:
            nodes += [Node(role, build_stage(role, s, context), n) for n, s in named.items()]
    return tuple(nodes)


def running_order(stages: Mapping[str, Stage]) -> list[str]:
    """Sort roles so that feeders come first; ties keep the order of the description."""
    givers: dict[type[Message], list[str]] = {}
    for role, stage in stages.items():
        for kind in stage.outputs:
            givers.setdefault(kind, []).append(role)
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for role, stage in stages.items():
        sorter.add(role)
        for kind in stage.inputs:
            sorter.add(role, *(giver for giver in givers.get(kind, []) if giver != role))
    _check_fed(stages, givers)
    place = {role: i for i, role in enumerate(stages)}
    order: list[str] = []
    try:
        sorter.prepare()
    except CycleError as error:
        raise StageError(
            f"stages feed each other in a circle: {' -> '.join(error.args[1])}"
        ) from error
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        order += ready
        sorter.done(*ready)
    return order


def _check_fed(stages: Mapping[str, Stage], givers: Mapping[type[Message], list[str]]) -> None:
    """Refuse a stage none of whose inputs anybody gives (some may be optional)."""
    for role, stage in stages.items():
        if not any(kind in SOURCES or kind in givers for kind in stage.inputs):
            names = ", ".join(kind.__name__ for kind in stage.inputs) or "nothing"
            raise StageError(f"stage '{role}' reads {names}, which no stage of this stack gives")
