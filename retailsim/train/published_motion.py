"""Training the published detectors of touched garments: features and labels in, a folder out.

    python -m retailsim.train.published_motion raw day-1.bag day-2.bag --validate day-3.bag

Sessions are bags without cameras (`retail simulate DAY --no-video`). Their seeds must be below
900000.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.evaluate.flip import Handling, flip_alarms, handling, score_flip
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.windows import best_threshold, cut_windows, score_windows
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import TruthCarry, TruthInteraction, TruthScenario
from retailsim.session import BagReader
from retailsim.stack.tagmotion.motion_features import KINDS, make_features
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.pairs import compress
from retailsim.stack.tagmotion.read_bins import BIN_S, ReadBins
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis, Segments
from retailsim.train.export import export_model, parameter_count
from retailsim.train.seeds import require_training_seed
from retailsim.train.tagmotion_data import labels

F16 = NDArray[np.float16]
F32 = NDArray[np.float32]
I8 = NDArray[np.int8]
I64 = NDArray[np.int64]

BIN_NS = round(BIN_S * 1e9)
PAST_BINS, AHEAD_BINS = 6, 6
HIDDEN = 64
QUIET_PER_MOTION = 5  # quiet bins drawn for every one of motion, anew for every epoch
BATCH = 1024


@dataclass(frozen=True)
class Example:
    """One session as the classifier sees it.

    Attributes:
        features: compressed, float16 (bins, tags, f).
        label: `Motion` of every bin and tag, or -1 for unclear, int8 (bins, tags).
    """

    features: F16
    label: I8


@dataclass(frozen=True)
class Session:
    """An example and what is needed to score alarms on it.

    Attributes:
        name: of its bag.
        seed: of the world.
        example: features and labels.
        start_ns: begin of each bin, int64 (bins,).
        epc: of each tag.
        events, reads: truth and reads.
    """

    name: str
    seed: int
    example: Example
    start_ns: I64
    epc: tuple[str, ...]
    events: Handling
    reads: ReadTimes


def read_session(bag: Path, kind: str) -> Session:
    """Compute features and labels of a session; raises RetailError for a judging seed."""
    reader = BagReader(bag)
    plan, truth = reader.plan, MessageLog(reader.truth())
    seed = truth.of(TruthScenario)[0].seed
    require_training_seed(seed)
    bins, sensors = ReadBins(plan), MessageLog()
    antennas, channels = bins.table.frequency_hz.shape
    features = make_features(kind, tags=len(plan.items), antennas=antennas, channels=channels)
    start_ns, rows = [], []

    def take(found: Iterator[Any]) -> None:
        for start, reads in found:
            start_ns.append(start)
            rows.append(compress(features.add(reads)).astype(np.float16))

    for message in reader.messages(frames=False):
        if isinstance(message, TagReads):
            sensors.append(message)
            bins.add(message)
            take(bins.bins(message.time_ns))
    take(bins.rest())
    start = np.array(start_ns, np.int64)
    moved = MessageLog(m for m in truth if isinstance(m, TruthInteraction | TruthCarry))
    label = labels(start, moved, bins.table.tag_row)
    reads = ReadTimes(sensors)
    epc = tuple(item.epc for item in plan.items)
    example = Example(np.stack(rows), label)
    return Session(bag.stem, seed, example, start, epc, handling(truth, reads), reads)


class PerceptronNet(torch.nn.Module):
    """The network of `stack.tagmotion.perceptron`, with what training needs."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden1 = torch.nn.Linear((PAST_BINS + 1 + AHEAD_BINS) * features, HIDDEN)
        self.hidden2 = torch.nn.Linear(HIDDEN, HIDDEN // 2)
        self.output = torch.nn.Linear(HIDDEN // 2, len(Motion))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.drop = torch.nn.Dropout(0.2)

    def forward(self, context: torch.Tensor) -> torch.Tensor:
        """Return logits (n, 3) of compressed features (n, bins, f)."""
        x = ((context - self.mean) / self.scale).flatten(1)
        x = torch.relu(self.hidden1(self.drop(x)))
        logits: torch.Tensor = self.output(torch.relu(self.hidden2(x)))
        return logits


def fit(examples: Sequence[Example], *, epochs: int = 12, seed: int = 0) -> PerceptronNet:
    """Fit the classifier; every epoch sees all motion and a fresh draw of quiet bins.

    Quiet bins weigh what they weigh in the shop, so that probabilities are those of the shop.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    width = examples[0].features.shape[2]
    net = PerceptronNet(width)
    sample = np.concatenate([e.features[::7].reshape(-1, width) for e in examples])
    net.mean = torch.from_numpy(sample.astype(np.float32).mean(axis=0))
    net.scale = torch.from_numpy(sample.astype(np.float32).std(axis=0) + 1e-3)
    padded = [pad(e.features) for e in examples]
    motion = _places(examples, moving=True)
    quiet = _places(examples, moving=False)
    drawn = min(len(quiet), QUIET_PER_MOTION * len(motion))
    weight_of_quiet = len(quiet) / max(drawn, 1)
    steps = epochs * ((len(motion) + drawn + BATCH - 1) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps + 1)
    for _ in range(epochs):
        chosen = np.concatenate([motion, quiet[rng.permutation(len(quiet))[:drawn]]])
        chosen = rng.permutation(chosen)
        for start in range(0, len(chosen), BATCH):
            places = chosen[start : start + BATCH]
            wanted = torch.from_numpy(_labels_at(examples, places))
            weight = torch.where(wanted == Motion.STILL, weight_of_quiet, 1.0)
            logits = net(torch.from_numpy(_context(padded, places)))
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
            optimiser.zero_grad()
            ((loss * weight).sum() / weight.sum()).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval()


def pad(features: F16) -> F16:
    """Repeat the first and last bin so that every bin has a context."""
    return np.pad(features, ((PAST_BINS, AHEAD_BINS), (0, 0), (0, 0)), mode="edge")


def _places(examples: Sequence[Example], *, moving: bool) -> NDArray[np.int32]:
    """Return (example, bin, tag) of all bins of motion, or of all quiet ones, (n, 3)."""
    parts = []
    for i, example in enumerate(examples):
        bins, tags = np.nonzero(example.label > 0 if moving else example.label == Motion.STILL)
        parts.append(np.column_stack([np.full(len(bins), i), bins, tags]).astype(np.int32))
    return np.concatenate(parts)


def _labels_at(examples: Sequence[Example], places: NDArray[np.int32]) -> I64:
    return np.array([examples[i].label[b, t] for i, b, t in places.tolist()], np.int64)


def _context(padded: Sequence[F16], places: NDArray[np.int32]) -> F32:
    span = np.arange(PAST_BINS + 1 + AHEAD_BINS)
    out = np.empty((len(places), len(span), padded[0].shape[2]), np.float32)
    for i in np.unique(places[:, 0]):
        mine = places[:, 0] == i
        out[mine] = padded[i][places[mine, 1][:, None] + span, places[mine, 2][:, None]]
    return out


def probabilities(net: PerceptronNet, example: Example) -> F32:
    """Return the probability of each `Motion`, (bins, tags, 3)."""
    padded, rows = pad(example.features).astype(np.float32), []
    with torch.no_grad():
        for first in range(len(example.features)):
            window = padded[first : first + PAST_BINS + 1 + AHEAD_BINS].transpose(1, 0, 2)
            rows.append(torch.softmax(net(torch.from_numpy(window.copy())), dim=1).numpy())
    return np.stack(rows)


def alarms_of(session: Session, handled: F32, *, on: float, off: float) -> MessageLog:
    """Return the flips that hysteresis makes of probabilities (bins, tags)."""
    rule = Hysteresis(on, off, GAP_BINS, LONGEST_BINS)
    segments = Segments(handled.shape[1], rule)
    found = [s for row in handled.astype(np.float64) for s in segments.add(row)]
    found += list(segments.rest())
    start_ns = session.start_ns
    return MessageLog(
        TagMotion(
            int(start_ns[s.first]), int(start_ns[s.last]) + BIN_NS, session.epc[s.tag],
            "flip", s.score,
        )
        for s in found
    )  # fmt: skip


def choose_rule(net: PerceptronNet, sessions: Sequence[Session]) -> dict[str, Any]:
    """Return the thresholds that are best on some sessions, and the figures there.

    `flip_on` and `flip_off` have the best mean f1 of events; `window_on` the best balanced
    accuracy of windows.
    """
    handled = [probabilities(net, s.example)[..., Motion.HANDLED] for s in sessions]
    pairs = list(zip(sessions, handled, strict=True))
    rules = list(product((0.15, 0.25, 0.35, 0.45, 0.55, 0.65), (0.02, 0.05, 0.1)))

    def figures(on: float, off: float) -> dict[str, Any]:
        return {
            s.name: score_flip(s.events, alarms_of(s, p, on=on, off=off), s.reads, found=True)
            for s, p in pairs
        }

    def mean_f1(rule: tuple[float, float]) -> float:
        return float(np.mean([f["f1"] or 0.0 for f in figures(*rule).values()]))

    on, off = max(rules, key=mean_f1)
    flips, scores = [], []
    for session, probability in pairs:
        windows = cut_windows(session.events, session.reads)
        faint, _ = flip_alarms(alarms_of(session, probability, on=off, off=off))
        flips.append(windows.flip)
        scores.append(score_windows(windows, faint))
    level, accuracy = best_threshold(np.concatenate(flips), np.concatenate(scores))
    return {
        "flip_on": on,
        "flip_off": off,
        "window_on": max(level, off),
        "window_balanced_accuracy": accuracy,
        "sessions": figures(on, off),
    }


CARD = """# {name}

Says of every tag, twice a second, whether it is still, handled or carried:
{what}, as published,
for comparison.

- Input: {features} features of the tag's own reads, {bins} bins of {bin_s} s
  (`retailsim/stack/tagmotion/{file}`). Output: three probabilities.
- A perceptron with two hidden layers, {parameters} numbers.
- Trained on simulated reads alone: {sessions} sessions of `retailsim.train.tag_shops`,
  seeds {seeds}.
  The radio is `retailsim/simulate/rfid`; no recording of a real shop was used.
- Figures on sessions {validation}, which also chose the
  thresholds: metrics.json.
- Made by: `python -m retailsim.train.published_motion {kind} BAG... --validate BAG...`
- Limits: knows nothing of neighbours, so that who walks by or brushes along a rail looks like a
  hand; {limit}.
"""
WORDS = {
    "raw": (
        "raw RSSI and phase of a window",
        "raw_features.py",
        "levels of RSSI are those of the shops it was trained in",
    ),
    "spectrum": (
        "histograms of spectra and their divergence from the window before",
        "spectral_features.py",
        "with few reads a spectrum says little",
    ),
}


def export(
    folder: Path,
    net: PerceptronNet,
    kind: str,
    found: dict[str, Any],
    *,
    train: Sequence[Session],
    validate: Sequence[Session],
) -> None:
    """Write a model folder that `stack.tagmotion.published` reads."""
    names = make_features(kind, tags=1, antennas=1, channels=1).names
    rule = {name: float(found[name]) for name in ("flip_on", "flip_off", "window_on")}
    config = {
        "kind": kind, "features": list(names), "past_bins": PAST_BINS, "ahead_bins": AHEAD_BINS,
    } | rule  # fmt: skip
    what, file, limit = WORDS[kind]
    card = CARD.format(
        name=f"tag-motion-{kind}",
        what=what,
        features=len(names),
        bins=PAST_BINS + 1 + AHEAD_BINS,
        bin_s=BIN_S,
        file=file,
        parameters=parameter_count(net),
        sessions=len(train),
        seeds=" to ".join(str(end([s.seed for s in train], default=0)) for end in (min, max)),
        validation=", ".join(str(s.seed) for s in validate),
        kind=kind,
        limit=limit,
    )
    export_model(folder, net, config, found, card, half=False)


def main() -> None:
    """Train from the command line; see the module."""
    parser = argparse.ArgumentParser(description="Train a published detector of touched garments.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("bags", type=Path, nargs="+")
    parser.add_argument("--validate", type=Path, nargs="+", required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("-o", "--output", type=Path, help="default: models/tag-motion-KIND")
    wanted = parser.parse_args()
    train = [read_session(bag, wanted.kind) for bag in wanted.bags]
    validate = [read_session(bag, wanted.kind) for bag in wanted.validate]
    net = fit([s.example for s in train], epochs=wanted.epochs)
    found = choose_rule(net, validate)
    folder = wanted.output or Path("models") / f"tag-motion-{wanted.kind}"
    export(folder, net, wanted.kind, found, train=train, validate=validate)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
