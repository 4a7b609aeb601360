"""Results appear together: written into a hidden folder first, put in their places at the end."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from retailsim.session.placing import put_in_place

HIDDEN = ".partial"


@contextmanager
def staged(folders: Iterable[Path]) -> Iterator[dict[Path, Path]]:
    """Yield, for each folder, a hidden folder in it to write into.

    At the end of the `with` block all that was written is put in place over older results; an
    exception leaves those as they were. What a killed process has left goes at the next time.
    Two processes that write into the same folder do so one after the other.

    Raises:
        OSError: the file system refuses.
    """
    asked = list(folders)
    hidden = {real: real / HIDDEN for real in sorted({folder.resolve() for folder in asked})}
    with ExitStack() as locks:
        for folder in hidden:
            locks.enter_context(_locked(folder))
        try:
            for place in hidden.values():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
            yield {folder: hidden[folder.resolve()] for folder in asked}
            for folder, place in hidden.items():
                for entry in sorted(place.iterdir()):
                    put_in_place(entry, folder / entry.name)
        finally:
            for place in hidden.values():
                shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which ends with the process; a file system without locks has none."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
