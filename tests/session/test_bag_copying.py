"""A bag copied message by message is the bag; what is left out leaves the rest alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailsim.session import BagReader
from retailsim.session.container import DATA_FILE
from retailsim.session.copying import copy_session
from retailsim.session.topics import is_truth
from tests.session.sessions import same, write_session


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("copy") / "corner.bag", 25)


def test_a_copy_has_the_same_bytes(bag: Path, tmp_path: Path) -> None:
    copy_session(BagReader(bag).source, tmp_path / "copy.bag")
    assert (tmp_path / "copy.bag" / DATA_FILE).read_bytes() == (bag / DATA_FILE).read_bytes()


def test_without_its_truth_a_bag_still_replays_the_same(bag: Path, tmp_path: Path) -> None:
    reader = BagReader(bag)
    copy_session(
        reader.source,
        tmp_path / "blind.bag",
        lambda raw: None if is_truth(raw.channel.topic) else raw,
    )
    blind = BagReader(tmp_path / "blind.bag")
    assert list(blind.truth()) == []
    assert not any(topic.name.startswith("/truth") for topic in blind.summary().topics)
    devices, blindly = (list(r.messages(frames=False)) for r in (reader, blind))
    assert len(devices) == len(blindly)
    assert all(map(same, devices, blindly))
