"""Faults: what may be written, and that they name devices that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from retailsim.errors import ScenarioError
from retailsim.simulate.faults import Faults, strangers
from retailsim.simulate.record import record
from retailsim.simulate.scenario import (
    Scenario,
    dump_scenario,
    load_scenario,
    load_store,
    parse_scenario,
)
from retailsim.store.plan import StorePlan

FAULTS = """faults:
  flaws: {noise_levels: 3.5, auto_exposure: true}
  cameras:
    - {camera: back, blur_px: 2.0}
  knocked:
    - {camera: door, at_s: 60, yaw_deg: 10}
  frames:
    - {camera: front-left, drop_share: 0.2}
    - {camera: CAMERA, late_share: 0.5}
  readers:
    - {reader: reader-1, at_s: 30, for_s: 20}
"""


def day(folder: Path, faults: str) -> Path:
    """Write the boutique's scenario with faults, its store where it expects it."""
    text = Path("scenarios/boutique.yaml").read_text(encoding="utf-8")
    file = folder / "day.yaml"
    file.write_text(faults + text, encoding="utf-8")
    (folder / "stores").mkdir()
    store = Path("scenarios/stores/boutique.yaml").read_text(encoding="utf-8")
    (folder / "stores" / "boutique.yaml").write_text(store, encoding="utf-8")
    return file


def test_faults_of_known_devices_are_read_and_survive_a_round_trip(tmp_path: Path) -> None:
    file = day(tmp_path, FAULTS.replace("CAMERA", "back"))
    scenario = load_scenario(file)
    load_store(scenario, file)
    assert parse_scenario(dump_scenario(scenario), origin="dumped") == scenario
    # A camera that is named has its own flaws, all others those of everyone.
    assert scenario.faults.flaws_of("back").blur_px == 2.0
    assert scenario.faults.flaws_of("back").noise_levels == 2.6
    assert scenario.faults.flaws_of("door").noise_levels == 3.5


def test_an_unknown_device_is_refused_with_file_line_and_name(tmp_path: Path) -> None:
    file = day(tmp_path, FAULTS.replace("CAMERA", "bach"))
    with pytest.raises(ScenarioError) as caught:
        load_store(load_scenario(file), file)
    message = str(caught.value)
    assert message.startswith(f"{file}:9: faults.frames.1.camera: ")
    assert "no camera 'bach'" in message
    assert "front-left, front-right, back" in message


def test_recording_refuses_them_too(
    small_scenario: Scenario, small_plan: StorePlan, tmp_path: Path
) -> None:
    faults = Faults.model_validate({"readers": [{"reader": "r9", "at_s": 1}]})
    broken = small_scenario.model_copy(update={"faults": faults})
    with pytest.raises(ScenarioError, match="no reader 'r9' \\(it has: none\\)"):
        record(broken, small_plan, tmp_path / "x.bag", seed=1, duration_s=1, video=False)


def test_every_stranger_is_found_by_its_place(boutique_plan: StorePlan) -> None:
    tree = yaml.safe_load(FAULTS.replace("back", "a").replace("door", "b"))["faults"]
    faults = Faults.model_validate({**tree, "frames": []})
    assert [s.place for s in strangers(faults, boutique_plan)] == [
        ("cameras", 0, "camera"),
        ("knocked", 0, "camera"),
    ]
