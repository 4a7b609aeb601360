"""Standing in line: at a till, before the fitting rooms; and giving up."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from retailsim.simulate.hands import face
from retailsim.simulate.people import Person
from retailsim.simulate.shop import Line, Shop

MOVE_UP_S = 0.9  # the one behind follows so much later (assumed)


def stand_in_line(
    shop: Shop, person: Person, line: Line, patience_s: float
) -> Generator[simpy.Event, Any, bool]:
    """Queue until in front, and say whether the person's patience lasted.

    Who has given up has left the line. Who is in front is still its first member, and truth is
    not told yet how it ends: the caller says (`Recorder.queued`).
    """
    line.members.append(person)
    shop.truth.queues(person, line.place)
    lasted = yield from _move_up(shop, person, line, shop.wait(patience_s))
    if not lasted:
        line.leave(person)
        shop.claims.leave(person)
        shop.truth.queued(person, "gave-up")
    return lasted


def _move_up(
    shop: Shop, person: Person, line: Line, too_long: simpy.Event
) -> Generator[simpy.Event, Any, bool]:
    """Move up with the line until in front (True) or it takes too long (False)."""
    place, arrived = -1, False
    while True:
        now = line.members.index(person)
        if now > 0 and too_long.triggered and shop.over(too_long):
            return False
        if now != place or not arrived:
            if now != place >= 0:
                yield shop.wait(MOVE_UP_S * (1 + now))
            place = now
            shop.claims.take(line.spots[place], person)
            # Whom the line overtakes on their way must make for the new place: the old one may
            # be somebody else's by now.
            arrival = shop.walk(person, line.spots[place])
            yield arrival | line.moved | too_long if place else arrival | line.moved
            arrived = shop.over(arrival)
        elif place == 0:
            return True
        else:
            face(person, np.array(line.spots[place - 1]))
            yield line.moved | too_long
