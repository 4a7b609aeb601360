"""Anonymous shared memory, and whether there is enough of it.

It is counted as memory of the machine and of the control group (container) that first touches it;
the size of /dev/shm does not matter.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import resource
from dataclasses import dataclass
from pathlib import Path

from retailsim.engine.groups import GROUPS, OWN_GROUP, ControlGroup, control_groups
from retailsim.errors import DeviceError, NoMemoryError

MIB = 1 << 20
PAGE = mmap.PAGESIZE
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Room:
    """How much shared memory can be taken.

    Attributes:
        free_bytes: that much.
        bound_by: what there is no more of, for people.
    """

    free_bytes: int
    bound_by: str


def shared_memory_room(
    *, meminfo: Path = _MEMINFO, own_group: Path = OWN_GROUP, groups: Path = GROUPS
) -> Room:
    """Return how much can be taken: what the machine has free, or the tightest control group.

    Raises:
        DeviceError: the system does not say how much memory is free (it is not Linux).
    """
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
        (kib,) = (int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError) as error:
        raise DeviceError("shared memory for frames needs Linux: no /proc/meminfo here") from error
    rooms = [Room(kib * 1024, "memory of this machine")]
    return min(rooms + _group_rooms(own_group, groups), key=lambda room: room.free_bytes)


def _group_rooms(own_group: Path, groups: Path) -> list[Room]:
    """Return what is left of each memory limit from the process's own control group upwards."""
    rooms = []
    for group in control_groups("memory", own_group=own_group, groups=groups):
        limit, used = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if group.old
            else ("memory.max", "memory.current")
        )
        most, taken = group.number(limit), group.number(used)
        if most is not None and taken is not None:
            free = most - taken + _reclaimable(group)
            rooms.append(Room(max(0, free), f"the memory limit of control group {group.name}"))
    return rooms


def _reclaimable(group: ControlGroup) -> int:
    """Return the bytes of cached files, which a group counts as used and gives up on demand."""
    try:
        stat = dict(line.split() for line in (group.text("memory.stat") or "").splitlines())
        return int(stat["active_file"]) + int(stat["inactive_file"])
    except (ValueError, KeyError):
        return 0


def require_room(needed_bytes: int, *, what: str, room: Room | None = None) -> None:
    """Check that so much shared memory can be taken; None asks the system.

    Raises:
        NoMemoryError: there is less; the line says how much is needed and how much there is.
        DeviceError: the system does not say.
    """
    room = room or shared_memory_room()
    if needed_bytes > room.free_bytes:
        raise NoMemoryError(
            f"{what} needs {needed_bytes / MIB:.1f} MiB of shared memory, but {room.bound_by} "
            f"leaves {room.free_bytes / MIB:.1f} MiB: take fewer slots, cameras or pixels"
        )


def take_memory(size: int, *, what: str) -> int:
    """Take anonymous memory of `size` bytes, all of it now; returns its file descriptor.

    Memory that is only promised would end the process that touches it first when it runs out.

    Raises:
        NoMemoryError: there is not enough.
        DeviceError: it cannot be taken for another reason, or the system has no anonymous files.
    """
    require_room(size, what=what)
    if not hasattr(os, "memfd_create"):
        raise DeviceError(f"{what} needs Linux: this system has no memfd_create")
    try:
        fd = os.memfd_create("retailsim", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.posix_fallocate(fd, 0, size)
            # Nobody can make it shorter under a mapping, which would be a bus error elsewhere.
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        except OSError:
            os.close(fd)
            raise
    except OSError as error:
        reason = error.strerror
        if error.errno == errno.EFBIG:
            most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
            reason = f"no file may be larger than {most / MIB:.1f} MiB; raise ulimit -f"
        kind = NoMemoryError if error.errno in (errno.ENOMEM, errno.ENOSPC) else DeviceError
        raise kind(
            f"{what}: cannot take {size / MIB:.1f} MiB of shared memory: {reason}"
        ) from error
    return fd


def map_memory(fd: int, *, size: int, offset: int = 0, writable: bool) -> mmap.mmap:
    """Map part of such memory; it stays mapped while anything looks at it.

    Raises:
        DeviceError: the process may not take so much address space.
    """
    prot = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
    try:
        return mmap.mmap(fd, size, flags=flags, prot=prot, offset=offset)
    except OSError as error:
        raise DeviceError(
            f"cannot map {size / MIB:.1f} MiB of shared memory: {error.strerror}; see ulimit -v"
        ) from error


def whole_pages(size: int) -> int:
    """Round up to whole pages."""
    return -(-size // PAGE) * PAGE
