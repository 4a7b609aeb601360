"""Which process of a replay the others wait for, and what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What one process of a replay had to do.

    Attributes:
        process: its name.
        busy: share of the replay's time in which one of its stages was at work.
        ms_per_tick: what all its stages took for a capture tick.
        stages: what each took for a tick, milliseconds, in running order.
    """

    process: str
    busy: float
    ms_per_tick: float
    stages: Mapping[str, float]


def loads(
    groups: Mapping[str, Sequence[str]],
    stage_s: Mapping[str, float],
    *,
    ticks: int,
    wall_s: float,
) -> tuple[Load, ...]:
    """Return every process's load, in the order given.

    Args:
        groups: roles that each process runs, in running order.
        stage_s: seconds that each role took in all; a role that never ran took none.
        ticks: capture ticks.
        wall_s: the replay's time.
    """
    found = []
    for process, roles in groups.items():
        taken_s = {role: stage_s.get(role, 0.0) for role in roles}
        total_s = sum(taken_s.values())
        stages = {role: 1e3 * s / ticks for role, s in taken_s.items()}
        found.append(Load(process, total_s / wall_s, 1e3 * total_s / ticks, stages))
    return tuple(found)


def critical(found: Sequence[Load]) -> Load:
    """Return the busiest process, the first of several: no tick can follow faster than it works."""
    return max(found, key=lambda load: load.busy)
