"""Children that die with their parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from typing import Any

from retailsim.engine.shm.wires import handing_over

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def start_child(function: Callable[..., Any], *args: Any, name: str) -> SpawnProcess:
    """Start a fresh process that runs `function(*args)`; ends of rings and channels among `args`.

    It is killed (SIGKILL) as soon as the thread that started it ends, so start children from a
    thread that lives as long as they should. Ends among `args` are the child's then, and closed
    here.
    """
    child = get_context("spawn").Process(
        target=_run, args=(os.getpid(), function, args), name=name, daemon=True
    )
    with handing_over():
        child.start()
    return child


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when the parent's thread ends; at once if it has."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        os._exit(1)


def _run(parent_pid: int, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    die_with_parent(parent_pid)
    function(*args)
