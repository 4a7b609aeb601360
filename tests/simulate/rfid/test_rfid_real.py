"""The simulated radio beside recordings of a real reader: derived figures only."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from radio_scenes import play, snapshot, still_shop

from retailsim.simulate.rfid.reports import phase_sigma_rad
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.store.load import load_plan
from retailsim.store.plan import Antenna, Fixture, Reader, Sku, Stock, StorePlan

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


def doubled_variances(reads):
    """Circular variance of the doubled phase per (recording, antenna, tag, channel), >= 3 reads."""
    groups = {}
    for group, phase, _ in reads:
        groups.setdefault(group, []).append(phase)
    return np.array(
        [
            1 - abs(np.mean(np.exp(4j * np.pi * np.array(phases) / 4096)))
            for phases in groups.values()
            if len(phases) >= 3
        ]
    )


def lone_tag_reads(*, walks, seed):
    """One tag before four antennas, as in the recordings: still, or carried along a line."""
    corners = [(0.5, 0.5), (7.5, 0.5), (7.5, 7.5), (0.5, 7.5)]
    antennas = [
        Antenna(port=port, position_m=(x, y, 2.0), look_at_m=(4.0, 4.0, 1.0))
        for port, (x, y) in enumerate(corners, start=1)
    ]
    rail = Fixture(id="rail", kind="rail", center_m=(4, 4), size_m=(1, 0.5), height_m=1.5)
    sku = Sku(id="a", name="a", kind="shirt", colour="#000000", style="basic", price_eur=1.0)
    plan = StorePlan(
        name="hall",
        size_m=(8.0, 8.0),
        fixtures=[rail],
        readers=[Reader(id="r", antennas=antennas, mode="m2")],
        catalogue=[sku],
        stock=[Stock(fixture="rail", sku="a", count=1)],
    )
    here, there = np.array([[4.0, 1.0, 1.1]]), np.array([[4.0, 7.0, 1.1]])
    step = (there - here) / 60 if walks else 0.0  # 1 m/s, as slow recordings
    ticks = 60 if walks else 300
    batches = play(RadioRig(plan, seed=seed), (snapshot(k, here + k * step) for k in range(ticks)))
    for batch in batches:
        for i in range(len(batch.epc)):
            yield (seed, batch.antenna[i], batch.channel[i]), float(batch.phase[i]), 0.0


@pytest.mark.real
def test_moving_and_static_tags_spread_like_real_ones():
    still = doubled_variances(
        r for seed in (1, 2, 3) for r in lone_tag_reads(walks=False, seed=seed)
    )
    moving = doubled_variances(
        r for seed in range(9) for r in lone_tag_reads(walks=True, seed=seed)
    )
    real_still = [
        doubled_variances(real_reads(name))
        for name in ("static_grid.csv.gz", "static_height.csv.gz")
    ]
    real_moving = doubled_variances(real_reads("moving_line.csv.gz"))
    # Between the steadiest and the least steady of the real setups, in the middle of the moving.
    medians = sorted(float(np.median(found)) for found in real_still)
    assert medians[0] / 3 < np.median(still) < medians[1]
    low, high = np.quantile(real_moving, [0.25, 0.75])
    assert low < np.median(moving) < high
    assert np.median(moving) > 5 * np.median(still)
