"""Training the tag motion classifier on simulated sessions: world and radio alone, no cameras.

    python -m retailsim.train.tagmotion scenarios/boutique.yaml --seeds 3000:3012 \\
        --validate 3012:3015 -o models/tag-motion
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retailsim.evaluate.flip import handling, score_flip
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import TruthCarry, TruthInteraction
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.scenario import Scenario, load_scenario, load_store
from retailsim.simulate.world import World
from retailsim.stack.tagmotion.classifier import AHEAD_BINS, CONTEXT_BINS, PAST_BINS, Motion
from retailsim.stack.tagmotion.features import BIN_S, NAMES, compress
from retailsim.stack.tagmotion.front import Front
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis, Segments
from retailsim.store.plan import StorePlan
from retailsim.train.export import export_model
from retailsim.train.seeds import require_training_scenario, require_training_seed

F16 = NDArray[np.float16]
F32 = NDArray[np.float32]
BIN_NS = round(BIN_S * 1e9)
SWING_ON_NS = 1_200_000_000  # cloth goes on swinging after the hand has left: neither yes nor no
IGNORE = -1
NEGATIVES = 0.15  # share of quiet bins drawn anew for every epoch
BATCH = 2048
HIDDEN = 64


@dataclass(frozen=True)
class Session:
    """One session as the classifier sees it, and what is needed to score it.

    Attributes:
        seed: of the world.
        features: compressed, (bins, tags, features).
        start_ns: begin of each bin, (bins,).
        label: `Motion` of every bin and tag, or -1 for unclear, int8 (bins, tags).
        truth, sensors: messages for scoring.
    """

    seed: int
    features: F16
    start_ns: NDArray[np.int64]
    label: NDArray[np.int8]
    truth: MessageLog = field(repr=False)
    sensors: MessageLog = field(repr=False)


def play(scenario: Scenario, plan: StorePlan, *, seed: int, duration_s: float) -> list[Message]:
    """Return everything a session without cameras holds; refuses judging seeds."""
    require_training_seed(seed)
    radio, before, messages = RadioRig(plan, seed=seed), None, list[Message]()
    for snapshot, told in World(scenario, plan, seed=seed).run(duration_s):
        messages += told
        if before is not None:
            messages += radio.advance(before, snapshot)
        before = snapshot
    return messages


def prepare(seed: int, messages: Iterable[Message], plan: StorePlan) -> Session:
    """Compute features and labels of a session."""
    sensors, truth = MessageLog(), MessageLog()
    front, bins = Front(plan), []
    for message in messages:
        if isinstance(message, TagReads):
            sensors.append(message)
            front.add(message)
            bins += list(front.bins(message.time_ns))
        elif isinstance(message, TruthInteraction | TruthCarry):
            truth.append(message)
    bins += list(front.rest())
    start_ns = np.array([b.start_ns for b in bins], np.int64)
    features = np.stack([compress(b.features) for b in bins]).astype(np.float16)
    label = _labels(start_ns, truth, front.table.tag_row)
    return Session(seed, features, start_ns, label, truth, sensors)


def _labels(
    start_ns: NDArray[np.int64], truth: MessageLog, row: dict[str, int]
) -> NDArray[np.int8]:
    label = np.zeros((len(start_ns), len(row)), np.int8)
    for carry in truth.of(TruthCarry):
        during = (start_ns + BIN_NS > carry.time_ns) & (start_ns < carry.end_ns)
        label[during, row[carry.epc]] = Motion.CARRIED
    for hand in truth.of(TruthInteraction):
        mine = label[:, row[hand.epc]]
        shared = np.minimum(hand.end_ns, start_ns + BIN_NS) - np.maximum(hand.time_ns, start_ns)
        after = (start_ns + BIN_NS > hand.end_ns) & (start_ns < hand.end_ns + SWING_ON_NS)
        mine[after & (mine == Motion.STILL)] = IGNORE
        mine[(shared > 0) & (shared < BIN_NS // 2)] = IGNORE
        mine[shared >= BIN_NS // 2] = Motion.HANDLED
    return label


class Perceptron(torch.nn.Module):
    """The network of `stack.tagmotion.classifier`, with what training needs."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.hidden1 = torch.nn.Linear(CONTEXT_BINS * len(NAMES), hidden)
        self.hidden2 = torch.nn.Linear(hidden, hidden // 2)
        self.output = torch.nn.Linear(hidden // 2, len(Motion))
        self.register_buffer("mean", torch.zeros(len(NAMES)))
        self.register_buffer("scale", torch.ones(len(NAMES)))
        self.drop = torch.nn.Dropout(0.2)

    def forward(self, context: torch.Tensor) -> torch.Tensor:
        """Return logits (n, 3) of compressed features (n, CONTEXT_BINS, f)."""
        x = ((context - self.mean) / self.scale).flatten(1)
        x = torch.relu(self.hidden1(self.drop(x)))
        logits: torch.Tensor = self.output(torch.relu(self.hidden2(x)))
        return logits


def train(sessions: Sequence[Session], *, epochs: int = 8, seed: int = 0) -> Perceptron:
    """Fit the classifier; every epoch sees all motion and a fresh draw of quiet bins."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Perceptron()
    sample = np.concatenate([s.features.reshape(-1, len(NAMES))[::11] for s in sessions])
    net.mean = torch.from_numpy(sample.astype(np.float32).mean(axis=0))
    net.scale = torch.from_numpy(sample.astype(np.float32).std(axis=0) + 1e-3)
    padded = [_pad(s.features) for s in sessions]
    motion = np.concatenate([_places(i, s.label > 0) for i, s in enumerate(sessions)])
    quiet = np.concatenate([_places(i, s.label == 0) for i, s in enumerate(sessions)])
    label = np.stack([_pad_label(s.label, padded) for s in sessions])
    steps = epochs * ((len(motion) + int(NEGATIVES * len(quiet))) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps + 1)
    for _ in range(epochs):
        drawn = quiet[rng.permutation(len(quiet))[: int(NEGATIVES * len(quiet))]]
        chosen = rng.permutation(np.concatenate([motion, drawn]))
        for start in range(0, len(chosen) - BATCH + 1, BATCH):
            places = chosen[start : start + BATCH]
            wanted = torch.from_numpy(label[tuple(places.T)].astype(np.int64))
            weight = torch.where(wanted == 0, 1 / NEGATIVES, 1.0)
            loss = torch.nn.functional.cross_entropy(
                net(torch.from_numpy(_context(padded, places))), wanted, reduction="none"
            )
            optimiser.zero_grad()
            ((loss * weight).sum() / weight.sum()).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval()


def merge(nets: Sequence[Perceptron]) -> Perceptron:
    """Return one network whose logits are the mean of those of several trained on the same data."""
    first, count = nets[0], len(nets)
    whole = Perceptron(count * first.hidden1.out_features)
    whole.mean, whole.scale = first.mean, first.scale
    with torch.no_grad():
        whole.hidden1.weight.copy_(torch.cat([n.hidden1.weight for n in nets]))
        whole.hidden1.bias.copy_(torch.cat([n.hidden1.bias for n in nets]))
        blocks = torch.block_diag(*(n.hidden2.weight for n in nets))  # type: ignore[no-untyped-call]
        whole.hidden2.weight.copy_(blocks)
        whole.hidden2.bias.copy_(torch.cat([n.hidden2.bias for n in nets]))
        whole.output.weight.copy_(torch.cat([n.output.weight for n in nets], dim=1) / count)
        whole.output.bias.copy_(torch.stack([n.output.bias for n in nets]).mean(dim=0))
    return whole.eval()


def _pad(features: F16) -> F16:
    """Repeat the first and last bin so that every bin has a context."""
    return np.pad(features, ((PAST_BINS, AHEAD_BINS), (0, 0), (0, 0)), mode="edge")


def _pad_label(label: NDArray[np.int8], padded: list[F16]) -> NDArray[np.int8]:
    longest = max(len(p) for p in padded)
    return np.pad(label, ((0, longest - len(label)), (0, 0)), constant_values=IGNORE)


def _places(session: int, wanted: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return (session, bin, tag) of the places that are wanted, (n, 3)."""
    bins, tags = np.nonzero(wanted)
    return np.column_stack([np.full(len(bins), session), bins, tags]).astype(np.int32)


def _context(padded: list[F16], places: NDArray[np.int32]) -> F32:
    out = np.empty((len(places), CONTEXT_BINS, len(NAMES)), np.float32)
    span = np.arange(CONTEXT_BINS)
    for session in np.unique(places[:, 0]):
        mine = places[:, 0] == session
        out[mine] = padded[session][places[mine, 1][:, None] + span, places[mine, 2][:, None]]
    return out


def probabilities(net: Perceptron, session: Session) -> F32:
    """Return the probability of each `Motion`, (bins, tags, 3)."""
    padded = _pad(session.features).astype(np.float32)
    rows = []
    with torch.no_grad():
        for first in range(len(session.features)):
            window = padded[first : first + CONTEXT_BINS].transpose(1, 0, 2)
            rows.append(torch.softmax(net(torch.from_numpy(window.copy())), dim=1).numpy())
    return np.stack(rows)


def flip_figures(
    session: Session, handled: F32, rule: Hysteresis, plan: StorePlan
) -> dict[str, float | int | None]:
    """Score the flips that a rule makes of probabilities (bins, tags)."""
    segments, found = Segments(handled.shape[1], rule), []
    for row in handled.astype(np.float64):
        found += list(segments.add(row))
    found += list(segments.rest())
    said = MessageLog(
        TagMotion(
            int(session.start_ns[s.first]),
            int(session.start_ns[s.last]) + BIN_NS,
            plan.items[s.tag].epc,
            "flip",
            s.score,
        )
        for s in found
    )
    reads = ReadTimes(session.sensors)
    return dict(score_flip(handling(session.truth, reads), said, reads, found=True))


def export(folder: Path, net: Perceptron, metrics: dict[str, Any], card: str) -> None:
    """Write a model folder that `stack.tagmotion.classifier` reads."""
    config = {"features": list(NAMES), "context_bins": CONTEXT_BINS, "bin_s": BIN_S}
    export_model(folder, net, config, metrics, card, half=False)


CARD = """# tag-motion

Says of every tag, twice a second, whether it is still, handled or carried.

- Input: {features} features of the tag's reads and of its neighbours', {context} bins of {bin_s} s
  (`retailsim/stack/tagmotion/features.py`). Output: three probabilities.
- The mean of {members} perceptrons with two hidden layers, {parameters} numbers.
- Trained on simulated reads alone: {scenario}, five minutes each of seeds {seeds}.
  The radio is `retailsim/simulate/rfid`; no recording of a real shop was used.
- Figures on seeds {validation}, which also chose the thresholds (on {on}, off {off}): metrics.json.
- Made by: `{command}`
- Training again on a shop that has changed since gives weights that differ a little.
- Limits: made for a plan's garments at their places; a crowd before a rail hides small movements,
  and garments that few antennas reach are read too seldom.
"""


def make_card(
    net: Perceptron,
    command: str,
    scenario: str,
    seeds: Sequence[int],
    validation: Sequence[int],
    rule: Hysteresis,
) -> str:
    """Return the text of a model's card."""
    return CARD.format(
        features=len(NAMES),
        context=CONTEXT_BINS,
        bin_s=BIN_S,
        members=net.hidden1.out_features // HIDDEN,
        parameters=sum(p.numel() for p in net.parameters()),
        scenario=f"scenario `{scenario}`",
        seeds=", ".join(map(str, seeds)),
        validation=", ".join(map(str, validation)),
        on=rule.on,
        off=rule.off,
        command=command,
    )


def main() -> None:
    """Train from the command line; see the module."""
    parser = argparse.ArgumentParser(description="Train the tag motion classifier.")
    parser.add_argument("scenario")
    parser.add_argument("--seeds", type=_seeds, required=True, help="of the training, as 1:5,9")
    parser.add_argument("--validate", type=_seeds, required=True, help="to choose thresholds on")
    parser.add_argument("--duration", type=float, default=300.0, help="seconds per session")
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--members", type=int, default=2, help="networks to take the mean of")
    parser.add_argument("-o", "--output", type=Path, default=Path("models/tag-motion"))
    wanted = parser.parse_args()
    scenario = load_scenario(wanted.scenario)
    require_training_scenario(scenario)
    plan = load_store(scenario, wanted.scenario)

    def sessions(seeds: list[int]) -> list[Session]:
        made = []
        for seed in seeds:
            messages = play(scenario, plan, seed=seed, duration_s=wanted.duration)
            made.append(prepare(seed, messages, plan))
            print(f"seed {seed}: {int((made[-1].label == Motion.HANDLED).any(0).sum())} tags moved")
        return made

    made = sessions(wanted.seeds)
    net = merge([train(made, epochs=wanted.epochs, seed=m) for m in range(wanted.members)])
    rule, figures = choose_rule(net, sessions(wanted.validate), plan)
    metrics = {"flip_on": rule.on, "flip_off": rule.off, "sessions": figures}
    command = f"python -m retailsim.train.tagmotion {' '.join(sys.argv[1:])}"
    card = make_card(net, command, scenario.name, wanted.seeds, wanted.validate, rule)
    export(wanted.output, net, metrics, card)
    print(json.dumps(metrics, indent=2))


def _seeds(text: str) -> list[int]:
    """Parse '3000:3003,3005' as 3000, 3001, 3002, 3005."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, end = part.partition(":")
        seeds += range(int(first), int(end or int(first) + 1))
    return seeds


def choose_rule(
    net: Perceptron, sessions: Sequence[Session], plan: StorePlan
) -> tuple[Hysteresis, dict[str, Any]]:
    """Return the hysteresis with the best mean f1, and its figures by seed."""
    handled = [probabilities(net, s)[..., Motion.HANDLED] for s in sessions]
    best: tuple[float, Hysteresis, dict[str, Any]] | None = None
    for on, off in product((0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (0.05, 0.1, 0.2)):
        rule = Hysteresis(on, off, GAP_BINS, LONGEST_BINS)
        pairs = zip(sessions, handled, strict=True)
        figures = {str(s.seed): flip_figures(s, p, rule, plan) for s, p in pairs}
        mean = float(np.mean([f["f1"] or 0.0 for f in figures.values()]))
        if best is None or mean > best[0]:
            best = mean, rule, figures
    assert best is not None
    return best[1], best[2]


if __name__ == "__main__":
    main()
