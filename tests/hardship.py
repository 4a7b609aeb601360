"""What a machine may do to a program: a full disk, folders that are for reading only."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SYS_CAPGET, SYS_CAPSET = {"x86_64": (125, 126), "aarch64": (90, 91)}.get(
    os.uname().machine, (-1, -1)
)
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextmanager
def as_anybody() -> Iterator[None]:
    """Let file permissions count for root too, as long as it lasts."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    powers = (ctypes.c_uint32 * 6)()
    if libc.syscall(SYS_CAPGET, header, powers):
        pytest.skip("cannot ask for this process's powers")
    before = powers[0]
    powers[0] = before & ~OVERRIDES
    libc.syscall(SYS_CAPSET, header, powers)
    try:
        yield
    finally:
        powers[0] = before
        libc.syscall(SYS_CAPSET, header, powers)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be written or changed."""
    entries = [folder, *folder.rglob("*")]
    for entry in entries:
        entry.chmod(0o555 if entry.is_dir() else 0o444)
    try:
        with as_anybody():
            yield
    finally:
        for entry in entries:
            entry.chmod(0o755 if entry.is_dir() else 0o644)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file can grow beyond a size; the system says so as it says that a disk is full."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes on a folder; skips the test where nothing can be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, but: int = 0) -> None:
    """Fill the disk of a folder but for so many bytes."""
    with open(folder / "filler", "wb") as file:  # empties an earlier one
        room = os.statvfs(folder)
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - but)))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
