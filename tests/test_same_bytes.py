"""The same scenario and seed give the same bytes in any process; another seed does not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = Path("scenarios/boutique.yaml").resolve()


def simulate(folder: Path, *, seed: int, hash_seed: str, zone: str) -> dict[str, str]:
    """Simulate in a process of its own; returns the digest of every file of the bag."""
    folder.mkdir(parents=True)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone}
    command = [sys.executable, "-m", "cli", "simulate", str(SCENARIO), "--duration", "3"]
    command += ["--seed", str(seed), "-o", "day.bag"]
    subprocess.run(command, check=True, cwd=folder, env=environment, capture_output=True)
    files = sorted((folder / "day.bag").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.gl
def test_process_hash_seed_folder_and_clock_change_no_byte(tmp_path: Path) -> None:
    one = simulate(tmp_path / "a", seed=8, hash_seed="1", zone="UTC")
    two = simulate(tmp_path / "deep" / "b", seed=8, hash_seed="777", zone="Asia/Tokyo")
    other = simulate(tmp_path / "c", seed=9, hash_seed="1", zone="UTC")
    assert len(one) == 2
    assert one == two
    assert all(one[name] != other[name] for name in one if name.endswith(".mcap"))
