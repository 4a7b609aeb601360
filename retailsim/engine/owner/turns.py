"""Whose requests go to the device together: a pure function of those that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What a guest waits for.

    Attributes:
        guest: its number.
        network: which network should run, by its number.
        items: how many lie on the guest's desk.
    """

    guest: int
    network: int
    items: int


def next_turn(waiting: Sequence[Request], *, most: int) -> list[Request]:
    """Return who goes next: who has waited longest, and who wants the same network after that one.

    Args:
        waiting: not empty, oldest first.
        most: items that may go at once; a request for more goes alone.

    Returns:
        Some of them, oldest first. Nobody overtakes an older request for the same network.
    """
    first, *rest = waiting
    turn, room = [first], most - first.items
    for request in rest:
        if request.network != first.network:
            continue
        room -= request.items
        if room < 0:
            break
        turn.append(request)
    return turn
