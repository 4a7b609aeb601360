"""A process that may not take the address space is told so."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from retailsim.engine.shm.memory import MIB, map_memory, take_memory
from retailsim.errors import DeviceError
from tests.hardship import no_file_above


def address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGESIZE")


def test_a_limit_of_address_space_is_one_line() -> None:
    fd = take_memory(64 * MIB, what="a test")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + 8 * MIB, before[1]))
    try:
        with pytest.raises(DeviceError, match=r"cannot map 64\.0 MiB .* see ulimit -v"):
            map_memory(fd, size=64 * MIB, writable=True)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        os.close(fd)


def test_a_limit_of_file_sizes_is_told_with_both_figures() -> None:
    line = r"the ring: cannot take 4\.0 MiB .* larger than 2\.0 MiB; raise ulimit -f"
    with no_file_above(2 * MIB), pytest.raises(DeviceError, match=line):
        take_memory(4 * MIB, what="the ring")
