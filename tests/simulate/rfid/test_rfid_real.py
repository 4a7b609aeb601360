"""The simulated radio beside recordings of a real reader: derived figures only."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from radio_scenes import play, still_shop

from retailsim.simulate.rfid.reports import phase_sigma_rad
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.store.load import load_plan

REAL = Path(__file__).parents[4] / "shared" / "real" / "rfid"


def real_reads(name):
    if not (REAL / name).exists():
        pytest.skip(f"{REAL / name} is not here")
    with gzip.open(REAL / name, "rt", newline="") as file:
        for row in csv.DictReader(file):
            group = (row["recording"], row["antenna"], row["epc"], row["channel_index"])
            yield group, float(row["phase_angle"]), float(row["rssi"])


def simulated_reads(seconds):
    plan = load_plan("scenarios/stores/boutique.yaml")
    for batch in play(RadioRig(plan, seed=21), still_shop(plan, seconds)):
        for i in range(len(batch.epc)):
            group = (batch.reader, batch.antenna[i], batch.epc[i], batch.channel[i])
            yield group, float(batch.phase[i]), batch.rssi_cdbm[i] / 100


def spread_by_level(reads):
    """Median circular variance of the doubled phase of groups at -47 and at -62 dBm."""
    groups = {}
    for group, phase, rssi in reads:
        groups.setdefault(group, []).append((phase, rssi))
    levels = {-47: [], -62: []}
    for values in groups.values():
        phase, rssi = np.array(values).T
        for level, found in levels.items():
            if len(phase) >= 4 and abs(rssi.mean() - level) < 4:
                found.append(1 - abs(np.mean(np.exp(4j * np.pi * phase / 4096))))
    return {level: float(np.median(found)) for level, found in levels.items() if len(found) >= 10}


@pytest.mark.real
def test_static_tags_are_as_still_as_real_ones():
    real = {
        **spread_by_level(real_reads("static_grid.csv.gz")),
        **spread_by_level(r for r in real_reads("static_height.csv.gz") if r[2] > -52),
    }
    ours = spread_by_level(simulated_reads(60.0))
    assert set(real) == {-47, -62}
    for level, variance in real.items():
        # Circular variance of twice a normal phase; the recordings add slow drift to the noise.
        floor = 1 - np.exp(-2 * phase_sigma_rad(np.array([float(level)]))[0] ** 2)
        assert floor / 3 < ours[level] < 3 * variance + floor
