"""The stage graph: who feeds whom, and in which order stages run within a tick."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from retailsim.engine.config import BaselineSpec, StackSpec, StageSpec, build_stage, find_class
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


@dataclass(frozen=True)
class Station:
    """What is known of a stage before it is made.

    Attributes:
        role: its name in the stack description.
        spec: class and parameters.
        kind: the class.
        baseline: as in `Node`.
    """

    role: str
    spec: StageSpec
    kind: type[Stage]
    baseline: str | None = None

    @property
    def inputs(self) -> tuple[type[Message], ...]:
        """What it reads."""
        return self.kind.inputs

    @property
    def outputs(self) -> tuple[type[Message], ...]:
        """What it may say."""
        return self.kind.outputs


class Speaks(Protocol):
    """Whatever has inputs and outputs: a stage, or a station."""

    @property
    def inputs(self) -> tuple[type[Message], ...]: ...

    @property
    def outputs(self) -> tuple[type[Message], ...]: ...


def build_graph(
    spec: StackSpec, context: StageContext, *, baselines: BaselineSpec | None = None
) -> tuple[Node, ...]:
    """Make all stages of a stack, in an order in which every stage follows its feeders.

    A stack that leaves out an intake which its stages need gets the shipped one.

    Raises:
        StageError: a class cannot be found or made, an input that nobody gives, or a cycle.
    """
    return tuple(build_node(at, context) for at in plan_graph(spec, baselines=baselines))


def build_node(at: Station, context: StageContext) -> Node:
    """Make one stage; raises StageError when it cannot be made."""
    return Node(at.role, build_stage(at.role, at.spec, context), at.baseline)


def plan_graph(spec: StackSpec, *, baselines: BaselineSpec | None = None) -> tuple[Station, ...]:
    """Return the stations of a stack in running order, baselines last; makes no stage yet.

    Raises:
        StageError: a class cannot be found, an input that nobody gives, or a cycle.
    """
    own = {role: _station(role, stage) for role, stage in spec.stages.items() if stage is not None}
    rivals = [
        _station(role, rival, name)
        for role, named in (baselines.roles if baselines else {}).items()
        if role in own
        for name, rival in named.items()
    ]
    wanted = {kind for station in (*own.values(), *rivals) for kind in station.inputs}
    own |= _missing_intakes(wanted, own)
    return (*(own[role] for role in running_order(own)), *rivals)


def _station(role: str, spec: StageSpec, baseline: str | None = None) -> Station:
    return Station(role, spec, find_class(role, spec.uses or ""), baseline)


def _missing_intakes(
    wanted: Collection[type[Message]], own: Mapping[str, Station]
) -> dict[str, Station]:
    """Return the intakes that a stack needs and does not name."""
    given = {kind for station in own.values() for kind in station.outputs}
    missing = {}
    for kind, (role, spec) in INTAKES.items():
        if kind not in wanted or kind in given:
            continue
        if role in own:
            raise StageError(
                f"stage '{role}' should give {kind.__name__}, which other stages read; give it "
                f"another name, and the role '{role}' to {spec.uses}"
            )
        missing[role] = _station(role, spec)
    return missing


def running_order(stages: Mapping[str, Speaks]) -> list[str]:
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


def _check_fed(stages: Mapping[str, Speaks], givers: Mapping[type[Message], list[str]]) -> None:
    """Refuse a stage none of whose inputs anybody gives (some may be optional)."""
    for role, stage in stages.items():
        if not any(kind in SOURCES or kind in givers for kind in stage.inputs):
            names = ", ".join(kind.__name__ for kind in stage.inputs) or "nothing"
            raise StageError(f"stage '{role}' reads {names}, which no stage of this stack gives")
