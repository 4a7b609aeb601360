"""Recorded shops as the tag motion network sees them: features by bin, and what is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import TruthCarry, TruthInteraction
from retailsim.session import BagReader
from retailsim.simulate.streams import stream
from retailsim.stack.tagmotion.front import Bin, Front
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.store.plan import StorePlan
from retailsim.train.lone_tag import lone_tag_plan, simulate_lone_tag
from retailsim.train.seeds import require_training_seed

F16 = NDArray[np.float16]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
BIN_NS = round(BIN_S * 1e9)
SWING_ON_NS = 1_200_000_000  # cloth goes on swinging after the hand has left: neither yes nor no
IGNORE = -1
LONE_CLIP_S, LONE_KEPT = 8.0, (0.3, 1.0)


@dataclass(frozen=True)
class Window:
    """Some bins of one session.

    Attributes:
        pairs: features of the pairs read, float32 (p, f).
        tag, bin: where each belongs, int64 (p,).
        tags: features of every tag, float32 (tags, bins, g).
        label: `Motion` or IGNORE, int64 (tags, bins).
    """

    pairs: F32
    tag: I64
    bin: I64
    tags: F32
    label: I64

    def only(self, rows: I64) -> Window:
        """Return the window of some tags, in that order."""
        place = np.full(len(self.label), -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.tag] >= 0
        return Window(
            self.pairs[kept],
            place[self.tag[kept]],
            self.bin[kept],
            self.tags[rows],
            self.label[rows],
        )


@dataclass(frozen=True)
class Session:
    """One recorded session.

    Attributes:
        start_ns: begin of each bin, int64 (b,).
        first: row of `pairs` at which each bin begins, and the end, int64 (b + 1,).
        tag: of each pair that was read, int16 (p,).
        pairs: features of the pairs, float16 (p, f).
        tags: features of all tags, float16 (b, t, g).
        label: `Motion` of every bin and tag, or IGNORE, int8 (b, t).
        xyz_m: the tags' places in the planogram, float64 (t, 3).
    """

    start_ns: I64
    first: I64
    tag: NDArray[np.int16]
    pairs: F16
    tags: F16
    label: NDArray[np.int8]
    xyz_m: F64

    def __len__(self) -> int:
        return len(self.start_ns)

    def window(self, begin: int, bins: int) -> Window:
        """Return `bins` bins from `begin` on; beyond the end they are empty, and to be ignored."""
        ends = self.first[begin : begin + bins + 1]
        rows, missing = slice(ends[0], ends[-1]), bins + 1 - len(ends)
        beyond = ((0, missing), (0, 0))
        tags = np.pad(self.tags[begin : begin + bins], (*beyond, (0, 0)))
        label = np.pad(self.label[begin : begin + bins], beyond, constant_values=IGNORE)
        return Window(
            self.pairs[rows].astype(np.float32),
            self.tag[rows].astype(np.int64),
            np.repeat(np.arange(bins - missing), np.diff(ends)),
            tags.astype(np.float32).transpose(1, 0, 2),
            label.astype(np.int64).T,
        )


def prepared(bag: Path) -> Session:
    """Return a bag's session; what was worked out once lies beside the bag.

    Raises:
        BagError: the bag cannot be read.
    """
    beside = bag.with_suffix(".npz")
    if beside.exists():
        with np.load(beside) as kept:
            return Session(**{f.name: kept[f.name] for f in fields(Session)})
    session = prepare(bag)
    part = beside.with_suffix(".part.npz")
    np.savez(part, **{f.name: getattr(session, f.name) for f in fields(Session)})
    part.replace(beside)
    return session


def prepare(bag: Path) -> Session:
    """Run the stage's own front end over a bag's reads, and label what it makes."""
    reader = BagReader(bag)
    reads = (m for m in reader.messages(frames=False) if isinstance(m, TagReads))
    truth = MessageLog(m for m in reader.truth() if isinstance(m, TruthInteraction | TruthCarry))
    row = {item.epc: row for row, item in enumerate(reader.plan.items)}
    return _session(reader.plan, reads, lambda start_ns: labels(start_ns, truth, row))


def lone_tag_session(seed: int, *, moving: bool) -> Session:
    """Return a clip of a lone tag (see `lone_tag`), from a cold start, some reads taken away.

    Raises:
        RetailError: a seed that is kept for judging.
        ValueError: the tag was never read.
    """
    require_training_seed(seed)
    rng = stream(seed, "train", "lone tag", int(moving))
    reads = simulate_lone_tag(seed, moving=moving)
    since_s = (reads.read_us - reads.read_us[0]) * 1e-6
    begin_s = rng.uniform(0, max(float(since_s.max()) - LONE_CLIP_S, 0))
    kept = (since_s >= begin_s) & (since_s < begin_s + LONE_CLIP_S)
    kept &= rng.random(len(since_s)) < rng.uniform(*LONE_KEPT)
    clip = reads.take(np.flatnonzero(kept))
    if not len(clip.epc):
        raise ValueError(f"the tag of seed {seed} was hardly ever read")
    motion = Motion.CARRIED if moving else Motion.STILL
    return _session(
        lone_tag_plan(), [clip], lambda start_ns: np.full((len(start_ns), 1), motion, np.int8)
    )


def _session(
    plan: StorePlan, reads: Iterable[TagReads], label: Callable[[I64], NDArray[np.int8]]
) -> Session:
    front, bins = Front(plan), list[Bin]()
    for batch in reads:
        front.add(batch)
        bins += front.bins(batch.time_ns)
    bins += front.rest()
    start_ns = np.array([b.start_ns for b in bins], np.int64)
    return Session(
        start_ns=start_ns,
        first=np.cumsum([0, *(len(b.features.tag) for b in bins)]),
        tag=np.concatenate([b.features.tag for b in bins]).astype(np.int16),
        pairs=np.concatenate([b.features.pairs for b in bins]).astype(np.float16),
        tags=np.stack([b.features.tags for b in bins]).astype(np.float16),
        label=label(start_ns),
        xyz_m=front.table.xyz_m,
    )


def labels(start_ns: I64, truth: MessageLog, row: Mapping[str, int]) -> NDArray[np.int8]:
    """Return what every tag does in every bin, int8 (bins, tags), IGNORE where it is unclear."""
    label = np.zeros((len(start_ns), len(row)), np.int8)
    end_ns = start_ns + BIN_NS
    for carry in truth.of(TruthCarry):
        label[(end_ns > carry.time_ns) & (start_ns < carry.end_ns), row[carry.epc]] = Motion.CARRIED
    for hand in truth.of(TruthInteraction):
        mine = label[:, row[hand.epc]]
        shared = np.minimum(hand.end_ns, end_ns) - np.maximum(hand.time_ns, start_ns)
        after = (end_ns > hand.end_ns) & (start_ns < hand.end_ns + SWING_ON_NS)
        mine[after & (mine == Motion.STILL)] = IGNORE
        mine[(shared > 0) & (shared < BIN_NS // 2)] = IGNORE
        mine[shared >= BIN_NS // 2] = Motion.HANDLED
    return label
