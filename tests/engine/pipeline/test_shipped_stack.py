"""The whole shipped stack on a stretch of the fixture, its rivals beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailsim.engine.config import load_baselines, load_stack
from retailsim.engine.graph import build_graph
from retailsim.engine.pipeline import BagSource, run_pipelined
from retailsim.engine.serial import run_serial
from retailsim.messages.digest import digest
from retailsim.messages.results import Detections, People, TagZones
from retailsim.session import BagReader
from retailsim.session.cutting import cut_session
from retailsim.stack.stage import StageContext

BOUTIQUE = Path(__file__).parents[3] / "fixtures" / "boutique.bag"


@pytest.fixture(scope="module")
def stretch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bag = tmp_path_factory.mktemp("pipeline") / "stretch.bag"
    cut_session(BOUTIQUE, bag, start_s=22, duration_s=2.5)
    return bag


def test_the_digest_is_that_of_the_serial_executor(stretch: Path) -> None:
    spec, rivals = load_stack(), load_baselines()
    reader = BagReader(stretch)
    context = StageContext(reader.plan, precision="fp32")
    nodes = build_graph(spec, context, baselines=rivals)
    serial = run_serial(reader.messages(), nodes, lateness_s=spec.lateness_s)
    piped = run_pipelined(BagSource(stretch), spec, context, baselines=rivals, workers=3)
    for kind in (Detections, People, TagZones):
        assert len(piped.results.of(kind)) == len(serial.results.of(kind)) > 0
    assert digest(piped.results) == digest(serial.results)
    assert [(r.role, r.name, digest(r.said)) for r in piped.baselines] == [
        (r.role, r.name, digest(r.said)) for r in serial.baselines
    ]
    assert (piped.frames, piped.end_ns) == (serial.frames, serial.end_ns)
    assert piped.warnings == serial.warnings
