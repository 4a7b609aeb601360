"""Results appear together: written into a hidden folder first, put in their places at the end."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HIDDEN = ".partial"  # what is being written
ASIDE = ".replaced"  # older results, until all new ones are in their places
NAMES = ".names.json"  # in there: what is to be put in place, and whether it replaces something;
# as long as it is there, older results are put back


@contextmanager
def staged(folders: Mapping[Path, Collection[str]]) -> Iterator[dict[Path, Path]]:
    """Yield, for each folder, a hidden folder in it to write into.

    At the end of the `with` block all that was written is put in place over older results; an
    exception leaves those as they were. What a killed process has left goes at the next time, and
    what it had begun to replace is put back. No folder has a mixture then; but of several, some may
    have the new results, where the last step of all fails or that is when the process is killed.
    Two processes that write into the same folder do so one after the other.

    Args:
        folders: to write into, each with the names of older results that go from there if nothing
            of that name is written.

    Raises:
        OSError: the file system refuses, or a folder stands where a file should, or a file where
            a folder should.
    """
    outdated = {folder.resolve(): names for folder, names in folders.items()}
    hidden = {folder: folder / HIDDEN for folder in sorted(outdated)}
    with ExitStack() as locks:
        for folder in hidden:
            locks.enter_context(_locked(folder))
            _put_back(folder)
        try:
            for place in hidden.values():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
            yield {folder: hidden[folder.resolve()] for folder in folders}
            with ExitStack() as undo:
                for folder in hidden:
                    undo.callback(_put_back, folder)
                    _replace(folder, outdated[folder])
                for folder in hidden:
                    (folder / ASIDE / NAMES).unlink()
                undo.pop_all()
            for folder in hidden:
                shutil.rmtree(folder / ASIDE, ignore_errors=True)
        finally:
            for place in hidden.values():
                shutil.rmtree(place, ignore_errors=True)


def settle(folder: Path) -> None:
    """Put back what a process that was killed had begun to replace; raises OSError."""
    if (folder / ASIDE).exists():
        with _locked(folder):
            _put_back(folder)


def _replace(folder: Path, outdated: Collection[str]) -> None:
    """Put all that was written in place, with older results set aside."""
    hidden, aside = folder / HIDDEN, folder / ASIDE
    written = sorted(entry.name for entry in hidden.iterdir())
    names = [*written, *(name for name in outdated if name not in written)]
    for name in written:
        _check_kind(hidden / name, folder / name)
    aside.mkdir()
    replaces = {name: os.path.lexists(folder / name) for name in names}
    with open(aside / NAMES, "w", encoding="utf-8") as file:
        json.dump(replaces, file)
        file.flush()
        os.fsync(file.fileno())
    for name in names:
        if replaces[name]:
            (folder / name).rename(aside / name)
        if name in written:
            (hidden / name).rename(folder / name)


def _check_kind(new: Path, old: Path) -> None:
    """Refuse to replace a folder by a file, or a file by a folder: it is no older result."""
    if old.is_dir() and not new.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(old))
    if new.is_dir() and old.exists() and not old.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(old))


def _put_back(folder: Path) -> None:
    """Undo `_replace`, however far it or this very function came."""
    aside = folder / ASIDE
    for name, replaces in _names_in(aside).items():
        target = folder / name
        if replaces and not os.path.lexists(aside / name):
            continue  # still in its place, or there again
        if replaces or not os.path.lexists(folder / HIDDEN / name):
            _remove(target)
        if replaces:
            (aside / name).rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def _names_in(aside: Path) -> dict[str, bool]:
    """Return what was to be put in place; nothing to put back where that is not told in full."""
    try:
        names: dict[str, bool] = json.loads((aside / NAMES).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return names


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
