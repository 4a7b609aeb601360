"""The stack never sees the truth, and nothing outside /truth knows who a shopper is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from retailsim import api
from retailsim.messages.base import Message
from retailsim.messages.truth import TruthBoxes, TruthInteraction, TruthPeople
from retailsim.session import BagReader
from retailsim.session.cutting import cut_session
from retailsim.simulate.record import record
from retailsim.simulate.scenario import load_scenario, load_store
from tests.bags import device_bytes, rewrite

FIXTURE = Path("fixtures/boutique.bag")
DAY = "scenarios/boutique.yaml"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of the fixture, in which garments are handled."""
    bag = tmp_path_factory.mktemp("short") / "short.bag"
    cut_session(FIXTURE, bag, start_s=22.0, duration_s=8.0)
    return bag


def contradict(truth: Iterable[Message]) -> Iterator[Message]:
    """Move everyone, swap all identities, and shift every handling in time and garment."""
    messages = list(truth)
    epcs = sorted({m.epc for m in messages if isinstance(m, TruthInteraction)})
    other = dict(zip(epcs, reversed(epcs), strict=True))
    for message in messages:
        if isinstance(message, TruthBoxes):
            ids = 1000 - message.person_id
            boxes = message.full_px[::-1] + np.float32(40)
            yield replace(message, person_id=ids, full_px=boxes, visible_px=boxes)
        elif isinstance(message, TruthPeople):
            yield replace(message, person_id=1000 - message.person_id, xy_m=message.xy_m[::-1] + 1)
        elif isinstance(message, TruthInteraction):
            later = {"time_ns": message.time_ns + 10**9, "end_ns": message.end_ns + 10**9}
            yield replace(message, epc=other[message.epc], **later)
        else:
            yield message


def tables(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {p.name: pq.read_table(p).to_pylist() for p in sorted(folder.glob("*.parquet"))}


def test_stripped_and_contradictory_truth_change_no_result(short: Path, tmp_path: Path) -> None:
    stripped = rewrite(short, tmp_path / "stripped.bag", truth=lambda _: ())
    contradicted = rewrite(short, tmp_path / "contradicted.bag", truth=contradict)
    assert not list(BagReader(stripped).truth())

    cards = {}
    for bag in (short, stripped, contradicted):
        cards[bag.stem] = api.replay(bag, output=tmp_path / bag.stem).scorecard

    digests = {card.digest for card in cards.values()}
    assert len(digests) == 1
    expected = tables(tmp_path / "short")
    assert sum(len(rows) for rows in expected.values()) > 100
    assert tables(tmp_path / "stripped") == expected
    assert tables(tmp_path / "contradicted") == expected

    # The truth does decide the score, or this test would prove nothing.
    ap50 = {name: card.accuracy["detection"]["ap50"] for name, card in cards.items()}
    assert ap50["stripped"] is None
    assert ap50["contradicted"] != ap50["short"]


def relabelled(tmp_path: Path, *, video: bool, duration_s: float) -> tuple[Path, Path]:
    day = load_scenario(DAY)
    plan = load_store(day, DAY)
    bags = []
    for label_seed in (1, 2):
        bag = tmp_path / f"labels-{label_seed}.bag"
        settings = {"seed": 17, "duration_s": duration_s, "video": video}
        record(day, plan, bag, label_seed=label_seed, **settings)  # type: ignore[arg-type]
        bags.append(bag)
    return bags[0], bags[1]


def people(bag: Path) -> list[list[int]]:
    return [m.person_id.tolist() for m in BagReader(bag).truth() if isinstance(m, TruthPeople)]


def test_relabelling_all_shoppers_leaves_reads_and_sales_equal(tmp_path: Path) -> None:
    one, two = relabelled(tmp_path, video=False, duration_s=10.0)
    assert people(one) != people(two)
    assert device_bytes(one) == device_bytes(two)
    assert len(device_bytes(one)) > 50


@pytest.mark.gl
def test_relabelling_all_shoppers_leaves_every_image_equal(tmp_path: Path) -> None:
    one, two = relabelled(tmp_path, video=True, duration_s=1.0)
    assert people(one) != people(two)
    assert device_bytes(one) == device_bytes(two)
    assert {topic for topic, *_ in device_bytes(one)} > {"/camera/door/video", "/camera/back/video"}
