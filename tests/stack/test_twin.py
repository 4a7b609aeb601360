"""An int8 twin is read back as it was written, and never stands for other weights."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from openvino import Model
from openvino import opset13 as op

from retailsim.errors import ModelError
from retailsim.stack import twin
from retailsim.stack.twin import FILE, GRAPH, WEIGHTS, read_twin, write_twin

SHA = "5e" * 32


def doubled() -> Model:
    """An OpenVINO model (n, 2) that doubles what it hears."""
    x = op.parameter([-1, 2], np.float32)
    return Model([op.multiply(x, op.constant(np.full((1, 2), 2, np.float32)))], [x])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    path = tmp_path / FILE
    write_twin(path, doubled(), weights_sha256=SHA, scratch=tmp_path / "scratch")
    return path


def test_it_computes_what_was_written(path: Path) -> None:
    import openvino

    model = openvino.compile_model(read_twin(path, weights_sha256=SHA), "CPU")
    np.testing.assert_array_equal(model(np.array([[1, 2.5]], np.float32))[0], [[2, 5]])


def test_the_same_twin_is_the_same_file(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    write_twin(again, doubled(), weights_sha256=SHA, scratch=tmp_path / "scratch")
    first, second = (zipfile.ZipFile(p) for p in (path, again))
    assert first.read(WEIGHTS) == second.read(WEIGHTS)
    assert [i.date_time for i in first.infolist()] == [(1980, 1, 1, 0, 0, 0)] * 2
    assert not list(tmp_path.glob("*.part"))


def test_a_twin_of_other_weights_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match=r"int8\.zip: made from other weights.*retail train int8"):
        read_twin(path, weights_sha256="00" * 32)


@pytest.mark.parametrize("spoil", ["cut", "no zip", "no graph", "garbage graph", "no mark"])
def test_a_damaged_twin_is_named(path: Path, spoil: str) -> None:
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        graph, weights = file.read(GRAPH), file.read(WEIGHTS)
    if spoil == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif spoil == "no zip":
        path.write_bytes(b"twin")
    else:
        graph = b"<net>" if spoil == "garbage graph" else graph.replace(b"retailsim", b"elsewhere")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(WEIGHTS, weights)
            if spoil != "no graph":
                file.writestr(GRAPH, graph)
    with pytest.raises(ModelError, match=r"int8\.zip: not an int8 twin"):
        read_twin(path, weights_sha256=SHA)


def test_its_size_is_bounded_before_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="larger than"):
        read_twin(path, weights_sha256=SHA)
