"""Bad input gets one clear line and exit code 2, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from retailsim.session.cutting import cut_session
from tests.cli.commands import retail

FIXTURE = Path("fixtures/boutique.bag").resolve()
SCENARIO = Path("scenarios/boutique.yaml").resolve()
MODEL = Path("models/person-detector").resolve()


def in_a_process(
    *arguments: str | Path, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process."""
    command = [sys.executable, "-m", "cli", *map(str, arguments)]
    env = {**os.environ, "COLUMNS": "200", **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=cwd, env=env)


def assert_refused(outcome: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line on stderr that holds the words; nothing on stdout; exit code 2."""
    assert outcome.returncode == 2, outcome.stdout + outcome.stderr
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    for word in words:
        assert word in lines[0]
    assert outcome.stdout == ""


def text_file(path: Path) -> None:
    path.write_text("this is no recording\n" * 50)


def empty_file(path: Path) -> None:
    path.touch()


def empty_folder(path: Path) -> None:
    path.mkdir()


def random_bytes(path: Path) -> None:
    path.write_bytes(bytes((i * 197 + 31) % 256 for i in range(20_000)))


def nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize("make", [nothing, text_file, empty_file, empty_folder, random_bytes])
def test_replay_refuses_what_is_no_bag(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "x.bag")
    outcome = retail("replay", "x.bag", "-o", "out", cwd=tmp_path)
    assert_refused(outcome, "x.bag")
    assert list((tmp_path / "out").glob("*")) == []


def test_a_bag_cut_in_the_middle_is_replayed_up_to_the_cut(tmp_path: Path) -> None:
    whole = tmp_path / "short.bag"
    cut_session(FIXTURE, whole, start_s=5.0, duration_s=4.0, cameras=["door"])
    (data,) = whole.glob("*.mcap")
    data.write_bytes(data.read_bytes()[: data.stat().st_size * 6 // 10])
    outcome = retail("replay", "short.bag", "--json", "-o", "out", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "warning" in outcome.stderr
    assert "damaged" in outcome.stderr
    assert " s" in outcome.stderr
    assert (tmp_path / "out" / "scorecard.json").read_text().strip() == outcome.stdout.strip()


def test_simulate_names_the_misspelt_field_and_its_line(tmp_path: Path) -> None:
    text = SCENARIO.read_text().replace("warm_start:", "warm_strat:")
    (tmp_path / "day.yaml").write_text(text)
    outcome = in_a_process("simulate", "day.yaml", cwd=tmp_path)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "warm_strat" in row)
    assert_refused(outcome, f"day.yaml:{line}: warm_strat: no such field")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["day.yaml"]


@pytest.mark.parametrize("seconds", ["-5", "0", "nan", "1e12"])
def test_simulate_refuses_a_duration_that_is_none(seconds: str, tmp_path: Path) -> None:
    outcome = retail("simulate", SCENARIO, "--no-video", "--duration", seconds, cwd=tmp_path)
    assert_refused(outcome, "duration")
    assert list(tmp_path.iterdir()) == []


def test_simulate_refuses_a_missing_scenario(tmp_path: Path) -> None:
    assert_refused(retail("simulate", "nowhere.yaml", cwd=tmp_path), "nowhere.yaml", "No such file")


def test_simulate_refuses_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    arguments = ("simulate", SCENARIO, "--no-video", "--duration", "1", "-o", "file/day.bag")
    assert_refused(retail(*arguments, cwd=tmp_path), "file/day.bag")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_simulate_leaves_an_existing_output_alone(tmp_path: Path) -> None:
    (tmp_path / "boutique.bag").mkdir()
    outcome = retail("simulate", SCENARIO, "--no-video", "--duration", "1", cwd=tmp_path)
    assert_refused(outcome, "boutique.bag", "--force")


def test_replay_refuses_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = retail("replay", FIXTURE, "-o", "file/results", cwd=tmp_path)
    assert_refused(outcome, "file/results", "cannot be written")


def test_cut_names_the_unknown_camera_and_the_known_ones(tmp_path: Path) -> None:
    arguments = ("cut", FIXTURE, "-o", "y.bag", "--start", "0", "--duration", "1")
    outcome = retail(*arguments, "--camera", "roof", cwd=tmp_path)
    assert_refused(outcome, "roof", "door")
    assert list(tmp_path.iterdir()) == []


def test_import_names_the_unknown_camera_of_labels(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text("1,1,0,0,10,10,1,-1,-1,-1\n")
    video = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    video.write(np.zeros((64, 64, 3), np.uint8))
    video.release()
    arguments = ("import", "--video", "a=v.avi", "--mot-truth", "b=gt.txt", "-o", "y.bag")
    assert_refused(retail(*arguments, cwd=tmp_path), "'b'", "cameras: a")
    assert not (tmp_path / "y.bag").exists()


def test_import_refuses_a_video_that_does_not_decode(tmp_path: Path) -> None:
    random_bytes(tmp_path / "v.mp4")
    outcome = retail("import", "--video", "a=v.mp4", "-o", "y.bag", cwd=tmp_path)
    assert_refused(outcome, "v.mp4")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["v.mp4"]


def stack_with_model(folder: Path, model: Path) -> Path:
    mine = folder / "mine.yaml"
    stages = {"detect": {"with": {"model": str(model)}}}
    mine.write_text(yaml.safe_dump({"base": "default", "stages": stages}))
    return mine


def test_weights_that_do_not_match_are_named(tmp_path: Path) -> None:
    model = Path(shutil.copytree(MODEL, tmp_path / "model"))
    weights = load_file(model / "weights.safetensors")
    name, tensor = next((k, v) for k, v in weights.items() if v.ndim == 4)
    weights[name] = torch.zeros(tensor.shape[0] + 1, *tensor.shape[1:], dtype=tensor.dtype)
    save_file(weights, model / "weights.safetensors")
    mine = stack_with_model(tmp_path, model)
    outcome = retail("replay", FIXTURE, "--stack", mine, "-o", "out", cwd=tmp_path)
    assert_refused(outcome, "weights", name)


def test_weights_that_are_no_weights_are_named(tmp_path: Path) -> None:
    model = Path(shutil.copytree(MODEL, tmp_path / "model"))
    text_file(model / "weights.safetensors")
    mine = stack_with_model(tmp_path, model)
    outcome = retail("replay", FIXTURE, "--stack", mine, "-o", "out", cwd=tmp_path)
    assert_refused(outcome, "weights.safetensors")


def test_a_stack_file_with_a_misspelt_field_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("base: default\nstagse: {}\n")
    outcome = retail("replay", FIXTURE, "--stack", "mine.yaml", "-o", "out", cwd=tmp_path)
    assert_refused(outcome, "mine.yaml", "stag")


def test_a_stage_that_fails_in_its_process_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "grumpy.py").write_text(
        "from retailsim.messages.results import TagMotion\n"
        "from retailsim.messages.sensors import TagReads\n"
        "from retailsim.stack.stage import Stage\n\n\n"
        "class Grumpy(Stage):\n"
        "    inputs = (TagReads,)\n"
        "    outputs = (TagMotion,)\n\n"
        "    def process(self, message):\n"
        "        raise KeyError('not today')\n"
    )
    (tmp_path / "mine.yaml").write_text("stages:\n  mood: {uses: 'grumpy:Grumpy'}\n")
    command = ("replay", FIXTURE, "--stack", "mine.yaml", "-o", "out")
    piped = retail(*command, "--workers", "2", cwd=tmp_path)
    assert_refused(piped, "stage 'mood' (Grumpy) failed: KeyError: 'not today'")
    serial = in_a_process(*command, cwd=tmp_path)
    assert_refused(serial, "stage 'mood'")
    assert piped.stderr == serial.stderr


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("replay day.bag --jsno", ("--jsno", "Did you mean --json?", "replay --help")),
        ("simulate --sceds 3", ("--sceds", "Did you mean --seed?", "simulate --help")),
        ("simulat", ("simulat", "Did you mean 'simulate'?", "--help")),
        ("bench dyas", ("dyas", "Did you mean 'days'?", "bench --help")),
        ("simulate --duration abc", ("--duration", "number", "simulate --help")),
        ("simulate --seed", ("--seed", "requires an argument")),
        ("replay", ("bag", "replay --help")),
        ("compare day.bag", ("--stack", "compare --help")),
        ("replay day.bag --workers 0", ("--workers", "replay --help")),
        ("inspect a b c", ("b c", "inspect --help")),
    ],
)
def test_a_wrong_command_line_gets_one_line_and_a_hint(
    wrong: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    assert_refused(retail(*wrong.split(), cwd=tmp_path), *words)


@pytest.mark.parametrize("command", ["", "bench"])
def test_no_command_at_all_gets_the_help(command: str, tmp_path: Path) -> None:
    outcome = retail(*command.split(), cwd=tmp_path)
    assert outcome.returncode == 2
    assert outcome.stderr == ""
    assert "simulate" in outcome.stdout


def test_without_opengl_simulate_names_the_debian_packages(tmp_path: Path) -> None:
    (tmp_path / "moderngl.py").write_text(
        "def create_context(*args, **kwargs):\n    raise Exception('libEGL.so not loaded')\n"
        "create_standalone_context = create_context\n"
    )
    arguments = ("simulate", SCENARIO, "--duration", "1")
    outcome = in_a_process(*arguments, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert_refused(outcome, "libegl1", "libgl1-mesa-dri")
    assert not (tmp_path / "boutique.bag").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.bag"], "nowhere.bag"),
        ([FIXTURE], "900010"),
        ([FIXTURE, "--model", "no-such-model"], "no-such-model"),
        ([FIXTURE, "--stack", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_int8_refuses_what_it_cannot_listen_to(
    arguments: list[str | Path], said: str, tmp_path: Path
) -> None:
    assert_refused(retail("train", "int8", *arguments, cwd=tmp_path), said)
    assert list(tmp_path.iterdir()) == []
