"""Training the tag motion network on shops drawn at random, tag reads alone.

    python -m retailsim.train.tag_shops --seeds 4000:4160 -o .cache/tag-shops
    python -m retailsim.train.tagmotion_training .cache/tag-shops --validate 4010:4016 \\
        --lone 5000:5040 --checkpoint run.pt

Every epoch is kept in the checkpoint, so that a broken run goes on where it was.
`retailsim.train.tagmotion_choice` makes a model folder of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from retailsim.stack.tagmotion.network import LAG_BINS, Motion, Neighbours
from retailsim.stack.tagmotion.pairs import PAIR_NAMES, TAG_NAMES
from retailsim.train.seeds import parse_seeds
from retailsim.train.tagmotion_data import IGNORE, Session, Window, lone_tag_session, prepared
from retailsim.train.tagmotion_net import TagMotionNet

WINDOW_BINS, WARM_BINS = 64, 12  # the first bins of a window only fill the network's memory
WINDOWS_AT_ONCE = 4
TAGS_AT_ONCE = 128  # a window holds the tags around one of them
AROUND_MOTION = 0.75  # share of windows around a tag that is handled or carried, if one is
CLASS_WEIGHT = (1.0, 2.0, 1.0)  # still, handled, carried
NOW_WEIGHT = 1.0  # of what is said at once, beside what is said later
THINNED, KEPT = 0.5, (0.4, 1.0)  # share of windows that lose pairs, and how many these keep
PEAK_RATE, DECAY = 2e-3, 1e-2


@dataclass(frozen=True)
class Batch:
    """Windows of several sessions side by side.

    Attributes:
        inputs: arguments of the network.
        label: `Motion` or IGNORE, (t, b).
        weight: of each label; those of a window add up to 1, be it of a shop or of a lone tag,
            float32 (t, b).
    """

    inputs: tuple[torch.Tensor, ...]
    label: torch.Tensor
    weight: torch.Tensor


class Batches:
    """Cuts sessions into windows, each epoch otherwise."""

    def __init__(self, sessions: Sequence[Session], seed: int) -> None:
        self._sessions = sessions
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return sum(self._windows(s) for s in self._sessions) // WINDOWS_AT_ONCE

    def __iter__(self) -> Iterator[Batch]:
        places = []
        for row, session in enumerate(self._sessions):
            count, step = self._windows(session), WINDOW_BINS - WARM_BINS
            spare = max(0, len(session) - WINDOW_BINS - (count - 1) * step)
            begin = int(self._rng.integers(0, spare + 1) * self._rng.integers(0, 2))
            places += [(row, begin + i * step) for i in range(count)]
        self._rng.shuffle(places)
        for start in range(0, len(places) - WINDOWS_AT_ONCE + 1, WINDOWS_AT_ONCE):
            yield self._batch(places[start : start + WINDOWS_AT_ONCE])

    @staticmethod
    def _windows(session: Session) -> int:
        return max(1, (len(session) - WINDOW_BINS) // (WINDOW_BINS - WARM_BINS) + 1)

    def _batch(self, places: Sequence[tuple[int, int]]) -> Batch:
        parts: list[list[NDArray[Any]]] = [[] for _ in range(7)]
        sizes = [min(TAGS_AT_ONCE, len(self._sessions[row].xyz_m)) for row, _ in places]
        tags, every = 0, sum(sizes)
        for row, begin in places:
            window, near = self._cut(self._sessions[row], begin)
            cell = (window.tag + tags) * WINDOW_BINS + window.bin
            heard = self._heard(len(cell))
            there = np.where(near.row < len(near.row), near.row + tags, every)
            if begin:  # what was before is not known to the network
                window.label[:, :WARM_BINS] = IGNORE
            counts = (window.label != IGNORE).astype(np.float32)
            columns = (
                window.pairs[heard],
                cell[heard],
                window.tags,
                there,
                near.share,
                window.label,
                counts / max(counts.sum(), 1),
            )
            for part, column in zip(parts, columns, strict=True):
                part.append(column)
            tags += len(near.row)
        *inputs, label, weight = (torch.from_numpy(np.concatenate(part)) for part in parts)
        return Batch(tuple(inputs), label, weight)

    def _cut(self, session: Session, begin: int) -> tuple[Window, Neighbours]:
        """Return a window of the tags around one of them, drawn at random."""
        whole, xyz_m = session.window(begin, WINDOW_BINS), session.xyz_m
        moves = np.flatnonzero((whole.label > Motion.STILL).any(axis=1))
        around_motion = len(moves) > 0 and self._rng.random() < AROUND_MOTION
        middle = self._rng.choice(moves if around_motion else len(xyz_m))
        away_m = np.linalg.norm(xyz_m - xyz_m[middle], axis=1)
        rows = np.sort(np.argsort(away_m, kind="stable")[:TAGS_AT_ONCE])
        return whole.only(rows), Neighbours.of(xyz_m[rows])

    def _heard(self, pairs: int) -> NDArray[np.bool_]:
        """Draw which pairs of a window stay: shops with fewer reads cost nothing that way."""
        kept = self._rng.uniform(*KEPT) if self._rng.random() < THINNED else 1.0
        stays: NDArray[np.bool_] = self._rng.random(pairs) < kept
        return stays


def loss_of(logits: torch.Tensor, label: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the loss of logits (t, b, 2, 3) against weighted labels, see `Batch`."""
    ahead = slice(None, -LAG_BINS)
    now = _mean_loss(logits[:, :, 0], label, weight)
    late = _mean_loss(logits[:, LAG_BINS:, 1], label[:, ahead], weight[:, ahead])
    return NOW_WEIGHT * now + late


def _mean_loss(logits: torch.Tensor, label: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    of_class = torch.tensor(CLASS_WEIGHT)
    loss = cross_entropy(
        logits.flatten(0, 1),
        label.flatten(),
        weight=of_class,
        ignore_index=IGNORE,
        reduction="none",
    )
    counts = weight * of_class[label.clamp(min=0)]
    return (loss * weight.flatten()).sum() / counts.sum().clamp(min=1e-6)


def fresh_net(sessions: Sequence[Session], seed: int) -> TagMotionNet:
    """Return an untrained network that knows mean and spread of the features."""
    torch.manual_seed(seed)
    net = TagMotionNet(len(PAIR_NAMES), len(TAG_NAMES))
    pairs = np.concatenate([s.pairs[::17] for s in sessions]).astype(np.float32)
    tags = np.concatenate([s.tags[::7].reshape(-1, len(TAG_NAMES)) for s in sessions])
    for name, sample in (("pair", pairs), ("tag", tags.astype(np.float32))):
        setattr(net, f"{name}_mean", torch.from_numpy(sample.mean(axis=0)))
        setattr(net, f"{name}_scale", torch.from_numpy(sample.std(axis=0) + 1e-2))
    return net


def train(
    sessions: Sequence[Session],
    *,
    epochs: int,
    seed: int,
    checkpoint: Path,
    start: Path | None = None,
) -> TagMotionNet:
    """Fit the network; goes on from the checkpoint if there is one of this run.

    Args:
        sessions: what to learn from.
        epochs, seed: how often, and of all draws.
        checkpoint: written after every epoch.
        start: checkpoint of another run to begin with its weights.
    """
    net, batches = fresh_net(sessions, seed), Batches(sessions, seed)
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True)["net"])
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, PEAK_RATE, total_steps=epochs * len(batches) + 1
    )
    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    done = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        done = int(kept.pop("epochs"))
        for name, part in parts.items():
            part.load_state_dict(kept[name])
    for epoch in range(done, epochs):
        begin, losses = time.perf_counter(), []
        net.train()
        for batch in batches:
            loss = loss_of(net(*batch.inputs), batch.label, batch.weight)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        state = {name: part.state_dict() for name, part in parts.items()}
        beside = checkpoint.with_suffix(".part")
        torch.save({**state, "epochs": epoch + 1}, beside)
        beside.replace(checkpoint)
        took_s = time.perf_counter() - begin
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {took_s:.0f} s", flush=True)
    return net.eval()


def load_sessions(folder: Path, leave_out: Sequence[int] = ()) -> list[Session]:
    """Return the sessions of a folder of bags, in order of their seeds."""
    bags = sorted(folder.glob("*.bag"))
    return [prepared(bag) for bag in bags if int(bag.stem) not in leave_out]


def lone_tag_sessions(seeds: Sequence[int]) -> list[Session]:
    """Return a still and a walked tag of every seed; those hardly ever read are left out."""
    sessions = []
    for seed, moving in product(seeds, (False, True)):
        with suppress(ValueError):
            sessions.append(lone_tag_session(seed, moving=moving))
    return sessions


def main() -> None:
    """Train from the command line; see the module."""
    parser = argparse.ArgumentParser(description="Train the tag motion network.")
    parser.add_argument("bags", type=Path, help="folder made by retailsim.train.tag_shops")
    parser.add_argument("--validate", type=parse_seeds, default=[], help="seeds to leave out")
    parser.add_argument("--lone", type=parse_seeds, default=[], help="seeds of lone tags")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint of a run to begin from")
    wanted = parser.parse_args()
    sessions = load_sessions(wanted.bags, wanted.validate) + lone_tag_sessions(wanted.lone)
    print(f"{len(sessions)} sessions", flush=True)
    train(
        sessions,
        epochs=wanted.epochs,
        seed=wanted.seed,
        checkpoint=wanted.checkpoint,
        start=wanted.start,
    )


if __name__ == "__main__":
    main()
