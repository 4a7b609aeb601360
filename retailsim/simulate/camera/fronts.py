"""Which of its two long sides a fixture turns to the shop, and where a mirror's glass is."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.camera.surfaces import Frame
from retailsim.store.obstacles import obstacles
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import fixture_axes
from retailsim.store.standing import spots_before, spots_beside

STAND_M = 0.6


def front_frame(fixture: Fixture, plan: StorePlan) -> Frame:
    """Return the fixture's frame, turned so that its front looks along -y.

    The front is where the plan says, else the side before which there is most room to stand.
    """
    _, across = fixture_axes(fixture)
    if fixture.opening_deg is not None:
        angle = np.deg2rad(fixture.opening_deg)
        towards = np.array([np.cos(angle), np.sin(angle)])
    else:
        assert plan.size_m is not None  # whoever draws a shop has its floor
        spots = spots_before(fixture, STAND_M, obstacles(plan), plan.size_m)
        towards = np.subtract(spots[0], fixture.center_m) if spots else -across
    frame = Frame.of(fixture)
    if towards @ across > 0:
        return Frame(frame.origin, (-frame.along[0], -frame.along[1]))
    return frame


def stands_free(fixture: Fixture, plan: StorePlan) -> bool:
    """Whether people can stand along both long sides of a fixture."""
    _, across = fixture_axes(fixture)
    sides = {
        bool(np.subtract(spot, fixture.center_m) @ across > 0)
        for spot in spots_beside(fixture, obstacles(plan))
    }
    return len(sides) == 2


def mirror_pane(fixture: Fixture) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return a mirror's glass as intervals along its own x and up z, metres."""
    half = fixture.size_m[0] / 2
    return (-half + 0.05, half - 0.05), (0.1, fixture.height_m - 0.06)
