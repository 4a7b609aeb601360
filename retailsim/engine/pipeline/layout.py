"""Who tells whom what, as it follows from the stack and its partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retailsim.engine.graph import Station
from retailsim.engine.pipeline.partition import DECODE, Group, reaches
from retailsim.engine.shm import EVERY_KIND
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch

Kinds = tuple[type[Message], ...]


@dataclass(frozen=True)
class Edge:
    """What goes from one worker to another.

    Attributes:
        sender, receiver: names of processes.
        wanted: of each stage of the sender that may feed one of the receiver: what is read there.
        kinds: all that may travel.
    """

    sender: str
    receiver: str
    wanted: dict[int, Kinds]
    kinds: Kinds


def check_groups(groups: Sequence[Group], stations: Sequence[Station]) -> None:
    """Refuse groups that leave out a stage, or have one twice; raises StageError."""
    rows = sorted(row for group in groups for row in group.rows)
    names = {group.name for group in groups} | {DECODE}
    if rows != list(range(len(stations))) or len(names) != len(groups) + 1:
        raise StageError(f"processes {[g.name for g in groups]} do not hold each stage once")


def edges(groups: Sequence[Group], stations: Sequence[Station]) -> list[Edge]:
    """Return all edges between workers. Baselines feed nobody."""
    found = []
    for sender in groups:
        for receiver in groups:
            wanted = {
                row: kinds
                for row in sender.rows
                if receiver is not sender and not stations[row].baseline
                if (kinds := _wanted(row, receiver, stations))
            }
            if wanted:
                travel = {k for row, read in wanted.items() for k in _travel(stations[row], read)}
                found.append(Edge(sender.name, receiver.name, wanted, _in_order(travel)))
    return found


def sources_of(group: Group, stations: Sequence[Station]) -> Kinds:
    """Return what a worker's stages read, as far as it may come from the bag and is no frame."""
    return _in_order({k for row in group.rows for k in stations[row].inputs})


def reads_frames(group: Group, stations: Sequence[Station]) -> bool:
    """Whether a stage of the worker looks at frames."""
    return any(reaches((FrameBatch,), stations[row].inputs) for row in group.rows)


def kept_kinds(group: Group, stations: Sequence[Station]) -> Kinds:
    """Return what a worker tells the parent: what its stages say and a replay keeps."""
    return _in_order({k for row in group.rows for k in stations[row].outputs})


def _wanted(row: int, receiver: Group, stations: Sequence[Station]) -> Kinds:
    """Return what the receiver's stages behind a stage read, of what it says."""
    said = stations[row].outputs
    read = {k for r in receiver.rows if r > row for k in stations[r].inputs if reaches(said, (k,))}
    return _in_order(read)


def _travel(station: Station, read: Kinds) -> set[type[Message]]:
    """Return the types that may travel: what is declared, where narrower that is read."""
    said = {o for o in station.outputs if reaches((o,), read)}
    return said | {i for i in read for o in said if issubclass(i, o)}


def _in_order(kinds: set[type[Message]]) -> Kinds:
    return tuple(sorted(kinds, key=lambda kind: (kind.__module__, kind.__qualname__)))


BAG_KINDS: Kinds = EVERY_KIND
