"""What is finished takes its name in one step, whatever has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailsim.session import placing
from retailsim.session.placing import put_in_place


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another(
    can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(placing, "_exchange", lambda *_: False)
    new, old = folder(tmp_path / "new", "new"), folder(tmp_path / "old", "old")
    put_in_place(new, old)
    assert [entry.name for entry in tmp_path.iterdir()] == ["old"]
    assert (old / "file").read_text() == "new"


def test_what_cannot_be_put_in_place_leaves_the_older_one(tmp_path: Path) -> None:
    file, taken = tmp_path / "file", folder(tmp_path / "taken", "old")
    file.write_text("new")
    with pytest.raises(OSError, match="file"):
        put_in_place(file, taken)
    assert (taken / "file").read_text() == "old"


def test_a_failed_exchange_in_steps_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = folder(tmp_path / "new", "new"), folder(tmp_path / "old", "old")
    rename = Path.rename

    def fail_at_the_new_one(self: Path, target: Path) -> Path:
        if self == new:
            raise OSError("no more")
        return rename(self, target)

    monkeypatch.setattr(placing, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", fail_at_the_new_one)
    with pytest.raises(OSError, match="no more"):
        put_in_place(new, old)
    assert (old / "file").read_text() == "old"
