"""How many processes this machine can run at once."""

from __future__ import annotations

import os
from pathlib import Path

from retailsim.engine.groups import GROUPS, OWN_GROUP, ControlGroup, control_groups

MOST_WORKERS = 64


def cores(*, own_group: Path = OWN_GROUP, groups: Path = GROUPS) -> int:
    """Return how many cores this process may use: its affinity, or less by a container's quota."""
    found = control_groups("cpu", own_group=own_group, groups=groups)
    quotas = [quota for group in found if (quota := _quota(group)) is not None]
    return max(1, int(min([len(os.sched_getaffinity(0)), *quotas])))


def workers_of_machine() -> int | None:
    """Return how many processes should run stages; None where there is one core for all."""
    count = cores()
    return min(count, MOST_WORKERS) if count > 1 else None


def _quota(group: ControlGroup) -> float | None:
    """Return how many cores' time a group may take; None where it has no limit."""
    if group.old:
        most, period = group.number("cpu.cfs_quota_us"), group.number("cpu.cfs_period_us")
        return most / period if most and period and most > 0 else None
    words = (group.text("cpu.max") or "").split()
    if len(words) != 2 or not all(word.isdecimal() for word in words) or not int(words[1]):
        return None
    return int(words[0]) / int(words[1])
