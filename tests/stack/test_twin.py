"""An int8 twin is read back as it was written, and never stands for other weights."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from openvino import Model
from openvino import opset13 as op

from retailsim.errors import ModelError
from retailsim.stack import twin
from retailsim.stack.twin import FILE, GRAPH, WEIGHTS, read_twin, write_twin

MADE_FROM = "5e" * 32


def doubled() -> Model:
    """An OpenVINO model (n, 2) that doubles what it hears."""
    x = op.parameter([-1, 2], np.float32)
    return Model([op.multiply(x, op.constant(np.full((1, 2), 2, np.float32)))], [x])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / FILE
    write_twin(path, doubled(), made_from=MADE_FROM)
    return path


def read(path: Path, made_from: str = MADE_FROM, items: Sequence[Sequence[int]] = ((2,),)) -> Model:
    return read_twin(path, made_from=made_from, items=items)


def test_it_computes_what_was_written(path: Path) -> None:
    import openvino

    model = openvino.compile_model(read(path), "CPU")
    np.testing.assert_array_equal(model(np.array([[1, 2.5]], np.float32))[0], [[2, 5]])


def test_nothing_lies_beside_it_and_all_may_read_it(path: Path) -> None:
    assert [p.name for p in path.parent.iterdir()] == [FILE]
    assert path.stat().st_mode & 0o444 == 0o444
    assert [i.date_time for i in zipfile.ZipFile(path).infolist()] == [(1980, 1, 1, 0, 0, 0)] * 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone/int8\.zip: cannot be written: No such file"):
        write_twin(tmp_path / "gone" / FILE, doubled(), made_from=MADE_FROM)


def test_a_twin_of_other_weights_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match=r"int8\.zip: made from other weights.*retail train int8"):
        read(path, made_from="00" * 32)


@pytest.mark.parametrize("items", [[(2,), (2,)], [], [(3,)]])
def test_a_twin_of_other_inputs_is_refused(path: Path, items: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match=r"int8\.zip: does not fit its network"):
        read(path, items=items)


@pytest.mark.parametrize(
    "spoil", ["cut", "no zip", "no graph", "garbage graph", "no mark", "a byte"]
)
def test_a_damaged_twin_is_named(path: Path, spoil: str) -> None:
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        graph, weights = file.read(GRAPH), file.read(WEIGHTS)
    if spoil == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif spoil == "a byte":
        deflated = bytearray(whole)
        deflated[60] ^= 0xFF
        path.write_bytes(deflated)
    elif spoil == "no zip":
        path.write_bytes(b"twin")
    else:
        graph = b"<net>" if spoil == "garbage graph" else graph.replace(b"retailsim", b"elsewhere")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(WEIGHTS, weights)
            if spoil != "no graph":
                file.writestr(GRAPH, graph)
    with pytest.raises(ModelError, match=r"int8\.zip: not an int8 twin"):
        read(path)


def test_its_size_is_bounded_before_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="larger than"):
        read(path)
