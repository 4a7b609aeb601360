"""The few functions a user calls; the commands call the same.

    import retailsim

    retailsim.simulate("scenarios/boutique.yaml", output="monday.bag", seed=7)
    print(retailsim.replay("monday.bag").scorecard.accuracy["detection"])
    assert retailsim.check("fixtures/").passed

Imports happen inside the functions: torch, OpenVINO and OpenGL take seconds to load and most
commands need one of them at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from retailsim.errors import BagError, ScenarioError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from retailsim.evaluate.gate import Delta
    from retailsim.evaluate.scorecard import Scorecard
    from retailsim.experiments.gate import GateResult
    from retailsim.experiments.replay import Replayed
    from retailsim.simulate.library import Listed
    from retailsim.simulate.record import Recording

SimulateProgress = Callable[[float, float, float], None]
ReplayProgress = Callable[[float, float, float], None]


@dataclass(frozen=True)
class Simulated:
    """A finished simulation: where the bag is, its seed, and what it took."""

    path: Path
    seed: int
    recording: Recording


def simulate(
    scenario: str | Path,
    *,
    output: str | Path | None = None,
    seed: int | None = None,
    duration_s: float | None = None,
    video: bool = True,
    radio: bool = True,
    coarse: bool = False,
    masks: str | Path | None = None,
    overwrite: bool = False,
    progress: SimulateProgress | None = None,
) -> Simulated:
    """Play a scenario into a session bag.

    Args:
        scenario: path of a scenario YAML, or the name of a shipped one.
        output: bag folder to write; `NAME.bag` in the working folder by default.
        seed: seed of all draws; the scenario's by default.
        duration_s: length of the session; the scenario's by default.
        video: False leaves the cameras out.
        radio: False leaves the readers out.
        coarse: play decisions and visits alone: a long day in seconds, no walking, no devices.
        masks: empty or new folder for instance masks, CAMERA/TIME_NS.png; None writes none.
        overwrite: replace an existing output.
        progress: told (seconds done, seconds in all, wall seconds) after every tick.

    Raises:
        ScenarioError: the scenario or its store cannot be used, or the duration is not positive.
        BagError: the output exists or cannot be written.
        DeviceError: there is no OpenGL.
    """
    from retailsim.simulate.library import find_scenario
    from retailsim.simulate.record import record
    from retailsim.simulate.scenario import load_scenario, load_store

    file = find_scenario(scenario)
    day = load_scenario(file)
    plan = load_store(day, file)
    length_s = _length_s(day.duration_s, duration_s)
    if masks and (coarse or not video):
        raise ScenarioError("masks are of pictures: leave out --coarse and --no-video, or --masks")
    path = Path(output) if output else Path(f"{day.name}.bag")
    if path.exists() and not overwrite:
        raise BagError(f"{path}: already exists; choose another --output or add --force")
    used_seed = day.seed if seed is None else seed
    recording = record(
        day,
        plan,
        path,
        seed=used_seed,
        duration_s=length_s,
        video=video,
        radio=radio,
        coarse=coarse,
        masks=Path(masks) if masks else None,
        progress=(lambda done, wall: progress(done, length_s, wall)) if progress else None,
    )
    return Simulated(path, used_seed, recording)


def _length_s(usual_s: float, wanted_s: float | None) -> float:
    from retailsim.simulate.scenario import MAX_DURATION_S

    length_s = usual_s if wanted_s is None else wanted_s
    if not 0 < length_s <= MAX_DURATION_S:
        raise ScenarioError(
            f"duration {length_s:g} s: give more than 0 and at most {MAX_DURATION_S:g}"
        )
    return length_s


def scenarios() -> list[Listed]:
    """Return what is known of every shipped scenario: name, purpose, store, length, people."""
    from retailsim.simulate.library import shipped

    return shipped()


def contact_sheet(
    scenario: str | Path,
    output: str | Path,
    *,
    seed: int | None = None,
    duration_s: float | None = None,
    moments: int = 3,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Draw a sheet of pictures of a scenario: its cameras beside, some moments below each other.

    Args:
        scenario: path of a scenario YAML, or the name of a shipped one.
        output: the picture to write, .png or .jpg; an older one is replaced.
        seed: seed of all draws; the scenario's by default.
        duration_s: length of the session over which the moments spread; the scenario's by
            default.
        moments: how many.
        progress: told the share done.

    Returns:
        The picture's path.

    Raises:
        ScenarioError: the scenario, its store or the duration cannot be used; no camera is
            calibrated; the output is named like no picture.
        BagError: the picture cannot be written.
        DeviceError: there is no OpenGL.
    """
    from retailsim.experiments.contact_sheet import check_name, draw_sheet
    from retailsim.experiments.pictures import write_picture
    from retailsim.simulate.library import find_scenario
    from retailsim.simulate.scenario import load_scenario, load_store

    path = Path(output)
    check_name(path)
    file = find_scenario(scenario)
    day = load_scenario(file)
    sheet = draw_sheet(
        day,
        load_store(day, file),
        seed=day.seed if seed is None else seed,
        duration_s=_length_s(day.duration_s, duration_s),
        moments=moments,
        progress=progress,
    )
    write_picture(path, sheet)
    return path


def replay(
    bag: str | Path,
    *,
    stack: str | Path | None = None,
    baselines: bool = False,
    output: str | Path | None = None,
    video: str | Path | None = None,
    precision: Literal["fp32", "int8", "auto"] | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    results_bag: bool = False,
    workers: int | Literal["auto"] | None = None,
    stall_s: float = 60.0,
    on_stall: Callable[[str], None] | None = None,
    live: bool = False,
    restarts: int = 3,
    progress: ReplayProgress | None = None,
) -> Replayed:
    """Replay a bag through a stack and score it against the bag's truth.

    Args:
        bag: session bag (folder, .mcap file or ROS 1 .bag file).
        stack: stack YAML; the shipped stack by default.
        baselines: also run and score a trivial rival of each stage.
        output: folder for scorecard.json, stack.yaml and Parquet tables; None writes nothing.
        video: folder for annotated videos, one per camera; None draws none.
        precision: overrides the stack's.
        device: where networks run; 'auto' takes CUDA where there is one.
        results_bag: also write results.bag into `output`.
        workers: processes that run stages, beside one that decodes; None runs one stage after
            the other in this process. The results are the same. 'auto' takes one per core that
            this process may use. Processes are spawned: a script that asks for them needs
            `if __name__ == "__main__":`.
        stall_s: seconds that a stage may take for one message before it counts as stuck.
        on_stall: told in one line, from another thread, which stage of this process is stuck; it
            should end the process, nothing else can stop the stage. None: such a stage is waited
            for. In processes of their own stages are always watched.
        live: play at the pace of the recording's own clock, and drop the oldest frames where the
            stages fall behind; see `Replayed.live`. The results depend on the machine then.
        restarts: how often each process that died or is stuck is started anew in a live replay.
        progress: told (seconds done, seconds in all, frames per second).

    Raises:
        BagError, ScenarioError, StageError, ModelError: see their docstrings.
        DeviceError: not enough shared memory for the processes.
    """
    from retailsim.engine.config import load_stack
    from retailsim.engine.pipeline import workers_of_machine
    from retailsim.experiments.outputs import writable_folder, write_outputs
    from retailsim.experiments.replay import replay_bag
    from retailsim.resources import find

    for folder in (output, video):
        if folder is not None:
            writable_folder(Path(folder))
    spec = load_stack(stack)
    source = find(bag)
    replayed = replay_bag(
        source,
        spec=spec,
        device=device,
        precision=precision,
        baselines=baselines,
        workers=workers_of_machine() if workers == "auto" else workers,
        stall_s=stall_s,
        on_stall=on_stall,
        live=live,
        restarts=restarts,
        progress=progress,
    )
    write_outputs(
        replayed,
        spec,
        source,
        output=Path(output) if output else None,
        video=Path(video) if video else None,
        results_bag=results_bag,
    )
    return replayed


def check(
    fixtures: str | Path = "fixtures",
    *,
    stack: str | Path | None = None,
    update: bool = False,
    progress: Callable[[str], None] | None = None,
    stall_s: float = 60.0,
    on_stall: Callable[[str], None] | None = None,
) -> GateResult:
    """Replay every fixture and compare it with its expected scorecard.

    Args:
        fixtures: folder of NAME.bag with NAME.expected.json beside, or one such bag.
        stack: stack YAML; the shipped stack by default.
        update: write the expected scorecards anew instead.
        progress: told the name of each fixture as it begins.
        stall_s, on_stall: as for `replay`.

    Raises:
        BagError: no fixtures there, or one that cannot be read.
    """
    from retailsim.experiments.gate import check_fixtures
    from retailsim.resources import find

    return check_fixtures(
        find(fixtures),
        stack=stack,
        update=update,
        progress=progress,
        stall_s=stall_s,
        on_stall=on_stall,
    )


def train_detector(
    *,
    data: str | Path = "detector-data",
    output: str | Path = "person-detector",
    people: int = 5000,
    scenes: int = 4320,
    backgrounds: int = 2500,
    samples: int = 100_000,
    minutes: float | None = None,
    seed: int = 1,
    start_from: str | None = None,
    settings: str | Path | None = None,
    teacher: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, float | int | None]:
    """Train the person detector on simulated people and write a model folder.

    Args:
        data: folder of the data set and the checkpoint; what is there already stays.
        output: model folder to write.
        people, scenes, backgrounds: how many pictures of each kind to make.
        samples: pictures to learn from in all.
        minutes: end the schedule after this time.
        seed: seed of all draws, below 900000.
        start_from: model folder to begin with; of another shape, what fits of it.
        settings: a model's config.yaml, for a network of another shape.
        teacher: model folder of a trained detector to learn from, too.
        say: told one line now and then.

    Returns:
        The model's metrics on held-out pictures.

    Raises:
        RetailError: the seed is kept for judging, or a folder does not fit.
        DeviceError: there is no OpenGL.
    """
    from retailsim.train.detector_recipe import Amounts, train_detector
    from retailsim.train.detector_training import Recipe

    return train_detector(
        data=Path(data),
        output=Path(output),
        amounts=Amounts(people=people, scenes=scenes, backgrounds=backgrounds),
        recipe=Recipe(samples=samples, minutes=minutes, seed=seed),
        start_from=start_from,
        settings=Path(settings) if settings else None,
        teacher=teacher,
        say=say,
    )


def train_embedder(
    *,
    output: str | Path = "person-embedder",
    identities: int = 2400,
    views: int = 12,
    steps: int = 12_000,
    minutes: float | None = None,
    seed: int = 11,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, float]:
    """Train the person embedder on rendered people and write a model folder.

    Args:
        output: model folder to write; a checkpoint is written every 500 steps.
        identities, views: how many people to render, and how often each.
        steps: of the optimiser, 64 crops each.
        minutes: end the schedule after this time.
        seed: seed of all draws, below 900000.
        say: told one line now and then.

    Returns:
        The model's metrics on people held out.

    Raises:
        RetailError: the seed is kept for judging.
        DeviceError: there is no OpenGL.
    """
    from retailsim.train.embedder import Recipe, train_embedder

    recipe = Recipe(seed=seed, identities=identities, views=views, steps=steps, minutes=minutes)
    return train_embedder(recipe, Path(output), say=say)


def train_footpoint(
    *,
    output: str | Path = "foot-point",
    shops: int = 60,
    steps: int = 4500,
    minutes: float | None = None,
    seed: int = 71,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, float]:
    """Train the network that sees where people stand and write a model folder.

    Args:
        output: model folder to write.
        shops: how many shops to render.
        steps: of the optimiser, 64 crops each.
        minutes: end the schedule after this time.
        seed: seed of all draws, below 900000.
        say: told one line now and then.

    Returns:
        The model's metrics on shops held out, metres on the floor.

    Raises:
        RetailError: the seed is kept for judging.
        DeviceError: there is no OpenGL.
    """
    from retailsim.train.footpoint import Recipe, train_footpoint

    recipe = Recipe(seed=seed, shops=shops, steps=steps, minutes=minutes)
    return train_footpoint(recipe, Path(output), say=say)


def make_int8(
    bags: Sequence[str | Path],
    *,
    models: Sequence[str] = (),
    stack: str | Path | None = None,
    items: int = 300,
    seed: int = 1,
    say: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Make int8 twins of the networks that a stack runs, for CPUs that are fast at int8.

    Args:
        bags: sessions for training; what networks are fed there sets the scales.
        models: models whose twins to make, by name or folder; all that are fed by default.
        stack: stack YAML; the shipped stack by default.
        items: inputs of each network to keep.
        seed: of the draws, below 900000.
        say: told one line now and then.

    Returns:
        The files written.

    Raises:
        RetailError: NNCF is not installed, a session is kept for judging, or a model that is asked
            for is not fed.
        BagError: a bag cannot be read, or a model folder not be written.
    """
    from retailsim.engine.config import load_stack
    from retailsim.experiments.twins import make_twins

    paths = [Path(bag) for bag in bags]
    return make_twins(paths, spec=load_stack(stack), models=models, items=items, seed=seed, say=say)


def scorecard_table(
    card: Scorecard, *, baselines: dict[str, dict[str, dict[str, Any]]] | None = None
) -> RenderableType:
    """Return a scorecard as rich tables for the terminal."""
    from retailsim.report.table import scorecard_table as render

    return render(card, baselines=baselines or {})


def gate_table(name: str, deltas: Sequence[Delta], *, everything: bool = False) -> RenderableType:
    """Return one fixture's deltas as a rich table."""
    from retailsim.report.table import gate_table as render

    return render(name, deltas, everything=everything)


def failed_paths(deltas: Sequence[Delta]) -> list[str]:
    """Return the names of the figures that turn the gate red."""
    return [delta.path for delta in deltas if delta.failed]


def schema(what: Literal["scenario", "store", "stack", "scorecard"]) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file that people write or read."""
    from pydantic import BaseModel

    from retailsim.engine.config import StackSpec
    from retailsim.evaluate.scorecard import Scorecard
    from retailsim.simulate.scenario import json_schema as scenario_schema
    from retailsim.store.plan import StorePlan

    if what == "scenario":
        return scenario_schema()
    models: dict[str, type[BaseModel]] = {
        "store": StorePlan,
        "stack": StackSpec,
        "scorecard": Scorecard,
    }
    return models[what].model_json_schema()
