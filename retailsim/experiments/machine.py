"""What a measurement ran on, and how much memory it took."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

MIB = 1 << 20


def memory_mib() -> float:
    """Return the memory this process holds now (resident set), MiB; the peak off Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return peak_memory_mib()
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def peak_memory_mib() -> float:
    """Return the most memory this process ever held, MiB (`ru_maxrss`)."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / MIB if sys.platform == "darwin" else held / 1024  # bytes there, KiB here


def renderer() -> str | None:
    """Name what OpenGL draws with, e.g. 'llvmpipe (LLVM 15)'; None without OpenGL."""
    from retailsim.errors import DeviceError
    from retailsim.simulate.camera.device import open_context

    try:
        context = open_context()
    except DeviceError:
        return None
    name = str(context.info["GL_RENDERER"])
    context.release()
    return name
