"""A tiny shop on disk, with small cameras and a reader, in which a lot happens in a short time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulate.conftest import SMALL_PLAN, SMALL_SCENARIO

DEVICES = """
cameras:
  - {id: high, width_px: 160, height_px: 96, rate_hz: 5,
     position_m: [0.4, 0.3, 2.8], look_at_m: [4.0, 3.2, 0.6], hfov_deg: 85}
  - {id: side, width_px: 128, height_px: 96, rate_hz: 5,
     position_m: [6.7, 5.7, 2.8], look_at_m: [3.0, 2.0, 0.9], hfov_deg: 85}
readers:
  - {id: north, antennas: [{port: 1, position_m: [1.0, 3.0, 2.8], look_at_m: [0.6, 3.0, 1.0]}]}
"""


@pytest.fixture(scope="session")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenario file of the tiny shop; its plan lies beside."""
    folder = tmp_path_factory.mktemp("kiosk")
    (folder / "kiosk.yaml").write_text(SMALL_PLAN + DEVICES)
    (folder / "rush.yaml").write_text(SMALL_SCENARIO)
    return folder / "rush.yaml"
