"""A reader never sees an overwritten frame, gets all in order, and no slot is lost."""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray

from retailsim.engine.shm.ledger import Ledger
from retailsim.engine.shm.reading import FrameReader, Lease
from retailsim.engine.shm.ring import FrameRing, RingSpec
from retailsim.engine.shm.wires import PeerGoneError
from retailsim.engine.shm.writing import FrameWriter, Slot
from retailsim.errors import StageError

SHAPE = (4, 5, 3)


def spec(*, slots: int = 3) -> RingSpec:
    return RingSpec(name="decode", cameras=("left", "right"), slots=slots, slot_bytes=60)


def put(writer: FrameWriter, value: int, **wait: float) -> int:
    """Publish an image full of `value`."""
    slot = writer.borrow(**wait)
    slot.image(SHAPE)[:] = value % 251
    return writer.publish(slot, camera="right", index=value, time_ns=value * 10)


def full(writer: FrameWriter) -> Slot:
    """Borrow a slot and fill it."""
    slot = writer.borrow()
    slot.image(SHAPE)[:] = 1
    return slot


def shown(image: NDArray[np.uint8]) -> int:
    (value,) = np.unique(image)
    return int(value)


@dataclass
class Peer:
    """A reader, what the model says it has still to get, and the views that it holds."""

    reader: FrameReader
    expected: deque[int] = field(default_factory=deque)
    views: list[tuple[int, NDArray[np.uint8]]] = field(default_factory=list)


class RingRules(RuleBasedStateMachine):
    """The ring against a model in which every reader has a queue of what was published to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = FrameRing(spec())
        self.peers = [Peer(FrameReader(self.ring.reader(f"r{i}"))) for i in range(2)]
        self.writer = FrameWriter(self.ring.writer())
        self.borrowed: list[Slot] = []
        self.count = 0

    def teardown(self) -> None:
        self.writer.abort()
        self.ring.close()

    def _can_be_lent(self) -> bool:
        """Whether the model has a slot that nobody looks at or waits for."""
        used = {v for p in self.peers for v, _ in p.views} | {
            v for p in self.peers for v in p.expected
        }
        return len(used) + len(self.borrowed) < self.writer.spec.slots

    @precondition(lambda self: self.peers)
    @rule()
    def borrow(self) -> None:
        expected = self._can_be_lent()
        try:
            slot = self.writer.borrow(timeout_s=0)
        except TimeoutError:
            assert not expected
            return
        assert slot is not None
        assert expected
        slot.image(SHAPE)[:] = 255  # as bad as it can be for whoever still looks
        self.borrowed.append(slot)

    @precondition(lambda self: self.borrowed)
    @rule()
    def publish(self) -> None:
        slot = self.borrowed.pop(0)
        self.count += 1
        slot.image(SHAPE)[:] = self.count % 251
        assert self.writer.publish(slot, camera="left", index=self.count, time_ns=1) == self.count
        for peer in self.peers:
            peer.expected.append(self.count)

    @precondition(lambda self: self.borrowed)
    @rule()
    def give_back(self) -> None:
        self.writer.give_back(self.borrowed.pop())

    @precondition(lambda self: self.peers)
    @rule(who=st.integers(0, 3), part=st.booleans())
    def take(self, who: int, part: bool) -> None:
        peer = self.peers[who % len(self.peers)]
        if not peer.expected:
            with pytest.raises(TimeoutError):
                peer.reader.take(timeout_s=0)
            return
        lease = peer.reader.take(timeout_s=1)
        assert isinstance(lease, Lease)
        assert (lease.generation, lease.index) == (peer.expected[0], peer.expected[0])
        peer.views.append((peer.expected.popleft(), lease.image[1:, 2] if part else lease.image))
        lease.release()

    @precondition(lambda self: any(peer.views for peer in self.peers))
    @rule(which=st.integers(0, 20))
    def look_away(self, which: int) -> None:
        views = [(peer, at) for peer in self.peers for at in range(len(peer.views))]
        peer, at = views[which % len(views)]
        del peer.views[at]

    @precondition(lambda self: self.peers)
    @rule(who=st.integers(0, 3), polite=st.booleans())
    def leave(self, who: int, polite: bool) -> None:
        peer = self.peers.pop(who % len(self.peers))
        if polite:
            peer.reader.close()

    @precondition(lambda self: len(self.peers) < 3)
    @rule()
    def join(self) -> None:
        self.peers.append(Peer(FrameReader(self.ring.reader("later"))))
        self.writer._listen(0)

    @invariant()
    def nobody_sees_an_overwritten_frame(self) -> None:
        for peer in self.peers:
            for value, view in peer.views:
                assert shown(view) == value % 251

    @invariant()
    def every_slot_is_accounted_for(self) -> None:
        self.writer._listen(0)
        used = {v for p in self.peers for v, _ in p.views} | {
            v for p in self.peers for v in p.expected
        }
        assert self.writer.free + len(self.borrowed) + len(used) == self.writer.spec.slots


TestRing = RingRules.TestCase
TestRing.settings = settings(deadline=None, max_examples=50, stateful_step_count=30)


def two_ends(**about: Any) -> tuple[FrameWriter, FrameReader]:
    ring = FrameRing(spec(**about))
    reader = FrameReader(ring.reader("detect"))
    return FrameWriter(ring.writer()), reader


def test_a_frame_arrives_with_all_that_is_known_of_it() -> None:
    writer, reader = two_ends()
    put(writer, 7)
    lease = reader.take()
    assert lease is not None
    assert (lease.camera, lease.index, lease.time_ns) == ("right", 7, 70)
    frame = lease.frame()
    assert np.array_equal(frame.image, np.full(SHAPE, 7, np.uint8))
    assert frame.image.base is lease.image.base  # the slot's own bytes


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32", "bool"])
def test_images_of_any_plain_dtype_and_shape_lie_in_slots(dtype: str) -> None:
    writer, reader = two_ends()
    slot = writer.borrow()
    slot.image((5, 3), dtype)[:] = 1
    writer.publish(slot, camera="left", index=0, time_ns=0)
    lease = reader.take()
    assert lease is not None
    assert lease.image.dtype == np.dtype(dtype)
    assert lease.image.sum() == 15


def test_a_slot_is_seen_anew_in_each_shape_and_dtype() -> None:
    writer, reader = two_ends(slots=1)
    for shape, dtype in [
        ((5, 3), "uint8"),
        ((5, 3), "uint8"),
        ((3, 5), "uint8"),
        ((4,), "float32"),
    ]:
        slot = writer.borrow(timeout_s=5)
        slot.image(shape, dtype)[:] = len(shape)
        writer.publish(slot, camera="left", index=0, time_ns=0)
        with reader.take() as lease:  # type: ignore[union-attr]
            assert (lease.image.shape, lease.image.dtype) == (shape, np.dtype(dtype))
            assert (lease.image == len(shape)).all()


def test_neither_side_can_write_to_a_published_frame() -> None:
    writer, reader = two_ends()
    slot = writer.borrow()
    own = slot.image(SHAPE)
    writer.publish(slot, camera="left", index=0, time_ns=0)
    lease = reader.take()
    assert lease is not None
    for image in (own, lease.image):
        with pytest.raises(ValueError, match="read-only"):
            image[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        lease.image.flags.writeable = True


def test_a_view_in_a_circle_of_references_is_returned_when_it_is_collected() -> None:
    writer, reader = two_ends(slots=1)
    put(writer, 1)
    circle: list[Any] = [reader.take()]
    circle.append(circle)
    del circle
    gc.collect()
    assert put(writer, 2, timeout_s=1) == 2


def test_a_reader_who_closed_keeps_what_it_still_looks_at() -> None:
    writer, reader = two_ends(slots=2)
    put(writer, 1)
    put(writer, 2)
    lease = reader.take()
    assert lease is not None
    reader.close()
    with pytest.raises(PeerGoneError, match="nobody reads the frames of 'decode'"):
        writer.borrow()
    assert (writer.free, shown(lease.image)) == (1, 1)
    del lease
    writer._listen(0)
    assert writer.free == 2


def test_the_end_comes_after_all_frames() -> None:
    writer, reader = two_ends()
    with writer:
        put(writer, 1)
    lease = reader.take()
    assert lease is not None
    assert lease.index == 1
    assert reader.take() is None
    assert reader.take() is None


def test_a_writer_that_fails_is_not_taken_for_one_that_ended() -> None:
    writer, reader = two_ends()
    put(writer, 1)
    with pytest.raises(StageError, match="camera 'attic'"), writer:
        writer.publish(full(writer), camera="attic", index=0, time_ns=0)
    assert reader.take() is not None
    with pytest.raises(PeerGoneError, match="'decode' died before the end"):
        reader.take()


def test_holders_say_who_holds_up_the_writer() -> None:
    ring = FrameRing(spec())
    quick, slow = FrameReader(ring.reader("quick")), FrameReader(ring.reader("slow"))
    writer = FrameWriter(ring.writer())
    for value in range(3):
        put(writer, value)
        quick.take()
    with pytest.raises(TimeoutError):
        writer.borrow(timeout_s=0)
    assert writer.holders() == {"quick": 0, "slow": 3}
    assert slow.fileno() >= 0


def test_what_does_not_fit_is_refused() -> None:
    writer, _reader = two_ends()
    slot = writer.borrow()
    with pytest.raises(StageError, match="61 bytes does not fit into a slot of 60"):
        slot.image((61,))
    with pytest.raises(StageError, match="without an image"):
        writer.publish(slot, camera="left", index=0, time_ns=0)
    slot.image((60,))
    with pytest.raises(StageError, match="camera 'attic'"):
        writer.publish(slot, camera="attic", index=0, time_ns=0)
    with pytest.raises(StageError, match="cannot lie in shared memory"):
        slot.image((1,), object)


def test_a_slot_that_a_reader_does_not_hold_cannot_be_returned() -> None:
    ledger = Ledger(1)
    slot = ledger.borrow()
    assert slot == 0
    assert ledger.publish(slot, [1, 2]) == 1
    for wrong in [(0, 2, 1), (0, 1, 3), (1, 1, 1)]:
        with pytest.raises(ValueError, match="does not hold"):
            ledger.release(*wrong)
    ledger.release(0, 1, 1)
    with pytest.raises(ValueError, match="does not hold"):
        ledger.release(0, 1, 1)
    assert (ledger.take_back(2), ledger.free) == (1, 1)


def test_ends_cannot_be_pickled_but_for_a_child() -> None:
    import pickle

    with pytest.raises(TypeError, match="while the child is started"):
        pickle.dumps(FrameRing(spec()).reader("detect"))


def test_a_ring_without_slots_or_with_too_many_is_refused() -> None:
    with pytest.raises(StageError, match="ring 'decode' needs"):
        spec(slots=0)
    with pytest.raises(StageError, match="5000 slots"):
        FrameRing(spec(slots=5000)).reader("detect")
