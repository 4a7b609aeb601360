"""Which stages share a process: a pure function of the stack and the number of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from retailsim.engine.graph import Station
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch

DECODE = "decode"
# Relative costs where none were measured, after the shipped stack: detection looks at whole
# frames, other stages at crops of them.
WHOLE_FRAMES, CROPS, NO_FRAMES = 12.0, 2.0, 0.5


@dataclass(frozen=True)
class Group:
    """Stages that share a process.

    Attributes:
        name: of the process.
        rows: its stations by their place in running order, ascending.
    """

    name: str
    rows: tuple[int, ...]


def partition(
    stations: Sequence[Station],
    *,
    workers: int,
    costs: Mapping[str, float] | None = None,
    device: str = "cpu",
) -> tuple[Group, ...]:
    """Divide stations among at most `workers` processes, beside the one that decodes.

    Stations that name a process are put there (and may ask for more processes than `workers`). The
    others are cut, in an order in which nobody comes before its feeder, where the dearest part is
    cheapest; so processes feed each other one way. Of two such orders (what does not depend on
    frames comes first, or when it is needed) the better one counts. No more parts are made than
    that needs.

    Args:
        stations: in running order.
        workers: 1 or more.
        costs: of roles, in any unit, such as measured seconds; guessed from what they read by
            default.
        device: where networks run; on anything but the CPU those that do share a process: the one
            that some of them name, if any does.

    Raises:
        StageError: no worker, a stage that wants to run in the process that decodes, or stages on
            the device that name several processes.
    """
    if workers < 1:
        raise StageError(f"{workers} workers: at least one process must run the stages")
    owner = _owner(stations, device)
    named: dict[str, list[int]] = {}
    free: list[int] = []
    for row, station in enumerate(stations):
        if station.spec.process == DECODE:
            raise StageError(f"stage '{station.role}': no stage can run in process '{DECODE}'")
        process = station.spec.process or (owner if station.kind.on_device else None)
        place = named.setdefault(process, []) if process else free
        place.append(row)
    weights = {row: _cost(stations[row], costs or {}) for row in free}
    most = max(1, workers - len(named))
    ways = [_cut(order, weights, most) for order in _orders(stations, free)]
    groups = [Group(name, tuple(rows)) for name, rows in named.items()]
    taken = set(named)  # a stage and its rival have the same role
    for part in min(ways, key=lambda parts: (_dearest(parts, weights), len(parts))):
        rows = tuple(sorted(part))
        groups.append(Group(_name([stations[row] for row in rows], taken), rows))
    return tuple(sorted(groups, key=lambda group: group.rows))


def _owner(stations: Sequence[Station], device: str) -> str | None:
    """Return the process that owns the device; None where that is the CPU, which nobody owns."""
    if device == "cpu":
        return None
    there = [station for station in stations if station.kind.on_device and station.spec.process]
    owners = {station.spec.process: station.role for station in there}
    if len(owners) > 1:
        said = " and ".join(f"'{role}' in '{process}'" for process, role in owners.items())
        raise StageError(f"one process should own {device}, but its stages name several: {said}")
    return next(iter(owners), device)


def _orders(stations: Sequence[Station], rows: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return two orders in which nobody comes before its feeder.

    In the first, what does not depend on frames comes before what does; in the second it comes
    just before somebody who needs it, or at the end.
    """
    from_frames: set[int] = set()
    feeders: list[set[int]] = []  # of each row, and the feeders' own
    for row, station in enumerate(stations):
        near = {r for r in range(row) if reaches(stations[r].outputs, station.inputs)}
        feeders.append(near.union(*(feeders[r] for r in near)))
        if reaches((FrameBatch,), station.inputs) or from_frames & near:
            from_frames.add(row)
    late: list[int] = []
    for row in rows:
        if row in from_frames:
            needed = feeders[row] - from_frames
            late += [r for r in rows if r in needed and r not in late] + [row]
    late += [row for row in rows if row not in late]
    return sorted(rows, key=lambda row: (row in from_frames, row)), late


def reaches(outputs: Sequence[type[Message]], inputs: Sequence[type[Message]]) -> bool:
    """Whether a message of one of the outputs may be one of the inputs."""
    return any(issubclass(o, i) or issubclass(i, o) for o in outputs for i in inputs)


def _cost(station: Station, costs: Mapping[str, float]) -> float:
    if station.baseline is None and station.role in costs:
        return costs[station.role]
    if not reaches((FrameBatch,), station.inputs):
        return NO_FRAMES
    return CROPS if len(station.inputs) > 1 else WHOLE_FRAMES


def _cut(order: Sequence[int], weights: Mapping[int, float], most: int) -> list[Sequence[int]]:
    """Cut rows into at most so many parts, the heaviest of them as light as can be."""
    count = len(order)
    if not count:
        return []

    @cache
    def best(begin: int, parts: int) -> tuple[float, int]:
        """Return the weight of the heaviest part from `begin` on, and where the first one ends."""
        if parts == 1:
            return _dearest([order[begin:]], weights), count
        options = (
            (max(_dearest([order[begin:end]], weights), best(end, parts - 1)[0]), end)
            for end in range(begin + 1, count - parts + 2)
        )
        return min(options)

    most = min(most, count)
    parts = min(range(1, most + 1), key=lambda n: (best(0, n)[0], n))
    cut: list[Sequence[int]] = []
    begin = 0
    for left in range(parts, 0, -1):
        end = best(begin, left)[1]
        cut.append(order[begin:end])
        begin = end
    return cut


def _dearest(parts: Sequence[Sequence[int]], weights: Mapping[int, float]) -> float:
    """Return the weight of the heaviest part."""
    return max((sum(weights[row] for row in part) for part in parts), default=0.0)


def _name(stations: Sequence[Station], taken: set[str]) -> str:
    roles = list(dict.fromkeys(station.role for station in stations))
    name = roles[0] if len(roles) == 1 else f"{roles[0]}+{len(roles) - 1}"
    while name in taken or name == DECODE:
        name += "'"
    taken.add(name)
    return name
