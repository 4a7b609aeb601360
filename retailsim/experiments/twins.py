"""Making int8 twins of a stack's networks: sessions replayed in float32, and listened to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from retailsim.engine.config import StackSpec
from retailsim.engine.graph import plan_graph
from retailsim.engine.serial import run_serial
from retailsim.engine.vigil import Vigil
from retailsim.errors import RetailError
from retailsim.experiments.outputs import writable_folder
from retailsim.messages.truth import TruthScenario
from retailsim.session import BagReader
from retailsim.simulate.scenario import parse_scenario
from retailsim.simulate.streams import stream
from retailsim.stack.runtime import folder_of, made_from
from retailsim.stack.stage import StageContext
from retailsim.train.int8 import Item, Sample, make_twin, require_nncf
from retailsim.train.seeds import require_training_scenario, require_training_seed

Say = Callable[[str], None]


@dataclass(frozen=True)
class Heard:
    """What was heard of one model.

    Attributes:
        sample: of what its network was fed.
        made_of: digest of its weights and settings then.
    """

    sample: Sample
    made_of: str


def make_twins(
    bags: Sequence[Path],
    *,
    spec: StackSpec,
    models: Sequence[str] = (),
    items: int,
    seed: int,
    say: Say,
) -> list[Path]:
    """Write int8 twins of the networks that a stack runs into their model folders.

    Args:
        bags: sessions for training.
        spec: the stack.
        models: which ones, by name or folder; all that were fed by default.
        items: of what each network is fed, to choose the scales from.
        seed: of the draws.
        say: told one line now and then.

    Returns:
        The files written.

    Raises:
        RetailError: NNCF is not installed, a session or the seed is kept for judging, or a network
            that is asked for was fed nothing.
        BagError: a bag cannot be read, or a model folder not be written.
        ModelError, StageError: a stage cannot be made, or fails.
    """
    require_training_seed(seed)
    require_nncf()
    wanted = [folder_of(model).resolve() for model in models]
    for folder in wanted:
        writable_folder(folder)
    readers = [BagReader(bag) for bag in bags]
    for reader in readers:
        _require_training(reader)
    heard = overheard(readers, spec=spec, items=items, seed=seed, say=say)
    if silent := [folder for folder in wanted if folder not in heard]:
        raise RetailError(f"{silent[0]}: the stack fed its network nothing in these sessions")
    if not heard:
        raise RetailError("the stack fed its networks nothing in these sessions")
    written = []
    for folder in wanted or sorted(heard):
        sample = heard[folder].sample
        say(f"{folder}: {len(sample.items)} of {sample.met} items")
        written.append(make_twin(folder, sample, made_of=heard[folder].made_of))
    return written


def overheard(
    readers: Sequence[BagReader], *, spec: StackSpec, items: int, seed: int, say: Say
) -> dict[Path, Heard]:
    """Replay sessions in float32 and return what every network was fed, by model folder."""
    heard: dict[Path, Heard] = {}

    def listen(model: str, module: torch.nn.Module, batch: Item) -> None:
        folder = folder_of(model).resolve()
        if folder not in heard:
            writable_folder(folder)
            rng = stream(seed, "int8", folder.name)
            heard[folder] = Heard(Sample(module, items, rng), made_from(folder))
        heard[folder].sample.add(batch)

    for reader in readers:
        say(f"{reader.path}: listening")
        context = StageContext(reader.plan, options={"overhear": listen})
        with Vigil(0, None) as vigil:
            nodes = vigil.make(plan_graph(spec), context)
        run_serial(reader.messages(), nodes, lateness_s=spec.lateness_s)
    return heard


def _require_training(reader: BagReader) -> None:
    """Raise RetailError for a session of a judging seed, or of a day that is not for training."""
    for truth in reader.truth():
        if isinstance(truth, TruthScenario):
            require_training_seed(truth.seed)
            require_training_scenario(parse_scenario(truth.yaml, origin=str(reader.path)))
            return
