"""Results of two replays are never mixed, wherever the second one ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from retailsim.experiments.staging import settle, staged
from tests.hardship import contents

OLD = {"a.txt": "old", "b.bag": {"data.mcap": "old"}, "d.txt": "old", "live.json": "old"}
NEW = {"a.txt": "new", "b.bag": {"data.mcap": "new"}, "c.txt": "new", "d.txt": "new"}
STEPS = [(os, "rename"), (os, "mkdir"), (os, "rmdir"), (os, "unlink"), (Path, "write_text")]


def lay(folder: Path, entries: dict[str, object]) -> None:
    folder.mkdir(exist_ok=True)
    for name, what in entries.items():
        if isinstance(what, dict):
            lay(folder / name, what)
        else:
            (folder / name).write_text(str(what))


def replace(*folders: Path) -> None:
    with staged({folder: ["live.json"] for folder in folders}) as hidden:
        for folder in folders:
            lay(hidden[folder], NEW)


def seen(folder: Path) -> dict[str, bytes]:
    return {n: data for n, data in contents(folder).items() if not n.startswith(".partial/")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay(tmp_path / "results", OLD)
    (tmp_path / "results" / "mine.txt").write_text("mine")
    return tmp_path / "results"


def told(entries: dict[str, object]) -> dict[str, bytes]:
    """What is in the folder when those results are there."""
    files = {"mine.txt": b"mine"}
    for name, what in entries.items():
        inner = what.items() if isinstance(what, dict) else ()
        files |= {f"{name}/{file}": text.encode() for file, text in inner}
        if not inner:
            files[name] = str(what).encode()
    return files


def test_new_results_take_the_place_of_older_ones_and_outdated_ones_go(folder: Path) -> None:
    replace(folder)
    assert contents(folder) == told(NEW)


def test_a_process_killed_at_any_step_leaves_the_older_results_or_the_new_ones(
    tmp_path: Path,
) -> None:
    found = []
    for step in count():
        folder = tmp_path / f"results-{step}"
        lay(folder, OLD | {"mine.txt": "mine"})
        if in_a_child(lambda folder=folder: replace(folder), kill_at=step):
            break
        in_a_child(lambda folder=folder: settle(folder), kill_at=step % 5)  # killed in turn
        settle(folder)
        found.append(seen(folder) == told(NEW))
        assert found[-1] or seen(folder) == told(OLD)
        replace(folder)
        assert contents(folder) == told(NEW)
    assert found == sorted(found)
    assert found[0] < found[-1]


def in_a_child(do: Callable[[], None], *, kill_at: int) -> bool:
    """Do something in a process that kills itself before its change of files number `kill_at`.

    Returns:
        Whether it came to its end before.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    left = [kill_at]
    for where, name in STEPS:
        setattr(where, name, counted(getattr(where, name), left))
    do()
    os._exit(0)


def counted(method: Callable[..., object], left: list[int]) -> Callable[..., object]:
    def step(*args: object, **options: object) -> object:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return method(*args, **options)

    return step


@pytest.mark.parametrize(
    ("name", "error"), [("d.txt", IsADirectoryError), ("b.bag", NotADirectoryError)]
)
def test_what_is_no_older_result_is_not_replaced_and_all_stays_as_it_was(
    name: str, error: type[OSError], folder: Path
) -> None:
    if (folder / name).is_dir():
        (folder / name / "data.mcap").unlink()
        (folder / name).rmdir()
        (folder / name).write_text("mine")
    else:
        (folder / name).unlink()
        lay(folder / name, {"diary.txt": "mine"})
    before = contents(folder)
    with pytest.raises(error):
        replace(folder)
    assert contents(folder) == before


def test_an_error_at_any_step_leaves_each_folder_as_it_was_or_at_the_last_one_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for step in count():
        folders = [tmp_path / f"{name}-{step}" for name in ("one", "two")]
        for folder in folders:
            lay(folder, OLD | {"mine.txt": "mine"})
        with monkeypatch.context() as patch:
            fail_at(step, patch)
            try:
                replace(*folders)
                break
            except OSError:
                pass
        for folder in folders:
            settle(folder)
            assert seen(folder) in (told(OLD), told(NEW))
        found.append([seen(folder) == told(NEW) for folder in folders])
    assert found[0] == [False, False]
    assert found[-1] == [True, False]
    assert found[:-1] == [[False, False]] * (len(found) - 1)


def fail_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Let the disk be full once, at that change of files."""
    left = [step]

    def failing(method: Callable[..., object]) -> Callable[..., object]:
        def change(*args: object, **options: object) -> object:
            left[0] -= 1
            if left[0] == -1:
                raise OSError("the disk is full")
            return method(*args, **options)

        return change

    for name in ("rename", "unlink"):
        patch.setattr(Path, name, failing(getattr(Path, name)))


def test_the_same_folder_under_two_names_is_one(folder: Path) -> None:
    twin = folder.with_name("twin")
    twin.symlink_to(folder)
    with staged({twin: [], folder: ["live.json"]}) as hidden:
        assert hidden[twin] == hidden[folder]
        lay(hidden[twin], NEW)
    assert contents(folder) == told(NEW)
