"""How much shared memory there is, and one line where it is too little."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retailsim.engine.shm.channel import MessageChannel, MessageReader, MessageWriter
from retailsim.engine.shm.memory import (
    MIB,
    Room,
    map_memory,
    require_room,
    shared_memory_room,
    take_memory,
)
from retailsim.engine.shm.ring import FrameRing, RingSpec
from retailsim.engine.shm.wires import PeerGoneError
from retailsim.errors import DeviceError, StageError
from retailsim.messages.results import Crossing, HeatMap


def machine(folder: Path, *, free_mib: int, groups: str) -> dict[str, Path]:
    """A made-up /proc and /sys."""
    (folder / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {free_mib * 1024} kB\n")
    (folder / "cgroup").write_text(groups)
    (folder / "fs").mkdir()
    return {name: folder / at for name, at in PLACES.items()}


PLACES = {"meminfo": "meminfo", "own_group": "cgroup", "groups": "fs"}


def limit(folder: Path, most: str, used: str, cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(most)
    (folder / "memory.current").write_text(used)
    (folder / "memory.stat").write_text(f"active_file {cached}\ninactive_file 0\n")


def test_without_control_groups_the_machine_s_free_memory_counts(tmp_path: Path) -> None:
    room = shared_memory_room(**machine(tmp_path, free_mib=300, groups="0::/\n"))
    assert room == Room(300 * MIB, "memory of this machine")


def test_the_tightest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    places = machine(tmp_path, free_mib=300, groups="0::/pod/box\n")
    limit(tmp_path / "fs" / "pod" / "box", "max", "1")
    limit(tmp_path / "fs" / "pod", str(100 * MIB), str(90 * MIB), cached=5 * MIB)
    room = shared_memory_room(**places)
    assert room == Room(15 * MIB, "the memory limit of control group /pod")


def test_groups_of_the_first_version_count_too(tmp_path: Path) -> None:
    places = machine(tmp_path, free_mib=300, groups="9:cpu:/x\n7:memory:/\n")
    folder = tmp_path / "fs" / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text(str(10 * MIB))
    (folder / "memory.usage_in_bytes").write_text(str(4 * MIB))
    room = shared_memory_room(**places)
    assert room == Room(6 * MIB, "the memory limit of control group /")


def test_a_system_that_does_not_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="needs Linux"):
        shared_memory_room(meminfo=tmp_path / "none")


def test_too_little_is_said_in_one_line_with_both_figures() -> None:
    with pytest.raises(DeviceError) as refused:
        require_room(200 * MIB, what="the engine", room=Room(50 * MIB, "memory of this machine"))
    assert str(refused.value) == (
        "the engine needs 200.0 MiB of shared memory, but memory of this machine leaves "
        "50.0 MiB: take fewer slots, cameras or pixels"
    )


def test_a_ring_that_does_not_fit_into_this_machine_is_refused_before_it_is_taken() -> None:
    spec = RingSpec(name="decode", cameras=("left",), slots=1000, slot_bytes=2**42)
    with pytest.raises(DeviceError, match="the frame ring of 'decode' needs"):
        FrameRing(spec)


def test_a_ring_says_how_much_it_takes() -> None:
    spec = RingSpec(name="decode", cameras=("left",), slots=8, slot_bytes=640 * 360 * 3)
    ring = FrameRing(spec)
    assert os.fstat(ring._memory.fd).st_size == spec.size
    assert 8 * 640 * 360 * 3 < spec.size < 8 * 640 * 360 * 3 * 1.05
    ring.close()


def test_memory_is_taken_at_once_and_cannot_be_cut_short() -> None:
    fd = take_memory(MIB, what="a test")
    try:
        assert os.fstat(fd).st_blocks * 512 >= MIB
        with pytest.raises(PermissionError):
            os.ftruncate(fd, 10)
        view = map_memory(fd, size=MIB, writable=False)
        with pytest.raises(TypeError):
            view[0] = 1
    finally:
        os.close(fd)


def two_ends(size: int = 4096) -> tuple[MessageWriter, MessageReader]:
    channel = MessageChannel("a -> b", size=size, kinds=[Crossing, HeatMap])
    return MessageWriter(channel.writer()), MessageReader(channel.reader())


def send_until_full(writer: MessageWriter) -> int:
    """Send until there is no room; returns how many packets there were."""
    for sent in range(10_000):
        try:
            writer.send([Crossing(sent, "door", 1, "in")], timeout_s=0)
        except TimeoutError:
            return sent
    raise AssertionError("it is never full")


def test_packets_keep_order_stamp_and_number() -> None:
    writer, reader = two_ends()
    for number in range(3):
        writer.send([Crossing(number, "door", 1, "in")] * number, stamp_ns=number)
    writer.close()
    for number in range(3):
        packet = reader.receive()
        assert packet is not None
        assert packet.stamp_ns == number
        assert packet.messages == (Crossing(number, "door", 1, "in"),) * number
    assert reader.receive() is None
    assert reader.receive() is None


def test_the_sender_waits_when_nobody_reads_and_goes_on_when_somebody_does() -> None:
    writer, reader = two_ends()
    sent = send_until_full(writer)
    assert sent > 10
    for number in range(sent):
        packet = reader.receive(timeout_s=0)
        assert packet is not None
        assert packet.messages[0].time_ns == number
    with pytest.raises(TimeoutError):
        reader.receive(timeout_s=0)
    writer.send([Crossing(sent, "door", 1, "in")], timeout_s=0)
    assert reader.receive(timeout_s=0) is not None


def test_a_sender_that_fails_is_not_taken_for_one_that_ended() -> None:
    writer, reader = two_ends()
    with pytest.raises(StageError, match="no process expects"), writer:
        writer.send([Detached(1)])
    with pytest.raises(PeerGoneError, match="sender of 'a -> b' died"):
        reader.receive()


class Detached(Crossing):
    """A kind that the channel was not made for."""

    def __init__(self, time_ns: int) -> None:
        super().__init__(time_ns, "door", 1, "in")
