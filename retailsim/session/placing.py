"""Putting what is finished under its name."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

AT_FDCWD = -100  # linux/fcntl.h
RENAME_EXCHANGE = 2  # linux/fs.h


def put_in_place(new: Path, target: Path) -> None:
    """Rename a file or folder over what has that name, in one step: one of them is always there.

    Where the file system cannot exchange two folders, the older one is set aside first, and there
    is neither for a moment.

    Raises:
        OSError: the file system refuses; what was there is there still.
    """
    if not (new.is_dir() and target.is_dir()):
        os.replace(new, target)
        return
    if not _exchange(new, target):
        _set_aside(new, target)
    shutil.rmtree(new)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names; False where that is not possible."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    names = AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other)
    return bool(rename(*names, RENAME_EXCHANGE) == 0)


def _set_aside(new: Path, target: Path) -> None:
    """Exchange two folders in three steps."""
    aside = new.with_name(f"{new.name}.old")
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise
    aside.rename(new)
