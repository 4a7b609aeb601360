"""The stage graph: who feeds whom, and in which order stages run within a tick."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from retailsim.engine.config import BaselineSpec, StackSpec, StageSpec, build_stage
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import FrameBatch, Sale, TagReads, TryOn
from retailsim.stack.stage import Stage, StageContext

SOURCES: tuple[type[Message], ...] = (FrameBatch, TagReads, Sale, TryOn)

# Added where a stage wants what they say and the stack names no stage that says it.
INTAKES: dict[type[Message], tuple[str, StageSpec]] = {
    CleanReads: ("reads", StageSpec(uses="retailsim.stack.tagmotion.reads:ReadIntake")),
}


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

    A stack that leaves out an intake which its stages need gets the shipped one.

    Raises:
        StageError: a class cannot be found or made, an input that nobody gives, or a cycle.
    """
    stages = {
        role: build_stage(role, stage, context)
        for role, stage in spec.stages.items()
        if stage is not None
    }
    rivals = [
        Node(role, build_stage(role, rival, context), name)
        for role, named in (baselines.roles if baselines else {}).items()
        if role in stages
        for name, rival in named.items()
    ]
    wanted = {
        kind for stage in (*stages.values(), *(n.stage for n in rivals)) for kind in stage.inputs
    }
    stages |= _missing_intakes(wanted, stages, context)
    return (*(Node(role, stages[role]) for role in running_order(stages)), *rivals)


def _missing_intakes(
    wanted: Collection[type[Message]], stages: Mapping[str, Stage], context: StageContext
) -> dict[str, Stage]:
    """Make the intakes that a stack needs and does not name."""
    given = {kind for stage in stages.values() for kind in stage.outputs}
    missing = {}
    for kind, (role, spec) in INTAKES.items():
        if kind not in wanted or kind in given:
            continue
        if role in stages:
            raise StageError(
                f"stage '{role}' should give {kind.__name__}, which other stages read; give it "
                f"another name, and the role '{role}' to {spec.uses}"
            )
        missing[role] = build_stage(role, spec, context)
    return missing


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
