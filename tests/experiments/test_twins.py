"""Networks learn their eight bits from what a stack feeds them, and the stack takes them up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from retailsim.engine.config import load_stack
from retailsim.errors import ModelError, RetailError
from retailsim.experiments.twins import make_twins, overheard
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.session import BagReader
from retailsim.stack.detect.detector import PersonDetector
from retailsim.stack.detect.eyes import HostEyes
from retailsim.stack.detect.network import DetectorConfig, PersonNet
from retailsim.stack.on_cpu import in_int8
from retailsim.stack.stage import StageContext
from retailsim.train.export import write_network
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
    write_session(folder / "walk.bag", ticks=TICKS)
    torch.manual_seed(2)
    write_network(folder / "small", PersonNet(SMALL).eval(), SMALL.model_dump(mode="json"))
    stack = f"stages:\n  detect:\n    with: {{model: {folder / 'small'}, threshold: 0.0}}\n"
    uses = "    uses: retailsim.stack.detect.detector:PersonDetector\n"
    (folder / "stack.yaml").write_text(stack + uses)
    return folder


def twins(shop: Path, **changes: object) -> dict[str, Path]:
    how: dict[str, object] = {"models": (), "items": 8, "seed": 1, "say": lambda _: None}
    spec = load_stack(shop / "stack.yaml")
    return make_twins([shop / "walk.bag"], spec=spec, **{**how, **changes})  # type: ignore[arg-type]


def test_a_stack_is_overheard_by_model(shop: Path) -> None:
    reader = BagReader(shop / "walk.bag")
    spec = load_stack(shop / "stack.yaml")
    (found,) = overheard([reader], spec=spec, items=5, seed=1, say=print).items()
    assert found[0] == str(shop / "small")
    assert found[1].met == TICKS * len(PLAN.cameras)
    assert [part.shape for part in found[1].items[0]] == [(1, 64, 96, 3)]
    assert found[1].items[0][0].dtype == np.uint8


@needs_vnni
def test_a_twin_says_nearly_what_its_network_says_and_the_stack_takes_it(shop: Path) -> None:
    path = twins(shop)[str(shop / "small")]
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
    path = twins(shop)[str(shop / "small")]
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


def test_sessions_kept_for_judging_are_refused(shop: Path) -> None:
    spec = load_stack(shop / "stack.yaml")
    judged = [Path("fixtures/boutique.bag")]
    with pytest.raises(RetailError, match="900010"):
        make_twins(judged, spec=spec, items=8, seed=1, say=print)
    with pytest.raises(RetailError, match="900001"):
        twins(shop, seed=900_001)


def test_a_model_that_the_stack_does_not_feed_is_named(shop: Path) -> None:
    with pytest.raises(RetailError, match=r"foot-point: the stack feeds no such model; .*small"):
        twins(shop, models=("foot-point",))


def test_without_nncf_it_is_said_how_to_get_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nncf", None)
    with pytest.raises(RetailError, match=r"retailsim\[int8\]"):
        twins(shop)


def maps(shop: Path, precision: str, frames: list[np.ndarray]) -> list[np.ndarray]:
    from retailsim.stack.detect.detector import load_detector

    name = str(shop / "small")
    context = StageContext(PLAN, precision=precision, options={"threads": 1})  # type: ignore[arg-type]
    return HostEyes(load_detector(name)[1], model=name, input_px=(96, 64), context=context)(frames)
