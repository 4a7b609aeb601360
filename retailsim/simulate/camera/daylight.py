"""What a scenario's lighting makes of the lamps, the street and the windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retailsim.simulate.camera.crowd import set_uniform
from retailsim.simulate.camera.openings import Opening
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.lighting import Lighting, lamp_colour
from retailsim.store.plan import StorePlan

MOST_WINDOWS = 8
# Behind glass the street is seen brighter than the shop, as cameras balanced to shops show it;
# through a door alone it is kept as dim as passers-by need (assumed).
GLAZED_STREET = 1.7
WINDOW_SHARE = 1.5  # of an overcast sky's light that a window sends on (assumed)


def lamp_light(lighting: Lighting, full: Light) -> Light:
    """Return the light of the lamps at their level and colour; `full` is all of them, neutral."""
    tint = lamp_colour(lighting.colour_temperature_k) * lighting.lamps

    def tinted(colour: tuple[float, float, float]) -> tuple[float, float, float]:
        red, green, blue = (float(v) for v in np.array(colour) * tint)
        return (red, green, blue)

    return replace(full, key=tinted(full.key), sky=tinted(full.sky), ground=tinted(full.ground))


def set_daylight(
    program: Any, plan: StorePlan, holes: Sequence[Opening], lighting: Lighting
) -> None:
    """Tell a program of the shop where light comes in and how bright it is outside."""
    windows = [hole for hole in holes if hole.glazed][:MOST_WINDOWS]
    sides = [0.0] * 4
    for hole in holes:
        sides[hole.wall] = float(hole.outside == "street")
    sides[0] = 1.0 if not any(hole.wall == 0 for hole in holes) else sides[0]
    empty = [(0.0, 0.0, 0.0, 0.0)] * (MOST_WINDOWS - len(windows))
    frames = [(*hole.frame.origin, *hole.frame.along) for hole in windows]
    spans = [(hole.low_m, hole.high_m, hole.sill_m, hole.top_m) for hole in windows]
    set_uniform(program, "shop_size", plan.size_m or (1.0, 1.0))
    set_uniform(program, "street_sides", tuple(sides))
    street = lighting.daylight * (GLAZED_STREET if windows else 1.0)
    set_uniform(program, "street_light", street)
    set_uniform(program, "lamp_level", lighting.lamps)
    set_uniform(program, "window_count", len(windows))
    set_uniform(program, "window_frame", frames + empty)
    set_uniform(program, "window_hole", spans + empty)
    set_uniform(program, "window_light", lighting.daylight * WINDOW_SHARE)
