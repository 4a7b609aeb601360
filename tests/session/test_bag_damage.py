"""A bag cut or damaged anywhere is readable up to there, and can be made whole."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.opcode import Opcode

from retailsim.errors import BagError
from retailsim.messages.sensors import FrameBatch
from retailsim.session import BagReader
from retailsim.session.container import DATA_FILE
from retailsim.session.repairing import repair_session
from tests.session.sessions import same, write_session

ROOT = Path(__file__).resolve().parents[2]
TICKS = 30


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("whole") / "corner.bag", TICKS)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def _data_end(data: bytes) -> int:
    """Return where the messages end and the index begins."""
    (summary_start,) = struct.unpack("<Q", data[-28:-20])
    return int(summary_start)


def _inside_chunk(data: bytes, number: int) -> int:
    """Return the place of a byte in the middle of a chunk; each holds a second."""
    chunks, at = [], 8  # after the magic; records are an opcode, a length and a body
    while at < _data_end(data):
        opcode, length = struct.unpack_from("<BQ", data, at)
        if opcode == Opcode.CHUNK:
            chunks.append(at + 9 + length // 2)
        at += 9 + length
    return chunks[number]


def _with_data(whole: Path, scratch: Path, data: bytes) -> Path:
    """The same bag folder, metadata included, with other bytes in its data file."""
    folder = scratch / "damaged.bag"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    (folder / DATA_FILE).write_bytes(data)
    return folder


def _replayable(folder: Path) -> tuple[BagReader | None, str]:
    """Return a reader that gets through the bag, or the error it gives."""
    try:
        reader = BagReader(folder)
        for _ in reader.messages():
            pass
        return reader, ""
    except BagError as error:
        return None, str(error)


@given(share=st.floats(0, 1))
def test_cut_anywhere_gives_a_beginning_or_one_clear_error(
    whole: Path, scratch: Path, share: float
) -> None:
    data = (whole / DATA_FILE).read_bytes()
    folder = _with_data(whole, scratch, data[: int(share * (len(data) - 1))])
    everything = list(BagReader(whole).truth())
    reader, refusal = _replayable(folder)
    if reader is None:
        assert refusal.startswith(str(folder))
        assert "\n" not in refusal
        return
    replayed, truth = list(reader.messages()), list(reader.truth())
    assert all(map(same, truth, everything))
    frames = sum(len(m.frames) for m in replayed if isinstance(m, FrameBatch))
    if len(truth) < len(everything):
        damage = reader.summary().damage
        assert damage is not None
        assert damage.lost_bytes > 0
        assert damage.lost_messages >= len(everything) - len(truth)
    assert frames <= 2 * TICKS


def test_the_later_the_cut_the_more_is_left(whole: Path, scratch: Path) -> None:
    data = (whole / DATA_FILE).read_bytes()
    kept, lost_s = [], []
    for share in (0.3, 0.6, 0.9):
        reader = BagReader(_with_data(whole, scratch, data[: int(share * _data_end(data))]))
        kept.append(sum(isinstance(m, FrameBatch) for m in reader.messages()))
        assert reader.damage is not None
        lost_s.append(reader.damage.lost_s)
    assert kept == sorted(kept)
    assert kept[-1] > kept[0]
    assert lost_s == sorted(lost_s, reverse=True)
    assert 0 < lost_s[0] < TICKS / 10


def test_a_missing_index_loses_nothing_but_is_said(whole: Path, scratch: Path) -> None:
    data = (whole / DATA_FILE).read_bytes()
    folder = _with_data(whole, scratch, data[:-100])
    damage = BagReader(folder).damage
    assert damage is not None
    assert damage.lost_messages == 0
    assert "no message is lost" in str(damage)
    repair_session(folder)
    assert (folder / DATA_FILE).read_bytes() == data


def test_what_is_lost_is_said(whole: Path, scratch: Path) -> None:
    data = (whole / DATA_FILE).read_bytes()
    folder = _with_data(whole, scratch, data[: _data_end(data) // 2])
    damage = BagReader(folder).summary().damage
    assert damage is not None
    assert damage.lost_bytes >= len(data) - _data_end(data) // 2
    assert f"{damage.lost_s:.1f} s" in str(damage)
    bare = BagReader(folder / DATA_FILE).damage
    assert bare is not None
    assert bare.lost_s is None
    assert "how much more is lost is not known" in str(bare)


@given(place=st.floats(0.0, 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed_or_harmless(
    whole: Path, scratch: Path, place: float, bit: int
) -> None:
    data = bytearray((whole / DATA_FILE).read_bytes())
    data[int(place * (len(data) - 1))] ^= 1 << bit
    everything = list(BagReader(whole).truth())
    reader, refusal = _replayable(_with_data(whole, scratch, bytes(data)))
    if reader is None:
        assert "\n" not in refusal
        return
    truth = list(reader.truth())
    intact = len(truth) == len(everything) and all(map(same, truth, everything))
    assert intact or reader.damage is not None


def test_a_lost_middle_stops_the_video_until_the_next_key_frame(
    tmp_path: Path, scratch: Path
) -> None:
    long = write_session(tmp_path / "long.bag", 60)
    data = bytearray((long / DATA_FILE).read_bytes())
    data[_inside_chunk(data, 2)] ^= 0xFF  # has a key frame, as every other second has
    reader = BagReader(_with_data(long, scratch, bytes(data)))
    times = [m.frames for m in reader.messages() if isinstance(m, FrameBatch)]
    assert reader.damage is not None
    assert 0 < len(times) < 60
    assert reader.dropped_frames > 0


def test_a_killed_writer_leaves_a_readable_part(tmp_path: Path) -> None:
    code = (
        "import os; from tests.session.sessions import *\n"
        "bag = BagWriter('corner.bag', PLAN)\n"
        "for tick in range(35): bag.write(reads(tick))\n"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -9
    assert [entry.name for entry in tmp_path.iterdir()] == ["corner.bag.partial-1"]
    reader = BagReader(tmp_path / "corner.bag.partial-1")
    assert 20 <= sum(1 for _ in reader.messages()) < 35
    assert reader.damage is not None
    place, damage = repair_session(tmp_path / "corner.bag.partial-1", tmp_path / "corner.bag")
    assert damage is not None
    assert BagReader(place).damage is None


def test_repair_makes_a_cut_bag_whole_and_keeps_all_there_is(whole: Path, scratch: Path) -> None:
    data = (whole / DATA_FILE).read_bytes()
    folder = _with_data(whole, scratch, data[: int(0.7 * _data_end(data))])
    before = list(BagReader(folder).truth())
    frames = sum(isinstance(m, FrameBatch) for m in BagReader(folder).messages())
    assert before
    place, damage = repair_session(folder)
    assert place == folder
    assert damage is not None
    repaired = BagReader(folder)
    assert repaired.damage is None
    after = list(repaired.truth())
    assert len(after) == len(before)
    assert all(map(same, after, before))
    assert sum(isinstance(m, FrameBatch) for m in repaired.messages()) == frames


def test_a_whole_bag_is_left_alone(whole: Path) -> None:
    before = (whole / DATA_FILE).stat().st_mtime_ns
    assert repair_session(whole) == (whole, None)
    assert (whole / DATA_FILE).stat().st_mtime_ns == before


def test_repair_of_nothing_is_an_error(whole: Path, scratch: Path) -> None:
    data = (whole / DATA_FILE).read_bytes()
    folder = _with_data(whole, scratch, data[:40])
    with pytest.raises(BagError, match="nothing can be recovered"):
        repair_session(folder)
    assert (folder / DATA_FILE).read_bytes() == data[:40]
