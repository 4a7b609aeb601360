"""Networks learn their eight bits from what a stack feeds them, and the stack takes them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from retailsim.engine.config import load_stack
from retailsim.errors import ModelError, RetailError
from retailsim.experiments.compare_runs import stack_key
from retailsim.experiments.replay import _models_of
from retailsim.experiments.twins import make_twins, overheard
from retailsim.messages.base import Message
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.messages.truth import TruthScenario
from retailsim.session import BagReader
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.detect.eyes import HostEyes
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.identity.footpoint import HINTS
from retailsim.stack.on_cpu import in_int8
from retailsim.stack.runtime import made_from
from retailsim.stack.stage import StageContext
from retailsim.stack.twin import FILE, read_twin
from retailsim.train.export import write_network
from retailsim.train.int8 import make_twin
from tests.bags import rewrite
from tests.session.sessions import PLAN, picture, write_session

SMALL = DetectorConfig(
    input_px=(96, 64), stem=8, widths=(8, 16, 16, 16), depths=(0, 1, 1, 0), neck=(16, 16), head=16
)
TICKS = 12
needs_vnni = pytest.mark.skipif(not in_int8("int8"), reason="this CPU has no sums of int8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session, a detector that finds people everywhere, and a stack of it alone."""
    folder = tmp_path_factory.mktemp("twins")
    played(write_session(folder / "toy.bag", ticks=TICKS), folder / "walk.bag", day="boutique")
    torch.manual_seed(2)
    write_network(folder / "small", PersonNet(SMALL).eval(), SMALL.model_dump(mode="json"))
    stack = f"stages:\n  detect:\n    with: {{model: {folder / 'small'}, threshold: 0.0}}\n"
    uses = "    uses: retailsim.stack.detect.detector:PersonDetector\n"
    (folder / "stack.yaml").write_text(stack + uses)
    return folder


def played(bag: Path, target: Path, *, day: str) -> Path:
    """Copy a session as one of a scenario's."""
    yaml_text = Path(f"scenarios/{day}.yaml").read_text()

    def of_that_day(truth: Iterable[Message]) -> Iterator[Message]:
        return (replace(t, yaml=yaml_text) if isinstance(t, TruthScenario) else t for t in truth)

    return rewrite(bag, target, truth=of_that_day)


def twins(shop: Path, **changes: object) -> list[Path]:
    how: dict[str, object] = {"models": (), "items": 8, "seed": 1, "say": lambda _: None}
    spec = load_stack(shop / "stack.yaml")
    return make_twins([shop / "walk.bag"], spec=spec, **{**how, **changes})  # type: ignore[arg-type]


def test_a_stack_is_overheard_by_model(shop: Path) -> None:
    reader = BagReader(shop / "walk.bag")
    spec = load_stack(shop / "stack.yaml")
    (found,) = overheard([reader], spec=spec, items=5, seed=1, say=print).items()
    assert found[0] == shop / "small"
    assert found[1].made_of == made_from(shop / "small")
    assert found[1].sample.met == TICKS * len(PLAN.cameras)
    assert [part.shape for part in found[1].sample.items[0]] == [(1, 64, 96, 3)]
    assert found[1].sample.items[0][0].dtype == np.uint8


@needs_vnni
def test_a_twin_says_nearly_what_its_network_says_and_the_stack_takes_it(shop: Path) -> None:
    (path,) = twins(shop, models=[str(shop / "small")])
    assert path == shop / "small" / "int8.zip"
    frames = [picture(tick) for tick in range(4)]
    floats, ints = (maps(shop, precision, frames) for precision in ("fp32", "int8"))
    for mine, theirs in zip(ints, floats, strict=True):
        assert not np.array_equal(mine, theirs)
        assert np.abs(mine - theirs).mean() < 0.1 * np.ptp(theirs)
    write_network(shop / "small", PersonNet(SMALL).eval(), SMALL.model_dump(mode="json"))
    assert not path.exists()


@needs_vnni
def test_a_twin_left_beside_new_weights_stops_the_stage(shop: Path) -> None:
    (path,) = twins(shop)
    stale = path.read_bytes()
    torch.manual_seed(3)
    write_network(shop / "small", PersonNet(SMALL).eval(), SMALL.model_dump(mode="json"))
    path.write_bytes(stale)
    context = StageContext(PLAN, precision="int8", options={"threads": 1})
    with pytest.raises(ModelError, match="made from other weights"):
        PersonDetector(context, model=str(shop / "small"))
    sure = PersonDetector(StageContext(PLAN, options={"threads": 1}), model=str(shop / "small"))
    assert list(sure.process(FrameBatch(1, (Frame(1, "left", 0, picture(0)),))))
    path.unlink()


def test_a_scorecard_and_a_comparison_tell_a_twin_from_its_network(shop: Path) -> None:
    name, spec = str(shop / "small"), load_stack(shop / "stack.yaml")
    spec = spec.model_copy(update={"precision": "int8"})
    before = stack_key(spec), set(_models_of(spec, "cpu"))
    assert before[1] == {name}
    (path,) = twins(shop)
    if in_int8("int8"):
        assert stack_key(spec) != before[0]
        assert set(_models_of(spec, "cpu")) == {name, f"{name}/int8.zip"}
    sure = spec.model_copy(update={"precision": "fp32"})
    assert set(_models_of(sure, "cpu")) == set(_models_of(spec, "cuda")) == {name}
    path.unlink()


def test_weights_that_change_meanwhile_are_not_given_a_twin(shop: Path) -> None:
    reader, spec = BagReader(shop / "walk.bag"), load_stack(shop / "stack.yaml")
    (heard,) = overheard([reader], spec=spec, items=4, seed=1, say=print).values()
    config = shop / "small" / "config.yaml"
    before = config.read_text()
    config.write_text(before + "# another hand\n")
    with pytest.raises(RetailError, match="changed meanwhile"):
        make_twin(shop / "small", heard.sample, made_of=heard.made_of)
    config.write_text(before)
    assert not (shop / "small" / "int8.zip").exists()


def test_sessions_kept_for_judging_are_refused(shop: Path, tmp_path: Path) -> None:
    spec = load_stack(shop / "stack.yaml")
    judged = [Path("fixtures/boutique.bag")]
    with pytest.raises(RetailError, match="900010"):
        make_twins(judged, spec=spec, items=8, seed=1, say=print)
    with pytest.raises(RetailError, match="900001"):
        twins(shop, seed=900_001)
    other = played(shop / "walk.bag", tmp_path / "other.bag", day="second-shop")
    with pytest.raises(RetailError, match=r"second-shop.*not for training"):
        make_twins([other], spec=spec, items=8, seed=1, say=print)


def test_a_model_that_the_stack_does_not_feed_is_named(shop: Path) -> None:
    with pytest.raises(RetailError, match=r"foot-point: the stack fed its network nothing"):
        twins(shop, models=("foot-point",))
    with pytest.raises(ModelError, match="no-such-model"):
        twins(shop, models=("no-such-model",))


@pytest.mark.parametrize("name", ["person-detector", "person-embedder", "foot-point"])
def test_the_shipped_twins_belong_to_the_shipped_weights(name: str) -> None:
    folder = Path("models") / name
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    width, height = settings["input_px"]
    items = [(height, width, 3)] + [(HINTS,)] * (name == "foot-point")
    model = read_twin(folder / FILE, made_from=made_from(folder), items=items)
    (pictures,) = (p for p in model.get_parameters() if len(p.partial_shape) == 4)
    converted = next(iter(pictures.output(0).get_target_inputs())).get_node()
    rounding = next(iter(converted.output(0).get_target_inputs())).get_node()
    assert rounding.get_type_name() == "FakeQuantize"
    ends = [float(rounding.input_value(i).get_node().get_data().item()) for i in (1, 2)]
    assert ends == [0.0, 255.0]


def test_without_nncf_it_is_said_how_to_get_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nncf", None)
    with pytest.raises(RetailError, match="pip install 'nncf"):
        twins(shop)


def maps(shop: Path, precision: str, frames: list[np.ndarray]) -> list[np.ndarray]:
    from retailsim.stack.detect.detector import load_detector

    name = str(shop / "small")
    context = StageContext(PLAN, precision=precision, options={"threads": 1})  # type: ignore[arg-type]
    return HostEyes(load_detector(name)[1], model=name, input_px=(96, 64), context=context)(frames)
