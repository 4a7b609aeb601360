"""Where a stack file's classes and models are found: beside it, installed, by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from retailsim.engine.config import build_stage, find_class, load_stack
from retailsim.errors import ModelError, StageError
from retailsim.stack.stage import StageContext
from retailsim.store.plan import StorePlan
from tests.onnx_files import bright_spots

CONTEXT = StageContext(StorePlan(name="toy"), options={"threads": 1})
TRACKER = (
    "from retailsim.stack.track.greedy import GreedyIou\n\n\nclass Mine(GreedyIou):\n    pass\n"
)


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    """Forget modules and folders that a test has brought in."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("own_"):
            del sys.modules[name]


def stack(folder: Path, uses: str, name: str = "mine.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'stages: {{track: {{uses: "{uses}"}}}}\n')
    return folder / name


def test_a_class_may_lie_beside_the_stack_file(tmp_path, monkeypatch):
    (tmp_path / "own_beside.py").write_text(TRACKER)
    monkeypatch.chdir(Path("/"))
    spec = load_stack(stack(tmp_path, "own_beside:Mine")).stages["track"]
    assert spec is not None
    assert type(build_stage("track", spec, CONTEXT)).__module__ == "own_beside"


def test_a_class_may_lie_in_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "own_working.py").write_text(TRACKER)
    monkeypatch.chdir(tmp_path)
    load_stack(stack(tmp_path / "stacks", "own_working:Mine"))
    assert find_class("track", "own_working:Mine").__name__ == "Mine"


def test_folders_come_after_what_is_installed(tmp_path):
    before = list(sys.path)
    load_stack(stack(tmp_path, "retailsim.stack.track.greedy:GreedyIou"))
    assert sys.path[: len(before)] == before


def test_a_module_hidden_by_a_library_is_refused_by_name(tmp_path):
    (tmp_path / "colorsys.py").write_text(TRACKER)
    with pytest.raises(StageError, match=r"'track': .*colorsys.py is hidden by .*colorsys.py"):
        load_stack(stack(tmp_path, "colorsys:Mine"))


def test_two_modules_of_one_name_are_never_taken_for_each_other(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own_twin.py").write_text(TRACKER)
    load_stack(stack(tmp_path / "a", "own_twin:Mine"))
    assert find_class("track", "own_twin:Mine")
    with pytest.raises(StageError, match=r"b/own_twin.py is hidden by .*a/own_twin.py"):
        load_stack(stack(tmp_path / "b", "own_twin:Mine"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("class Mine(:\n", r"own_broken\d.py:1: "),
        ("x = 1\nraise RuntimeError('not today')\n", r"own_broken\d.py:2: RuntimeError: not today"),
        ("import own_missing_library\n", "No module named 'own_missing_library'"),
        ("Other = 1\n", "Mine"),
        ("Mine = 1\n", "not a subclass of retailsim's Stage"),
    ],
)
def test_a_module_that_does_not_work_is_named_in_one_line(code, words, tmp_path, request):
    name = f"own_broken{request.node.callspec.indices['code']}"
    (tmp_path / f"{name}.py").write_text(code)
    load_stack(stack(tmp_path, f"{name}:Mine"))
    with pytest.raises(StageError, match=words) as refusal:
        find_class("track", f"{name}:Mine")
    assert "\n" not in str(refusal.value)


def test_a_class_that_raises_when_it_is_made_is_named(tmp_path):
    code = TRACKER.replace("    pass\n", "    def __init__(self, context):\n        1 / 0\n")
    (tmp_path / "own_raising.py").write_text(code)
    spec = load_stack(stack(tmp_path, "own_raising:Mine")).stages["track"]
    assert spec is not None
    with pytest.raises(StageError, match=r"own_raising.py:6: ZeroDivisionError"):
        build_stage("track", spec, CONTEXT)


def test_a_class_that_says_on_purpose_why_it_cannot_be_made_is_named_too(tmp_path):
    imported = "from retailsim.errors import StageError\n"
    refuses = "    def __init__(self, context):\n        raise StageError('no doors here')\n"
    (tmp_path / "own_refusing.py").write_text(imported + TRACKER.replace("    pass\n", refuses))
    spec = load_stack(stack(tmp_path, "own_refusing:Mine")).stages["track"]
    assert spec is not None
    with pytest.raises(StageError, match=r"^stage 'track' \(own_refusing:Mine\): no doors here$"):
        build_stage("track", spec, CONTEXT)


def install(folder: Path, package: str, value: str) -> None:
    """Put a package's metadata where an installer would."""
    info = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[retailsim.stages]\nnearest = {value}\n")


def test_an_installed_package_offers_stages_by_name(tmp_path, monkeypatch):
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").touch()
    (tmp_path / "own_package" / "tracking.py").write_text(TRACKER)
    install(tmp_path, "own-package", "own_package.tracking:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    spec = load_stack(stack(tmp_path / "stacks", "nearest")).stages["track"]
    assert spec is not None
    assert type(build_stage("track", spec, CONTEXT)).__module__ == "own_package.tracking"


def test_a_name_that_two_packages_claim_is_refused(tmp_path, monkeypatch):
    install(tmp_path, "own-one", "own_one:Mine")
    install(tmp_path, "own-two", "own_two:Mine")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StageError, match="own_one:Mine, own_two:Mine"):
        find_class("track", "nearest")


def test_an_unknown_name_is_answered_with_what_there_is():
    with pytest.raises(StageError, match=r"'nearst' is neither.*onnx-detector, onnx-embedder"):
        find_class("track", "nearst")


def test_a_model_is_looked_for_from_the_stack_files_folder(tmp_path, monkeypatch):
    bright_spots(tmp_path / "spots.onnx", "yolov8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "stages: {detect: {uses: onnx-detector, with: {model: spots.onnx, output: yolov8}}}\n"
    )
    monkeypatch.chdir(Path("/"))
    spec = load_stack(mine).stages["detect"]
    assert spec is not None
    assert spec.parameters["model"] == str(tmp_path / "spots.onnx")
    build_stage("detect", spec, CONTEXT)
    (tmp_path / "spots.onnx").unlink()
    gone = load_stack(mine).stages["detect"]
    assert gone is not None
    with pytest.raises(ModelError, match=r"spots.onnx: No such file"):
        build_stage("detect", gone, CONTEXT)


def test_a_shipped_models_name_stays_a_name(tmp_path):
    (tmp_path / "person-detector").mkdir()
    (tmp_path / "mine.yaml").write_text("base: default\nstages: {}\n")
    spec = load_stack(tmp_path / "mine.yaml").stages["detect"]
    assert spec is not None
    assert spec.parameters["model"] == "person-detector"
