"""Which detectors of touched garments are to be judged: shipped ones, model folders, anybody's own.

All stand behind one interface: a stage of role `tagmotion`, tag reads in, `TagMotion` out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

from retailsim.engine.config import StackSpec, StageSpec, find_class, load_baselines, load_stack
from retailsim.errors import ModelError, ScenarioError
from retailsim.experiments.sessions import digest_sources
from retailsim.messages.sensors import TagReads
from retailsim.resources import find
from retailsim.stack.runtime import load_model_dir, model_sha256

ROLE = "tagmotion"
PUBLISHED = "retailsim.stack.tagmotion.published:PublishedMotionDetector"
SHIPPED = {
    "raw": StageSpec(uses=PUBLISHED, parameters={"model": "tag-motion-raw"}),
    "spectrum": StageSpec(uses=PUBLISHED, parameters={"model": "tag-motion-spectrum"}),
}
DEFAULT = ("raw", "spectrum", "shipped")
JUDGES = ("stack", "engine", "evaluate", "messages", "store", "session")  # folders of sources


@dataclass(frozen=True)
class Detector:
    """One detector under test.

    Attributes:
        name: as the user gave it.
        stack: a stack that holds it, and what prepares its input.
        window_on: score from which a window on its own is a flip; None where the model does not
            say: then what it alarms is.
    """

    name: str
    stack: StackSpec
    window_on: float | None = None

    @property
    def spec(self) -> StageSpec:
        """Its class and parameters."""
        spec = self.stack.stages[ROLE]
        assert spec is not None
        return spec

    def for_windows(self) -> StackSpec:
        """Return the stack with its threshold set to `window_on`."""
        if self.window_on is None:
            return self.stack
        spec = self.spec.model_copy(
            update={"parameters": self.spec.parameters | {"flip_on": self.window_on}}
        )
        return self.stack.model_copy(update={"stages": self.stack.stages | {ROLE: spec}})

    def digest(self) -> str:
        """Return a digest of everything that decides its figures on given reads."""
        digest = hashlib.sha256()
        said = {"stack": self.stack.resolved(), "window_on": self.window_on}
        digest.update(json.dumps(said, sort_keys=True).encode())
        digest_sources(digest, JUDGES)
        model = _model_of(self.spec)
        if model is not None:
            digest.update(model_sha256(model).encode())
        kind = find_class(ROLE, self.spec.uses or "")
        source = getattr(__import__(kind.__module__, fromlist=["_"]), "__file__", None)
        if source:
            digest.update(Path(source).read_bytes())
        return digest.hexdigest()[:16]


def find_detector(name: str) -> Detector:
    """Return the detector that a name stands for.

    Args:
        name: 'raw', 'spectrum' (as published), 'shipped' (the default stack's), the name of a
            baseline ('RSSI changed by 3 dB'), a model folder made for one of the published kinds
            or for the shipped detector, a stack YAML with a stage `tagmotion`, or `module:Class`.

    Raises:
        ScenarioError, StageError, ModelError: it is none of these, or cannot be used.
    """
    shipped = load_stack()
    baselines = load_baselines().roles.get(ROLE, {})
    given = find(name)
    if name in SHIPPED:
        spec = SHIPPED[name]
    elif name == "shipped":
        spec = _in_stack(shipped, "the shipped stack")
    elif name in baselines:
        spec = baselines[name]
    elif given.suffix in (".yaml", ".yml"):
        spec = _in_stack(load_stack(given), name)
    elif (given / "config.yaml").exists():
        spec = _of_folder(name, shipped)
    elif ":" in name:
        spec = StageSpec(uses=name)
    else:
        known = ", ".join([*SHIPPED, "shipped", *(f"'{b}'" for b in baselines)])
        raise ScenarioError(
            f"detector '{name}' is unknown; there are {known}, or give module:Class, a stack YAML "
            "or a model folder"
        )
    return Detector(name, _with_feeders(shipped, spec), _window_on(spec))


def _in_stack(stack: StackSpec, name: str) -> StageSpec:
    spec = stack.stages.get(ROLE)
    if spec is None:
        raise ScenarioError(f"{name}: has no stage '{ROLE}'")
    return spec


def _of_folder(folder: str, shipped: StackSpec) -> StageSpec:
    """Return the stage that a model folder was made for."""
    settings, _ = load_model_dir(folder if "/" in folder else f"./{folder}")
    uses = PUBLISHED if "kind" in settings else _in_stack(shipped, "the shipped stack").uses
    return StageSpec(uses=uses, parameters={"model": folder})


def _with_feeders(shipped: StackSpec, spec: StageSpec) -> StackSpec:
    """Return a stack of the detector and those shipped stages that make its input of tag reads."""
    wanted = set(find_class(ROLE, spec.uses or "").inputs)
    stages: dict[str, StageSpec | None] = {}
    for role, feeder in shipped.stages.items():
        kind = find_class(role, (feeder.uses if feeder else None) or "")
        if role != ROLE and wanted & set(kind.outputs) and TagReads in kind.inputs:
            stages[role] = feeder
    return shipped.model_copy(update={"stages": stages | {ROLE: spec}, "precision": "fp32"})


def _window_on(spec: StageSpec) -> float | None:
    """Return the threshold for windows that the model's folder names, if there is one."""
    model = _model_of(spec)
    if model is None:
        return None
    try:
        value = load_model_dir(model)[0].get("window_on")
    except ModelError:
        return None  # the stage says so itself, in its own words
    return float(value) if isinstance(value, int | float) else None


def _model_of(spec: StageSpec) -> str | None:
    """Return the model that a stage is told to use, or uses when it is not told."""
    model = spec.parameters.get("model")
    if model is None:
        told = signature(find_class(ROLE, spec.uses or "")).parameters.get("model")
        model = told.default if told else None
    return model if isinstance(model, str) else None
