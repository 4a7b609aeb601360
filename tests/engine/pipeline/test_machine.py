from __future__ import annotations

import os
from pathlib import Path

import pytest

from retailsim.engine.pipeline import machine


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def container(folder: Path, files: dict[str, str], own: str) -> int:
    """Count cores in a container with such files."""
    for name, text in files.items():
        file = folder / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "own").write_text(own)
    return machine.cores(own_group=folder / "own", groups=folder / "groups")


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    assert container(tmp_path, {"cpu.max": "max 100000\n"}, "0::/\n") == 8


def test_a_quota_of_the_group_or_of_one_above_it_bounds_the_cores(tmp_path: Path) -> None:
    files = {"shop/cpu.max": "350000 100000\n", "shop/one/cpu.max": "max 100000\n"}
    assert container(tmp_path, files, "0::/shop/one\n") == 3


def test_a_quota_of_the_first_version_counts_as_well(tmp_path: Path) -> None:
    files = {"cpu/box/cpu.cfs_quota_us": "200000\n", "cpu/box/cpu.cfs_period_us": "100000\n"}
    assert container(tmp_path, files, "3:cpu,cpuacct:/box\n2:memory:/box\n") == 2
    assert container(tmp_path, {"cpu/box/cpu.cfs_quota_us": "-1\n"}, "3:cpu:/box\n") == 8


def test_less_than_a_core_is_one(tmp_path: Path) -> None:
    assert container(tmp_path, {"cpu.max": "20000 100000\n"}, "0::/\n") == 1


@pytest.mark.parametrize(("count", "workers"), [(1, None), (2, 2), (6, 6), (200, 64)])
def test_workers_are_as_many_as_cores_and_none_beside_a_single_one(
    count: int, workers: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: count)
    assert machine.workers_of_machine() == workers
