"""Making int8 twins of a stack's networks: sessions replayed in float32, and listened to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from retailsim.engine.config import StackSpec
from retailsim.engine.graph import plan_graph
from retailsim.engine.serial import run_serial
from retailsim.engine.vigil import Vigil
from retailsim.errors import RetailError
from retailsim.messages.truth import TruthScenario
from retailsim.session import BagReader
from retailsim.simulate.streams import stream
from retailsim.stack.stage import StageContext
from retailsim.train.int8 import Item, Sample, make_twin, require_nncf
from retailsim.train.seeds import require_training_seed

Say = Callable[[str], None]


def make_twins(
    bags: Sequence[Path],
    *,
    spec: StackSpec,
    models: Sequence[str] = (),
    items: int,
    seed: int,
    say: Say,
) -> dict[str, Path]:
    """Write int8 twins of the networks that a stack runs into their model folders.

    Args:
        bags: sessions, of seeds for training.
        spec: the stack.
        models: which ones, by the names that the stack has for them; all by default.
        items: of what each network is fed, to choose the scales from.
        seed: of the draws.
        say: told one line now and then.

    Returns:
        The files written, by model.

    Raises:
        RetailError: NNCF is not installed, a session or the seed is kept for judging, or a network
            was fed nothing.
        BagError: a bag cannot be read.
    """
    require_training_seed(seed)
    require_nncf()
    readers = [BagReader(bag) for bag in bags]
    for reader in readers:
        _require_training(reader)
    samples = overheard(readers, spec=spec, items=items, seed=seed, say=say)
    if not samples:
        raise RetailError("the stack's networks were fed nothing in these sessions")
    if missing := [name for name in models if name not in samples]:
        fed = ", ".join(sorted(samples))
        raise RetailError(f"{missing[0]}: the stack feeds no such model; it feeds {fed}")
    written = {}
    for name in models or sorted(samples):
        say(f"{name}: {len(samples[name].items)} of {samples[name].met} items")
        written[name] = make_twin(name, samples[name])
    return written


def overheard(
    readers: Sequence[BagReader], *, spec: StackSpec, items: int, seed: int, say: Say
) -> dict[str, Sample]:
    """Replay sessions in float32 and return a sample of what every network was fed, by model."""
    samples: dict[str, Sample] = {}

    def listen(model: str, module: torch.nn.Module, batch: Item) -> None:
        if model not in samples:
            samples[model] = Sample(module, items, stream(seed, "int8", model))
        samples[model].add(batch)

    for reader in readers:
        say(f"{reader.path}: listening")
        context = StageContext(reader.plan, options={"overhear": listen})
        with Vigil(0, None) as vigil:
            nodes = vigil.make(plan_graph(spec), context)
        run_serial(reader.messages(), nodes, lateness_s=spec.lateness_s)
    return samples


def _require_training(reader: BagReader) -> None:
    for truth in reader.truth():
        if isinstance(truth, TruthScenario):
            require_training_seed(truth.seed)
            return
