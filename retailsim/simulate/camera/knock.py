"""Where a camera looks after somebody has bumped into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from retailsim.simulate.faults import Knock
from retailsim.store.projection import Projection


def knocked(projection: Projection, knock: Knock) -> Projection:
    """Return the camera moved and turned: yaw in the shop, then pitch and roll in its own axes."""
    yaw, pitch, roll = np.deg2rad([knock.yaw_deg, knock.pitch_deg, knock.roll_deg])
    c, s = np.cos(yaw), np.sin(yaw)
    about_vertical = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    c, s = np.cos(pitch), np.sin(pitch)
    upwards = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    c, s = np.cos(roll), np.sin(roll)
    clockwise = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return replace(
        projection,
        rotation=clockwise @ upwards @ projection.rotation @ about_vertical.T,
        position_m=projection.position_m + np.array(knock.shift_m),
    )
